#include "gateway/net/server_connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "gateway/net/server.h"

namespace gateway::net {
namespace {

constexpr std::size_t kKeepCapacity = 8U << 10;  // of an empty out_: a quiet connection holds no more
constexpr int kReadsPerTurn = 4;

/// The headers of framing are the shell's own.
bool is_framing(std::string_view name) {
  switch (name.size()) {
    case 4: return base::iequals(name, "date");
    case 10: return base::iequals(name, "connection") || base::iequals(name, "keep-alive");
    case 14: return base::iequals(name, "content-length");
    case 17: return base::iequals(name, "transfer-encoding");
    default: return false;
  }
}

/// The core's wish, in the words of HTTP.
bool asks_close(const base::Headers& headers) {
  const auto value = headers.find("connection");
  return value && list_has(*value, "close");
}

bool without_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

ServerConnection::~ServerConnection() {
  if (fd_ >= 0) ::close(fd_);
}

void ServerConnection::begin() {
  idle_since_ = instant_now();
  wait_for(Wait::first_request);
}

void ServerConnection::touch() {
  if (!std::exchange(dirty_, true)) server_.dirty_.push_back(this);
}

void ServerConnection::wait_for(Wait what) {
  auto& deadlines = server_.loop_.deadlines;
  if (what == Wait::none) {
    if (wait_ != Wait::none) deadlines.disarm(*this);
  } else {
    const auto time = what == Wait::body ? server_.body_time_ : what == Wait::stall ? kStallTime : what == Wait::linger ? kLingerTime : server_.header_time_;
    deadlines.arm(*this, instant_now() + time);
  }
  wait_ = what;
}

void ServerConnection::on_deadline() {
  const auto what = std::exchange(wait_, Wait::none);
  if (what == Wait::head || what == Wait::body) {
    refuse({408, "request_timeout", what == Wait::head ? "The head of the request did not arrive in time." : "The body of the request did not arrive in time."});
    return;
  }
  if (what == Wait::stall) reset_hard();
  drop();
}

void ServerConnection::on_ready() {
  if (writable_ && sent_ < out_.size()) flush();
  if (fd_ >= 0 && state_ == State::reading) read_requests();
  if (fd_ < 0) return;
  if (state_ == State::lingering) return read_away();
  // A caller that has ended its direction waits for nothing: as nginx, we do not tell a half-closed one from one that left.
  if ((hangup_ || broken_) && (state_ == State::pending || state_ == State::streaming)) drop();
  else if (broken_ && state_ == State::ending) close();
}

void ServerConnection::read_requests() {
  for (int reads = 0, requests = 0; state_ == State::reading && fd_ >= 0;) {
    if (out_.size() - sent_ > kUnsentMax) return;  // flush() comes back here
    if (!rest_.empty()) {
      if (++requests > kPipelinedMax) return server_.loop_.poller.again(*this);
      consume(std::exchange(rest_, {}));
      continue;
    }
    if (!readable_) return;
    if (++reads > kReadsPerTurn) return server_.loop_.poller.again(*this);
    auto& scratch = server_.loop_.scratch;
    const auto got = ::recv(fd_, scratch.data(), scratch.size(), 0);
    if (got > 0) {
      const auto size = static_cast<std::size_t>(got);
      // epoll(7): a short read means empty, and what comes later is a new event; only an end that has been announced lies behind it.
      if (size < scratch.size() && !hangup_ && !broken_) readable_ = false;
      consume(std::string_view(scratch.data(), size));
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      readable_ = false;
    } else if (got == 0 && sent_ < out_.size()) {
      state_ = State::ending;  // a reply made in this very turn still goes out
    } else {
      if (got < 0) broken_ = true;
      return drop();
    }
  }
}

void ServerConnection::consume(std::string_view data) {
  const auto state = parser_.feed(data, server_.limits_);
  if (state == RequestParser::State::refused && parser_.refusal().body_over == 0) return refuse(parser_.refusal());
  if (IdleHook::is_linked() && parser_.begun()) IdleHook::unlink();
  if (parser_.take_continue()) {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    touch();
  }
  if (state == RequestParser::State::more) {
    // The time of a head runs from its first byte and is never extended: slow senders gain nothing by sending.
    if (parser_.in_body()) {
      if (wait_ != Wait::body && wait_ != Wait::stall) wait_for(Wait::body);
    } else if (parser_.begun() && (wait_ == Wait::none || wait_ == Wait::first_request)) {
      wait_for(Wait::head);
    }
    return;
  }
  if (wait_ != Wait::stall) wait_for(Wait::none);
  rest_.assign(data);
  keep_ = parser_.keep_alive();
  if (state == RequestParser::State::refused) {
    keep_ = false;
    rest_ = "x";  // the body is read away after the answer, or it would turn our close into a reset
  }
  http10_ = parser_.http10();
  head_only_ = parser_.head_only();
  state_ = State::pending;
  auto request = parser_.take();
  parser_.reset();
  request.peer = peer_;
  request_ = server_.loop_.open(*this);
  server_.loop_.emit(RequestArrived{request_, std::move(request), false});
}

void ServerConnection::append_head(int status, const base::Headers& headers, bool keep, Framing framing, std::size_t length) {
  out_ += "HTTP/1.1 ";
  append_number(out_, static_cast<std::uint64_t>(status));
  out_ += ' ';
  out_ += reason_phrase(status);
  out_ += "\r\n";
  for (const auto& [name, value] : headers.list) {
    if (is_framing(name) || !is_token(name)) continue;
    out_ += name;
    out_ += ": ";
    append_value(out_, value);
    out_ += "\r\n";
  }
  out_ += server_.date();
  if (framing == Framing::chunks) {
    out_ += "transfer-encoding: chunked\r\n";
  } else if (framing == Framing::length) {
    out_ += "content-length: ";
    append_number(out_, length);
    out_ += "\r\n";
  }
  if (!keep) out_ += "connection: close\r\n";
  else if (http10_) out_ += "connection: keep-alive\r\n";
  out_ += "\r\n";
}

void ServerConnection::reply(Reply&& reply) {
  const bool keep = keep_ && !reply.close && !server_.stopped_ && !asks_close(reply.headers);
  const bool bodiless = without_body(reply.status);
  if (out_.empty()) out_.reserve(reply.body.size() + 512);
  append_head(reply.status, reply.headers, keep, bodiless ? Framing::none : Framing::length, reply.body.size());
  if (!head_only_ && !bodiless) out_ += reply.body;
  request_over(keep);
}

void ServerConnection::send_head(SendHead&& head) {
  keep_ = keep_ && !http10_ && !server_.stopped_ && !asks_close(head.headers);
  chunked_ = !http10_ && !without_body(head.status);
  append_head(head.status, head.headers, keep_, chunked_ ? Framing::chunks : Framing::none, 0);
  state_ = State::streaming;
  touch();
}

void ServerConnection::send_chunk(SendChunk&& chunk) {
  if (chunk.bytes.empty()) return;
  if (!head_only_) {
    if (chunked_) {
      append_number(out_, chunk.bytes.size(), 16);
      out_ += "\r\n";
    }
    if (chunked_ || http10_) out_ += chunk.bytes;
    if (chunked_) out_ += "\r\n";
  }
  streamed_ += chunk.bytes.size();
  touch();
}

void ServerConnection::send_end(bool clean) {
  if (clean && chunked_ && !head_only_) out_ += "0\r\n\r\n";
  // Where the end of the connection is the end of the reply, a FIN would make a cut look like success.
  cut_ = !clean && (!chunked_ || head_only_);
  request_over(clean && keep_);
}

void ServerConnection::request_over(bool keep) {
  server_.loop_.forget(request_);
  streamed_ = 0;
  touch();
  if (!keep) {
    state_ = State::ending;
    return;
  }
  state_ = State::reading;
  // Bytes may already wait in rest_ or in the kernel; the poller will not mention them again.
  if (!rest_.empty() || readable_) server_.loop_.poller.again(*this);
}

void ServerConnection::become_idle() {
  idle_since_ = instant_now();
  server_.idle(*this);
}

void ServerConnection::flush() {
  dirty_ = false;
  if (fd_ < 0) return;
  const auto before = sent_;
  while (sent_ < out_.size() && writable_) {
    const auto got = ::send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (got >= 0) {
      sent_ += static_cast<std::size_t>(got);
      if (sent_ < out_.size()) writable_ = false;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      writable_ = false;
    } else if (errno != EINTR) {
      broken_ = true;
      return drop();
    }
  }
  std::size_t told = 0;
  const bool blocked_before = wait_ == Wait::stall;
  if (sent_ < out_.size()) {
    told = std::min(streamed_, streamed_ * (sent_ - before) / (out_.size() - before));
    if (sent_ > before || !blocked_before) wait_for(Wait::stall);
    if (sent_ > kUnsentMax) out_.erase(0, std::exchange(sent_, 0));
  } else {
    told = streamed_;
    if (blocked_before) wait_for(!parser_.begun() ? Wait::none : parser_.in_body() ? Wait::body : Wait::head);
    sent_ = 0;
    if (out_.capacity() > kKeepCapacity) std::string().swap(out_);
    else out_.clear();
    if (state_ == State::ending) return linger();
    if (state_ == State::reading && rest_.empty() && !parser_.begun()) become_idle();
    // Reading had stopped for the sake of what was unsent.
    if (state_ == State::reading && blocked_before) server_.loop_.poller.again(*this);
  }
  streamed_ -= told;
  if (told > 0 && state_ == State::streaming) server_.loop_.emit(ChunkSent{request_, told});
}

void ServerConnection::refuse(const Refusal& refusal) {
  const auto body = base::dump({{"error", {{"message", refusal.message}, {"type", refusal.status == 503 ? "overloaded_error" : "invalid_request_error"}, {"code", std::string(refusal.code)}}}});
  base::Headers headers;
  headers.add("content-type", "application/json");
  head_only_ = false;
  append_head(refusal.status, headers, false, Framing::length, body.size());
  out_ += body;
  wait_for(Wait::none);
  if (IdleHook::is_linked()) IdleHook::unlink();
  rest_ = "x";  // what the caller still sends is read away, or it would turn our close into a reset
  state_ = State::ending;
  touch();
}

void ServerConnection::linger() {
  if (cut_) {
    reset_hard();
    return close();
  }
  // Nothing unread: the close is a plain FIN. Otherwise the kernel would send RST, and the reply could be lost on its way.
  if (hangup_ || broken_ || (rest_.empty() && !readable_)) return close();
  ::shutdown(fd_, SHUT_WR);
  state_ = State::lingering;
  wait_for(Wait::linger);
  server_.loop_.poller.again(*this);
}

void ServerConnection::read_away() {
  auto& scratch = server_.loop_.scratch;
  while (lingered_ < kLingerMax) {
    const auto got = ::recv(fd_, scratch.data(), scratch.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got <= 0) break;
    lingered_ += static_cast<std::size_t>(got);
  }
  close();
}

void ServerConnection::reset_hard() {
  // socket(7): closing with a linger time of zero sends RST.
  const ::linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void ServerConnection::drop() {
  const bool waited_for = state_ == State::pending || state_ == State::streaming;
  close();
  if (!waited_for) return;
  server_.loop_.forget(request_);
  server_.loop_.emit(ClientGone{request_});
}

void ServerConnection::close() {
  if (fd_ < 0) return;
  server_.loop_.deadlines.disarm(*this);
  if (IdleHook::is_linked()) IdleHook::unlink();
  // A program that is just being started may hold a copy of the socket: close(2) alone would leave it in the epoll set, see epoll(7).
  server_.loop_.poller.remove(*this);
  ::close(std::exchange(fd_, -1));
  server_.remove(*this);
}

}  // namespace gateway::net
