#include "harness/explore/trace.h"

#include "base/random.h"

namespace harness::explore {

void Trace::add(const Mark& mark) {
  marks_.push_back(mark);
  digest_ = base::hash_mix({digest_, (static_cast<std::uint64_t>(mark.e) << 8) | static_cast<std::uint64_t>(mark.kind), static_cast<std::uint64_t>(mark.at.since_start.count()), (static_cast<std::uint64_t>(mark.a) << 32) | mark.b, (static_cast<std::uint64_t>(mark.c) << 32) | mark.d});
}

}  // namespace harness::explore
