// The bugs that are one wrong judgement: each overrides one or two members of the policy.
#pragma once

#include "gateway/core/policy.h"

namespace mutants {

using namespace gateway;
using base::Duration;
using base::Instant;

inline bool is_billing(const Verdict& verdict) { return verdict.reason == Reason::billing; }

struct NoHintOn402 : Policy {
  std::string hint(const Verdict& verdict, std::optional<Duration> reset) const override { return is_billing(verdict) ? "" : Policy::hint(verdict, reset); }
};
struct WrongHint : Policy {
  std::string hint(const Verdict& verdict, std::optional<Duration> reset) const override {
    return is_billing(verdict) ? hint_text(HintId::overloaded) : Policy::hint(verdict, reset);
  }
};
struct HammersEmptyKey : Policy {
  bool marks(const Verdict& verdict) const override { return !is_billing(verdict) && Policy::marks(verdict); }
};
struct IgnoresRetryAfter : Policy {
  Verdict classify(const Failure& failure) const override {
    auto verdict = Policy::classify(failure);
    if (verdict.reason == Reason::rate_limit) verdict.wait = Duration{0};
    return verdict;
  }
  Duration cooldown(const Verdict& verdict, std::int64_t strikes, bool sole_key) const override {
    return verdict.reason == Reason::rate_limit ? std::chrono::milliseconds{200} : Policy::cooldown(verdict, strikes, sole_key);
  }
};
struct RotatesOnOverload : Policy {
  bool marks(const Verdict& verdict) const override { return verdict.reason == Reason::overloaded || Policy::marks(verdict); }
  bool rotates(const Verdict& verdict) const override { return verdict.reason == Reason::overloaded || Policy::rotates(verdict); }
  Duration cooldown(const Verdict& verdict, std::int64_t strikes, bool sole_key) const override {
    return verdict.reason == Reason::overloaded ? std::chrono::seconds{60} : Policy::cooldown(verdict, strikes, sole_key);
  }
};
struct SilentCut : Policy {
  bool whole(bool, bool) const override { return true; }
};
struct NoFallback : Policy {
  bool falls_back(const Verdict&, const Route&) const override { return false; }
};
struct NoRotation : Policy {
  bool rotates(const Verdict&) const override { return false; }
};
struct RetriesBilling : Policy {
  bool marks(const Verdict& verdict) const override { return !is_billing(verdict) && Policy::marks(verdict); }
  bool rotates(const Verdict& verdict) const override { return !is_billing(verdict) && Policy::rotates(verdict); }
  int tries_max(const RetryConfig& retry, const Verdict& verdict, TransportError transport, bool elsewhere) const override {
    return is_billing(verdict) ? 3 : Policy::tries_max(retry, verdict, transport, elsewhere);
  }
};
struct RetriesCallersFault : Policy {
  int tries_max(const RetryConfig& retry, const Verdict& verdict, TransportError transport, bool elsewhere) const override {
    return verdict.reason == Reason::format_error ? 3 : Policy::tries_max(retry, verdict, transport, elsewhere);
  }
};
struct ResendsOverflow : Policy {
  int tries_max(const RetryConfig& retry, const Verdict& verdict, TransportError transport, bool elsewhere) const override {
    return verdict.reason == Reason::context_overflow ? 2 : Policy::tries_max(retry, verdict, transport, elsewhere);
  }
};
struct NeverRecovers : Policy {
  Duration return_after(const Verdict&, int) const override { return std::chrono::hours{20}; }
};
struct ForgetsCooldown : Policy {
  Duration restored(base::WallTime, base::WallTime) const override { return Duration{0}; }
};
struct ShortensCooldown : Policy {
  Instant extend(Instant, Instant proposed) const override { return proposed; }
};
struct UsesCoolingKeys : Policy {
  bool may_use(Instant, Instant) const override { return true; }
};
struct ProbeStorm : Policy {
  std::int64_t probes() const override { return 1'000'000; }
};
struct PingsAreLife : Policy {
  bool alive(RelayPiece::Kind) const override { return true; }
};
struct CommitsAtOnce : Policy {
  bool commits(RelayPiece::Kind, Commit) const override { return true; }
};
struct HoldsEverything : Policy {
  bool commits(RelayPiece::Kind kind, Commit mode) const override { return Policy::commits(kind, mode) && kind != RelayPiece::Kind::content; }
};
struct RoutesAroundPolicy : Policy {
  bool falls_back(const Verdict& verdict, const Route& route) const override { return verdict.reason == Reason::content_policy_blocked || Policy::falls_back(verdict, route); }
};
struct KillsOn401 : Policy {
  bool kills(const Verdict& verdict) const override { return verdict.reason == Reason::auth || Policy::kills(verdict); }
};
struct KeepsRevoked : Policy {
  bool kills(const Verdict&) const override { return false; }
  bool marks(const Verdict& verdict) const override { return verdict.reason != Reason::auth_permanent && Policy::marks(verdict); }
};
struct BenchesProvider : Policy {
  bool harms_target(const Verdict& verdict) const override { return verdict.reason == Reason::rate_limit || Policy::harms_target(verdict); }
  int harms_max() const override { return 1; }
  Duration return_after(const Verdict&, int) const override { return std::chrono::minutes{10}; }
};
struct WaitsTooLong : Policy {
  bool wait_fits(Duration, Duration, const RetryConfig&) const override { return true; }
};
struct RetriesForEver : Policy {
  int tries_max(const RetryConfig&, const Verdict&, TransportError, bool) const override { return 1000; }
  Duration backoff(const RetryConfig&, int, std::optional<Duration>, base::Random&) const override { return std::chrono::milliseconds{100}; }
};
struct NeverRetries : Policy {
  int tries_max(const RetryConfig&, const Verdict&, TransportError, bool) const override { return 1; }
  bool resends(const UpstreamFailed&, bool) const override { return false; }
};
struct NoBackoff : Policy {
  Duration backoff(const RetryConfig&, int, std::optional<Duration>, base::Random&) const override { return Duration{0}; }
};
struct NeverResends : Policy {
  bool resends(const UpstreamFailed&, bool) const override { return false; }
};
struct StatusAlways500 : Policy {
  int status(Reason) const override { return 500; }
};
struct DrivesSdksIntoRetrying : Policy {
  bool sdk_may_retry(Reason, std::optional<Duration>) const override { return true; }
};
struct RefusesWithKeptSocket : Policy {
  bool refuses_when_draining(bool) const override { return true; }
};
struct ServesWhileDraining : Policy {
  bool refuses_when_draining(bool) const override { return false; }
};
struct Exits0OnDrain : Policy {
  int exit_code(DrainRequested::Kind kind) const override { return kind == DrainRequested::Kind::restart ? 0 : Policy::exit_code(kind); }
};
struct Exits0OnSigterm : Policy {
  int exit_code(DrainRequested::Kind kind) const override { return kind == DrainRequested::Kind::stop_unplanned ? 0 : Policy::exit_code(kind); }
};
struct ReplaysForEver : Policy {
  TurnFate fate(int) const override { return TurnFate::ask_again; }
};
struct ClassifiesByStatusAlone : Policy {
  Verdict classify(const Failure& failure) const override {
    Failure bare;
    bare.status = failure.status;
    bare.transport = failure.transport;
    bare.now = failure.now;
    bare.error_event = failure.error_event;
    return Policy::classify(bare);
  }
};

}  // namespace mutants
