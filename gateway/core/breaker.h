// Whether a target (provider and model) is worth asking: the circuit breaker and the primary's return, one mechanism.
#pragma once

#include <string>

#include "base/time.h"
#include "gateway/core/policy.h"

namespace gateway {

/// Closed: ask. Open: leave alone until `until`, then let one request try. A key's 429 is neutral here.
struct Breaker {
  bool open = false;
  base::Instant until;
  Reason reason = Reason::none;
  int times = 0;               ///< opened in a row, for growing times
  int failures = 0;            ///< in a row, over all requests
  std::int64_t trials = 0;     ///< requests trying it now
  std::uint64_t openings = 0;  ///< an attempt knows by it whether its news is old
};

enum class Admission : std::uint8_t { yes, trial, shut };
Admission admit(const Breaker& breaker, base::Instant now, const Policy& policy);

/// One attempt's hold on a breaker, given back exactly once.
struct BreakerLease {
  Breaker* breaker = nullptr;
  bool trial = false;
  std::uint64_t openings = 0;
};
BreakerLease enter(Breaker& breaker);
void leave(BreakerLease& lease);
/// True when it closed.
bool good(const BreakerLease& lease);
/// A failure that harms the target. `left`: the request goes on elsewhere because of it. True when it opened (or stays open longer).
bool bad(const BreakerLease& lease, const Verdict& verdict, bool left, base::Instant now, const Policy& policy);
std::string_view state_word(const Breaker& breaker, base::Instant now);

}  // namespace gateway
