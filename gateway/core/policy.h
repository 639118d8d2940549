// The judgements of recovery, each a small pure function with its source: what a mutant replaces, one at a time.
#pragma once

#include <optional>

#include "base/random.h"
#include "gateway/classify/classify.h"
#include "gateway/core/config.h"
#include "gateway/core/events.h"
#include "gateway/wire/relay.h"

namespace gateway {

/// What becomes of a chat turn that a crash left without an answer.
enum class TurnFate : std::uint8_t { ask_again, report };

/// The default is the product. All members are pure. The owner of core/ adds members as decisions come up; each has one job.
class Policy {
 public:
  virtual ~Policy() = default;
  virtual Verdict classify(const Failure& failure) const;
  virtual std::string hint(const Verdict& verdict, std::optional<base::Duration> reset) const;

  // ---- credentials ----
  /// How long a key is out after this verdict; 0: it is not marked. `strikes` counts failures in a row, from 1.
  virtual base::Duration cooldown(const Verdict& verdict, std::int64_t strikes, bool sole_key) const;
  /// The later of both: a cooldown only grows.
  virtual base::Instant extend(base::Instant current, base::Instant proposed) const;
  /// Whether the verdict is about the key, so that it goes out.
  virtual bool marks(const Verdict& verdict) const;
  /// Whether it goes out for good.
  virtual bool kills(const Verdict& verdict) const;
  /// Whether the whole key is out, or only the key with this model.
  virtual bool whole_key(const Verdict& verdict) const;
  /// Whether a key that is out until `until` may be chosen now.
  virtual bool may_use(base::Instant until, base::Instant now) const;
  /// How many attempts may try a key, or a target, whose time out has just ended.
  virtual std::int64_t probes() const;
  /// What is left of a stored cooldown: never negative, never absurd.
  virtual base::Duration restored(base::WallTime until, base::WallTime now) const;

  // ---- recovery ----
  /// Whether another key of the same provider is tried.
  virtual bool rotates(const Verdict& verdict) const;
  /// Whether the next target is tried.
  virtual bool falls_back(const Verdict& verdict, const Route& route) const;
  /// How many attempts in all one target gets after such failures. `elsewhere`: another healthy target is left.
  virtual int tries_max(const RetryConfig& retry, const Verdict& verdict, TransportError transport, bool elsewhere) const;
  virtual base::Duration backoff(const RetryConfig& retry, int attempt, std::optional<base::Duration> asked, base::Random& random) const;
  /// Whether a wait is worth it: it ends before the deadline and is not longer than the cap.
  virtual bool wait_fits(base::Duration wait, base::Duration left, const RetryConfig& retry) const;
  /// Whether an exchange that broke on a kept-alive connection before one byte came is sent again at no charge.
  virtual bool resends(const UpstreamFailed& failure, bool resent_before) const;

  // ---- targets ----
  /// Whether the verdict speaks against the target (provider and model) itself. Keys' troubles and callers' faults do not.
  virtual bool harms_target(const Verdict& verdict) const;
  /// Failures in a row after which a target is left alone even without a fallback.
  virtual int harms_max() const;
  /// How long until one request tries the target again; `count` is how often in a row it was left, from 1.
  virtual base::Duration return_after(const Verdict& verdict, int count) const;

  // ---- streams ----
  /// Whether this piece ends the hold-back: from here on no failure is invisible.
  virtual bool commits(RelayPiece::Kind kind, Commit mode) const;
  /// Whether this piece is a sign of life for the idle time-out.
  virtual bool alive(RelayPiece::Kind kind) const;
  /// Whether a reply that has ended is whole.
  virtual bool whole(bool finish_seen, bool terminated) const;

  // ---- callers ----
  /// The status a caller's SDK handles best.
  virtual int status(Reason reason) const;
  /// Whether an SDK may retry by itself.
  virtual bool sdk_may_retry(Reason reason, std::optional<base::Duration> wait) const;

  // ---- life ----
  virtual bool refuses_when_draining(bool socket_kept) const;
  virtual int exit_code(DrainRequested::Kind kind) const;
  virtual TurnFate fate(int crashes_in_a_row) const;
};

/// A longer cooldown than this is taken for a mistake of the provider, or of a clock.
inline constexpr base::Duration kCooldownMax = std::chrono::hours{24};
/// Crashes in a row with the same session active after which it is suspended instead of replayed.
inline constexpr int kSessionCrashesMax = 3;

}  // namespace gateway
