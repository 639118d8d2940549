#include "base/json_text.h"

#include <array>
#include <charconv>

#include "base/json_stop.h"
#include "base/text.h"

namespace base {

void append_json_string(std::string& out, std::string_view text) {
  if (!valid_utf8(text)) return append_json_string(out, to_valid_utf8(text));
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  const char* at = text.data();
  const char* end = at + text.size();
  while (true) {
    const char* stop = find_json_stop(at, end);
    out.append(at, static_cast<std::size_t>(stop - at));
    if (stop == end) break;
    at = stop + 1;
    const auto c = static_cast<unsigned char>(*stop);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15U];
    }
  }
  out += '"';
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

void append_json_integer(std::string& out, std::int64_t value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

}  // namespace base
