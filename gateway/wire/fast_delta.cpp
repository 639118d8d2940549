// The commonest frame of each dialect, a few words of text, read without building JSON. Anything else: false, the full reader decides.
#include "gateway/wire/decoder.h"
#include "gateway/wire/json_cursor.h"

namespace gateway {
namespace {

using base::Once;
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

/// One count of a details object, or null.
bool read_detail(JsonCursor& in, std::string_view name, std::int64_t& count) {
  std::string_view key;
  if (in.peek() == 'n') return in.null();
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (!(key == name ? in.integer(count) : in.skip_value())) return false;
  }
  return in.ok();
}

/// The usage object, where its counts are whole numbers.
bool read_counts(JsonCursor& in, Usage& usage) {
  std::string_view key;
  Once once;
  bool any = false;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    any = true;
    bool read = false;
    if (key == "prompt_tokens") read = in.integer(usage.input);
    else if (key == "completion_tokens") read = in.integer(usage.output);
    else if (key == "prompt_tokens_details") read = once(1) && read_detail(in, "cached_tokens", usage.cached);
    else if (key == "completion_tokens_details") read = once(2) && read_detail(in, "reasoning_tokens", usage.reasoning);
    else if (key != "prompt_cache_hit_tokens") read = in.skip_value();
    if (!read) return false;
  }
  return any && in.ok();  // an empty one says nothing
}

struct WholeChat {
  std::string_view id, model, content, finish;
  Usage usage;
  bool usage_known = false;
};

bool whole_message(JsonCursor& in, std::string_view& content) {
  std::string_view key;
  Once once;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (key == "content") {
      if (!once(1) || in.peek() != '"' || !in.string(content)) return false;
    } else if (key == "role" || key == "annotations") {
      if (!in.skip_value()) return false;
    } else if (!in.null()) {
      return false;
    }
  }
  return in.ok();
}

bool whole_choice(JsonCursor& in, WholeChat& chat) {
  std::string_view key;
  Once once;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (key == "message") {
      if (!once(1) || !whole_message(in, chat.content)) return false;
    } else if (key == "finish_reason") {
      if (in.peek() != '"' || !in.string(chat.finish)) return false;
    } else if (key == "index") {
      if (in.peek() != '0' || !in.skip_value()) return false;
    } else if (!one_of(key, {"logprobs", "stop_reason", "native_finish_reason", "content_filter_results"}) || !in.skip_value()) {
      return false;
    }
  }
  return in.ok();
}

/// {"type": "text", "text": "…"}
bool text_block(JsonCursor& in, std::string_view& text) {
  std::string_view key;
  bool type = false;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (key == "type") {
      if (type || !(type = is_string(in, "text"))) return false;
    } else if (key == "text") {
      if (text.data() != nullptr || in.peek() != '"' || !in.string(text)) return false;
    } else if (key != "citations" || !in.null()) {
      return false;
    }
  }
  return in.ok() && type;
}

/// {"role"?: …, "content": "…"}: nothing else may carry a value.
bool chat_delta(JsonCursor& in, std::string_view& text) {
  std::string_view key;
  Once once;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (key == "role") {
      if (!in.skip_value()) return false;
    } else if (key == "content" && !once(1)) {
      return false;
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

bool DeltaTemplate::read(std::string_view data, std::vector<ReplyEvent>& out) const {
  if (before_.empty() || !data.starts_with(before_)) return false;
  std::size_t size = 0;
  auto rest = data.substr(before_.size());
  if (!scan_string(rest, size)) return false;
  const auto text = rest.substr(0, size);
  rest.remove_prefix(size);
  if (padded_) {
    if (!rest.starts_with(between_)) return false;
    rest.remove_prefix(between_.size());
    if (!scan_string(rest, size) || rest.substr(0, size).find('\\') != std::string_view::npos) return false;
    rest.remove_prefix(size);
  }
  return rest == after_ && push_text(text, Kind::text, out);
}

void DeltaTemplate::learn(std::string_view data, std::string_view text, std::string_view padding) {
  const auto offset = [&](std::string_view part) { return static_cast<std::size_t>(part.data() - data.data()); };
  before_ = data.substr(0, offset(text));
  padded_ = padding.data() != nullptr;
  if (padded_ && offset(padding) < offset(text)) return before_.clear();
  const auto text_end = offset(text) + text.size();
  if (padded_) between_ = data.substr(text_end, offset(padding) - text_end);
  after_ = data.substr(padded_ ? offset(padding) + padding.size() : text_end);
}

bool fast_plain_openai_chat(std::string_view body, std::vector<ReplyEvent>& out) {
  JsonCursor in(body);
  WholeChat chat;
  std::string_view key;
  bool choice = false;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (key == "choices") {
      if (choice || in.peek() != '[' || !in.enter_array() || !in.next_item() || !whole_choice(in, chat) || in.peek() != ']' || in.next_item()) return false;
      choice = true;
    } else if (key == "usage") {
      if (chat.usage_known || !read_counts(in, chat.usage)) return false;
      chat.usage_known = true;
    } else if (key == "id" || key == "model") {
      if (in.peek() != '"' || !in.string(key == "id" ? chat.id : chat.model)) return false;
    } else if (!one_of(key, {"object", "created", "service_tier", "system_fingerprint", "provider"}) || !in.skip_value()) {
      return false;
    }
  }
  // A word that is odd, or nothing said: the full reader judges.
  if (!in.at_end() || !choice || chat.content.empty() || !one_of(chat.finish, {"stop", "length"})) return false;
  auto start = make_event(Kind::start);
  if (!unescape(chat.id, start.id) || !unescape(chat.model, start.name)) return false;
  auto text = make_event(Kind::text);
  if (!unescape(chat.content, text.text)) return false;
  out.reserve(out.size() + 5);
  out.push_back(std::move(start));
  out.push_back(std::move(text));
  out.push_back(make_finish(chat.finish == "stop" ? Finish::stop : Finish::length, chat.finish));
  if (chat.usage_known) out.push_back(make_usage(chat.usage));
  out.push_back(make_event(Kind::terminal));
  return true;
}

bool fast_plain_anthropic(std::string_view body, std::vector<ReplyEvent>& out) {
  JsonCursor in(body);
  std::string_view key, id, model, content, finish;
  Usage usage;
  std::int64_t fresh = 0, created = 0;
  Once once;
  bool usage_known = false;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (key == "content") {
      if (!once(1) || in.peek() != '[' || !in.enter_array() || !in.next_item() || !text_block(in, content) || in.peek() != ']' || in.next_item()) return false;
    } else if (key == "usage") {
      if (!once(2) || in.peek() != '{' || !in.enter_object()) return false;
      while (in.next_key(key)) {
        std::int64_t* into = key == "input_tokens" ? &fresh : key == "output_tokens" ? &usage.output : key == "cache_read_input_tokens" ? &usage.cached : key == "cache_creation_input_tokens" ? &created : nullptr;
        if (!(into ? in.integer(*into) : in.skip_value())) return false;
      }
      usage_known = true;
    } else if (key == "stop_reason") {
      if (!once(4) || in.peek() != '"' || !in.string(finish)) return false;
    } else if (key == "id" || key == "model") {
      if (!once(key == "id" ? 8 : 16) || in.peek() != '"' || !in.string(key == "id" ? id : model)) return false;
    } else if (key == "stop_sequence" || key == "container" || key == "stop_details") {
      if (!in.null()) return false;
    } else if ((key != "type" && key != "role") || !in.skip_value()) {
      return false;
    }
  }
  if (!in.at_end() || content.empty() || !one_of(finish, {"end_turn", "max_tokens"})) return false;
  auto start = make_event(Kind::start);
  auto text = make_event(Kind::text);
  if (!unescape(id, start.id) || !unescape(model, start.name) || !unescape(content, text.text)) return false;
  usage.input = fresh + created + usage.cached;
  out.reserve(out.size() + 5);
  out.push_back(std::move(start));
  if (usage_known) out.push_back(make_usage(usage));
  out.push_back(std::move(text));
  out.push_back(make_finish(finish == "end_turn" ? Finish::stop : Finish::length, finish));
  out.push_back(make_event(Kind::terminal));
  return true;
}

bool fast_openai_chat(std::string_view data, std::vector<ReplyEvent>& out, DeltaTemplate& known) {
  JsonCursor in(data);
  std::string_view key, text, padding;
  bool choice = false;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (key == "choices") {
      if (choice || in.peek() != '[' || !in.enter_array() || !in.next_item() || !chat_choice(in, text) || in.peek() != ']' || in.next_item()) return false;
      choice = true;
    } else if (key == "usage") {
      if (!in.null()) return false;
    } else if (key == "obfuscation" && in.peek() == '"') {
      if (!in.string(padding)) return false;
    } else if (!one_of(key, {"id", "object", "created", "model", "service_tier", "system_fingerprint", "provider"}) || !in.skip_value()) {
      return false;
    }
  }
  if (!in.at_end() || !choice || !push_text(text, Kind::text, out)) return false;
  if (text.data()) known.learn(data, text, padding);
  return true;
}

bool fast_anthropic(std::string_view data, std::vector<ReplyEvent>& out, DeltaTemplate& known) {
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
  if (!in.at_end() || !type || !text_type || !found || !push_text(text, Kind::text, out)) return false;
  known.learn(data, text, {});
  return true;
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
