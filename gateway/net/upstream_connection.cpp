#include "gateway/net/upstream_connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/net/upstream.h"

namespace gateway::net {
namespace {

constexpr int kReadsPerTurn = 8;
constexpr std::size_t kKeepCapacity = 4U << 10;  // of an idle connection's buffers

std::string text_of(const boost::asio::ip::tcp::endpoint& endpoint) {
  const auto host = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port()) : fmt::format("{}:{}", host, endpoint.port());
}

}  // namespace

void UpstreamConnection::take(StartAttempt&& attempt) {
  attempt_ = attempt.id;
  head_ = request_head(attempt, pool_->url);
  body_ = std::move(attempt.body);
  head_only_ = attempt.method == "HEAD";
  sent_ = 0;
  paused_ = bytes_came_ = write_failed_ = false;
  inflater_.reset();
}

void UpstreamConnection::open(StartAttempt&& attempt) {
  const auto timeout = attempt.connect_timeout > base::Duration{0} ? attempt.connect_timeout : kConnectTime;
  take(std::move(attempt));
  connect_by_ = instant_now() + timeout;
  state_ = State::resolving;
  if (const auto* known = upstream_.resolver_.known(pool_->connect_to.host, pool_->connect_to.port)) return resolved(*known, {});
  upstream_.loop_.deadlines.arm(*this, connect_by_);
  deadline_is_last_ = true;
  upstream_.resolve(attempt_, *pool_);
}

void UpstreamConnection::reuse(StartAttempt&& attempt) {
  take(std::move(attempt));
  reused_ = true;
  begin_exchange();
}

void UpstreamConnection::resolved(Addresses addresses, const std::string& why) {
  if (addresses.empty()) return fail(TransportError::dns, fmt::format("the name {} does not resolve: {}", pool_->connect_to.host, why));
  addresses_ = std::move(addresses);
  address_next_ = 0;
  try_next();
}

void UpstreamConnection::try_next() {
  while (address_next_ < addresses_.size()) {
    const auto now = instant_now();
    const auto& address = addresses_[address_next_++];
    const auto others = static_cast<int>(addresses_.size() - address_next_);
    state_ = State::connecting;
    // An address that swallows packets must not use up the time of those behind it.
    const auto share = now + (connect_by_ - now) / (others + 1);
    deadline_is_last_ = others == 0;
    if (io_.connect(address.data(), static_cast<socklen_t>(address.size()))) {
      if (!upstream_.loop_.poller.add(*this, io_.fd())) return fail(TransportError::unknown, "the socket cannot be watched");
      upstream_.loop_.deadlines.arm(*this, deadline_is_last_ ? connect_by_ : share);
      return;
    }
    connect_error_ = io_.failure();
    connect_problem_ = fmt::format("connecting to {}: {}", text_of(address), io_.problem());
  }
  fail(connect_error_, connect_problem_);
}

void UpstreamConnection::on_deadline() {
  if (state_ == State::connecting && !deadline_is_last_) {
    fd_ = -1;
    io_.close();
    connect_error_ = TransportError::connect_timeout;
    connect_problem_ = "connecting takes too long";
    return try_next();
  }
  fail(TransportError::connect_timeout, state_ == State::handshake ? "the TLS handshake takes too long"
                                        : state_ == State::resolving ? fmt::format("the name {} does not resolve in time", pool_->connect_to.host)
                                                                     : "connecting takes too long");
}

void UpstreamConnection::on_ready() {
  switch (state_) {
    case State::connecting:
      if (writable_) connected();
      break;
    case State::handshake: shake_hands(); break;
    case State::busy:
      if (writable_) send();
      if (state_ == State::busy && readable_ && !paused_) receive();
      break;
    case State::idle: look_at_idle(); break;
    case State::fresh:
    case State::resolving:
    case State::closed: break;
  }
}

void UpstreamConnection::connected() {
  if (!io_.connected()) {
    connect_error_ = io_.failure();
    connect_problem_ = fmt::format("connecting to {}: {}", text_of(addresses_[address_next_ - 1]), io_.problem());
    fd_ = -1;
    io_.close();
    return try_next();
  }
  Addresses().swap(addresses_);
  readable_ = false;  // said of the unconnected socket
  if (!pool_->tls) {
    upstream_.loop_.deadlines.disarm(*this);
    return begin_exchange();
  }
  deadline_is_last_ = true;
  upstream_.loop_.deadlines.arm(*this, connect_by_);
  state_ = State::handshake;
  if (!io_.start_tls(pool_->tls->native_handle(), pool_->url.host)) return fail(TransportError::tls, "TLS cannot be prepared for this host");
  shake_hands();
}

void UpstreamConnection::shake_hands() {
  const auto moved = io_.handshake();
  if (moved.state == Moved::State::again) return;
  if (moved.state != Moved::State::good) return fail(io_.failure(), fmt::format("TLS with {}: {}", pool_->url.host, io_.problem()));
  upstream_.loop_.deadlines.disarm(*this);
  readable_ = true;  // the handshake may have read more than its own
  begin_exchange();
}

void UpstreamConnection::begin_exchange() {
  state_ = State::busy;
  reply_.begin(head_only_);
  send();
  if (state_ == State::busy && readable_) upstream_.loop_.poller.again(*this);
}

void UpstreamConnection::send() {
  while (!write_failed_ && sent_ < head_.size() + body_.size()) {
    const auto in_head = std::min(sent_, head_.size());
    const auto moved = io_.write(std::string_view(head_).substr(in_head), std::string_view(body_).substr(sent_ - in_head));
    if (moved.state == Moved::State::good) {
      sent_ += moved.size;
      continue;
    }
    if (moved.state == Moved::State::again) {
      writable_ = false;
      return;
    }
    // The provider may have answered before it stopped listening (a 413, say): what it said still lies in our kernel.
    write_failed_ = true;
    readable_ = true;
    upstream_.loop_.poller.again(*this);
  }
  if (sent_ > 0 && sent_ == head_.size() + body_.size()) {
    // The credential is in it: it does not stay in memory longer than needed.
    std::string().swap(head_);
    std::string().swap(body_);
    sent_ = 0;
  }
}

void UpstreamConnection::receive() {
  auto& scratch = upstream_.loop_.scratch;
  for (int reads = 0; readable_ && !paused_ && state_ == State::busy; ++reads) {
    if (reads == kReadsPerTurn) return upstream_.loop_.poller.again(*this);
    const auto moved = io_.read(scratch.data(), scratch.size());
    switch (moved.state) {
      case Moved::State::good:
        if (!io_.tls() && moved.size < scratch.size() && !hangup_ && !broken_) readable_ = false;
        if (!deliver(std::string_view(scratch.data(), moved.size))) return;
        break;
      case Moved::State::again: readable_ = false; return;
      case Moved::State::end: return received_end();
      case Moved::State::failed: return fail(io_.failure(), fmt::format("reading the reply: {}", io_.problem()));
    }
  }
}

bool UpstreamConnection::deliver(std::string_view data) {
  bytes_came_ = true;
  const auto id = attempt_;
  std::string body;
  const auto state = reply_.feed(data, body);
  if (reply_.take_head() && !deliver_head()) return false;
  if (!body.empty() && !deliver_body(std::move(body))) return false;
  // Only this attempt's owner may end it, and it may have been cancelled by what was just told.
  if (state_ != State::busy || attempt_ != id) return false;
  switch (state) {
    case ReplyParser::State::more: return true;
    case ReplyParser::State::done: complete(!data.empty()); return false;
    case ReplyParser::State::malformed: fail(TransportError::malformed, reply_.problem()); return false;
    case ReplyParser::State::too_large: fail(TransportError::too_large, reply_.problem()); return false;
  }
  return false;
}

bool UpstreamConnection::deliver_head() {
  const auto id = attempt_;
  auto& headers = reply_.headers();
  if (const auto encoding = headers.find("content-encoding")) {
    inflater_ = Inflater::make(*encoding);
    if (inflater_) {
      headers.remove("content-encoding");
      headers.remove("content-length");
    }
  }
  upstream_.loop_.emit(UpstreamHead{id, reply_.status(), std::exchange(headers, {})});
  return state_ == State::busy && attempt_ == id;
}

bool UpstreamConnection::deliver_body(std::string body) {
  const auto id = attempt_;
  if (inflater_) {
    auto plain = inflater_->feed(body);
    if (!plain) {
      fail(inflater_->over_limit() ? TransportError::too_large : TransportError::malformed, inflater_->problem());
      return false;
    }
    body = std::move(*plain);
    if (body.empty()) return true;
  }
  upstream_.loop_.emit(UpstreamBytes{id, std::move(body)});
  return state_ == State::busy && attempt_ == id;
}

void UpstreamConnection::received_end() {
  if (reply_.end_of_file_is_end()) return complete(true);
  fail(TransportError::closed, bytes_came_ ? "the provider closed the connection in the middle of its reply" : "the provider closed the connection without a reply");
}

void UpstreamConnection::complete(bool unasked) {
  if (inflater_ && !inflater_->finished()) return fail(TransportError::malformed, "the compressed body of the reply ends too early");
  const auto id = attempt_;
  const bool sent_all = head_.empty() && body_.empty();
  auto& loop = upstream_.loop_;
  upstream_.attempts_.erase(id);
  // Bytes nobody asked for, or a request that was not wanted to its end: the connection is out of step.
  if (!unasked && sent_all && reply_.keep_alive() && !hangup_ && !broken_ && !pool_->retired) {
    state_ = State::idle;
    inflater_.reset();
    idle_since_ = instant_now();
    upstream_.keep(*this);
  } else {
    close();
  }
  loop.emit(UpstreamEnd{id});
}

void UpstreamConnection::fail(TransportError error, std::string what) {
  const auto id = attempt_;
  const bool replayable = reused_ && !bytes_came_ && (error == TransportError::reset || error == TransportError::closed);
  auto& upstream = upstream_;
  const auto pool = pool_;
  close();
  // One stale connection is seldom alone: its provider has restarted, or something between forgot them all.
  if (replayable) upstream.drop_idle(*pool);
  upstream.loop_.emit(UpstreamFailed{id, error, std::move(what), replayable});
}

void UpstreamConnection::resume() {
  paused_ = false;
  if (state_ == State::busy && readable_) upstream_.loop_.poller.again(*this);
}

void UpstreamConnection::look_at_idle() {
  // Through TLS a quiet connection may speak (session tickets); anything else is an end or a reply to nothing.
  const bool quiet = !hangup_ && !broken_ && (!readable_ || (io_.tls() && io_.read(upstream_.loop_.scratch.data(), 1).state == Moved::State::again));
  readable_ = false;
  if (!quiet) close();
}

void UpstreamConnection::close() {
  if (state_ == State::closed) return;
  if (state_ == State::idle) upstream_.forget_idle(*this);
  else upstream_.attempts_.erase(attempt_);
  state_ = State::closed;
  upstream_.loop_.deadlines.disarm(*this);
  // A program that is just being started may hold a copy of the socket: close(2) alone would leave it in the epoll set, see epoll(7).
  upstream_.loop_.poller.remove(*this);
  fd_ = -1;
  io_.close();
  upstream_.remove(*this);
}

}  // namespace gateway::net
