#include "simulator/net/connection.h"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace simulator {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadSize = 16 << 10;
constexpr std::size_t kFlushAt = 256 << 10;  // bytes gathered before a write, so that a large plan does not gather all

void make_reset(asio::ip::tcp::socket& socket) {
  boost::system::error_code ignored;
  // SO_LINGER with zero time: close() sends RST (tcp(7)).
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace

Now now() {
  return {base::Instant{std::chrono::duration_cast<base::Duration>(std::chrono::steady_clock::now().time_since_epoch())},
          base::WallTime{std::chrono::duration_cast<base::Duration>(std::chrono::system_clock::now().time_since_epoch())}};
}

Connection::Connection(asio::ip::tcp::socket socket, Model& model, std::size_t provider, std::uint64_t id,
                       asio::ssl::context* tls, const ConnectionLimits& limits)
    : socket_(std::move(socket)), timer_(socket_.get_executor()), model_(model), provider_(provider), id_(id), limits_(limits), parser_(limits.http) {
  if (tls) tls_.emplace(socket_, *tls);
  Error ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Connection::~Connection() { ended("shutdown"); }

void Connection::close() {
  Error ignored;
  socket_.close(ignored);
  timer_.cancel();
}

void Connection::enforce_deadline(base::Instant at) {
  if (at >= deadline_) close();
}

void Connection::answered() {
  if (attempt_ == 0 || std::exchange(answered_, true)) return;
  model_.on_answer(attempt_, status_, events_, bytes_, now());
  if (on_journal) on_journal();
}

void Connection::ended(std::string_view how) {
  if (attempt_ == 0) return;
  const auto attempt = std::exchange(attempt_, 0);
  model_.on_end(attempt, how, events_, bytes_, now());
  if (on_journal) on_journal();
}

awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
  if (co_await self->accept_fault(Stage::accept)) co_return;
  if (self->tls_) {
    const bool cut = co_await self->accept_fault(Stage::tls);
    if (cut) co_return;
    const bool good = co_await self->handshake();
    if (!good) co_return;
  }
  while (true) {
    auto request = co_await self->read_request();
    if (!request) break;
    const bool keep_alive = self->parser_.keep_alive();
    if (self->reset_next_) {
      make_reset(self->socket_);
      break;
    }
    request->connection = self->id_;
    self->deadline_ = base::kNever;
    self->answered_ = false;
    auto decision = self->model_.on_request(self->provider_, *request, now());
    if (self->on_journal) self->on_journal();
    request.reset();
    const auto after = co_await self->execute(std::move(decision));
    if (after == After::over) break;
    if (!keep_alive && !self->reset_next_) {
      co_await self->polite_end();
      break;
    }
  }
}

awaitable<bool> Connection::accept_fault(Stage stage) {
  const auto decision = model_.on_accept(provider_, id_, now(), stage);
  if (!decision.rule) co_return false;
  if (on_journal) on_journal();
  attempt_ = decision.attempt;
  answered_ = true;
  if (decision.fault == "accept-never-read" || decision.fault == "accept-hang" || decision.fault == "tls-handshake-hang") {
    if (decision.fault == "accept-never-read") co_await never_read();
    else co_await never_answer();
    ended(client_left_how_.empty() ? "hold" : client_left_how_);
    co_return true;
  }
  if (decision.fault == "tls-handshake-cut") {
    auto [error] = co_await socket_.async_wait(asio::socket_base::wait_read, use_tuple);
    (void)error;
    // The beginning of a ServerHello record, as plain bytes, then the reset.
    tls_.reset();
    out_.assign("\x16\x03\x03\x00\x7a\x02\x00", 7);
    co_await flush();
    co_await hard_end();
    ended("rst");
    co_return true;
  }
  // A certificate fault: the server has chosen the context already, and the handshake will tell what the client makes of it.
  if (stage == Stage::tls) co_return false;
  co_await execute(decision);
  co_return true;
}

awaitable<bool> Connection::handshake() {
  deadline_ = now().instant + limits_.request_time;
  auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::server, use_tuple);
  deadline_ = base::kNever;
  ended(error ? "tls-error" : "complete");  // of a certificate fault
  co_return !error;
}

awaitable<void> Connection::never_read() {
  Error ignored;
  socket_.set_option(asio::socket_base::receive_buffer_size(1024), ignored);
  // The client's end lies behind bytes that must not be read, so no wait for readiness tells of it: the kernel is asked (tcp(7)).
  while (socket_.is_open()) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) break;
    if (info.tcpi_state != TCP_ESTABLISHED) {
      client_left_how_ = info.tcpi_state == TCP_CLOSE_WAIT ? "client-fin" : "client-rst";
      break;
    }
    timer_.expires_after(std::chrono::milliseconds{20});
    auto [error] = co_await timer_.async_wait(use_tuple);
    (void)error;
  }
}

awaitable<void> Connection::never_answer() {
  std::array<char, 2048> buffer;
  while (socket_.is_open()) {
    auto [error, size] = co_await socket_.async_read_some(asio::buffer(buffer), use_tuple);
    if (error && error != asio::error::operation_aborted) client_left_how_ = error == asio::error::eof ? "client-fin" : "client-rst";
    if (error) break;
  }
}

awaitable<std::optional<ProviderRequest>> Connection::read_request() {
  using State = HttpParser::State;
  auto state = parser_.resume();
  deadline_ = now().instant + (parser_.idle() ? limits_.idle_time : limits_.request_time);
  bool begun = !parser_.idle();
  std::array<char, kReadSize> buffer;
  while (state != State::ready) {
    if (state == State::refused) {
      co_await refuse(parser_.status(), parser_.problem());
      co_return std::nullopt;
    }
    if (state == State::continue_wanted) {
      out_ = "HTTP/1.1 100 Continue\r\n\r\n";
      const bool sent = co_await flush();
      if (!sent) co_return std::nullopt;
    }
    std::size_t size = 0;
    Error error;
    if (tls_) std::tie(error, size) = co_await tls_->async_read_some(asio::buffer(buffer), use_tuple);
    else std::tie(error, size) = co_await socket_.async_read_some(asio::buffer(buffer), use_tuple);
    if (error) co_return std::nullopt;
    if (!begun) {
      begun = true;
      deadline_ = now().instant + limits_.request_time;
    }
    state = parser_.feed(std::string_view(buffer.data(), size));
  }
  co_return parser_.take();
}

awaitable<void> Connection::refuse(int status, std::string problem) {
  const auto body = base::dump({{"error", {{"message", problem}, {"type", "invalid_request_error"}, {"param", nullptr}, {"code", nullptr}}}});
  out_ = fmt::format("HTTP/1.1 {} {}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{}", status,
                     reason_phrase(status), body.size(), body);
  const bool sent = co_await flush();
  if (sent) co_await polite_end();
}

awaitable<Connection::After> Connection::execute(Decision decision) {
  const auto& plan = decision.plan;
  attempt_ = decision.attempt;
  events_ = bytes_ = 0;
  how_.clear();
  client_left_ = false;
  client_left_how_.clear();
  const bool has_head = std::any_of(plan.steps.begin(), plan.steps.end(), [](const auto& each) { return each.kind == Step::Kind::head; });
  status_ = has_head ? plan.status : 0;
  if (!has_head) answered();  // nothing will be answered: the journal says so now, with the rule
  const auto framing = framing_of(plan);
  bool good = true;
  for (const auto& each : plan.steps) {
    if (each.kind == Step::Kind::head) {
      out_ += render_head(plan);
      head_pending_ = true;
      continue;
    }
    good = co_await step(each, framing);
    if (!good) break;
  }
  if (good) good = co_await flush();
  if (how_.empty()) how_ = good ? "complete" : client_left_how_.empty() ? "client-rst" : client_left_how_;
  const bool over = !good || how_ != "complete" || framing == Framing::until_close;
  const auto how = how_;
  if (over && how_ == "complete") co_await polite_end();
  ended(how);
  if (over) close();
  co_return over ? After::over : After::next_request;
}

void Connection::append_body(std::string_view data, Framing framing) {
  if (framing == Framing::chunked) append_chunk(out_, data);
  else out_.append(data);
  bytes_ += data.size();
}

awaitable<bool> Connection::step(const Step& step, Framing framing) {
  using Kind = Step::Kind;
  switch (step.kind) {
    case Kind::head: break;
    case Kind::event: ++events_; [[fallthrough]];
    case Kind::bytes: append_body(step.data, framing); break;
    case Kind::raw:
      out_ += step.data;
      bytes_ += step.data.size();
      break;
    case Kind::finish:
      if (framing == Framing::chunked) out_ += "0\r\n\r\n";
      break;
    case Kind::wait: {
      const bool sent = co_await flush();
      if (!sent) co_return false;
      co_await pause(step.time);
      if (client_left_) co_return false;
      break;
    }
    case Kind::repeat: co_return co_await repeat(step, framing);
    case Kind::sent: co_await delivered(); break;
    case Kind::hold: co_await flush(); co_await pause(base::kForever); co_return !client_left_;
    case Kind::close_on_reuse: reset_next_ = true; break;
    case Kind::fin:
      co_await flush();
      co_await polite_end();
      how_ = "fin";
      co_return false;
    case Kind::rst:
      co_await flush();
      co_await hard_end();
      how_ = "rst";
      co_return false;
  }
  if (out_.size() >= kFlushAt) co_return co_await flush();
  co_return true;
}

awaitable<bool> Connection::repeat(const Step& step, Framing framing) {
  const auto until = now().instant + step.time;
  while (now().instant < until) {
    append_body(step.data, framing);
    const bool sent = co_await flush();
    if (!sent) co_return false;
    co_await pause(std::min(step.every, until - now().instant));
    if (client_left_) co_return false;
  }
  co_return true;
}

awaitable<bool> Connection::flush() {
  Error error;
  // Before the write: a client may act on the answer before the kernel is done with it, and its next request must not seem to be too early.
  if (std::exchange(head_pending_, false)) answered();
  if (!out_.empty()) {
    std::size_t size = 0;
    if (tls_) std::tie(error, size) = co_await asio::async_write(*tls_, asio::buffer(out_), use_tuple);
    else std::tie(error, size) = co_await asio::async_write(socket_, asio::buffer(out_), use_tuple);
    out_.clear();
    if (out_.capacity() > kReadSize) out_.shrink_to_fit();  // thousands may be held: each must be small
  }
  co_return !error;
}

void Connection::watch_client() {
  if (std::exchange(watching_, true)) return;
  socket_.async_wait(asio::socket_base::wait_read, [weak = weak_from_this()](Error error) {
    const auto self = weak.lock();
    if (!self) return;
    self->watching_ = false;
    if (error || !self->socket_.is_open()) return;
    char byte = 0;
    const auto got = ::recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) {
      self->watching_ = got > 0;  // a pipelined request lies there: an end behind it cannot be seen
      return;
    }
    self->client_left_ = true;
    self->client_left_how_ = got == 0 ? "client-fin" : "client-rst";
    self->timer_.cancel();
  });
}

awaitable<void> Connection::pause(base::Duration time) {
  watch_client();
  const auto until = now().instant + time;
  while (!client_left_ && socket_.is_open()) {
    if (time != base::kForever && now().instant >= until) break;
    if (until == base::kNever) timer_.expires_at(asio::steady_timer::time_point::max());
    else timer_.expires_at(asio::steady_timer::time_point(until.since_start));
    auto [error] = co_await timer_.async_wait(use_tuple);
    (void)error;
  }
  if (!socket_.is_open() && !client_left_) client_left_ = true, client_left_how_ = "shutdown";
}

awaitable<void> Connection::delivered() {
  const auto until = now().instant + limits_.deliver_time;
  // SIOCOUTQ (tcp(7)): bytes the other side's kernel has not acknowledged yet. There is no event for zero.
  for (auto every = std::chrono::microseconds{50}; now().instant < until; every = std::min(every * 2, std::chrono::microseconds{2000})) {
    int queued = 0;
    if (!socket_.is_open() || ::ioctl(socket_.native_handle(), SIOCOUTQ, &queued) != 0 || queued == 0) co_return;
    timer_.expires_after(every);
    auto [error] = co_await timer_.async_wait(use_tuple);
    (void)error;
  }
}

awaitable<void> Connection::polite_end() {
  co_await delivered();
  Error ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  // Reading on until the client closes: unread bytes would turn our close into a reset.
  deadline_ = now().instant + limits_.drain_time;
  std::array<char, 2048> buffer;
  while (socket_.is_open()) {
    auto [error, size] = co_await socket_.async_read_some(asio::buffer(buffer), use_tuple);
    if (error || size == 0) break;
  }
  socket_.close(ignored);
}

awaitable<void> Connection::hard_end() {
  co_await delivered();
  make_reset(socket_);
}

}  // namespace simulator
