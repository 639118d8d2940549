// Replies of Anthropic's messages API.
#include <map>

#include "gateway/wire/decoder.h"

namespace gateway {
namespace {

using base::Json;
using Kind = ReplyEvent::Kind;

Finish finish_of(std::string_view word) {
  if (word == "end_turn") return Finish::stop;
  if (word == "stop_sequence") return Finish::stop_sequence;
  if (word == "max_tokens") return Finish::length;
  if (word == "tool_use") return Finish::tool_calls;
  if (word == "refusal") return Finish::refusal;
  if (word == "model_context_window_exceeded") return Finish::context_window;
  if (word == "pause_turn") return Finish::pause;
  return Finish::other;
}

class AnthropicDecoder : public Decoder {
 public:
  bool frame(const SseFrame& frame, std::vector<ReplyEvent>& out) override {
    if (known_.read(frame.data, out) || fast_anthropic(frame.data, out, known_)) return true;
    const auto json = base::parse_wire_json(frame.data);
    if (!json || !json->is_object()) return false;
    const auto type = base::string_or(*json, "type", frame.event);
    if (type == "error" || type.empty()) {
      auto error = error_inside(*json);
      if (error.empty() && type.empty()) return false;
      out.push_back(make_event(Kind::error, error.empty() ? base::dump(*json) : std::move(error)));
    } else if (type == "message_start") {
      message_start(*json, out);
    } else if (type == "content_block_start") {
      block_start(*json, out);
    } else if (type == "content_block_delta") {
      block_delta(*json, out);
    } else if (type == "content_block_stop") {
      block_stop(base::integer_or(*json, "index", 0), out);
    } else if (type == "message_delta") {
      message_delta(*json, out);
    } else if (type == "message_stop") {
      out.push_back(make_event(Kind::terminal));
    } else {
      auto ping = make_event(Kind::noise);
      ping.name = type;  // "ping", and what comes later
      out.push_back(std::move(ping));
    }
    return true;
  }

  bool body(const Json& json, std::vector<ReplyEvent>& out) override {
    if (!base::find(json, "content") && base::find(json, "input_tokens")) return count_tokens(json, out);
    const auto* content = base::find(json, "content");
    if (!content || !content->is_array()) return false;
    start(json, out);
    std::int64_t index = 0;
    for (const auto& block : *content) {
      if (block.is_object()) whole_block(block, index, out);
      ++index;
    }
    if (const auto* word = base::find(json, "stop_reason"); word && word->is_string()) finish(json, *word, out);
    out.push_back(make_event(Kind::terminal));
    return true;
  }

 private:
  /// The answer of count_tokens: passes as it is.
  bool count_tokens(const Json& json, std::vector<ReplyEvent>& out) {
    usage_.input = base::integer_or(json, "input_tokens", 0);
    out.push_back(make_event(Kind::opaque));
    out.push_back(make_usage(usage_));
    out.push_back(make_event(Kind::terminal));
    return true;
  }

  void add_usage(const Json* usage, std::vector<ReplyEvent>& out) {
    if (!usage || !usage->is_object()) return;
    // message_delta's counts are cumulative and may leave out what message_start said.
    const auto read = [&](const char* name, std::int64_t& into) { into = base::integer_or(*usage, name, into); };
    read("input_tokens", fresh_);
    read("cache_read_input_tokens", usage_.cached);
    read("cache_creation_input_tokens", created_);
    read("output_tokens", usage_.output);
    usage_.input = fresh_ + created_ + usage_.cached;
    out.push_back(make_usage(usage_));
  }

  void start(const Json& message, std::vector<ReplyEvent>& out) {
    started_ = true;
    auto event = make_event(Kind::start);
    event.id = base::string_or(message, "id");
    event.name = base::string_or(message, "model");
    out.push_back(std::move(event));
    add_usage(base::find(message, "usage"), out);
  }

  void message_start(const Json& json, std::vector<ReplyEvent>& out) {
    // Seen in the wild; Anthropic's SDK throws at a second one.
    if (started_) return out.push_back(make_event(Kind::duplicate));
    const auto* message = base::find(json, "message");
    start(message ? *message : Json::object(), out);
  }

  struct Block {
    std::string type;
    int tool = 0;
    bool arguments = false;
  };

  void tool_start(const Json& block, Block& state, std::vector<ReplyEvent>& out) {
    state.tool = next_tool_++;
    auto event = make_event(Kind::tool_start);
    event.index = state.tool;
    event.id = base::string_or(block, "id");
    event.name = base::string_or(block, "name");
    out.push_back(std::move(event));
  }

  void arguments(Block& state, std::string text, std::vector<ReplyEvent>& out) {
    if (text.empty()) return;
    state.arguments = true;
    auto event = make_event(Kind::tool_arguments, std::move(text));
    event.index = state.tool;
    out.push_back(std::move(event));
  }

  static void piece(Kind kind, const Json& from, std::string_view member, std::vector<ReplyEvent>& out) {
    auto text = base::string_or(from, member);
    if (!text.empty()) out.push_back(make_event(kind, std::move(text)));
  }

  void block_start(const Json& json, std::vector<ReplyEvent>& out) {
    const auto* block = base::find(json, "content_block");
    if (!block || !block->is_object()) return;
    auto& state = blocks_[base::integer_or(json, "index", 0)] = {base::string_or(*block, "type")};
    if (state.type == "text") {
      piece(Kind::text, *block, "text", out);
    } else if (state.type == "thinking") {
      piece(Kind::reasoning, *block, "thinking", out);
    } else if (state.type == "redacted_thinking") {
      out.push_back(make_event(Kind::redacted, base::string_or(*block, "data")));
    } else if (state.type == "tool_use") {
      tool_start(*block, state, out);
      // Some imitators put the whole input here, with no deltas after it.
      if (const auto* input = base::find(*block, "input"); input && input->is_object() && !input->empty()) arguments(state, base::dump(*input), out);
    } else {
      out.push_back(make_event(Kind::opaque));
    }
  }

  void block_delta(const Json& json, std::vector<ReplyEvent>& out) {
    const auto* delta = base::find(json, "delta");
    if (!delta || !delta->is_object()) return;
    auto& state = blocks_[base::integer_or(json, "index", 0)];
    const auto type = base::string_or(*delta, "type");
    if (type == "text_delta") piece(Kind::text, *delta, "text", out);
    else if (type == "thinking_delta") piece(Kind::reasoning, *delta, "thinking", out);
    else if (type == "signature_delta") piece(Kind::signature, *delta, "signature", out);
    else if (type == "input_json_delta" && state.type == "tool_use") arguments(state, base::string_or(*delta, "partial_json"), out);
    else if (type != "citations_delta") out.push_back(make_event(Kind::opaque));
  }

  void block_stop(std::int64_t index, std::vector<ReplyEvent>& out) {
    const auto found = blocks_.find(index);
    if (found == blocks_.end() || found->second.type != "tool_use" || found->second.arguments) return;
    arguments(found->second, "{}", out);  // a call without arguments has no deltas
  }

  void whole_block(const Json& block, std::int64_t index, std::vector<ReplyEvent>& out) {
    block_start(Json{{"index", index}, {"content_block", block}}, out);
    if (blocks_[index].type == "thinking") piece(Kind::signature, block, "signature", out);
    block_stop(index, out);
  }

  void finish(const Json& from, const Json& word, std::vector<ReplyEvent>& out) {
    const auto& reason = word.get_ref<const std::string&>();
    auto event = make_finish(finish_of(reason), reason);
    if (event.finish == Finish::stop_sequence) event.name = base::string_or(from, "stop_sequence");
    out.push_back(std::move(event));
  }

  void message_delta(const Json& json, std::vector<ReplyEvent>& out) {
    add_usage(base::find(json, "usage"), out);
    const auto* delta = base::find(json, "delta");
    const auto* word = delta ? base::find(*delta, "stop_reason") : nullptr;
    if (word && word->is_string()) finish(*delta, *word, out);
  }

  DeltaTemplate known_;
  std::map<std::int64_t, Block> blocks_;
  int next_tool_ = 0;
  bool started_ = false;
  Usage usage_;
  std::int64_t fresh_ = 0, created_ = 0;  // input read anew, and input written to the cache
};

}  // namespace

std::unique_ptr<Decoder> make_anthropic_decoder() { return std::make_unique<AnthropicDecoder>(); }

}  // namespace gateway
