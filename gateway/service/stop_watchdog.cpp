#include "gateway/service/stop_watchdog.h"

#include <fmt/format.h>
#include <unistd.h>

namespace gateway {
namespace {

void end_process(int code, base::Duration after) {
  const auto text = fmt::format("gateway: the stop has not finished within {}; leaving with code {} all the same\n", base::format_duration(after), code);
  (void)!::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(code);
}

}  // namespace

StopWatchdog::StopWatchdog(std::function<void(int, base::Duration)> end) : end_(end ? std::move(end) : end_process) {}

StopWatchdog::~StopWatchdog() {
  disarm();
  if (thread_.joinable()) thread_.join();
}

void StopWatchdog::arm(base::Duration after, int code) {
  if (thread_.joinable()) return;
  thread_ = std::thread([this, after, code] {
    std::unique_lock lock(mutex_);
    if (!wake_.wait_for(lock, after, [this] { return done_; })) end_(code, after);
  });
}

void StopWatchdog::disarm() {
  const std::lock_guard lock(mutex_);
  done_ = true;
  wake_.notify_all();
}

}  // namespace gateway
