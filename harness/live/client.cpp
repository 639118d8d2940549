#include "harness/live/client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <chrono>
#include <thread>

namespace harness {
namespace {

namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;

struct Fd {
  int value = -1;
  ~Fd() {
    if (value >= 0) ::close(value);
  }
};

int remaining_ms(Clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(std::min<std::int64_t>(left + 1, 1'000'000'000));
}

bool wait_for(int fd, short what, Clock::time_point until) {
  for (;;) {
    pollfd polled{fd, what, 0};
    const int ready = ::poll(&polled, 1, remaining_ms(until));
    if (ready > 0) return true;
    if (ready == 0 && Clock::now() >= until) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::string connect_to(const Fd& fd, std::uint16_t port, Clock::time_point until) {
  ::fcntl(fd.value, F_SETFL, O_NONBLOCK);
  const int one = 1;
  ::setsockopt(fd.value, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.value, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return "";
  if (errno != EINPROGRESS) return "refused";
  if (!wait_for(fd.value, POLLOUT, until)) return "timeout";
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd.value, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? "" : error == ETIMEDOUT ? "timeout" : "refused";
}

/// Feeds bytes to Beast's parser and reports what is new.
class Answer {
 public:
  Answer(const ExchangeEvents& events, bool raw) : events_(events), raw_(raw) {
    parser_.eager(true);
    parser_.body_limit(boost::none);
    parser_.header_limit(1U << 20);
  }
  void put(std::string_view bytes) {
    if (broken_ || done()) return;
    if (raw_ && !parser_.got_some() && !bytes.starts_with("HTTP/")) broken_ = true;
    pending_ += bytes;
    while (!pending_.empty() && !broken_ && !parser_.is_done()) {
      boost::system::error_code error;
      const auto used = parser_.put(boost::asio::buffer(pending_), error);
      pending_.erase(0, used);
      report();
      if (error == http::error::need_more) break;
      if (error) broken_ = true;
      if (used == 0) break;
    }
  }
  void eof() {
    boost::system::error_code error;
    if (!broken_ && parser_.got_some() && !parser_.is_done()) parser_.put_eof(error);
    report();
  }
  bool done() const { return parser_.is_done(); }
  bool broken() const { return broken_; }

 private:
  void report() {
    if (!parser_.is_header_done()) return;
    if (!told_) {
      told_ = true;
      base::Headers headers;
      for (const auto& field : parser_.get()) headers.add(std::string(field.name_string()), std::string(field.value()));
      if (events_.on_head) events_.on_head(parser_.get().result_int(), headers);
    }
    auto& body = parser_.get().body();
    if (!body.empty() && events_.on_body) events_.on_body(body);
    body.clear();
  }
  const ExchangeEvents& events_;
  http::response_parser<http::string_body> parser_;
  std::string pending_;
  bool raw_, told_ = false, broken_ = false;
};

}  // namespace

std::string exchange(const std::string& bytes, const ExchangeOptions& options, const ExchangeEvents& events) {
  const auto start = Clock::now();
  auto until = start + options.timeout;
  const bool leaves = options.hang_up_after && start + *options.hang_up_after < until;
  if (leaves) until = start + *options.hang_up_after;
  const auto late = [&] { return leaves ? std::string("hung-up") : std::string("timeout"); };
  Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (fd.value < 0) return "refused";
  if (options.read_pause.count() > 0) {
    const int small = 4096;
    ::setsockopt(fd.value, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  }
  if (const auto failed = connect_to(fd, options.port, until); !failed.empty()) return failed == "timeout" ? late() : failed;
  if (options.connect_ahead > base::Duration{0}) std::this_thread::sleep_for(options.connect_ahead);
  Answer answer(events, options.raw);
  std::size_t sent = 0;
  char buffer[65536];
  for (;;) {
    if (options.hang_up_now && options.hang_up_now()) return "hung-up";
    const bool writing = sent < bytes.size();
    if (!wait_for(fd.value, static_cast<short>(writing ? POLLIN | POLLOUT : POLLIN), until)) return late();
    if (writing) {
      const auto wrote = ::send(fd.value, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (wrote > 0) sent += static_cast<std::size_t>(wrote);
      // A server may answer and close before it has read everything: what it said is still to be read.
      if (wrote < 0 && errno != EAGAIN && errno != EINTR) sent = bytes.size();
    }
    if (options.read_pause.count() > 0 && !writing) std::this_thread::sleep_for(options.read_pause);
    const auto got = ::recv(fd.value, buffer, options.read_pause.count() > 0 ? 512 : sizeof buffer, MSG_DONTWAIT);
    if (got > 0) {
      answer.put({buffer, static_cast<std::size_t>(got)});
      if (answer.done()) return "complete";
    } else if (got == 0) {
      answer.eof();
      return answer.done() ? "complete" : "fin";
    } else if (errno != EAGAIN && errno != EINTR) {
      return "rst";
    }
  }
}

std::optional<PlainReply> plain_call(std::uint16_t port, const std::string& method, const std::string& path, const std::string& body,
                                     base::Duration timeout) {
  auto text = method + " " + path + " HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n";
  if (!body.empty()) text += "content-type: application/json\r\ncontent-length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n" + body;
  PlainReply reply;
  const auto ended = exchange(text, {.port = port, .timeout = timeout},
                              {.on_head = [&](int status, const base::Headers&) { reply.status = status; },
                               .on_body = [&](std::string_view bytes) { reply.body += bytes; }});
  if (ended != "complete") return std::nullopt;
  return reply;
}

}  // namespace harness
