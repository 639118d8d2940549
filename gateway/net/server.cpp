#include "gateway/net/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace gateway::net {
namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr base::Duration kAcceptPause = std::chrono::milliseconds{100};  // out of descriptors, and nobody idle to close
constexpr base::Duration kWarnEvery = std::chrono::seconds{10};

std::string full_reply() {
  const auto body = base::dump({{"error", {{"message", "The gateway has no room for another connection."}, {"type", "overloaded_error"}, {"code", "connections_full"}}}});
  return fmt::format("HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{}",
                     body.size(), body);
}

std::string peer_text(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return fmt::format("{}:{}", text.data(), ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return fmt::format("[{}]:{}", text.data(), ntohs(v6.sin6_port));
  }
  return "unix";
}

}  // namespace

class Server::Listener final : public Ready, public Timed {
 public:
  Listener(Server& server, int fd) : server_(server), own_(fd) { resume(); }
  ~Listener() override { close(); }
  int socket() const { return own_; }
  void on_ready() override {
    if (server_.accept_from(*this)) return;
    server_.loop_.poller.remove(*this);
    fd_ = -1;
    server_.loop_.deadlines.arm(*this, instant_now() + kAcceptPause);
  }
  void on_deadline() override { resume(); }
  void close() {
    server_.loop_.deadlines.disarm(*this);
    // The socket may live on at the service manager, and a copied description stays in our epoll set after close(2): see epoll(7).
    server_.loop_.poller.remove(*this);
    fd_ = -1;
    if (own_ >= 0) ::close(std::exchange(own_, -1));
  }

 private:
  void resume() {
    if (own_ >= 0) server_.loop_.poller.add_listener(*this, own_);
  }
  Server& server_;
  int own_;
};

Server::Server(Loop& loop, const Limits& limits) : loop_(loop), idle_timer_(*this), warned_(instant_now() - kWarnEvery) { set_limits(limits); }

Server::~Server() {
  close();
  loop_.deadlines.disarm(idle_timer_);
}

void Server::set_limits(const Limits& limits) {
  limits_ = {limits.headers, limits.body};
  header_time_ = limits.header_time;
  body_time_ = limits.body_time;
  connections_max_ = static_cast<std::size_t>(std::max<std::int64_t>(1, limits.connections));
}

void Server::serve(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  listeners_.push_back(std::make_unique<Listener>(*this, fd));
}

bool Server::accept_from(Listener& listener) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int fd = ::accept4(listener.socket(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      admit(fd, peer_text(address));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      warn("accept failed", std::strerror(errno));
      return evict_idle();
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || (errno != ECONNABORTED && errno != EINTR)) return true;
  }
  return true;
}

void Server::admit(int fd, std::string peer) {
  if (connections_.size() >= connections_max_ && !evict_idle()) {
    warn("connection refused", fmt::format("all {} connections are in use", connections_max_));
    const auto text = full_reply();
    (void)!::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    ::shutdown(fd, SHUT_WR);
    ::close(fd);
    return;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto connection = std::make_unique<ServerConnection>(*this, std::move(peer));
  if (!loop_.poller.add(*connection, fd)) {
    ::close(fd);
    return;
  }
  auto& fresh = *connection;
  connections_.emplace(&fresh, std::move(connection));
  fresh.begin();
}

bool Server::evict_idle() {
  if (idle_.empty()) return false;
  idle_.front().drop();
  return true;
}

void Server::idle(ServerConnection& connection) {
  if (stopped_) return connection.drop();
  if (connection.idle()) connection.IdleHook::unlink();
  idle_.push_back(connection);
  if (!idle_timer_.armed()) loop_.deadlines.arm(idle_timer_, connection.idle_since() + kKeepAliveTime);
}

void Server::close_idle() {
  const auto oldest = instant_now() - kKeepAliveTime;
  while (!idle_.empty() && (stopped_ || idle_.front().idle_since() <= oldest)) idle_.front().drop();
  if (!idle_.empty()) loop_.deadlines.arm(idle_timer_, idle_.front().idle_since() + kKeepAliveTime);
}

void Server::remove(ServerConnection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  loop_.poller.bury(std::move(found->second));
  connections_.erase(found);
}

void Server::flush() {
  while (!dirty_.empty()) {
    std::swap(dirty_, flushing_);
    // Closed ones are buried, not deleted, until the poller's turn is over: the pointers hold.
    for (auto* connection : flushing_) connection->flush();
    flushing_.clear();
  }
}

bool Server::nothing_unsent() const {
  return std::none_of(connections_.begin(), connections_.end(), [](const auto& entry) { return entry.first->unsent(); });
}

bool Server::expecting() const {
  return std::any_of(connections_.begin(), connections_.end(), [](const auto& entry) { return entry.first->expecting(); });
}

void Server::stop_accepting() {
  if (std::exchange(stopped_, true)) return;
  for (auto& listener : listeners_) listener->close();
  close_idle();
}

void Server::close() {
  if (std::exchange(closing_, true)) return;
  for (auto& listener : listeners_) listener->close();
  stopped_ = true;
  while (!connections_.empty()) connections_.begin()->first->drop();
  dirty_.clear();
}

void Server::warn(std::string_view event, std::string what) {
  // Under attack one line in ten seconds says as much as a thousand.
  const auto now = instant_now();
  if (now - warned_ < kWarnEvery) return;
  warned_ = now;
  if (loop_.log) loop_.log(Log{"warn", std::string(event), {{"why", std::move(what)}, {"connections", connections_.size()}}});
}

std::string_view Server::date() {
  const auto now = std::chrono::duration_cast<base::Duration>(std::chrono::system_clock::now().time_since_epoch());
  const auto second = now.count() / 1'000'000'000;
  if (second != date_second_) {
    date_second_ = second;
    date_ = fmt::format("date: {}\r\n", base::format_http_date(base::WallTime{now}));
  }
  return date_;
}

}  // namespace gateway::net
