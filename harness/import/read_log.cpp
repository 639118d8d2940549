// Lines of logs and stack traces: a status somewhere, perhaps a body, or the words for a broken connection.
#include <array>

#include "base/text.h"
#include "harness/import/evidence.h"

namespace harness {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// The number at text[at], if it is a status that stands alone.
std::optional<int> status_at(std::string_view text, std::size_t at) {
  const auto number = base::parse_integer(text.substr(at, 3));
  if (!number || *number < 100 || *number > 599) return {};
  const bool alone = (at == 0 || (!digit(text[at - 1]) && !letter(text[at - 1]) && text[at - 1] != '.' && text[at - 1] != '-')) &&
                     (at + 3 >= text.size() || (!digit(text[at + 3]) && !letter(text[at + 3]) && text[at + 3] != '.'));
  return alone ? std::optional<int>(static_cast<int>(*number)) : std::nullopt;
}

/// After one of the words that come before a status; else any error status that stands alone and is followed by its name.
std::optional<std::pair<int, std::size_t>> find_status(std::string_view line) {
  const auto lower = base::lower(line);
  for (const std::string_view word : {"http/1.1", "http/1.0", "http/2", "error code", "status code", "status_code", "statuscode", "status", "http", "code"}) {
    for (auto at = lower.find(word); at != std::string::npos; at = lower.find(word, at + 1)) {
      auto after = at + word.size();
      while (after < lower.size() && std::string_view(" :=\"'(").find(lower[after]) != std::string_view::npos) ++after;
      const auto status = after < lower.size() ? status_at(lower, after) : std::nullopt;
      if (status && (*status >= 400 || word.starts_with("http/"))) return std::pair{*status, after + 3};
    }
  }
  constexpr std::array<std::pair<std::string_view, int>, 12> kNames{{{"payment required", 402}, {"too many requests", 429}, {"unauthorized", 401}, {"forbidden", 403},
                                                                      {"service unavailable", 503}, {"bad gateway", 502}, {"gateway timeout", 504}, {"gateway time-out", 504},
                                                                      {"internal server error", 500}, {"bad request", 400}, {"not found", 404}, {"overloaded", 529}}};
  for (const auto& [name, status] : kNames) {
    const auto at = lower.find(name);
    if (at != std::string::npos && at >= 4 && status_at(lower, at - 4) == status) return std::pair{status, at + name.size()};
  }
  return {};
}

std::string url_in(std::string_view line) {
  const auto at = line.find("https://");
  if (at == std::string_view::npos) return {};
  return std::string(line.substr(at, line.find_first_of(" \"'<>)},", at) - at));
}

/// Reads Python's literals into JSON text.
class Python {
 public:
  explicit Python(std::string_view text) : text_(text) {}

  /// Up to the bracket that closes the first one; nullopt when it never closes.
  std::optional<std::string> convert() {
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\'' || c == '"') {
        quoted(c);
        continue;
      }
      if (c == '{' || c == '[' || c == '(') ++depth;
      if (c == '}' || c == ']' || c == ')') --depth;
      if (letter(c)) {
        word();
        continue;
      }
      out_ += c == '(' ? '[' : c == ')' ? ']' : c;
      ++at_;
      if (depth == 0) return out_;
    }
    return {};
  }

 private:
  void quoted(char quote) {
    std::string raw;
    ++at_;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        const char next = text_[++at_];
        raw += next == 'n' ? '\n' : next == 't' ? '\t' : next == 'r' ? '\r' : next;
      } else {
        raw += text_[at_];
      }
      ++at_;
    }
    ++at_;
    out_ += base::dump(base::Json(raw));
  }
  void word() {
    const auto start = at_;
    while (at_ < text_.size() && (letter(text_[at_]) || digit(text_[at_]))) ++at_;
    const auto word = text_.substr(start, at_ - start);
    if (word == "None") out_ += "null";
    else if (word == "True") out_ += "true";
    else if (word == "False") out_ += "false";
    else out_ += word;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

/// The part of the text from an opening bracket to the one that closes it, quotes respected.
std::string_view balanced(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted) {
      if (text[i] == '\\') ++i;
      else if (text[i] == '"') quoted = false;
    } else if (text[i] == '"') {
      quoted = true;
    } else if (text[i] == '{' || text[i] == '[') {
      ++depth;
    } else if ((text[i] == '}' || text[i] == ']') && --depth == 0) {
      return text.substr(0, i + 1);
    }
  }
  return {};
}

/// A library and its caller log the same reply, one with its body and one without.
void add_reply(std::vector<Evidence>& all, Evidence found) {
  const auto has_json = [](const Evidence& each) { return each.body.starts_with('{') || each.body.starts_with('['); };
  if (!all.empty() && all.back().status == found.status && has_json(all.back()) != has_json(found)) {
    if (has_json(found)) all.back() = std::move(found);
    return;
  }
  all.push_back(std::move(found));
}

}  // namespace

std::optional<base::Json> parse_python(std::string_view text) {
  const auto json = Python(text).convert();
  return json ? base::parse_wire_json(*json) : std::nullopt;
}

std::optional<base::Json> json_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return {};
  const auto rest = text.substr(at);
  if (const auto part = balanced(rest); !part.empty()) {
    if (auto json = base::parse_wire_json(part)) return json;
  }
  return parse_python(rest);
}

std::optional<Evidence::End> end_in_words(std::string_view text) {
  const auto lower = base::lower(text);
  const auto has = [&](std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return lower.find(word) != std::string::npos; });
  };
  using End = Evidence::End;
  if (has({"certificate verify failed", "certificate_verify_failed", "self-signed certificate", "self signed certificate", "certificate has expired", "ssl certificate problem",
           "err cert"})) {
    return End::tls;
  }
  if (has({"connection refused", "econnrefused", "could not resolve host", "name or service not known", "getaddrinfo", "err connection refused", "no route to host"})) return End::refused;
  if (has({"transfer closed", "outstanding read data", "incomplete chunked read", "peer closed connection", "incompleteread", "unexpected eof", "curl: (18)", "premature close",
           "err incomplete chunked"})) {
    return End::cut;
  }
  if (has({"empty reply from server", "server disconnected without sending", "curl: (52)", "err empty response"})) return End::empty;
  if (has({"connection reset", "econnreset", "connection was reset", "broken pipe", "socket hang up", "recv failure", "curl: (56)", "err connection reset"})) return End::reset;
  if (has({"timed out", "timeout", "etimedout", "curl: (28)"})) return End::timeout;
  return {};
}

std::vector<Evidence> read_log(std::string_view text) {
  std::vector<Evidence> all, broken;
  std::size_t at = 0;
  int number = 0;
  std::string url;
  while (at < text.size()) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = base::trim(text.substr(at, end - at));
    ++number;
    if (auto there = url_in(line); !there.empty()) url = there;
    Evidence found;
    found.line = number;
    found.url = url;
    if (const auto status = find_status(line)) {
      found.status = status->first;
      const auto bracket = line.find_first_of("{[", status->second);
      if (bracket != std::string_view::npos) {
        // The body may go on over the next lines, so the text and not the line is read.
        const auto offset = static_cast<std::size_t>(line.data() - text.data()) + bracket;
        if (const auto json = json_at(text.substr(0, std::min(text.size(), offset + 100'000)), offset)) found.body = base::dump(*json);
      }
      if (found.body.empty()) found.body = base::trim(base::replace_all(std::string(line.substr(status->second)), "\"", " "));
      if (found.status >= 400) add_reply(all, std::move(found));
    } else if (const auto how = end_in_words(line)) {
      found.end = *how;
      broken.push_back(std::move(found));
    }
    at = end + 1;
  }
  // "timeout" stands in many a line about settings: it is evidence only where nothing better is.
  return all.empty() ? broken : all;
}

}  // namespace harness
