#include "gateway/wire/reply_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace gateway::net {

void ReplyParser::begin(bool head_only) {
  phase_ = Phase::status;
  head_only_ = head_only;
  head_ready_ = keep_alive_ = http10_ = false;
  status_ = interim_ = 0;
  head_size_ = 0;
  left_ = 0;
  lines_.reset();
  chunks_.reset();
  headers_.list.clear();
  problem_.clear();
}

ReplyParser::State ReplyParser::bad(std::string problem, State state) {
  problem_ = std::move(problem);
  return state;
}

ReplyParser::State ReplyParser::feed(std::string_view& data, std::string& body) {
  while (phase_ == Phase::status || phase_ == Phase::fields) {
    if (data.empty()) return State::more;
    const auto state = lines_.feed(data, kReplyHeadMax - head_size_);
    if (state == LineReader::State::too_long) return bad(fmt::format("the head of the reply is over {} bytes", kReplyHeadMax), State::too_large);
    if (state == LineReader::State::more) return State::more;
    auto line = lines_.line();
    head_size_ = std::min(kReplyHeadMax, head_size_ + line.size() + 1);
    // A bare LF ends a line too (RFC 9112, section 2.2): some small servers send nothing else.
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (const auto after = take_line(line); after != State::more) return after;
  }
  if (phase_ == Phase::length) {
    const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, data.size()));
    body += data.substr(0, take);
    data.remove_prefix(take);
    left_ -= take;
    if (left_ == 0) phase_ = Phase::done;
  } else if (phase_ == Phase::chunks) {
    const auto state = chunks_.feed(data, body);
    if (state == ChunkReader::State::bad) return bad("a chunk of the reply is malformed");
    if (state == ChunkReader::State::done) phase_ = Phase::done;
  } else if (phase_ == Phase::until_close) {
    body += data;
    data = {};
  }
  return phase_ == Phase::done ? State::done : State::more;
}

ReplyParser::State ReplyParser::take_line(std::string_view line) {
  if (phase_ == Phase::status) {
    if (!status_line(line)) return bad(fmt::format("the reply does not begin with a status line but with \"{}\"", base::printable(line, 40)));
    phase_ = Phase::fields;
    return State::more;
  }
  if (line.empty()) return end_of_head();
  if (headers_.list.size() >= kHeadersMax) return bad(fmt::format("the reply has over {} headers", kHeadersMax), State::too_large);
  if (line.front() == ' ' || line.front() == '\t') {
    // obs-fold: a user agent replaces it by a space (RFC 9112, section 5.2).
    if (headers_.list.empty()) return bad("the first header of the reply is malformed");
    headers_.list.back().second.append(1, ' ').append(base::trim(line));
    return State::more;
  }
  if (!read_field(line, headers_)) return bad("a header of the reply is malformed");
  return State::more;
}

bool ReplyParser::status_line(std::string_view line) {
  // "HTTP/1.1 200" with or without a reason phrase.
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || (line[7] != '0' && line[7] != '1') || line[8] != ' ') return false;
  if (line.size() > 12 && line[12] != ' ') return false;
  const auto digits = read_length(line.substr(9, 3));
  if (!digits || *digits < 100) return false;
  http10_ = line[7] == '0';
  status_ = static_cast<int>(*digits);
  return true;
}

ReplyParser::State ReplyParser::end_of_head() {
  if (status_ < 200) {
    // We never ask for another protocol, so 101 can only be a confusion.
    if (status_ == 101 || ++interim_ > kInterimMax) return bad(status_ == 101 ? "the reply switches protocols" : "the reply has too many 1xx heads");
    phase_ = Phase::status;
    headers_.list.clear();
    return State::more;
  }
  std::optional<std::uint64_t> length;
  bool chunked = false, coded = false, close = false, keep = false;
  for (const auto& [name, value] : headers_.list) {
    if (base::iequals(name, "content-length")) {
      const auto size = read_length(value);
      if (!size || (length && *length != *size)) return bad("the reply's Content-Length is malformed");
      length = size;
    } else if (base::iequals(name, "transfer-encoding")) {
      if (coded || !(base::iequals(value, "chunked") || base::iequals(value, "identity"))) return bad("the reply's transfer coding is unknown");
      coded = true;
      chunked = base::iequals(value, "chunked");
    } else if (base::iequals(name, "connection")) {
      close = close || list_has(value, "close");
      keep = keep || list_has(value, "keep-alive");
    }
  }
  head_ready_ = true;
  keep_alive_ = !close && (!http10_ || keep);
  if (head_only_ || status_ == 204 || status_ == 304) {
    phase_ = Phase::done;
  } else if (chunked) {
    // Both framings at once: the chunks count (RFC 9112, section 6.3), but the connection is not trusted again.
    keep_alive_ = keep_alive_ && !length;
    phase_ = Phase::chunks;
  } else if (length) {
    left_ = *length;
    phase_ = left_ == 0 ? Phase::done : Phase::length;
  } else {
    keep_alive_ = false;
    phase_ = Phase::until_close;
  }
  return State::more;
}

}  // namespace gateway::net
