#include "harness/explore/trace.h"

#include "base/random.h"

namespace harness::explore {

std::uint64_t Trace::digest() const {
  std::uint64_t hash = 0x9e3779b97f4a7c15U;
  for (const auto& mark : marks_) {
    hash = base::hash_mix({hash, static_cast<std::uint64_t>(mark.kind), static_cast<std::uint64_t>(mark.at.since_start.count()), (static_cast<std::uint64_t>(mark.a) << 32) | mark.b, (static_cast<std::uint64_t>(mark.c) << 32) | mark.d});
  }
  return hash;
}

}  // namespace harness::explore
