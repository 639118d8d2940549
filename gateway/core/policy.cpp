// The product's judgements. Sources: the recovery rules of the contract; each constant says where it comes from.
#include "gateway/core/policy.h"

namespace gateway {
namespace {

using base::Duration;
using namespace std::chrono_literals;

/// `first` doubled `times` times, at most `max`.
Duration doubled(Duration first, std::int64_t times, Duration max) {
  Duration value = first;
  for (std::int64_t i = 0; i < times && value < max; ++i) value *= 2;
  return std::min(value, max);
}

/// What the provider asked for, when it is usable: some time in the future, and not absurd.
std::optional<Duration> usable(std::optional<Duration> asked) {
  if (!asked || *asked <= 0ns) return std::nullopt;
  return std::min(*asked, kCooldownMax);
}

bool transient(Reason reason) {
  switch (reason) {
    case Reason::overloaded:
    case Reason::server_error:
    case Reason::timeout:
    case Reason::network:
    case Reason::stream_cut:
    case Reason::empty_response: return true;
    default: return false;
  }
}

/// Nothing was heard for as long as we were willing to wait: asking the same route again would only double the wait.
bool silent(TransportError transport) {
  switch (transport) {
    case TransportError::connect_timeout:
    case TransportError::first_byte_timeout:
    case TransportError::first_content_timeout:
    case TransportError::idle_timeout:
    case TransportError::total_timeout: return true;
    default: return false;
  }
}

}  // namespace

Verdict Policy::classify(const Failure& failure) const { return gateway::classify(failure); }

std::string Policy::hint(const Verdict& verdict, std::optional<base::Duration> reset) const {
  const HintId id = verdict.hint == HintId::none ? hint_of(verdict.reason) : verdict.hint;
  return hint_text(id, reset ? reset : verdict.wait);
}

base::Duration Policy::cooldown(const Verdict& verdict, std::int64_t strikes, bool sole_key) const {
  if (!marks(verdict)) return 0ns;
  const auto asked = usable(verdict.wait);
  const std::int64_t more = std::max<std::int64_t>(strikes, 1) - 1;
  switch (verdict.reason) {
    // An empty balance is filled by a person, and an hour is how long one may wait for the key to be noticed again. It does not
    // grow: strikes of other reasons (a 401 before it) would double it.
    case Reason::billing: return asked.value_or(1h);
    case Reason::auth: return std::max(asked.value_or(0ns), Duration{5min});
    case Reason::auth_permanent: return kCooldownMax;
    // The only key is looked at sooner: there is nothing better to do meanwhile.
    default: return asked.value_or(sole_key ? Duration{60s} : doubled(30s, more, 1h));
  }
}

base::Instant Policy::extend(base::Instant current, base::Instant proposed) const { return std::max(current, proposed); }

bool Policy::marks(const Verdict& verdict) const {
  switch (verdict.reason) {
    case Reason::billing:
    case Reason::rate_limit:
    case Reason::auth_permanent: return true;
    // A 403 may be about the region or the organisation: then another key fares no better and this one is not to blame.
    case Reason::auth: return verdict.rotate;
    default: return false;
  }
}

bool Policy::kills(const Verdict& verdict) const { return verdict.reason == Reason::auth_permanent; }

bool Policy::whole_key(const Verdict& verdict) const { return verdict.reason != Reason::rate_limit; }

bool Policy::may_use(base::Instant until, base::Instant now) const { return until <= now; }

std::int64_t Policy::probes() const { return 1; }

base::Duration Policy::restored(base::WallTime until, base::WallTime now) const {
  return std::clamp(until - now, Duration{0}, kCooldownMax);
}

bool Policy::rotates(const Verdict& verdict) const { return marks(verdict); }

bool Policy::falls_back(const Verdict& verdict, const Route& route) const {
  if (transient(verdict.reason)) return true;
  switch (verdict.reason) {
    case Reason::billing:
    case Reason::rate_limit:
    case Reason::upstream_rate_limit:
    case Reason::auth:
    case Reason::auth_permanent:
    case Reason::model_not_found:
    case Reason::context_overflow:
    case Reason::long_context_tier:
    case Reason::ssl_cert_verification:
    case Reason::unknown: return true;
    case Reason::content_policy_blocked: return route.fallback_on_content_policy;
    case Reason::provider_policy_blocked: return verdict.fallback;
    default: return false;  // the caller's fault: every target would say the same
  }
}

int Policy::tries_max(const RetryConfig& retry, const Verdict& verdict, TransportError transport, bool elsewhere) const {
  if (silent(transport)) return 1;
  if (verdict.reason == Reason::upstream_rate_limit) return elsewhere ? 1 : retry.attempts;
  if (!transient(verdict.reason)) return 1;
  return elsewhere ? std::min(2, retry.attempts) : retry.attempts;
}

base::Duration Policy::backoff(const RetryConfig& retry, int attempt, std::optional<base::Duration> asked, base::Random& random) const {
  const Duration full = doubled(retry.backoff_base, std::max(attempt, 1) - 1, retry.backoff_max);
  const double share = 1.0 - retry.jitter * random.uniform();
  const Duration wait = base::from_seconds(base::seconds(full) * share);
  return std::max(wait, asked.value_or(0ns));  // what the provider asks for is a floor, not a target
}

bool Policy::wait_fits(base::Duration wait, base::Duration left, const RetryConfig& retry) const {
  // What is left after the wait must be worth an attempt, or the caller waits out the whole deadline for nothing.
  constexpr auto kAttemptTimeMin = 1s;
  return wait + kAttemptTimeMin < left && wait <= retry.retry_after_max;
}

bool Policy::resends(const UpstreamFailed& failure, bool resent_before) const { return failure.replayable && !resent_before; }

bool Policy::harms_target(const Verdict& verdict) const {
  return transient(verdict.reason) || verdict.reason == Reason::upstream_rate_limit || verdict.reason == Reason::model_not_found ||
         verdict.reason == Reason::ssl_cert_verification;
}

int Policy::harms_max() const { return 5; }

base::Duration Policy::return_after(const Verdict& verdict, int count) const {
  const auto asked = usable(verdict.wait);
  const int more = std::max(count, 1) - 1;
  if (transient(verdict.reason)) return std::max(doubled(5s, more, 30s), std::min(asked.value_or(0ns), Duration{10min}));
  return asked.value_or(doubled(60s, more, 4h));
}

bool Policy::commits(RelayPiece::Kind kind, Commit mode) const {
  if (mode == Commit::complete) return false;
  return kind == RelayPiece::Kind::content || kind == RelayPiece::Kind::finish || kind == RelayPiece::Kind::terminal;
}

bool Policy::alive(RelayPiece::Kind kind) const { return kind != RelayPiece::Kind::ping && kind != RelayPiece::Kind::startup; }

bool Policy::whole(bool finish_seen, bool terminated) const { return finish_seen || terminated; }

int Policy::status(Reason reason) const {
  switch (reason) {
    case Reason::none: return 200;
    case Reason::billing: return 402;
    case Reason::rate_limit:
    case Reason::upstream_rate_limit:
    case Reason::limit: return 429;
    case Reason::overloaded:
    case Reason::draining: return 503;
    case Reason::timeout: return 504;
    case Reason::caller_auth: return 401;
    case Reason::model_not_found: return 404;
    case Reason::payload_too_large:
    case Reason::image_too_large: return 413;
    case Reason::context_overflow:
    case Reason::long_context_tier:
    case Reason::content_policy_blocked:
    case Reason::provider_policy_blocked:
    case Reason::format_error:
    case Reason::thinking_signature:
    case Reason::invalid_encrypted_content:
    case Reason::multimodal_tool_content_unsupported:
    case Reason::llama_cpp_grammar_pattern:
    case Reason::caller_fault: return 400;
    // A provider that refuses our key is our trouble, not the caller's: a 401 would send it to look at its own key.
    case Reason::network:
    case Reason::server_error:
    case Reason::auth:
    case Reason::auth_permanent:
    case Reason::ssl_cert_verification:
    case Reason::stream_cut:
    case Reason::empty_response:
    case Reason::unknown: return 502;
  }
  return 502;
}

bool Policy::sdk_may_retry(Reason reason, std::optional<base::Duration> wait) const {
  if (wait && *wait > 60s) return false;
  switch (reason) {
    case Reason::rate_limit:
    case Reason::upstream_rate_limit:
    case Reason::overloaded:
    case Reason::server_error:
    case Reason::timeout:
    case Reason::network:
    case Reason::stream_cut:
    case Reason::empty_response:
    case Reason::draining:
    case Reason::limit: return true;
    default: return false;
  }
}

bool Policy::refuses_when_draining(bool socket_kept) const { return !socket_kept; }

int Policy::exit_code(DrainRequested::Kind kind) const {
  switch (kind) {
    case DrainRequested::Kind::restart: return 75;  // EX_TEMPFAIL: RestartForceExitStatus of the unit
    case DrainRequested::Kind::stop_planned: return 0;
    case DrainRequested::Kind::stop_unplanned: return 1;  // so that Restart=on-failure revives it
  }
  return 1;
}

TurnFate Policy::fate(int crashes_in_a_row) const {
  return crashes_in_a_row >= kSessionCrashesMax ? TurnFate::report : TurnFate::ask_again;
}

}  // namespace gateway
