// Virtual time: a heap of (time, tie, sequence). Ties are shuffled by the seed; the sequence makes the order total. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/random.h"
#include "base/time.h"

namespace harness::explore {

class Clock {
 public:
  using Work = std::function<void()>;
  explicit Clock(std::uint64_t seed) : random_(seed) {}

  base::Instant now() const { return now_; }
  /// Civil time of the virtual world: it begins at a fixed date, so that dates in headers are the same in each run.
  base::WallTime wall() const { return kWallStart + now_.since_start; }
  void at(base::Instant when, Work work);
  void after(base::Duration by, Work work) { at(now_ + by, std::move(work)); }
  /// Runs the earliest; false when there is none, or it lies after `limit`.
  bool step(base::Instant limit);
  std::uint64_t steps() const { return steps_; }
  base::Random& random() { return random_; }

  static constexpr base::WallTime kWallStart{std::chrono::seconds{1'767'225'600}};  // 2026-01-01

 private:
  struct Entry {
    base::Instant at;
    std::uint64_t order = 0;  ///< tie in the two highest bits, then the sequence
    std::uint32_t slot = 0;   ///< of works_: the heap moves small values about, not closures
  };
  static bool later(const Entry& a, const Entry& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; }
  std::vector<Entry> heap_;
  std::vector<Work> works_;
  std::vector<std::uint32_t> free_;
  base::Instant now_;
  base::Random random_;
  std::uint64_t sequence_ = 0, steps_ = 0;
};

}  // namespace harness::explore
