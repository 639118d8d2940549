#include "simulator/core/http_parser.h"

#include "base/assert.h"
#include "base/text.h"

namespace simulator {
namespace {

/// RFC 9110 section 5.6.2.
bool token_char(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), token_char); }
bool target_char(char c) { return c > 0x20 && c < 0x7F; }
bool value_char(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F); }

}  // namespace

HttpParser::State HttpParser::refuse(int status, std::string problem) {
  phase_ = Phase::bad;
  status_ = status;
  problem_ = std::move(problem);
  buffer_.clear();
  at_ = 0;
  return State::refused;
}

HttpParser::State HttpParser::feed(std::string_view bytes) {
  if (phase_ == Phase::bad) return State::refused;
  buffer_.append(bytes);
  if (phase_ == Phase::head) {
    const auto state = parse_head();
    if (state != State::ready) return state;
  }
  return parse_body();
}

HttpParser::State HttpParser::parse_head() {
  // RFC 9112 section 2.2: "a server ... SHOULD ignore at least one empty line received prior to the request-line".
  if (scanned_ == 0 && buffer_.starts_with("\r\n")) buffer_.erase(0, 2);
  auto end = buffer_.find("\r\n\r\n", scanned_ > 3 ? scanned_ - 3 : 0);
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    const auto line = buffer_.find("\r\n");
    if (line == std::string::npos && buffer_.size() > limits_.line_max) return refuse(414, "the request line is too long");
    if (buffer_.size() > limits_.head_max) return refuse(431, "the headers are too large");
    // Bytes that can be no HTTP need not wait for their end.
    const auto first = std::string_view(buffer_).substr(0, 1);
    if (!first.empty() && first[0] != '\r' && !token_char(first[0])) return refuse(400, "this is not HTTP");
    return State::more;
  }
  if (end > limits_.head_max) return refuse(431, "the headers are too large");
  std::string_view head = std::string_view(buffer_).substr(0, end);
  bool first = true;
  while (true) {
    const auto eol = head.find("\r\n");
    const auto line = head.substr(0, eol);
    const auto state = first ? head_line(line) : header_line(line);
    if (state == State::refused) return state;
    first = false;
    if (eol == std::string_view::npos) break;
    head.remove_prefix(eol + 2);
  }
  at_ = end + 4;
  scanned_ = 0;
  return after_head();
}

HttpParser::State HttpParser::head_line(std::string_view line) {
  if (line.size() > limits_.line_max) return refuse(414, "the request line is too long");
  const auto a = line.find(' ');
  const auto b = line.rfind(' ');
  if (a == std::string_view::npos || a == b) return refuse(400, "the request line is not METHOD TARGET VERSION");
  const auto method = line.substr(0, a);
  auto target = line.substr(a + 1, b - a - 1);
  const auto version = line.substr(b + 1);
  if (!token(method) || method.size() > 32) return refuse(400, "the method is no token");
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.' || version[5] < '0' || version[5] > '9' || version[7] < '0' || version[7] > '9') {
    return refuse(400, "the version is not HTTP/1.1");
  }
  if (version[5] != '1') return refuse(505, "only HTTP/1 is spoken here");
  if (target.empty() || !std::all_of(target.begin(), target.end(), target_char)) return refuse(400, "the target holds a byte it may not");
  if (const auto scheme = target.find("://"); target[0] != '/' && scheme != std::string_view::npos) {
    const auto slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (target[0] != '/' && !(target == "*" && method == "OPTIONS")) return refuse(400, "the target is no path");
  http10_ = version[7] == '0';
  keep_alive_next_ = !http10_;
  request_.method = method;
  const auto query = target.find('?');
  request_.path = target.substr(0, query);
  request_.query = query == std::string_view::npos ? "" : target.substr(query + 1);
  return State::more;
}

HttpParser::State HttpParser::header_line(std::string_view line) {
  if (request_.headers.list.size() >= limits_.headers_max) return refuse(431, "too many headers");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !token(line.substr(0, colon))) return refuse(400, "a header name is no token");
  const auto name = line.substr(0, colon);
  const auto value = base::trim(line.substr(colon + 1));
  if (!std::all_of(value.begin(), value.end(), value_char)) return refuse(400, "a header value holds a byte it may not");
  if (base::iequals(name, "content-length")) {
    const auto digits = !value.empty() && value.size() <= 15 && std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return refuse(value.size() > 15 ? 413 : 400, "Content-Length is no length");
    const auto length = static_cast<std::size_t>(*base::parse_integer(value));
    if (length_ && *length_ != length) return refuse(400, "two Content-Length headers disagree");
    length_ = length;
  } else if (base::iequals(name, "transfer-encoding")) {
    if (chunked_ || !base::iequals(value, "chunked")) return refuse(501, "only Transfer-Encoding: chunked is known");
    if (http10_) return refuse(400, "HTTP/1.0 has no Transfer-Encoding");
    chunked_ = true;
  } else if (base::iequals(name, "connection")) {
    if (base::icontains(value, "close")) keep_alive_next_ = false;
    else if (base::icontains(value, "keep-alive")) keep_alive_next_ = true;
  } else if (base::iequals(name, "expect")) {
    if (!base::iequals(value, "100-continue")) return refuse(417, "only Expect: 100-continue is known");
    expect_ = true;
  }
  request_.headers.add(std::string(name), std::string(value));
  return State::more;
}

HttpParser::State HttpParser::after_head() {
  int hosts = 0;
  for (const auto& [name, value] : request_.headers.list) hosts += base::iequals(name, "host") ? 1 : 0;
  // RFC 9112 section 3.2: 400 to "any HTTP/1.1 request message that lacks a Host header field" or has several.
  if (hosts > 1 || (hosts == 0 && !http10_)) return refuse(400, hosts > 1 ? "more than one Host" : "no Host");
  if (chunked_ && length_) return refuse(400, "both Content-Length and Transfer-Encoding");
  if (length_.value_or(0) > limits_.body_max) return refuse(413, "the body is too large");
  body_left_ = length_.value_or(0);
  phase_ = chunked_ ? Phase::chunk_size : Phase::body;
  if (expect_ && rest().empty() && (chunked_ || body_left_ > 0)) {
    expect_ = false;
    return State::continue_wanted;
  }
  return State::ready;
}

bool HttpParser::chunk_size_line(std::string_view line) {
  const auto digits = base::trim(line.substr(0, line.find(';')));
  if (digits.empty() || digits.size() > 8) return false;
  std::size_t size = 0;
  for (const char c : digits) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return false;
    size = size * 16 + static_cast<std::size_t>(digit);
  }
  body_left_ = size;
  return true;
}

HttpParser::State HttpParser::parse_body() {
  constexpr std::size_t kChunkLineMax = 1000;
  while (phase_ != Phase::done) {
    if (phase_ == Phase::body || phase_ == Phase::chunk_data) {
      const auto piece = rest().substr(0, body_left_);
      request_.body.append(piece);
      at_ += piece.size();
      body_left_ -= piece.size();
      if (body_left_ > 0) break;
      phase_ = phase_ == Phase::body ? Phase::done : Phase::chunk_end;
      continue;
    }
    const auto eol = rest().find("\r\n");
    if (eol == std::string_view::npos) {
      if (rest().size() > kChunkLineMax) return refuse(400, "a chunk line is too long");
      break;
    }
    const auto line = std::string(rest().substr(0, eol));
    at_ += eol + 2;
    if (phase_ == Phase::chunk_end) {
      if (!line.empty()) return refuse(400, "a chunk is longer than it says");
      phase_ = Phase::chunk_size;
    } else if (phase_ == Phase::chunk_size) {
      if (line.size() > kChunkLineMax || !chunk_size_line(line)) return refuse(400, "a chunk size is no number");
      if (request_.body.size() + body_left_ > limits_.body_max) return refuse(413, "the body is too large");
      phase_ = body_left_ == 0 ? Phase::trailer : Phase::chunk_data;
    } else {
      trailer_bytes_ += line.size() + 2;
      if (trailer_bytes_ > limits_.head_max) return refuse(431, "the trailers are too large");
      if (line.empty()) phase_ = Phase::done;
      else if (line.find(':') == std::string::npos) return refuse(400, "a trailer is no header");
    }
  }
  buffer_.erase(0, at_);
  at_ = 0;
  return phase_ == Phase::done ? State::ready : State::more;
}

ProviderRequest HttpParser::take() {
  ASSERT(phase_ == Phase::done);
  keep_alive_ = keep_alive_next_;
  phase_ = Phase::head;
  length_.reset();
  chunked_ = http10_ = expect_ = false;
  trailer_bytes_ = scanned_ = 0;
  return std::exchange(request_, {});
}

}  // namespace simulator
