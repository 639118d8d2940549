// curl -v output, and replies as they stand on the wire.
#include "base/text.h"
#include "harness/import/evidence.h"

namespace harness {
namespace {

/// Lines without their line ends; `next` is where the line after it begins.
struct Line {
  std::string_view text;
  std::size_t next;
};
Line line_at(std::string_view text, std::size_t at) {
  const auto end = std::min(text.find('\n', at), text.size());
  auto line = text.substr(at, end - at);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return {line, std::min(end + 1, text.size())};
}

void add_header(base::Headers& headers, std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return;
  headers.add(std::string(base::trim(line.substr(0, colon))), std::string(base::trim(line.substr(colon + 1))));
}

bool request_line(std::string_view line, Evidence& found) {
  const auto parts = base::split(line, ' ');
  if (parts.size() != 3 || !parts[2].starts_with("HTTP/")) return false;
  found.method = parts[0];
  found.url = parts[1];
  return true;
}

/// One pass over the marks curl puts before each line: '>' sent, '<' received, '*' and '{ }' its own words, nothing for the body.
class Curl {
 public:
  explicit Curl(std::string_view text) : text_(text) {}

  std::vector<Evidence> read() {
    std::size_t at = 0;
    while (at < text_.size()) {
      const auto line = line_at(text_, at);
      ++number_;
      one(line.text);
      at = line.next;
    }
    finish();
    return std::move(all_);
  }

 private:
  void one(std::string_view line) {
    if (line.starts_with("> ") || line == ">") sent(line.substr(std::min<std::size_t>(2, line.size())));
    else if (line.starts_with("< ") || line == "<") received(line.substr(std::min<std::size_t>(2, line.size())));
    else if (line.starts_with("* ")) said(line.substr(2));
    else if (line.starts_with("curl: (")) said(line);
    else if (line.starts_with("{ [") || line.starts_with("} [")) return;
    else if (in_body_) body(line);
  }

  void sent(std::string_view line) {
    Evidence request;
    if (request_line(line, request)) {
      finish();
      current_.method = request.method;
      current_.url = request.url;
      current_.line = number_;
      seen_ = true;
    } else {
      if (base::iequals(line.substr(0, 5), "host:")) current_.url = "https://" + std::string(base::trim(line.substr(5))) + current_.url;
      add_header(current_.request_headers, line);
    }
  }

  void received(std::string_view line) {
    int status = 0;
    std::string reason;
    if (parse_status_line(line, status, reason)) {
      if (current_.status >= 200) {
        const auto request = current_;
        finish();
        current_.method = request.method;
        current_.url = request.url;
        current_.request_headers = request.request_headers;
      }
      current_.status = status;
      current_.reason = reason;
      current_.headers.list.clear();
      current_.line = current_.line > 0 ? current_.line : number_;
      seen_ = true;
      in_body_ = false;
    } else if (line.empty()) {
      in_body_ = current_.status >= 200;
    } else {
      add_header(current_.headers, line);
    }
  }

  void said(std::string_view line) {
    if (const auto end = end_in_words(line)) {
      // "left intact" and the like say nothing; a complaint after a reply means that the reply broke off.
      const bool replied = current_.status > 0;
      current_.end = replied ? (*end == Evidence::End::reset ? Evidence::End::reset : *end == Evidence::End::timeout ? Evidence::End::timeout : Evidence::End::cut) : *end;
      current_.line = current_.line > 0 ? current_.line : number_;
      seen_ = true;
    }
  }

  void body(std::string_view line) {
    // curl writes its words to the terminal where the body's last line has just ended without a line end.
    for (const std::string_view mark : {"* Connection #", "* Closing connection", "* TLSv1", "* transfer closed", "* OpenSSL", "curl: ("}) {
      const auto at = line.find(mark);
      if (at == std::string_view::npos) continue;
      said(line.substr(at + (mark.starts_with("*") ? 2 : 0)));
      line = line.substr(0, at);
    }
    if (!current_.body.empty()) current_.body += '\n';
    current_.body += line;
  }

  void finish() {
    while (current_.body.ends_with('\n')) current_.body.pop_back();
    const bool broken = current_.end != Evidence::End::complete;
    if (seen_ && (current_.status >= 200 || broken)) all_.push_back(std::move(current_));
    current_ = {};
    seen_ = in_body_ = false;
  }

  std::string_view text_;
  std::vector<Evidence> all_;
  Evidence current_;
  int number_ = 0;
  bool seen_ = false, in_body_ = false;
};

}  // namespace

bool parse_status_line(std::string_view line, int& status, std::string& reason) {
  line = base::trim(line);
  if (!line.starts_with("HTTP/")) return false;
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return false;
  const auto rest = base::trim(line.substr(space));
  const auto number = base::parse_integer(rest.substr(0, 3));
  if (!number || *number < 100 || *number > 599 || (rest.size() > 3 && rest[3] != ' ')) return false;
  status = static_cast<int>(*number);
  reason = rest.size() > 4 ? std::string(base::trim(rest.substr(4))) : "";
  return true;
}

std::vector<Evidence> read_curl(std::string_view text) { return Curl(text).read(); }

std::vector<Evidence> read_http(std::string_view text) {
  std::vector<Evidence> all;
  std::size_t at = 0;
  int number = 0;
  while (at < text.size()) {
    auto line = line_at(text, at);
    ++number;
    Evidence found;
    if (!parse_status_line(line.text, found.status, found.reason)) {
      at = line.next;
      continue;
    }
    found.line = number;
    at = line.next;
    while (at < text.size()) {
      line = line_at(text, at);
      ++number;
      at = line.next;
      if (line.text.empty()) break;
      add_header(found.headers, line.text);
    }
    // The body goes on to the next status line, or to the end.
    auto end = at;
    while (end < text.size()) {
      int status = 0;
      std::string reason;
      line = line_at(text, end);
      if (parse_status_line(line.text, status, reason)) break;
      ++number;
      end = line.next;
    }
    found.body = base::trim(text.substr(at, end - at));
    at = end;
    if (found.status >= 200) all.push_back(std::move(found));
  }
  return all;
}

}  // namespace harness
