#include "base/json_node.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>

#include "base/text.h"

namespace base {
namespace {

/// A parser of our own, since the library keeps no positions of keys and drops duplicates: RFC 8259, nothing more.
class Parser {
 public:
  Parser(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  std::optional<Error> parse(JsonNode& root) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = line_begin_ = 3;  // a byte order mark is harmless: ignore it
    skip_space();
    if (!value(root, 0)) return error_;
    skip_space();
    if (at_ < text_.size()) fail("something follows the end of the document", "one JSON value a file");
    return error_;
  }

 private:
  bool fail(std::string what, std::string hint = {}) {
    if (error_) return false;
    Diagnostic d;
    d.file = file_;
    d.line = line_;
    d.column = column();
    d.length = 1;
    d.what = std::move(what);
    d.hint = std::move(hint);
    const auto end = text_.find('\n', line_begin_);
    d.source = std::string(text_.substr(line_begin_, end == std::string_view::npos ? end : end - line_begin_));
    if (!d.source.empty() && d.source.back() == '\r') d.source.pop_back();
    error_ = Error{{std::move(d)}};
    return false;
  }
  int column() const { return static_cast<int>(at_ - line_begin_) + 1; }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
        line_begin_ = at_ + 1;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return;
      }
      ++at_;
    }
  }

  bool value(JsonNode& node, int depth) {
    if (depth > kJsonDepthMax) return fail(fmt::format("nested deeper than {} levels", kJsonDepthMax));
    if (at_ >= text_.size()) return fail("the document ends where a value should be");
    node.line = line_;
    node.column = column();
    const auto begin = at_;
    bool good = false;
    switch (peek()) {
      case '{': good = object(node, depth); break;
      case '[': good = array(node, depth); break;
      case '"':
        node.kind = JsonNode::Kind::string;
        good = string(node.string);
        break;
      case 't': good = word("true"); node.kind = JsonNode::Kind::boolean; node.boolean = true; break;
      case 'f': good = word("false"); node.kind = JsonNode::Kind::boolean; break;
      case 'n': good = word("null"); break;
      default: good = number(node); break;
    }
    if (good && node.kind != JsonNode::Kind::object && node.kind != JsonNode::Kind::array) {
      node.length = 0;
      for (auto i = begin; i < at_; ++i) node.length += (static_cast<unsigned char>(text_[i]) & 0xC0U) != 0x80U ? 1 : 0;
    }
    return good;
  }

  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return fail("this is no JSON value", "true, false, null, a number, or text in \"double quotes\"");
    at_ += expected.size();
    return true;
  }

  bool number(JsonNode& node) {
    const auto begin = at_;
    if (peek() == '-') ++at_;
    if (peek() == '\'') return fail("text stands in \"double quotes\" in JSON");
    if (peek() == '/' || peek() == '#') return fail("JSON has no comments");
    if (!digits()) return fail("this is no JSON value", "true, false, null, a number, or text in \"double quotes\"");
    const auto first = text_[begin] == '-' ? begin + 1 : begin;
    if (text_[first] == '0' && at_ - first > 1) return fail("a number has no leading zero");
    bool whole = true;
    if (peek() == '.') {
      ++at_;
      whole = false;
      if (!digits()) return fail("a digit must follow the decimal point");
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      whole = false;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!digits()) return fail("a digit must follow the exponent");
    }
    const auto part = text_.substr(begin, at_ - begin);
    std::from_chars(part.data(), part.data() + part.size(), node.real);
    node.kind = whole ? JsonNode::Kind::integer : JsonNode::Kind::real;
    if (whole) {
      node.integer_overflow = std::from_chars(part.data(), part.data() + part.size(), node.integer).ec != std::errc{};
    }
    return true;
  }
  bool digits() {
    const auto begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > begin;
  }

  bool string(std::string& out) {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        if (!valid_utf8(out)) return fail("this text is not valid UTF-8");
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) {
        return fail(c == '\n' ? "the text is not closed on its line" : "a control character in text must be escaped", c == '\n' ? "a \" is missing" : "write \\n, \\t or \\u00XX");
      }
      ++at_;
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return false;
      }
    }
    return fail("the document ends inside a text", "a \" is missing");
  }

  bool escape(std::string& out) {
    constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
    const char c = peek();
    if (const auto i = kFrom.find(c); i != std::string_view::npos && at_ < text_.size()) {
      out += kTo[i];
      ++at_;
      return true;
    }
    if (c != 'u') return fail("no such escape", "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
    std::uint32_t code = 0;
    if (!hex4(code)) return false;
    if (code >= 0xD800 && code <= 0xDBFF && text_.substr(at_, 2) == "\\u") {
      ++at_;
      std::uint32_t low = 0;
      if (!hex4(low)) return false;
      if (low < 0xDC00 || low > 0xDFFF) return fail("half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    } else if (code >= 0xD800 && code <= 0xDFFF) {
      return fail("half of a surrogate pair");
    }
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | code >> 6U), put(0x80 | (code & 0x3FU));
    } else if (code < 0x10000) {
      put(0xE0 | code >> 12U), put(0x80 | (code >> 6U & 0x3FU)), put(0x80 | (code & 0x3FU));
    } else {
      put(0xF0 | code >> 18U), put(0x80 | (code >> 12U & 0x3FU)), put(0x80 | (code >> 6U & 0x3FU)), put(0x80 | (code & 0x3FU));
    }
    return true;
  }
  bool hex4(std::uint32_t& code) {
    ++at_;  // the u
    const auto part = text_.substr(std::min(at_, text_.size()), 4);
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), code, 16);
    if (part.size() != 4 || error != std::errc{} || end != part.data() + 4) return fail("\\u needs four hexadecimal digits");
    at_ += 4;
    return true;
  }

  bool array(JsonNode& node, int depth) {
    node.kind = JsonNode::Kind::array;
    ++at_;
    skip_space();
    if (peek() == ']') return ++at_, true;
    for (;;) {
      node.items.emplace_back();
      if (!value(node.items.back(), depth + 1)) return false;
      skip_space();
      if (peek() == ']') return ++at_, true;
      if (peek() != ',') return fail(at_ < text_.size() ? "a comma or ] is missing here" : "the document ends inside a list", "a ] is missing");
      ++at_;
      skip_space();
      if (peek() == ']') return fail("no comma before ]");
    }
  }

  bool object(JsonNode& node, int depth) {
    node.kind = JsonNode::Kind::object;
    ++at_;
    skip_space();
    if (peek() == '}') return ++at_, true;
    for (;;) {
      if (peek() != '"') return fail(at_ < text_.size() ? "a key in \"double quotes\" should stand here" : "the document ends inside an object", at_ < text_.size() ? "" : "a } is missing");
      JsonMember member{{}, line_, column(), {}};
      if (!string(member.key)) return false;
      skip_space();
      if (peek() != ':') return fail("a : is missing after the key");
      ++at_;
      skip_space();
      if (!value(member.value, depth + 1)) return false;
      node.members.push_back(std::move(member));
      skip_space();
      if (peek() == '}') return ++at_, true;
      if (peek() != ',') return fail(at_ < text_.size() ? "a comma or } is missing here" : "the document ends inside an object", at_ < text_.size() ? "" : "a } is missing");
      ++at_;
      skip_space();
      if (peek() == '}') return fail("no comma before }");
    }
  }

  std::string_view text_;
  std::string file_;
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
  int line_ = 1;
  std::optional<Error> error_;
};

}  // namespace

const JsonNode* JsonNode::find(std::string_view key) const {
  for (auto it = members.rbegin(); it != members.rend(); ++it) {
    if (it->key == key) return &it->value;
  }
  return nullptr;
}

Json JsonNode::to_json() const {
  switch (kind) {
    case Kind::null: return nullptr;
    case Kind::boolean: return boolean;
    case Kind::integer: return integer_overflow ? Json(real) : Json(integer);
    case Kind::real: return real;
    case Kind::string: return string;
    case Kind::array: {
      Json out = Json::array();
      for (const auto& item : items) out.push_back(item.to_json());
      return out;
    }
    case Kind::object: break;
  }
  Json out = Json::object();
  for (const auto& member : members) out[member.key] = member.value.to_json();
  return out;
}

std::string JsonDocument::line_text(int line) const {
  std::size_t begin = 0;
  for (int i = 1; i < line; ++i) {
    begin = text.find('\n', begin);
    if (begin == std::string::npos) return {};
    ++begin;
  }
  const auto end = text.find('\n', begin);
  auto out = text.substr(begin, end == std::string::npos ? end : end - begin);
  if (!out.empty() && out.back() == '\r') out.pop_back();
  return out;
}

Result<JsonDocument> parse_json_document(std::string text, std::string file) {
  JsonDocument document{std::move(file), std::move(text), {}};
  if (auto error = Parser(document.text, document.file).parse(document.root)) return std::move(*error);
  return document;
}

Result<JsonDocument> read_json_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return problem("this is a folder, not a file", {}, path);
  std::ifstream in(path, std::ios::binary);
  if (!in) return problem("cannot be read", "does it exist, and may you read it?", path);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (text.size() > kJsonFileMax) return problem(fmt::format("larger than {} MiB", kJsonFileMax >> 20U), {}, path);
  return parse_json_document(std::move(text), path);
}

}  // namespace base
