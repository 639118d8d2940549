// Whom to ask next: the walk over distinct keys and targets, waiting when all are out, the least bad when all are evicted.
#include "base/assert.h"
#include "gateway/core/engine.h"
#include "gateway/core/limits.h"

namespace gateway {

void Engine::pursue(Request& r) {
  if (past_soft_drain()) return cut(r, Reason::draining, "the gateway is restarting and begins no new attempts");
  for (; r.target < r.route->targets.size(); next_target(r)) {
    if (try_target(r)) return;
  }
  nothing_left(r);
}

void Engine::next_target(Request& r) {
  ++r.target;
  r.resent = false;
}

/// False when this target has nothing (more) to offer to this request now.
bool Engine::try_target(Request& r) {
  if (!suits(r, r.target)) return false;
  const TargetEntry& target = r.target_entry();
  const bool been_here = std::any_of(r.tried.begin(), r.tried.end(), [&](const Tried& t) { return t.target == r.target; });
  if (!been_here && admit(*target.breaker, now_.instant, policy_) == Admission::shut) return false;
  const KeyPtr key = target.provider->pool.pick(target.model, r.tried, r.target, now_.instant, policy_, random_);
  return key && begin(r, key);
}

/// Whether the target could serve the request at all. Asked often: remembered.
bool Engine::suits(Request& r, std::size_t index) {
  const TargetEntry& target = r.route->targets[index];
  const ProviderConfig& provider = *target.provider->config;
  if (r.window_above > 0 && target.window <= r.window_above) return false;
  const std::uint64_t bit = index < 64 ? std::uint64_t{1} << index : 0;
  if (r.suits_known & bit) return (r.suits & bit) != 0;
  std::optional<RequestProblem> problem;
  const auto larger = [&](const TargetEntry& t) { return t.window == 0 || t.window > target.window; };
  if (target.window > 0 && r.ask.approx_tokens > target.window &&
      std::any_of(r.route->targets.begin(), r.route->targets.end(), larger)) {
    // Our count is rough, so the largest window is always tried.
    problem = RequestProblem{400, "the conversation is too large for " + target.name, "messages"};
  } else if (r.ask.tools && !provider.tools) {
    problem = RequestProblem{400, target.name + " cannot use tools", "tools"};
  } else if (r.ask.images && !provider.images) {
    problem = RequestProblem{400, target.name + " cannot see images", "messages"};
  } else if (r.count_tokens && provider.dialect != Dialect::anthropic_messages) {
    problem = RequestProblem{400, target.name + " cannot count tokens", "model"};
  } else {
    problem = prepare(r, index);
  }
  r.suits_known |= bit;
  if (!problem) r.suits |= bit;
  const bool fine = !problem;
  if (problem && !r.unsuited) r.unsuited = std::move(problem);
  return fine;
}

/// Whether a later target of the route could be asked right now.
bool Engine::elsewhere(Request& r) {
  for (std::size_t i = r.target + 1; i < r.route->targets.size(); ++i) {
    const TargetEntry& target = r.route->targets[i];
    if (admit(*target.breaker, now_.instant, policy_) == Admission::shut) continue;
    if (suits(r, i) && target.provider->pool.any_usable(target.model, r.tried, i, now_.instant, policy_)) return true;
  }
  return false;
}

void Engine::nothing_left(Request& r) {
  if (try_least_bad(r)) return;
  // A key whose stated time out is over (or whose probe, another request's, went well) gets its second try; nothing else does.
  if (!r.rewalked) {
    const std::size_t before = r.tried.size();
    std::erase_if(r.tried, [&](const Tried& t) {
      return t.worth_waiting && Pool::availability(*t.key, r.route->targets[t.target].model, now_.instant, policy_).usable();
    });
    if (r.tried.size() != before) {
      r.rewalked = true;
      r.target = 0;
      return pursue(r);
    }
  }
  const Soonest next = soonest(r);
  const bool fits = next.at == base::kNever || policy_.wait_fits(next.at - now_.instant, r.deadline - now_.instant, r.setup->config.retry);
  if (next.waitable && fits) return park(r, next.at);
  give_up(r);
}

/// All targets are evicted though their keys are well: the one that comes back first is asked once, rather than nobody.
bool Engine::try_least_bad(Request& r) {
  if (r.least_bad) return false;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < r.route->targets.size(); ++i) {
    const TargetEntry& target = r.route->targets[i];
    const bool been_here = std::any_of(r.tried.begin(), r.tried.end(), [&](const Tried& t) { return t.target == i; });
    if (been_here || !target.breaker->open || !suits(r, i)) continue;
    if (!target.provider->pool.any_usable(target.model, r.tried, i, now_.instant, policy_)) continue;
    if (!best || target.breaker->until < r.route->targets[*best].breaker->until) best = i;
  }
  if (!best) return false;
  r.least_bad = best;
  r.target = *best;
  const TargetEntry& target = r.target_entry();
  const KeyPtr key = target.provider->pool.pick(target.model, r.tried, r.target, now_.instant, policy_, random_);
  if (key && begin(r, key)) return true;
  r.target = r.route->targets.size();
  return false;
}

Engine::Soonest Engine::soonest(Request& r) {
  Soonest result;
  base::Instant waitable_at = base::kNever;
  for (std::size_t i = 0; i < r.route->targets.size(); ++i) {
    if (!suits(r, i)) continue;
    const TargetEntry& target = r.route->targets[i];
    for (const KeyPtr& key : target.provider->pool.keys) {
      const Availability can = Pool::availability(*key, target.model, now_.instant, policy_);
      const bool first = result.reason == Reason::none;
      if (can.kind == Availability::Kind::later && (first || can.at < result.at)) {
        result.at = can.at;
        result.reason = can.reason;
        result.target = &target;
      } else if (first && !can.usable()) {
        result.reason = can.reason;
        result.target = &target;
      }
      // What this request itself has run into is worth waiting for only when the provider said until when.
      const Tried* tried = find_tried(r.tried, i, key.get());
      const bool again = tried && tried->worth_waiting && !r.rewalked;
      if (can.kind == Availability::Kind::later && (!tried || (again && can.stated))) {
        result.waitable = true;
        waitable_at = std::min(waitable_at, can.at);
      }
      if (can.kind == Availability::Kind::busy && (!tried || again)) result.waitable = result.busy = true;
    }
  }
  if (result.waitable) result.at = waitable_at;
  return result;
}

void Engine::park(Request& r, base::Instant until) {
  if (static_cast<std::int64_t>(parked_.size()) >= r.setup->config.limits.queued) {
    if (until != base::kNever) return give_up(r);
    return cut(r, Reason::limit, "every credential is in use and " + std::to_string(parked_.size()) + " requests wait for one (limits.queued)");
  }
  r.phase = Phase::parked;
  r.wake = until;
  r.parked_since = now_.instant;
  parked_.push_back(r.id);
  schedule(r);
  if (r.parked_before) return;
  r.parked_before = true;
  ++metrics_.parked;
  if (says(Level::info)) {
    base::Json fields{{"request", r.trace.request_id}};
    if (until != base::kNever) fields["wait_ms"] = base::milliseconds(until - now_.instant);
    log(Level::info, "request waits", std::move(fields));
  }
}

/// In the order of their arrival. Who still could not begin stays where it is, untouched.
void Engine::wake_parked() {
  const std::vector<RequestId> waiting = parked_;
  const Request* stuck = nullptr;  // requests like this one need not be looked at again
  for (const RequestId id : waiting) {
    Request* r = find_request(id);
    if (!r || r->phase != Phase::parked) continue;
    if (stuck && r->tried.empty() && r->route == stuck->route && r->suits == stuck->suits) continue;
    if (!could_begin(*r)) {
      const Soonest next = soonest(*r);
      if (next.waitable && next.at == r->wake) {
        if (r->tried.empty()) stuck = r;
        continue;
      }
    }
    unpark(*r);
    pursue(*r);
  }
}

bool Engine::could_begin(Request& r) {
  for (std::size_t i = 0; i < r.route->targets.size(); ++i) {
    if (!suits(r, i)) continue;
    const TargetEntry& target = r.route->targets[i];
    for (const KeyPtr& key : target.provider->pool.keys) {
      if (!Pool::availability(*key, target.model, now_.instant, policy_).usable()) continue;
      const Tried* tried = find_tried(r.tried, i, key.get());
      if (!tried || (tried->worth_waiting && !r.rewalked)) return true;
    }
  }
  return false;
}

StartAttempt Engine::attempt_action(const Request& r, UpstreamBody built, const Key& key) {
  const ProviderConfig& provider = *r.target_entry().provider->config;
  StartAttempt action;
  action.id = r.attempt->id;
  action.request = r.id;
  action.provider = provider.name;
  action.credential = key.label;
  action.path = std::move(built.path);
  action.headers = std::move(built.headers);
  action.body = std::move(built.body);
  action.connect_timeout = provider.timeouts.connect;
  if (!key.secret.empty()) {
    auto [name, value] = credential_header(provider.dialect, key.secret);
    action.headers.add(std::move(name), std::move(value));
  }
  if (provider.dialect == r.front) {
    for (const auto& [name, value] : r.passed_on.list) action.headers.set(name, value);
  }
  for (const auto& [name, value] : provider.headers) action.headers.set(name, value);
  action.headers.add("user-agent", "brownout-gateway/" + options_.version);
  action.headers.add("accept-encoding", "identity");
  action.headers.add("x-request-id", r.trace.request_id);
  action.headers.add("traceparent", traceparent(r.trace, ids_));
  return action;
}

/// Why the request cannot be written for a target. What was written to find out is kept for the attempt: to translate takes longer than all else.
std::optional<RequestProblem> Engine::prepare(Request& r, std::size_t index) {
  const TargetEntry& target = r.route->targets[index];
  const auto dialect = target.provider->config->dialect;
  if (same_dialect(r.ask, dialect)) return std::nullopt;
  BuiltRequest built = build_upstream(r.ask, dialect, target.model);
  if (auto* problem = std::get_if<RequestProblem>(&built)) return std::move(*problem);
  auto& body = std::get<UpstreamBody>(built);
  if (body.body.size() <= kPreparedMax) r.prepared.emplace(index, std::move(body));
  return std::nullopt;
}

/// False when the request cannot be written for this target after all.
bool Engine::begin(Request& r, const KeyPtr& key) {
  const TargetEntry& target = r.target_entry();
  const bool prepared = r.prepared && r.prepared->first == r.target;
  BuiltRequest built = prepared ? BuiltRequest(std::move(r.prepared->second)) : build_upstream(r.ask, target.provider->config->dialect, target.model);
  if (prepared) r.prepared.reset();
  if (auto* problem = std::get_if<RequestProblem>(&built)) {
    if (!r.unsuited) r.unsuited = std::move(*problem);
    if (r.target < 64) {
      r.suits_known |= std::uint64_t{1} << r.target;
      r.suits &= ~(std::uint64_t{1} << r.target);
    }
    return false;
  }
  auto& body = std::get<UpstreamBody>(built);
  if (r.count_tokens) as_count_tokens(body);
  Attempt& a = r.attempt.emplace();
  a.id = AttemptId{++attempts_made_};
  a.target = r.target;
  a.lease = take(key, target.model);
  a.breaker = enter(*target.breaker);
  a.trial = a.breaker.trial;
  a.started = a.last_life = now_.instant;
  attempts_[a.id.value] = &r;
  r.phase = Phase::trying;
  r.wake = base::kNever;
  ++r.attempts;
  if (!tried_before(r.tried, r.target, key.get())) r.tried.push_back({r.target, key.get()});
  if (!r.target_before.empty() && r.target_before != target.name) {
    ++metrics_.fallbacks;
    if (says(Level::info)) {
      log(Level::info, "fallback",
          {{"request", r.trace.request_id}, {"from", r.target_before}, {"to", target.name},
           {"reason", r.verdict ? kReasonNames(r.verdict->reason) : "unavailable"}});
    }
  }
  r.target_before = target.name;
  if (says(Level::debug)) {
    log(Level::debug, "attempt", {{"request", r.trace.request_id}, {"attempt", a.id.value}, {"nth", r.attempts}, {"target", target.name}, {"key", key->label}, {"trial", a.trial}});
  }
  act(attempt_action(r, std::move(body), *key));
  schedule(r);
  return true;
}

}  // namespace gateway
