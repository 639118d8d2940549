// Opening, trying, closing.
#include "gateway/core/breaker.h"

#include "base/assert.h"

namespace gateway {

Admission admit(const Breaker& breaker, base::Instant now, const Policy& policy) {
  if (!breaker.open) return Admission::yes;
  if (policy.may_use(breaker.until, now) && breaker.trials < policy.probes()) return Admission::trial;
  return Admission::shut;
}

BreakerLease enter(Breaker& breaker) {
  BreakerLease lease{&breaker, breaker.open, breaker.openings};
  if (lease.trial) ++breaker.trials;
  return lease;
}

void leave(BreakerLease& lease) {
  ASSERT(lease.breaker != nullptr);
  if (lease.trial) {
    ASSERT(lease.breaker->trials > 0);
    --lease.breaker->trials;
  }
  lease = BreakerLease{};
}

bool good(const BreakerLease& lease) {
  Breaker& breaker = *lease.breaker;
  // A success that began before the target went bad does not prove that it is well again.
  if (breaker.open && (!lease.trial || lease.openings != breaker.openings)) return false;
  const bool was_open = breaker.open;
  const std::int64_t trials = breaker.trials;
  const std::uint64_t openings = breaker.openings;
  breaker = Breaker{};
  breaker.trials = trials;
  breaker.openings = openings;
  return was_open;
}

bool bad(const BreakerLease& lease, const Verdict& verdict, bool left, base::Instant now, const Policy& policy) {
  Breaker& breaker = *lease.breaker;
  ++breaker.failures;
  if (!left && !lease.trial && breaker.failures < policy.harms_max()) return false;
  if (breaker.open && lease.openings != breaker.openings) return false;  // of the same burst that opened it
  ++breaker.times;
  const base::Instant proposed = now + policy.return_after(verdict, breaker.times);
  breaker.until = breaker.open ? policy.extend(breaker.until, proposed) : proposed;
  breaker.open = true;
  breaker.reason = verdict.reason;
  ++breaker.openings;
  return true;
}

std::string_view state_word(const Breaker& breaker, base::Instant now) {
  if (!breaker.open) return "closed";
  return breaker.until <= now ? "half-open" : "open";
}

}  // namespace gateway
