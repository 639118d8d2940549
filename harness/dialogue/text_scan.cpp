#include "harness/dialogue/text_scan.h"

#include "base/json_cursor.h"

namespace harness {
namespace {

using base::JsonCursor;

/// Walks an object; `on_key` consumes the value of a key that it wants and answers for it, all others are skipped.
template <class OnKey>
bool walk(JsonCursor& in, OnKey&& on_key) {
  std::string_view key;
  if (!in.enter_object()) return false;
  while (in.next_key(key)) {
    const auto wanted = on_key(key);
    if (!(wanted ? *wanted : in.skip_value())) return false;
  }
  return in.ok();
}

using Taken = std::optional<bool>;  ///< nothing: the key is not wanted

bool take_text(JsonCursor& in, std::string& text) {
  if (in.peek() == 'n') return in.null();
  std::string_view raw;
  std::string piece;
  if (!in.string(raw) || !base::unescape(raw, piece)) return false;
  text += piece;
  return true;
}

/// The first choice's text; the holder is its "message" or its "delta".
bool take_choices(JsonCursor& in, std::string_view holder, std::string& text) {
  if (!in.enter_array()) return false;
  for (bool first = true; in.next_item(); first = false) {
    if (!first) {
      if (!in.skip_value()) return false;
      continue;
    }
    const bool whole = walk(in, [&](std::string_view key) -> Taken {
      if (key != holder) return std::nullopt;
      return walk(in, [&](std::string_view member) -> Taken { return member == "content" ? Taken(take_text(in, text)) : std::nullopt; });
    });
    if (!whole) return false;
  }
  return in.ok();
}

bool take_blocks(JsonCursor& in, std::string& text) {
  if (!in.enter_array()) return false;
  while (in.next_item()) {
    if (!walk(in, [&](std::string_view key) -> Taken { return key == "text" ? Taken(take_text(in, text)) : std::nullopt; })) return false;
  }
  return in.ok();
}

template <class Member>
std::optional<std::string> scan(std::string_view json, Member&& member) {
  JsonCursor in(json);
  std::string text;
  const bool plain = walk(in, [&](std::string_view key) -> Taken {
    if (key == "error") return false;
    return member(in, key, text);
  });
  if (!plain || !in.at_end()) return std::nullopt;
  return text;
}

}  // namespace

std::optional<std::string> scan_reply_text(Api api, std::string_view json) {
  switch (api) {
    case Api::chat_completions:
      return scan(json, [](JsonCursor& in, std::string_view key, std::string& text) -> Taken { return key == "choices" ? Taken(take_choices(in, "message", text)) : std::nullopt; });
    case Api::messages:
      return scan(json, [](JsonCursor& in, std::string_view key, std::string& text) -> Taken { return key == "content" ? Taken(take_blocks(in, text)) : std::nullopt; });
    case Api::chat:
      return scan(json, [](JsonCursor& in, std::string_view key, std::string& text) -> Taken { return key == "reply" ? Taken(take_text(in, text)) : std::nullopt; });
    default: return std::nullopt;
  }
}

std::optional<std::string> scan_chunk_text(std::string_view json) {
  return scan(json, [](JsonCursor& in, std::string_view key, std::string& text) -> Taken { return key == "choices" ? Taken(take_choices(in, "delta", text)) : std::nullopt; });
}

}  // namespace harness
