#include "harness/explore/clock.h"

#include <algorithm>
#include <utility>

namespace harness::explore {

void Clock::at(base::Instant when, Work work) {
  auto slot = static_cast<std::uint32_t>(works_.size());
  if (free_.empty()) {
    works_.push_back(std::move(work));
  } else {
    slot = free_.back();
    free_.pop_back();
    works_[slot] = std::move(work);
  }
  heap_.push_back({std::max(when, now_), (random_.next() >> 62 << 62) | ++sequence_, slot});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

bool Clock::step(base::Instant limit) {
  if (heap_.empty() || heap_.front().at > limit) return false;
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const auto [at, order, slot] = heap_.back();
  heap_.pop_back();
  now_ = at;
  ++steps_;
  const auto work = std::exchange(works_[slot], nullptr);  // it may add others, and move works_
  free_.push_back(slot);
  work();
  return true;
}

}  // namespace harness::explore
