#include "harness/explore/clock.h"

#include <algorithm>

namespace harness::explore {

bool Clock::later(const Entry& a, const Entry& b) {
  if (a.at != b.at) return a.at > b.at;
  if (a.tie != b.tie) return a.tie > b.tie;
  return a.sequence > b.sequence;
}

void Clock::at(base::Instant when, Work work) {
  heap_.push_back({std::max(when, now_), random_.next() >> 62, ++sequence_, std::move(work)});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

bool Clock::step(base::Instant limit) {
  if (heap_.empty() || heap_.front().at > limit) return false;
  std::pop_heap(heap_.begin(), heap_.end(), later);
  auto entry = std::move(heap_.back());
  heap_.pop_back();
  now_ = entry.at;
  ++steps_;
  entry.work();
  return true;
}

}  // namespace harness::explore
