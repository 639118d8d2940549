// The gateway's decisions: a state machine without I/O. Every action it asks for is performed by a shell (live or virtual).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/version.h"
#include "gateway/core/events.h"
#include "gateway/core/policy.h"

namespace gateway {

struct CoreOptions {
  std::uint64_t seed = 1;            ///< of jitter and random strategies
  std::string version{base::kVersion};
  std::int64_t pid = 0;
  std::string salt = "brownout";     ///< of key hashes
  bool after_crash = false;          ///< the last process did not end cleanly: turns left `accepted` are finished or reported
};

/// Beside the snapshot's states the core keeps two counters in `meta`: "restarts" (planned ones) and "ended", which is "no" while a
/// process runs and "clean" after it has left in good order: a start that finds "no" comes after a crash.
///
/// Requests of its own (chat turns asked again after a crash) have ids from 0x80000000 up; they get no Reply or SendX.
/// After the deadline's commit point (content has gone out) a stream is bounded by its provider's idle and total time-outs.
///
/// What the shell drives. An interface, so that a mutant can stand around the real one.
class GatewayCore {
 public:
  virtual ~GatewayCore() = default;
  /// Advances by one event; appends actions in the order the shell must perform them. `now` never goes backwards (asserted).
  /// Never blocks, throws or reads a clock. Cost: O(log open requests) and the bytes of the event.
  virtual void step(Moment now, const Event& event, std::vector<Action>& out) = 0;
  /// When Tick is wanted next; kNever when not at all. Changes only within step().
  virtual base::Instant next_wake() const = 0;
};

/// Throws nothing. `policy` outlives the core.
std::unique_ptr<GatewayCore> make_core(Config config, CoreOptions options, Snapshot restored, const Policy& policy, Moment start);

}  // namespace gateway
