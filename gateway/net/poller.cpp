#include "gateway/net/poller.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>

#include "base/assert.h"

namespace gateway::net {

namespace asio = boost::asio;

base::Instant instant_now() {
  return base::Instant{std::chrono::duration_cast<base::Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

void Alarm::want(base::Instant at) {
  if (at >= armed_) return;
  armed_ = at;
  timer_.expires_at(asio::steady_timer::time_point(at.since_start));
  timer_.async_wait([this, alive = alive_](boost::system::error_code error) {
    if (error || !*alive) return;
    armed_ = base::kNever;
    fire_();
  });
}

Deadlines::Deadlines(asio::io_context& io, std::function<void()> settled) : settled_(std::move(settled)), alarm_(io, [this] { run(); }) {}

void Deadlines::arm(Timed& item, base::Instant at) {
  disarm(item);
  if (at == base::kNever) return;
  item.place_ = items_.emplace(at, &item);
  alarm_.want(at);
}

void Deadlines::disarm(Timed& item) {
  if (!item.place_) return;
  items_.erase(*item.place_);
  item.place_.reset();
}

void Deadlines::run() {
  const auto now = instant_now();
  while (!items_.empty() && items_.begin()->first <= now) {
    auto* item = items_.begin()->second;
    disarm(*item);
    item->on_deadline();
    settled_();
  }
  if (!items_.empty()) alarm_.want(items_.begin()->first);
}

Poller::Poller(asio::io_context& io, std::function<void()> settled)
    : io_(io), settled_(std::move(settled)), epoll_(::epoll_create1(EPOLL_CLOEXEC)), descriptor_(io), alive_(std::make_shared<bool>(true)) {
  ASSERT(epoll_ >= 0);
  descriptor_.assign(epoll_);
  wait();
}

Poller::~Poller() { *alive_ = false; }

bool Poller::control(Ready& item, int fd, unsigned events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &item;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return false;
  item.fd_ = fd;
  item.readable_ = item.writable_ = item.hangup_ = item.broken_ = false;
  return true;
}

bool Poller::add(Ready& item, int fd) { return control(item, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET); }
bool Poller::add_listener(Ready& item, int fd) { return control(item, fd, EPOLLIN); }
void Poller::remove(Ready& item) {
  if (item.fd_ >= 0) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, item.fd_, nullptr);
}

void Poller::wait() {
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, [this, alive = alive_](boost::system::error_code error) {
    if (error || !*alive) return;
    turn();
    wait();
  });
}

void Poller::again(Ready& item) {
  if (std::exchange(item.queued_, true)) return;
  again_.push_back(&item);
  soon();
}

void Poller::bury(std::unique_ptr<Ready> item) {
  // The list outlives this turn, what lies in the graveyard does not.
  if (item->queued_) std::erase(again_, item.get());
  graveyard_.push_back(std::move(item));
  soon();
}

void Poller::soon() {
  if (in_turn_ || std::exchange(posted_, true)) return;
  asio::post(io_, [this, alive = alive_] {
    if (!*alive) return;
    posted_ = false;
    turn();
  });
}

void Poller::turn() {
  in_turn_ = true;
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    auto* item = static_cast<Ready*>(events[static_cast<std::size_t>(i)].data.ptr);
    if (item->fd_ < 0) continue;
    const auto seen = events[static_cast<std::size_t>(i)].events;
    if (seen & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) item->readable_ = true;
    if (seen & (EPOLLOUT | EPOLLERR | EPOLLHUP)) item->writable_ = true;
    if (seen & EPOLLRDHUP) item->hangup_ = true;
    if (seen & (EPOLLERR | EPOLLHUP)) item->broken_ = true;
    item->on_ready();
    settled_();
  }
  // What asks again now waits for the next turn, so that new sockets come first.
  for (auto* item : std::exchange(again_, {})) {
    item->queued_ = false;
    if (item->fd_ < 0) continue;
    item->on_ready();
    settled_();
  }
  in_turn_ = false;
  // Their destructors may close what else they own, but never call back.
  std::exchange(graveyard_, {}).clear();
  if (!again_.empty()) soon();
}

}  // namespace gateway::net
