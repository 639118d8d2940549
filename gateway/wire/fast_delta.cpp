// The commonest frame of each dialect, a few words of text, read without building JSON. Anything else: false, the full reader decides.
#include "gateway/wire/decoder.h"
#include "gateway/wire/json_cursor.h"

namespace gateway {
namespace {

using Kind = ReplyEvent::Kind;

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  for (const auto known : words) {
    if (word == known) return true;
  }
  return false;
}

/// A member that must be the given string.
bool is_string(JsonCursor& in, std::string_view wanted) {
  std::string_view raw;
  return in.peek() == '"' && in.string(raw) && raw == wanted;
}

bool push_text(std::string_view raw, Kind kind, std::vector<ReplyEvent>& out) {
  auto event = make_event(kind);
  if (!unescape(raw, event.text)) return false;
  if (!event.text.empty()) out.push_back(std::move(event));
  return true;
}

/// {"role"?: …, "content": "…"}: nothing else may carry a value.
bool chat_delta(JsonCursor& in, std::string_view& text) {
  std::string_view key;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (key == "role") {
      if (!in.skip_value()) return false;
    } else if (in.peek() == 'n') {
      if (!in.null()) return false;
    } else if (key != "content" || in.peek() != '"' || !in.string(text)) {
      return false;
    }
  }
  return in.ok();
}

bool chat_choice(JsonCursor& in, std::string_view& text) {
  std::string_view key;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (key == "delta") {
      if (!chat_delta(in, text)) return false;
    } else if (key == "index") {
      if (in.peek() != '0' || !in.skip_value()) return false;
    } else if (key == "finish_reason") {
      if (!in.null()) return false;
    } else if (!one_of(key, {"logprobs", "stop_reason", "native_finish_reason", "token_ids", "content_filter_results"}) || !in.skip_value()) {
      return false;
    }
  }
  return in.ok();
}

}  // namespace

bool fast_openai_chat(std::string_view data, std::vector<ReplyEvent>& out) {
  JsonCursor in(data);
  std::string_view key, text;
  bool choice = false;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (key == "choices") {
      if (choice || in.peek() != '[' || !in.enter_array() || !in.next_item() || !chat_choice(in, text) || in.peek() != ']' || in.next_item()) return false;
      choice = true;
    } else if (key == "usage") {
      if (!in.null()) return false;
    } else if (!one_of(key, {"id", "object", "created", "model", "service_tier", "system_fingerprint", "obfuscation", "provider"}) || !in.skip_value()) {
      return false;
    }
  }
  return in.at_end() && choice && push_text(text, Kind::text, out);
}

bool fast_anthropic(std::string_view data, std::vector<ReplyEvent>& out) {
  JsonCursor in(data);
  std::string_view key, text;
  bool type = false, text_type = false, found = false;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (key == "type") {
      if (!(type = is_string(in, "content_block_delta"))) return false;
    } else if (key == "delta") {
      if (in.peek() != '{' || !in.enter_object()) return false;
      while (in.next_key(key)) {
        if (key == "type" ? !(text_type = is_string(in, "text_delta")) : !(found = key == "text" && in.peek() == '"' && in.string(text))) return false;
      }
    } else if (key != "index" || !in.skip_value()) {
      return false;
    }
  }
  return in.at_end() && type && text_type && found && push_text(text, Kind::text, out);
}

bool fast_openai_responses(std::string_view data, std::vector<ReplyEvent>& out) {
  JsonCursor in(data);
  std::string_view key, text;
  bool type = false, found = false;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (key == "type") {
      if (!(type = is_string(in, "response.output_text.delta"))) return false;
    } else if (key == "delta") {
      if (!(found = in.peek() == '"' && in.string(text))) return false;
    } else if (!one_of(key, {"sequence_number", "item_id", "output_index", "content_index", "logprobs", "obfuscation"}) || !in.skip_value()) {
      return false;
    }
  }
  return in.at_end() && type && found && push_text(text, Kind::text, out);
}

}  // namespace gateway
