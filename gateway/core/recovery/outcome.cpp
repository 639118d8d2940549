// What an attempt came to, who is to blame for it, and what follows.
#include "base/assert.h"
#include "base/text.h"
#include "gateway/core/engine.h"
#include "gateway/core/fields.h"
#include "gateway/core/limits.h"

namespace gateway {
namespace {

constexpr base::Names<TransportError, 16> kTransportWords{
    {"none", "refused", "unreachable", "dns", "reset", "closed", "tls", "tls certificate", "connect timeout", "first byte timeout",
     "first content timeout", "idle timeout", "total timeout", "malformed", "too large", "unknown"}};

bool broken_network(TransportError transport) {
  switch (transport) {
    case TransportError::refused:
    case TransportError::unreachable:
    case TransportError::dns:
    case TransportError::reset:
    case TransportError::closed:
    case TransportError::tls: return true;
    default: return false;
  }
}

}  // namespace

void Engine::note_trail(Request& r, Reason reason, int status) {
  const Attempt& a = *r.attempt;
  r.trail.push_back({r.route->targets[a.target].name, a.lease.key->label, std::string(kReasonNames(reason)), status,
                     base::milliseconds(now_.instant - a.started), 0});
}

/// Gives back what the attempt held. An exchange that still runs is cancelled, or left to end by itself when its reply is whole.
void Engine::let_go(Request& r, bool whole) {
  Attempt& a = *r.attempt;
  if (a.over) {
    attempts_.erase(a.id.value);
  } else if (whole) {
    if (a.paused) act(ResumeAttempt{a.id});
    attempts_[a.id.value] = nullptr;
    linger_.emplace_back(a.id, now_.instant + kLingerTime);
  } else {
    act(CancelAttempt{a.id});
    attempts_.erase(a.id.value);
  }
  r.upstream_time += now_.instant - a.started;
  release(a.lease);
  leave(a.breaker);
  r.attempt.reset();
  freed_ = true;
}

void Engine::say_key(const Key& key, const KeyChange& change, const std::string& model) {
  if (change.whole) say_scope(key, key.whole, {});
  if (change.model) say_scope(key, *key.model_state(model), model);
}

void Engine::say_scope(const Key& key, const KeyState& state, const std::string& model) {
  persist(StoreCredential{stored(key, state, model, now_)});
  const bool out = state.kind != CredentialState::Kind::ok;
  if (!says(out ? Level::warn : Level::info)) return;
  base::Json fields{{"provider", key.provider}, {"key", key.label}};
  if (!model.empty()) fields["model"] = model;
  if (out) {
    fields["reason"] = kReasonNames(state.reason);
    fields["state"] = state_word(state, now_.instant);
    fields["strikes"] = state.strikes;
    if (state.kind == CredentialState::Kind::cooling) {
      fields["out_ms"] = base::milliseconds(state.until - now_.instant);
      fields["usable_at"] = wall_text(state.until);
    }
  }
  log(out ? Level::warn : Level::info, out ? "credential out" : "credential back", std::move(fields));
}

void Engine::prove(Request& r) {
  Attempt& a = *r.attempt;
  if (a.proved) return;
  a.proved = true;
  say_key(*a.lease.key, succeeded(a.lease), a.lease.model);
  if (good(a.breaker) && says(Level::info)) log(Level::info, "target back", {{"target", r.route->targets[a.target].name}});
  freed_ = true;
}

/// The provider said that the next request on this key would be refused: no need to spend it, if there is another way.
void Engine::foresee(Request& r, const base::Headers& headers) {
  for (const auto& [name, value] : headers.list) {
    if (value != "0" || !base::icontains(name, "ratelimit") || !base::icontains(name, "remaining")) continue;
    const Attempt& a = *r.attempt;
    const TargetEntry& target = r.route->targets[a.target];
    if (target.provider->pool.sole(*a.lease.key) && !elsewhere(r)) return;
    Failure failure;
    failure.dialect = kDialectNames(target.provider->config->dialect);
    failure.provider = target.provider->vendor;
    failure.status = 429;
    failure.headers = headers;
    failure.now = now_.wall;
    const Verdict verdict = policy_.classify(failure);  // the one parser of waits
    if (verdict.wait && *verdict.wait > base::Duration::zero()) say_key(*a.lease.key, bench(a.lease, *verdict.wait, now_.instant, policy_), target.model);
    return;
  }
}

void Engine::resend(Request& r) {
  const KeyPtr key = r.attempt->lease.key;
  note_trail(r, Reason::network, 0);
  r.resent = true;
  ++metrics_.resent;
  if (says(Level::info)) {
    log(Level::info, "attempt sent again",
        {{"request", r.trace.request_id}, {"target", r.target_entry().name}, {"key", key->label}, {"why", "the kept-alive connection was dead"}});
  }
  let_go(r, false);
  const Availability can = Pool::availability(*key, r.target_entry().model, now_.instant, policy_);
  if (can.usable() && !past_soft_drain() && begin(r, key)) return;
  pursue(r);
}

void Engine::attempt_failed(Request& r, Failure failure) {
  const Attempt& a = *r.attempt;
  const TargetEntry& target = r.route->targets[a.target];
  failure.dialect = kDialectNames(target.provider->config->dialect);
  failure.provider = target.provider->vendor;
  failure.model = target.model;
  failure.after_output = r.committed || a.content;
  failure.now = now_.wall;
  failure.approx_tokens = r.ask.approx_tokens;
  failure.num_messages = r.ask.messages;
  if (target.window > 0) failure.context_length = target.window;
  if (failure.transport == TransportError::none && a.status != 0) failure.status = a.status;
  Verdict verdict = policy_.classify(failure);
  const bool broke = failure.transport != TransportError::none;
  if (broke && failure.after_output) {
    verdict.reason = Reason::stream_cut;
    verdict.hint = HintId::stream_cut;
  } else if (broken_network(failure.transport) && verdict.reason == Reason::timeout) {
    verdict.reason = Reason::network;  // the classifier has one word for both; a caller should not be told of a time-out that was none
  }
  attempt_judged(r, std::move(verdict), failure.transport);
}

void Engine::attempt_judged(Request& r, Verdict verdict, TransportError transport) {
  const TargetEntry& target = r.route->targets[r.attempt->target];
  const int status = r.attempt->status;
  note_trail(r, verdict.reason, status);
  ++metrics_.providers[target.provider->config->name].attempts[static_cast<std::size_t>(verdict.reason)];
  if (policy_.marks(verdict)) {
    const Lease& lease = r.attempt->lease;
    say_key(*lease.key, mark(lease, verdict, target.provider->pool.sole(*lease.key), now_.instant, policy_), target.model);
    Tried* tried = find_tried(r.tried, r.attempt->target, lease.key.get());
    if (tried && verdict.wait && *verdict.wait > base::Duration::zero()) tried->worth_waiting = true;
  }
  const bool other = elsewhere(r);
  const Plan plan = judge(r, verdict, transport, other);
  if (policy_.harms_target(verdict)) {
    const bool left = plan.next == Next::next_target && other;
    if (bad(r.attempt->breaker, verdict, left, now_.instant, policy_) && says(Level::warn)) {
      log(Level::warn, "target out", {{"target", target.name}, {"reason", kReasonNames(verdict.reason)}, {"out_ms", base::milliseconds(target.breaker->until - now_.instant)}});
    }
  }
  say_failure(r, verdict, plan, transport);
  r.failed_provider = target.provider->config->name;
  r.failed_status = status;
  r.again = r.attempt->lease.key;
  r.held.clear();  // what a failed attempt said is never mixed with the next one's words
  r.held_events = 0;
  let_go(r, false);
  r.verdict = std::move(verdict);
  follow(r, plan);
}

void Engine::say_failure(const Request& r, const Verdict& verdict, const Plan& plan, TransportError transport) {
  static constexpr std::array<std::string_view, 4> kNext{"answer", "same key", "next key", "next target"};
  const Attempt& a = *r.attempt;
  const TargetEntry& target = r.route->targets[a.target];
  last_failure_ = {now_.wall, r.trace.request_id, target.name, a.lease.key->label, verdict.reason, a.status};
  if (!says(Level::warn)) return;
  LogFields fields;
  fields.add("request", r.trace.request_id).add("attempt", a.id.value).add("target", target.name).add("provider", target.provider->config->name);
  fields.add("key", a.lease.key->label).add("reason", kReasonNames(verdict.reason)).add("status", a.status);
  fields.add("ms", base::milliseconds(now_.instant - a.started)).add("next", kNext[static_cast<std::size_t>(plan.next)]).add("why", verdict.why);
  if (transport != TransportError::none) fields.add("transport", kTransportWords(transport));
  if (plan.wait > base::Duration::zero()) fields.add("wait_ms", base::milliseconds(plan.wait));
  log(Level::warn, "attempt failed", fields.take());
}

/// The recovery rules, in one place. Called while the attempt still holds its key, which is marked already.
Engine::Plan Engine::judge(Request& r, const Verdict& verdict, TransportError transport, bool other) {
  if (r.committed || past_soft_drain()) return {};
  const RetryConfig& retry = r.setup->config.retry;
  const TargetEntry& target = r.target_entry();
  const base::Duration left = r.deadline - now_.instant;
  if (policy_.rotates(verdict)) {
    if (target.provider->pool.any_usable(target.model, r.tried, r.target, now_.instant, policy_)) return {Next::rotate};
    const bool guess = !verdict.wait || *verdict.wait <= base::Duration::zero();
    if (!other && verdict.reason == Reason::rate_limit && guess && !r.same_key_once && !r.attempt->trial) {
      // Nothing else is healthy and nobody said for how long: one more look after a back-off. A stated time is waited out instead.
      const base::Duration wait = policy_.backoff(retry, 1, std::nullopt, random_);
      const bool named = Pool::availability(*r.attempt->lease.key, target.model, now_.instant, policy_).not_before > now_.instant + wait;  // to another request
      if (!named && policy_.wait_fits(wait, left, retry)) {
        r.same_key_once = true;
        return {Next::same_key, wait};
      }
    }
    return {policy_.falls_back(verdict, *r.route->config) ? Next::next_target : Next::stop};
  }
  r.spent.resize(r.route->targets.size());
  const int tries = ++r.spent[r.target];
  // A trial is one look, unless this target is all there is; the least bad one is asked once in any case.
  const bool once = r.attempt->trial && (other || r.least_bad == r.target);
  const int most = once ? 1 : policy_.tries_max(retry, verdict, transport, other);
  if (tries < most) {
    const base::Duration wait = policy_.backoff(retry, tries, verdict.wait, random_);
    const bool long_asked = other && verdict.wait && *verdict.wait > retry.same_key_wait_max;
    if (!long_asked && policy_.wait_fits(wait, left, retry)) return {Next::same_key, wait};
  }
  return {policy_.falls_back(verdict, *r.route->config) ? Next::next_target : Next::stop};
}

void Engine::follow(Request& r, const Plan& plan) {
  switch (plan.next) {
    case Next::stop: return give_up(r);
    case Next::same_key:
      ++metrics_.retries;
      r.trail.back().wait_ms = base::milliseconds(plan.wait);
      r.phase = Phase::backing_off;
      r.parked_since = now_.instant;
      r.wake = now_.instant + plan.wait;
      return schedule(r);
    case Next::rotate: ++metrics_.rotations; return pursue(r);
    case Next::next_target:
      if (r.verdict->reason == Reason::context_overflow) {
        // The same text is never sent again to a window that is not larger.
        const std::int64_t window = r.target_entry().window;
        r.window_above = std::max<std::int64_t>({r.window_above, window > 0 ? window : r.ask.approx_tokens, 1});
      }
      next_target(r);
      return pursue(r);
  }
}

}  // namespace gateway
