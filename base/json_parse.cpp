// JSON from the wire, by hand: the library's parser took a fifth of a proxied request's time, and with it the cost of an object of a
// million keys was their number squared. Accepts and builds exactly what the library does (tests/base compares them).
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include "base/json.h"
#include "base/json_stop.h"
#include "base/text.h"

namespace base {
namespace {

constexpr std::size_t kPairwiseMax = 16;  // keys of one object up to which comparing each with each is quickest

class WireParser {
 public:
  explicit WireParser(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool document(Json& out) {
    members_.reserve(16);
    if (left() >= 3 && std::memcmp(at_, "\xef\xbb\xbf", 3) == 0) at_ += 3;
    skip_space();
    if (!value(out, 0)) return false;
    skip_space();
    return at_ == end_;
  }

 private:
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view text) {
    if (left() < text.size() || std::memcmp(at_, text.data(), text.size()) != 0) return false;
    at_ += text.size();
    return true;
  }

  bool value(Json& out, int depth) {
    if (at_ == end_) return false;
    switch (*at_) {
      case '{': return object(out, depth + 1);
      case '[': return array(out, depth + 1);
      case '"': {
        std::string text;
        if (!string(text)) return false;
        out = std::move(text);
        return true;
      }
      case 't': return word("true") && (out = true, true);
      case 'f': return word("false") && (out = false, true);
      case 'n': return word("null") && (out = nullptr, true);
      default: return number(out);
    }
  }

  bool object(Json& out, int depth) {
    if (depth > kJsonDepthMax) return false;
    ++at_;
    const auto first = members_.size();
    skip_space();
    if (!take('}')) {
      do {
        skip_space();
        std::string key;
        if (at_ == end_ || *at_ != '"' || !string(key)) return false;
        skip_space();
        if (!take(':')) return false;
        skip_space();
        Json member;
        if (!value(member, depth)) return false;
        members_.emplace_back(std::move(key), std::move(member));
        skip_space();
      } while (take(','));
      if (!take('}')) return false;
    }
    drop_duplicates(first);
    out = Json::object();
    auto& made = out.get_ref<Json::object_t&>();
    // In one go: the library's map copies every key each time it grows.
    made.reserve(members_.size() - first);
    for (auto i = first; i < members_.size(); ++i) made.emplace_back(std::move(members_[i].first), std::move(members_[i].second));
    members_.resize(first);
    return true;
  }

  bool array(Json& out, int depth) {
    if (depth > kJsonDepthMax) return false;
    ++at_;
    const auto first = elements_.size();
    skip_space();
    if (!take(']')) {
      do {
        skip_space();
        Json element;
        if (!value(element, depth)) return false;
        elements_.push_back(std::move(element));
        skip_space();
      } while (take(','));
      if (!take(']')) return false;
    }
    out = Json::array();
    auto& made = out.get_ref<Json::array_t&>();
    made.reserve(elements_.size() - first);
    for (auto i = first; i < elements_.size(); ++i) made.push_back(std::move(elements_[i]));
    elements_.resize(first);
    return true;
  }

  /// Of two members with one name the last value stays, at the place of the first: what the library does.
  void drop_duplicates(std::size_t first) {
    const auto count = members_.size() - first;
    bool any = false;
    if (count <= kPairwiseMax) {
      for (auto i = first + 1; i < members_.size() && !any; ++i) {
        for (auto k = first; k < i && !any; ++k) any = members_[k].first == members_[i].first;
      }
      if (!any) return;
    }
    std::unordered_map<std::string_view, std::size_t> seen;
    seen.reserve(count);
    std::vector<std::size_t> gone;
    for (auto i = first; i < members_.size(); ++i) {
      const auto [found, fresh] = seen.emplace(members_[i].first, i);
      if (fresh) continue;
      members_[found->second].second = std::move(members_[i].second);
      gone.push_back(i);
    }
    if (gone.empty()) return;
    auto next = gone.begin();
    auto into = gone.front();
    for (auto i = gone.front(); i < members_.size(); ++i) {
      if (next != gone.end() && *next == i) {
        ++next;
        continue;
      }
      members_[into++] = std::move(members_[i]);
    }
    members_.resize(into);
  }

  bool string(std::string& out) {
    const char* from = ++at_;
    while (true) {
      at_ = find_json_stop(from, end_);
      if (at_ == end_ || (*at_ != '"' && *at_ != '\\')) return false;
      out.append(from, at_);
      if (*at_++ == '"') return true;
      if (!escape(out)) return false;
      from = at_;
    }
  }

  bool escape(std::string& out) {
    if (at_ == end_) return false;
    switch (*at_++) {
      case '"': out += '"'; return true;
      case '\\': out += '\\'; return true;
      case '/': out += '/'; return true;
      case 'b': out += '\b'; return true;
      case 'f': out += '\f'; return true;
      case 'n': out += '\n'; return true;
      case 'r': out += '\r'; return true;
      case 't': out += '\t'; return true;
      case 'u': break;
      default: return false;
    }
    std::uint32_t code = 0;
    if (!four_digits(code)) return false;
    if (code >= 0xDC00 && code <= 0xDFFF) return false;
    if (code >= 0xD800 && code <= 0xDBFF) {
      std::uint32_t low = 0;
      if (!word("\\u") || !four_digits(low) || low < 0xDC00 || low > 0xDFFF) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out, code);
    return true;
  }

  bool four_digits(std::uint32_t& code) {
    if (left() < 4) return false;
    code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = *at_;
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) return false;
      code = code << 4 | static_cast<std::uint32_t>(digit);
    }
    return true;
  }

  static void append_utf8(std::string& out, std::uint32_t code) {
    const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
      add(code);
    } else if (code < 0x800) {
      add(0xC0 | code >> 6);
      add(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      add(0xE0 | code >> 12);
      add(0x80 | (code >> 6 & 0x3F));
      add(0x80 | (code & 0x3F));
    } else {
      add(0xF0 | code >> 18);
      add(0x80 | (code >> 12 & 0x3F));
      add(0x80 | (code >> 6 & 0x3F));
      add(0x80 | (code & 0x3F));
    }
  }

  bool digits() {
    const char* from = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ != from;
  }

  /// RFC 8259, section 6: whole numbers stay whole where 64 bits hold them; one that no double holds is refused.
  bool number(Json& out) {
    const char* from = at_;
    const bool negative = take('-');
    if (!take('0') && !digits()) return false;
    bool whole = true;
    if (take('.')) {
      whole = false;
      if (!digits()) return false;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      whole = false;
      ++at_;
      if (!take('+')) take('-');
      if (!digits()) return false;
    }
    if (whole && negative) {
      std::int64_t integer = 0;
      if (std::from_chars(from, at_, integer).ec == std::errc{}) return out = integer, true;
    } else if (whole) {
      std::uint64_t integer = 0;
      if (std::from_chars(from, at_, integer).ec == std::errc{}) return out = integer, true;
    }
    double real = 0;
    // from_chars says "out of range" for what is too small, too; strtod tells the two apart.
    if (std::from_chars(from, at_, real).ec != std::errc{}) real = std::strtod(std::string(from, at_).c_str(), nullptr);
    if (!std::isfinite(real)) return false;
    out = real;
    return true;
  }

  const char* at_;
  const char* end_;
  // Members and elements of the objects and arrays that are still open, so that each is made in its final size.
  std::vector<std::pair<std::string, Json>> members_;
  std::vector<Json> elements_;
};

}  // namespace

std::optional<Json> parse_wire_json(std::string_view text) {
  std::string repaired;
  if (!valid_utf8(text)) text = repaired = to_valid_utf8(text);
  Json value;
  if (!WireParser(text).document(value)) return std::nullopt;
  return value;
}

}  // namespace base
