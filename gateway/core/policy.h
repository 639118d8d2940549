// The judgements of recovery, each a small pure function with its source: what a mutant replaces, one at a time.
#pragma once

#include <optional>

#include "base/random.h"
#include "gateway/classify/classify.h"
#include "gateway/core/config.h"

namespace gateway {

/// The default is the product. All members are pure. The owner of core/ adds members as decisions come up; each has one job.
class Policy {
 public:
  virtual ~Policy() = default;
  virtual Verdict classify(const Failure& failure) const;
  virtual std::string hint(const Verdict& verdict, std::optional<base::Duration> reset) const;
  /// How long a key is out after this verdict; 0: it is not marked. `strikes` counts failures in a row, from 1.
  virtual base::Duration cooldown(const Verdict& verdict, std::int64_t strikes, bool sole_key) const;
  /// The later of both: a cooldown only grows.
  virtual base::Instant extend(base::Instant current, base::Instant proposed) const;
  virtual base::Duration backoff(const RetryConfig& retry, int attempt, std::optional<base::Duration> asked, base::Random& random) const;
};

}  // namespace gateway
