// Ends a stop that hangs: a thread of its own, so that it works when the loop does not.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/time.h"

namespace gateway {

/// Shared between the loop's thread and its own.
class StopWatchdog {
 public:
  /// `end` is called on the watchdog's thread when the time is over; by default: a line on stderr, then _exit(code).
  explicit StopWatchdog(std::function<void(int code, base::Duration after)> end = {});
  ~StopWatchdog();
  StopWatchdog(const StopWatchdog&) = delete;
  StopWatchdog& operator=(const StopWatchdog&) = delete;
  /// The first call counts; later ones change nothing.
  void arm(base::Duration after, int code);
  void disarm();

 private:
  std::function<void(int, base::Duration)> end_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace gateway
