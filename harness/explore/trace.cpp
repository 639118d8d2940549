#include "harness/explore/trace.h"

#include "base/random.h"

namespace harness::explore {

std::uint64_t Trace::digest() const {
  std::uint64_t hash = 0x9e3779b97f4a7c15U;
  for (const auto& mark : marks_) {
    hash = base::hash_mix({hash, static_cast<std::uint64_t>(mark.kind), static_cast<std::uint64_t>(mark.at.since_start.count()), mark.a, (static_cast<std::uint64_t>(mark.b) << 32) | mark.c,
                           mark.flag ? 1U : 0U});
  }
  return hash;
}

}  // namespace harness::explore
