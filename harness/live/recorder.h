// The history while it is being made: shared by all threads of a run (one lock), with the run's clock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "harness/history/history.h"

namespace harness {

class Recorder {
 public:
  Recorder() : zero_(std::chrono::steady_clock::now()) {}
  base::Duration now() const { return std::chrono::steady_clock::now() - zero_; }
  /// The run's time of a moment on the machine's monotonic clock (which other processes wrote down).
  base::Duration at_monotonic(std::int64_t ns) const { return std::chrono::nanoseconds{ns} - zero_.time_since_epoch(); }

  void add(std::string_view lane, std::string_view kind, base::Json data) { add_at(now(), lane, kind, std::move(data)); }
  void add_at(base::Duration at, std::string_view lane, std::string_view kind, base::Json data);
  /// Looks at the entries so far, under the lock.
  template <class Look>
  auto look(Look look_at) const {
    const std::lock_guard lock(guard_);
    return look_at(history_.entries());
  }
  History take();

 private:
  std::chrono::steady_clock::time_point zero_;
  mutable std::mutex guard_;
  History history_;
};

}  // namespace harness
