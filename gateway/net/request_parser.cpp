#include "gateway/net/request_parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace gateway::net {
namespace {

constexpr std::size_t kMethodMax = 32;
constexpr std::size_t kBodyReserveMax = 256U << 10;  // a caller's word is not worth more memory than this before bytes came
constexpr std::string_view kMalformed = "malformed_request";

bool good_target(std::string_view target) {
  return !target.empty() && std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}
bool good_host(std::string_view host) {
  // RFC 3986, section 3.2.2, with a port; user information has no place in it.
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || std::string_view("-._~%!$&'()*+,;=:[]").find(c) != std::string_view::npos;
  });
}

}  // namespace

RequestParser::State RequestParser::refuse(int status, std::string_view code, std::string message) {
  phase_ = Phase::bad;
  refusal_ = {status, code, std::move(message)};
  return State::refused;
}

RequestParser::State RequestParser::refuse_body(std::uint64_t size) {
  request_.body.clear();
  request_.body_over = size;
  refuse(413, "payload_too_large", "The body of the request is too large.");
  refusal_.body_over = size;
  return State::refused;
}

void RequestParser::reset() {
  phase_ = Phase::start;
  http10_ = head_only_ = continue_wanted_ = false;
  keep_alive_ = true;
  lines_.reset();
  chunks_.reset();
  head_size_ = 0;
  body_left_ = 0;
}

HttpRequest RequestParser::take() {
  auto out = std::move(request_);
  request_ = {};
  return out;
}

RequestParser::State RequestParser::feed(std::string_view& data, const RequestLimits& limits) {
  while (phase_ == Phase::start || phase_ == Phase::fields) {
    if (data.empty()) return State::more;
    const auto room = limits.head > head_size_ ? limits.head - head_size_ : 0;
    const auto state = lines_.feed(data, room);
    if (state == LineReader::State::too_long) {
      return refuse(431, "headers_too_large", fmt::format("The head of the request is over {} bytes.", limits.head));
    }
    if (state == LineReader::State::more) return State::more;
    auto line = lines_.line();
    head_size_ += line.size() + 1;
    if (line.empty() || line.back() != '\r') return refuse(400, kMalformed, "A line of the head does not end with CR LF.");
    line.remove_suffix(1);
    if (take_line(line, limits) == State::refused) return State::refused;
  }
  if (phase_ == Phase::bad) return State::refused;
  return read_body(data, limits);
}

RequestParser::State RequestParser::take_line(std::string_view line, const RequestLimits& limits) {
  if (phase_ == Phase::start) {
    // RFC 9112, section 2.2: an empty line before the request line is ignored; head_size_ bounds how many.
    if (line.empty()) return State::more;
    if (line.find('\r') != std::string_view::npos || !request_line(line)) {
      return phase_ == Phase::bad ? State::refused : refuse(400, kMalformed, "The request line is malformed.");
    }
    phase_ = Phase::fields;
    request_.headers.list.reserve(16);
    return State::more;
  }
  if (line.empty()) return end_of_head(limits);
  if (line.front() == ' ' || line.front() == '\t') return refuse(400, kMalformed, "A header is folded over two lines.");
  if (request_.headers.list.size() >= kHeadersMax) {
    return refuse(431, "headers_too_large", fmt::format("The request has over {} headers.", kHeadersMax));
  }
  if (!read_field(line, request_.headers)) return refuse(400, kMalformed, "A header of the request is malformed.");
  return State::more;
}

bool RequestParser::request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) return false;
  const auto method = line.substr(0, first);
  auto target = line.substr(first + 1, last - first - 1);
  if (!is_token(method) || method.size() > kMethodMax || !good_target(target) || !version(line.substr(last + 1))) return false;
  // The absolute form is for proxies, but a server must take it (RFC 9112, section 3.2.2).
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!base::iequals(target.substr(0, scheme.size()), scheme)) continue;
    const auto slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
    break;
  }
  if (target.front() != '/' && !(target == "*" && method == "OPTIONS")) return false;
  head_only_ = method == "HEAD";
  request_.method = method;
  request_.target = target;
  return true;
}

bool RequestParser::version(std::string_view text) {
  if (text == "HTTP/1.1") return true;
  if (text == "HTTP/1.0") return http10_ = true;
  if (text.size() == 8 && text.starts_with("HTTP/") && text[5] >= '2' && text[5] <= '9' && text[6] == '.') {
    refuse(505, "http_version", "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
  }
  return false;
}

RequestParser::State RequestParser::end_of_head(const RequestLimits& limits) {
  int hosts = 0, lengths = 0, codings = 0;
  bool close = false, keep = false, expects = false;
  std::string_view length, coding;
  for (const auto& [name, value] : request_.headers.list) {
    switch (name.size()) {
      case 4:
        if (!base::iequals(name, "host")) break;
        ++hosts;
        if (!good_host(value)) return refuse(400, kMalformed, "The Host header is malformed.");
        break;
      case 6:
        if (!base::iequals(name, "expect")) break;
        if (!base::iequals(value, "100-continue")) return refuse(417, "expectation_failed", "Only the expectation 100-continue is known here.");
        expects = true;
        break;
      case 10:
        if (!base::iequals(name, "connection")) break;
        close = close || list_has(value, "close");
        keep = keep || list_has(value, "keep-alive");
        break;
      case 14:
        if (base::iequals(name, "content-length")) ++lengths, length = value;
        break;
      case 17:
        if (base::iequals(name, "transfer-encoding")) ++codings, coding = value;
        break;
      default: break;
    }
  }
  keep_alive_ = !close && (!http10_ || keep);
  if (hosts > 1 || (hosts == 0 && !http10_)) return refuse(400, kMalformed, hosts == 0 ? "The Host header is missing." : "There are two Host headers.");
  // Each of these two parsers could read in two ways: that is how requests are smuggled (RFC 9112, section 11.2).
  if (lengths > 1) return refuse(400, kMalformed, "There are two Content-Length headers.");
  if (codings > 0 && lengths > 0) return refuse(400, kMalformed, "Content-Length and Transfer-Encoding exclude each other.");
  if (codings > 1 || (codings == 1 && (http10_ || !base::iequals(coding, "chunked")))) {
    return refuse(400, kMalformed, "The only transfer coding known here is chunked, in HTTP/1.1.");
  }
  if (codings == 1) {
    phase_ = Phase::chunks;
  } else if (lengths == 1) {
    const auto size = read_length(length);
    if (!size) return refuse(400, kMalformed, "The Content-Length is no number.");
    if (*size > limits.body) return refuse_body(*size);
    body_left_ = *size;
    request_.body.reserve(std::min(static_cast<std::size_t>(*size), kBodyReserveMax));
    phase_ = Phase::body;
  } else {
    phase_ = Phase::body;
  }
  continue_wanted_ = expects && !http10_ && (codings == 1 || body_left_ > 0);
  return State::more;
}

RequestParser::State RequestParser::read_body(std::string_view& data, const RequestLimits& limits) {
  if (!data.empty()) continue_wanted_ = false;
  if (phase_ == Phase::body) {
    const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, data.size()));
    request_.body += data.substr(0, take);
    data.remove_prefix(take);
    body_left_ -= take;
    if (body_left_ > 0) return State::more;
    phase_ = Phase::done;
  } else if (phase_ == Phase::chunks) {
    const auto state = chunks_.feed(data, request_.body);
    // Over the limit comes first: the damage, if any, stands after what was already too much.
    if (const auto size = request_.body.size() + chunks_.left(); size > limits.body) return refuse_body(size);
    if (state == ChunkReader::State::bad) return refuse(400, kMalformed, "The chunks of the body are malformed.");
    if (state == ChunkReader::State::more) return State::more;
    phase_ = Phase::done;
  }
  return State::ready;
}

}  // namespace gateway::net
