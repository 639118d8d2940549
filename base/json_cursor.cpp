#include "base/json_cursor.h"

#include <cmath>
#include <cstdlib>

#include "base/json_stop.h"
#include "base/text.h"

namespace base {
namespace {

/// So many digits without an exponent always fit a double.
constexpr std::ptrdiff_t kDigitsSafe = 300;
/// The tree refuses a number that no double holds.
bool fits_double(const std::string& number) { return std::isfinite(std::strtod(number.c_str(), nullptr)); }

bool hex4(std::string_view text, std::uint32_t& value) {
  if (text.size() < 4) return false;
  value = 0;
  for (const char c : text.substr(0, 4)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return false;
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return true;
}

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

}  // namespace

bool JsonCursor::fail() {
  failed_ = true;
  at_ = end_;
  return false;
}

inline bool JsonCursor::skip_string() {
  at_ = find_json_stop(at_ + 1, end_);
  if (at_ == end_ || *at_ != '"') return skip_escaped();
  ++at_;
  return true;
}

void JsonCursor::skip_space() {
  while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

bool JsonCursor::at_end() { return peek() == '\0' && at_ == end_ && !failed_; }

bool JsonCursor::enter_object() {
  if (peek() != '{') return fail();
  ++at_;
  return first_ = true;
}

bool JsonCursor::enter_array() {
  if (peek() != '[') return fail();
  ++at_;
  return first_ = true;
}

bool JsonCursor::next_key(std::string_view& raw_key) {
  const char c = peek();
  if (c == '}') {
    ++at_;
    return first_ = false;
  }
  if (!first_) {
    if (c != ',') return fail();
    ++at_;
  }
  first_ = false;
  if (!string(raw_key) || peek() != ':' || raw_key.find('\\') != std::string_view::npos) return fail();
  ++at_;
  return true;
}

bool JsonCursor::next_item() {
  const char c = peek();
  if (c == ']') {
    ++at_;
    return first_ = false;
  }
  if (!first_) {
    if (c != ',') return fail();
    ++at_;
    if (peek() == ']') return fail();
  }
  first_ = false;
  return true;
}

bool JsonCursor::string(std::string_view& raw) {
  if (peek() != '"') return fail();
  const char* from = at_ + 1;
  if (!skip_string()) return fail();
  raw = {from, static_cast<std::size_t>(at_ - from - 1)};
  return true;
}

bool JsonCursor::null() {
  if (peek() != 'n') return false;
  return skip_scalar() || fail();
}

bool JsonCursor::integer(std::int64_t& value) {
  peek();
  const char* from = at_;
  if (!skip_number_at()) return fail();
  const auto parsed = base::parse_integer({from, static_cast<std::size_t>(at_ - from)});
  if (!parsed) return fail();
  value = *parsed;
  return true;
}

bool JsonCursor::boolean(bool& value) {
  const char c = peek();
  if ((c != 't' && c != 'f') || !skip_scalar()) return fail();
  value = c == 't';
  return true;
}

bool JsonCursor::skip_number_at() { return at_ < end_ && (*at_ == '-' || (*at_ >= '0' && *at_ <= '9')) && skip_number(); }

/// On from the first stop of a string that is no quote.
bool JsonCursor::skip_escaped() {
  while (true) {
    if (at_ == end_) return false;
    const char c = *at_++;
    if (c == '"') return true;
    if (c != '\\' || at_ == end_) return false;
    const char escape = *at_++;
    if (escape == 'u') {
      // Halves of a character come in pairs, the high one first (RFC 8259, section 7).
      std::uint32_t value = 0, low = 0;
      if (!hex4({at_, static_cast<std::size_t>(end_ - at_)}, value) || (value >= 0xDC00 && value <= 0xDFFF)) return false;
      at_ += 4;
      if (value >= 0xD800 && value <= 0xDBFF) {
        const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
        if (!rest.starts_with("\\u") || !hex4(rest.substr(2), low) || low < 0xDC00 || low > 0xDFFF) return false;
        at_ += 6;
      }
    } else if (std::string_view("\"\\/bfnrt").find(escape) == std::string_view::npos) {
      return false;
    }
    at_ = find_json_stop(at_, end_);
  }
}

bool JsonCursor::skip_number() {
  const auto digits = [this] {
    const char* from = at_;
    while (at_ < end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ > from;
  };
  const char* number = at_;
  if (*at_ == '-') ++at_;
  const char* from = at_;
  if (!digits() || (*from == '0' && at_ - from > 1)) return false;
  if (at_ < end_ && *at_ == '.') {
    ++at_;
    if (!digits()) return false;
  }
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return false;
    return fits_double({number, at_});
  }
  return at_ - from < kDigitsSafe || fits_double({number, at_});
}

bool JsonCursor::skip_scalar() {
  if (at_ == end_) return false;
  const std::string_view word = *at_ == 'n' ? "null" : *at_ == 't' ? "true" : *at_ == 'f' ? "false" : "";
  if (word.empty()) return skip_number_at();
  if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

bool JsonCursor::skip_key() {
  if (peek() != '"' || !skip_string() || peek() != ':') return false;
  ++at_;
  return true;
}

bool JsonCursor::skip_value() {
  std::uint64_t objects = 0;  // one bit a level, the innermost lowest: 1 for an object
  int depth = 0;
  while (true) {
    const char c = peek();
    if (c == '{' || c == '[') {
      if (++depth > kCursorDepthMax) return fail();
      objects = (objects << 1) | (c == '{' ? 1U : 0U);
      ++at_;
      if (peek() != (c == '{' ? '}' : ']')) {
        if (c == '{' && !skip_key()) return fail();
        continue;
      }
    } else if (c == '"' ? !skip_string() : !skip_scalar()) {
      return fail();
    }
    bool more = false;
    while (depth > 0 && !more) {
      const char d = peek();
      if (d == ',') {
        ++at_;
        if ((objects & 1U) && !skip_key()) return fail();
        more = true;
      } else if (d == ((objects & 1U) ? '}' : ']')) {
        ++at_;
        objects >>= 1;
        --depth;
      } else {
        return fail();
      }
    }
    if (!more) return true;
  }
}

bool scan_string(std::string_view text, std::size_t& size) {
  const char* at = text.data();
  const char* end = at + text.size();
  while (true) {
    at = find_json_stop(at, end);
    if (at == end || (*at != '"' && *at != '\\')) return false;
    if (*at == '"') break;
    if (end - at < 2) return false;
    at += 2;
  }
  size = static_cast<std::size_t>(at - text.data());
  return true;
}

bool unescape(std::string_view raw, std::string& out) {
  if (!base::valid_utf8(raw)) return false;
  out.clear();
  while (true) {
    const auto slash = raw.find('\\');
    out.append(raw.substr(0, slash));
    if (slash == std::string_view::npos) return true;
    if (slash + 1 >= raw.size()) return false;
    const char escape = raw[slash + 1];
    raw.remove_prefix(slash + 2);
    constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
    if (escape == 'u') {
      std::uint32_t code = 0;
      if (!hex4(raw, code) || (code >= 0xD800 && code <= 0xDFFF)) return false;
      append_utf8(out, code);
      raw.remove_prefix(4);
    } else if (const auto i = kNames.find(escape); i != std::string_view::npos) {
      out += kValues[i];
    } else {
      return false;
    }
  }
}

}  // namespace base
