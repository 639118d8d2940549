// The epoll loop.
#include "harness/manager/process_driver/loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "base/assert.h"

namespace harness::manager {

base::Instant monotonic_now() { return base::Instant{std::chrono::steady_clock::now().time_since_epoch()}; }

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  ASSERT(epoll_ >= 0 && timer_ >= 0);
  watch(timer_, EPOLLIN, Turn::timer, [this](std::uint32_t) {
    std::uint64_t fired = 0;
    if (::read(timer_, &fired, sizeof fired) < 0) return;
    armed_ = base::kNever;
    if (wake_) wake_();
  });
}

Loop::~Loop() {
  ::close(timer_);
  ::close(epoll_);
}

bool Loop::watch(int fd, std::uint32_t events, Turn turn, Handler handler) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return false;
  watches_[fd] = std::make_shared<Watch>(Watch{turn, std::move(handler)});
  return true;
}

void Loop::change(int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void Loop::forget(int fd) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return;
  found->second->alive = false;
  watches_.erase(found);
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::wake_at(base::Instant at, std::function<void()> handler) {
  wake_ = std::move(handler);
  if (at == armed_) return;
  armed_ = at;
  itimerspec timer{};
  if (at != base::kNever) {
    // Zero would disarm it: a time that is past fires at once.
    const auto ns = std::max<std::int64_t>(1, at.since_start.count());
    timer.it_value.tv_sec = ns / 1'000'000'000;
    timer.it_value.tv_nsec = ns % 1'000'000'000;
  }
  ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &timer, nullptr);
}

void Loop::run_once() {
  std::array<epoll_event, 128> events{};
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
  if (count < 0) {
    ASSERT(errno == EINTR);
    return;
  }
  std::vector<std::pair<std::shared_ptr<Watch>, std::uint32_t>> batch;
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (const auto found = watches_.find(event.data.fd); found != watches_.end()) batch.emplace_back(found->second, event.events);
  }
  std::stable_sort(batch.begin(), batch.end(), [](const auto& a, const auto& b) { return a.first->turn < b.first->turn; });
  for (const auto& [watch, ready] : batch) {
    if (watch->alive) watch->handler(ready);
  }
}

}  // namespace harness::manager
