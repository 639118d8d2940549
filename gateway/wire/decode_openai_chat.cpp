// Replies of chat/completions, from OpenAI and the many that imitate it.
#include <map>

#include "gateway/wire/decoder.h"

namespace gateway {
namespace {

using base::Json;
using Kind = ReplyEvent::Kind;

Finish finish_of(std::string_view word) {
  if (word == "stop" || word == "end_turn" || word == "eos") return Finish::stop;
  if (word == "length" || word == "max_tokens") return Finish::length;
  if (word == "tool_calls" || word == "function_call" || word == "tool_use") return Finish::tool_calls;
  if (word == "content_filter" || word == "sensitive") return Finish::content_filter;
  if (word == "error") return Finish::error;
  if (word == "model_context_window_exceeded") return Finish::context_window;
  return Finish::other;
}

Usage usage_of(const Json& json) {
  Usage usage;
  usage.input = base::integer_or(json, "prompt_tokens", 0);
  usage.output = base::integer_or(json, "completion_tokens", 0);
  if (const auto* details = base::find(json, "prompt_tokens_details")) usage.cached = base::integer_or(*details, "cached_tokens", 0);
  if (usage.cached == 0) usage.cached = base::integer_or(json, "prompt_cache_hit_tokens", 0);  // DeepSeek
  if (const auto* details = base::find(json, "completion_tokens_details")) usage.reasoning = base::integer_or(*details, "reasoning_tokens", 0);
  return usage;
}

class OpenAiChatDecoder : public Decoder {
 public:
  bool frame(const SseFrame& frame, std::vector<ReplyEvent>& out) override {
    // The first frame brings id and model: it takes the full way.
    if (started_ && (known_.read(frame.data, out) || fast_openai_chat(frame.data, out, known_))) return true;
    const auto json = base::parse_wire_json(frame.data);
    return json && json->is_object() && read(*json, "delta", out);
  }

  bool body(const Json& json, std::vector<ReplyEvent>& out) override {
    if (!json.is_object() || !read(json, "message", out)) return false;
    out.push_back(make_event(Kind::terminal));
    return true;
  }

 private:
  bool read(const Json& json, std::string_view member, std::vector<ReplyEvent>& out) {
    if (auto error = error_inside(json); !error.empty()) {
      out.push_back(make_event(Kind::error, std::move(error)));
      return true;
    }
    const auto* choices = base::find(json, "choices");
    const auto* usage = base::find(json, "usage");
    if (!choices && !usage && !base::find(json, "id")) return false;
    start(json, out);
    if (choices && choices->is_array()) {
      for (const auto& choice : *choices) {
        if (choice.is_object()) read_choice(json, choice, member, out);
      }
    }
    if (!usage || !usage->is_object()) {
      if (const auto* groq = base::find(json, "x_groq")) usage = base::find(*groq, "usage");
    }
    if (usage && usage->is_object() && !usage->empty()) out.push_back(make_usage(usage_of(*usage)));
    return true;
  }

  void start(const Json& json, std::vector<ReplyEvent>& out) {
    // Azure's first chunk has an empty id and model.
    auto id = base::string_or(json, "id"), model = base::string_or(json, "model");
    if (started_ || (id.empty() && model.empty())) return;
    started_ = true;
    auto event = make_event(Kind::start);
    event.id = std::move(id);
    event.name = std::move(model);
    out.push_back(std::move(event));
  }

  void read_choice(const Json& json, const Json& choice, std::string_view member, std::vector<ReplyEvent>& out) {
    const bool other = base::integer_or(choice, "index", 0) != 0;
    const auto* said = base::find(choice, member);
    // Some answer a stream with whole messages, and some a plain request with a delta.
    if (!said || said->is_null()) said = base::find(choice, member == "delta" ? "message" : "delta");
    if (said && said->is_object()) read_message(*said, other, out);
    if (const auto* text = base::find(choice, "text"); text && text->is_string() && !said) add_text(Kind::text, *text, other, out);
    const auto* word = base::find(choice, "finish_reason");
    if (!word || !word->is_string() || word->get_ref<const std::string&>().empty() || other) return;
    const auto& finish = word->get_ref<const std::string&>();
    if (finish == "error") {
      out.push_back(make_event(Kind::error, base::dump(json)));
      return;
    }
    out.push_back(make_finish(finish_of(finish), finish));
  }

  void add_text(Kind kind, const Json& text, bool other, std::vector<ReplyEvent>& out) {
    const auto& value = text.get_ref<const std::string&>();
    // A second choice (n > 1) is content, but no dialect has room for it beside the first.
    if (!value.empty()) out.push_back(make_event(other ? Kind::opaque : kind, value));
  }

  void read_message(const Json& said, bool other, std::vector<ReplyEvent>& out) {
    for (const auto* name : {"reasoning_content", "reasoning", "content", "refusal"}) {
      const auto* value = base::find(said, name);
      if (!value) continue;
      const bool reasoning = std::string_view(name).starts_with("reasoning");
      // `reasoning` repeats `reasoning_content` where both are there.
      if (std::string_view(name) == "reasoning" && base::string_or(said, "reasoning_content") != "") continue;
      if (value->is_string()) add_text(reasoning ? Kind::reasoning : Kind::text, *value, other, out);
      if (value->is_array()) read_parts(*value, other, out);
    }
    if (const auto* calls = base::find(said, "tool_calls"); calls && calls->is_array()) {
      std::int64_t position = 0;
      for (const auto& call : *calls) read_call(call, base::integer_or(call, "index", position++), other, out);
    }
    if (const auto* call = base::find(said, "function_call"); call && call->is_object()) {
      read_call(Json{{"function", *call}}, 0, other, out);
    }
    for (const auto* name : {"audio", "images"}) {
      if (const auto* value = base::find(said, name); value && !value->is_null() && !value->empty()) out.push_back(make_event(Kind::opaque));
    }
  }

  /// Mistral's content: [{"type":"thinking","thinking":[{"type":"text",…}]}, {"type":"text",…}].
  void read_parts(const Json& parts, bool other, std::vector<ReplyEvent>& out) {
    for (const auto& part : parts) {
      const auto type = base::string_or(part, "type");
      if (const auto* text = base::find(part, "text"); text && text->is_string()) add_text(Kind::text, *text, other, out);
      const auto* thinking = type == "thinking" ? base::find(part, "thinking") : nullptr;
      if (thinking && thinking->is_string()) add_text(Kind::reasoning, *thinking, other, out);
      if (!thinking || !thinking->is_array()) continue;
      for (const auto& piece : *thinking) {
        if (const auto* text = base::find(piece, "text"); text && text->is_string()) add_text(Kind::reasoning, *text, other, out);
      }
    }
  }

  void read_call(const Json& call, std::int64_t theirs, bool other, std::vector<ReplyEvent>& out) {
    if (!call.is_object()) return;
    if (other) {
      out.push_back(make_event(Kind::opaque));
      return;
    }
    const auto* function = base::find(call, "function");
    const auto id = base::string_or(call, "id");
    const auto name = function ? base::string_or(*function, "name") : std::string();
    auto known = calls_.find(theirs);
    // A new id under a known index is another call (some never count), the same id again is not.
    if (known == calls_.end() || (!id.empty() && !known->second.id.empty() && id != known->second.id && !name.empty())) {
      const int index = next_call_++;
      known = calls_.insert_or_assign(theirs, Call{index, id}).first;
      auto event = make_event(Kind::tool_start);
      event.index = index;
      event.id = id;
      event.name = name;
      if (const auto* signature = base::find_path(call, "extra_content.google.thought_signature"); signature && signature->is_string()) event.text = signature->get_ref<const std::string&>();
      out.push_back(std::move(event));
    }
    const auto* arguments = function ? base::find(*function, "arguments") : nullptr;
    if (!arguments || arguments->is_null()) return;
    // Ollama and others send an object where a string is due.
    auto text = arguments->is_string() ? arguments->get_ref<const std::string&>() : base::dump(*arguments);
    if (text.empty()) return;
    auto event = make_event(Kind::tool_arguments, std::move(text));
    event.index = known->second.index;
    out.push_back(std::move(event));
  }

  struct Call {
    int index = 0;
    std::string id;
  };
  DeltaTemplate known_;
  std::map<std::int64_t, Call> calls_;
  int next_call_ = 0;
  bool started_ = false;
};

/// The reply passes as it is; here it is only seen to be one.
class EmbeddingsDecoder : public Decoder {
 public:
  bool frame(const SseFrame&, std::vector<ReplyEvent>&) override { return false; }
  bool body(const Json& json, std::vector<ReplyEvent>& out) override {
    if (auto error = error_inside(json); !error.empty()) {
      out.push_back(make_event(Kind::error, std::move(error)));
      return true;
    }
    const auto* data = base::find(json, "data");
    if (!data || !data->is_array()) return false;
    auto start = make_event(Kind::start);
    start.name = base::string_or(json, "model");
    out.push_back(std::move(start));
    if (!data->empty()) out.push_back(make_event(Kind::opaque));
    if (const auto* usage = base::find(json, "usage"); usage && usage->is_object()) out.push_back(make_usage(usage_of(*usage)));
    out.push_back(make_finish(Finish::stop, ""));
    out.push_back(make_event(Kind::terminal));
    return true;
  }
};

}  // namespace

std::unique_ptr<Decoder> make_openai_chat_decoder() { return std::make_unique<OpenAiChatDecoder>(); }
std::unique_ptr<Decoder> make_embeddings_decoder() { return std::make_unique<EmbeddingsDecoder>(); }

}  // namespace gateway
