// Every dialect's reply is looked at in one pass: the members differ enough that no dialect has to be known.
#include "gateway/classify/success.h"

#include <map>

#include "base/json.h"
#include "base/text.h"

namespace gateway {
namespace {

using base::Json;

bool filled(const Json* value) {
  if (!value) return false;
  if (value->is_string()) return !value->get_ref<const std::string&>().empty();
  return (value->is_array() || value->is_object()) && !value->empty();
}

class Reader {
 public:
  void payload(std::string_view text) {
    text = base::trim(text);
    if (text.empty() || !facts_.error.empty()) return;
    if (text == "[DONE]") {
      facts_.finished = true;
      return;
    }
    const auto json = base::parse_wire_json(text);
    if (!json || !(json->is_object() || json->is_array())) {
      facts_.garbage = true;
      return;
    }
    if (json->is_array()) {
      // Gemini without alt=sse: the parts of a stream as one list.
      for (const auto& item : *json) part(item);
    } else {
      part(*json);
    }
  }

  SuccessFacts take() {
    if (facts_.finished) {
      for (const auto& [key, arguments] : arguments_) {
        if (!arguments.empty() && !base::parse_wire_json(arguments)) facts_.broken_tool_call = true;
      }
    }
    return facts_;
  }

 private:
  static bool is_error(const Json& json) {
    const auto type = base::string_or(json, "type");
    if (type == "error" || type == "response.failed") return true;
    if (filled(base::find(json, "error"))) return true;
    if (const auto* code = base::find_path(json, "base_resp.status_code")) return base::number_of(*code).value_or(0) != 0;
    if (base::string_or(json, "status") == "failed" && base::string_or(json, "object") == "response") return true;
    for (auto it = json.begin(); it != json.end(); ++it) {
      if (it.key().size() > 9 && it.key().ends_with("Exception") && it.value().is_object()) return true;
    }
    return false;
  }

  void part(const Json& json) {
    if (!json.is_object() || !facts_.error.empty()) return;
    if (is_error(json)) {
      facts_.error = base::dump(json);
      choices(json);  // a chunk may hold both
      return;
    }
    choices(json);
    anthropic(json);
    responses(json);
    gemini(json);
    others(json);
  }

  void finish(const std::string& reason) {
    if (reason.empty() || reason == "error") return;
    facts_.finished = true;
    const auto word = base::lower(reason);
    if (word == "length" || word == "max_tokens" || word == "max_output_tokens") facts_.by_length = true;
    if (word == "model_context_window_exceeded") facts_.by_window = true;
    if (word == "content_filter" || word == "safety" || word == "prohibited_content" || word == "blocklist" || word == "spii" ||
        word == "refusal") {
      facts_.by_policy = true;
    }
  }

  void tool_calls(const Json& message, std::size_t choice) {
    if (filled(base::find(message, "function_call"))) facts_.content = true;
    const auto* calls = base::find(message, "tool_calls");
    if (!filled(calls) || !calls->is_array()) return;
    facts_.content = true;
    std::int64_t position = 0;
    for (const auto& call : *calls) {
      const auto index = base::integer_or(call, "index", position++);
      const auto* text = base::find_path(call, "function.arguments");
      if (text && text->is_string()) arguments_[{choice, index}] += text->get_ref<const std::string&>();
    }
  }

  void choices(const Json& json) {
    const auto* list = base::find(json, "choices");
    if (!list || !list->is_array()) return;
    facts_.readable = true;
    std::size_t number = 0;
    for (const auto& choice : *list) {
      for (const char* holder : {"message", "delta"}) {
        const auto* message = base::find(choice, holder);
        if (!message) continue;
        if (filled(base::find(*message, "content")) || filled(base::find(*message, "refusal")) ||
            filled(base::find(*message, "audio"))) {
          facts_.content = true;
        }
        tool_calls(*message, number);
      }
      if (filled(base::find(choice, "text"))) facts_.content = true;
      finish(base::string_or(choice, "finish_reason"));
      ++number;
    }
  }

  void anthropic(const Json& json) {
    const auto type = base::string_or(json, "type");
    if (type == "message") {
      facts_.readable = true;
      if (filled(base::find(json, "content"))) facts_.content = true;
      finish(base::string_or(json, "stop_reason"));
    } else if (type.starts_with("message_") || type.starts_with("content_block")) {
      facts_.readable = true;
      if (type == "message_stop") facts_.finished = true;
      const auto* delta = base::find(json, "delta");
      if (!delta) delta = base::find(json, "content_block");
      if (!delta) return;
      if (filled(base::find(*delta, "text")) || filled(base::find(*delta, "partial_json")) ||
          base::string_or(*delta, "type") == "tool_use") {
        facts_.content = true;
      }
      finish(base::string_or(*delta, "stop_reason"));
    }
  }

  void responses(const Json& json) {
    const auto type = base::string_or(json, "type");
    if (type.starts_with("response.")) {
      facts_.readable = true;
      if (type.ends_with(".delta") && filled(base::find(json, "delta")) && type.find("reasoning") == std::string::npos) {
        facts_.content = true;
      }
      if (type == "response.completed" || type == "response.incomplete") facts_.finished = true;
    }
    const auto* whole = base::string_or(json, "object") == "response" ? &json : base::find(json, "response");
    if (!whole || !whole->is_object()) return;
    facts_.readable = true;
    if (const auto* reason = base::find_path(*whole, "incomplete_details.reason"); reason && reason->is_string()) {
      finish(reason->get_ref<const std::string&>());
    }
    const auto* output = base::find(*whole, "output");
    if (base::string_or(*whole, "status") == "completed") facts_.finished = true;
    if (!output || !output->is_array()) return;
    for (const auto& item : *output) {
      const auto kind = base::string_or(item, "type");
      if (kind != "reasoning" && (kind != "message" || filled(base::find(item, "content")))) facts_.content = true;
    }
  }

  void gemini(const Json& json) {
    if (const auto* block = base::find_path(json, "promptFeedback.blockReason"); block && block->is_string()) {
      facts_.readable = facts_.finished = facts_.by_policy = true;
    }
    const auto* list = base::find(json, "candidates");
    if (!list || !list->is_array()) return;
    facts_.readable = true;
    for (const auto& candidate : *list) {
      if (const auto* parts = base::find_path(candidate, "content.parts"); parts && parts->is_array()) {
        for (const auto& item : *parts) {
          if (!base::bool_or(item, "thought", false) &&
              (filled(base::find(item, "text")) || base::find(item, "functionCall") || base::find(item, "inlineData"))) {
            facts_.content = true;
          }
        }
      }
      finish(base::string_or(candidate, "finishReason"));
    }
  }

  /// Ollama, Cohere, Bedrock, embeddings, lists of models.
  void others(const Json& json) {
    if (base::bool_or(json, "done", false)) facts_.finished = facts_.readable = true;
    if (const auto* data = base::find(json, "data"); data && data->is_array()) facts_.readable = facts_.content = facts_.finished = true;
    if (const auto* message = base::find(json, "message"); message && message->is_object()) {
      facts_.readable = true;
      if (filled(base::find(*message, "content")) || filled(base::find(*message, "tool_calls"))) facts_.content = true;
      if (base::find(json, "finish_reason") || base::find(json, "done_reason")) facts_.finished = true;
    }
    if (const auto* converse = base::find_path(json, "output.message.content")) {
      facts_.readable = facts_.finished = true;
      if (filled(converse)) facts_.content = true;
    }
    if (filled(base::find(json, "input_tokens")) || base::find(json, "totalTokens")) facts_.readable = facts_.content = facts_.finished = true;
  }

  SuccessFacts facts_;
  std::map<std::pair<std::size_t, std::int64_t>, std::string> arguments_;
};

/// The lines of a text with any of the three line ends.
template <class F>
void each_line(std::string_view text, F use) {
  while (!text.empty()) {
    const auto end = text.find_first_of("\r\n");
    if (end == std::string_view::npos) return use(text, false);
    use(text.substr(0, end), true);
    const bool pair = text[end] == '\r' && end + 1 < text.size() && text[end + 1] == '\n';
    text.remove_prefix(end + (pair ? 2 : 1));
  }
}

std::string_view without_mark(std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  const auto first = body.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view{} : body.substr(first);
}

void read_events(std::string_view body, Reader& reader) {
  std::string data;
  each_line(body, [&](std::string_view line, bool whole) {
    if (line.empty()) {
      reader.payload(data);
      data.clear();
    } else if (line.starts_with("data:")) {
      if (!whole) return;  // half a line is not delivered (WHATWG, "dispatch the event")
      line.remove_prefix(line.size() > 5 && line[5] == ' ' ? 6 : 5);
      if (!data.empty()) data += '\n';
      data += line;
    } else if (line.front() == '{') {
      reader.payload(line);  // Gemini puts a bare error object between events
    }
  });
  // An event whose blank line is missing was not dispatched, but the terminator alone is harmless to believe.
  if (base::trim(data) == "[DONE]") reader.payload(data);
}

}  // namespace

bool looks_like_events(std::string_view body) {
  body = without_mark(body);
  for (const std::string_view field : {"data:", "event:", ":", "id:", "retry:"}) {
    if (body.starts_with(field)) return true;
  }
  return false;
}

SuccessFacts read_success(std::string_view body) {
  Reader reader;
  body = without_mark(body);
  if (looks_like_events(body)) {
    read_events(body, reader);
  } else if (base::parse_wire_json(body)) {
    reader.payload(body);
  } else {
    each_line(body, [&](std::string_view line, bool) { reader.payload(line); });
  }
  return reader.take();
}

}  // namespace gateway
