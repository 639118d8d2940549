// When a request must be looked at again, and what is due then.
#include "base/assert.h"
#include "gateway/core/engine.h"
#include "gateway/core/limits.h"

namespace gateway {

base::Instant Engine::attempt_due(const Request& r) const {
  const Attempt& a = *r.attempt;
  const Timeouts& t = r.route->targets[a.target].provider->config->timeouts;
  const base::Instant total = a.started + t.total;
  if (a.status == 0) return std::min(total, a.started + t.first_byte);
  if (!a.good_head) return std::min(total, a.head_at + kErrorBodyTime);
  if (a.finishing) return std::min(total, a.last_life + kTerminatorTime);
  if (!a.content) return std::min(total, a.started + t.first_content);
  return a.paused ? total : std::min(total, a.last_life + t.idle);
}

base::Instant Engine::due_of(const Request& r) const {
  // Once content flows there is nothing left to decide: the provider's own time-outs bound the stream.
  base::Instant due = std::min(r.wake, r.keep_alive_at);
  if (!r.committed) due = std::min(due, r.deadline);
  if (r.attempt) due = std::min(due, attempt_due(r));
  return due;
}

/// Moving a due time later is left to its firing: a stream that lives costs nothing here.
void Engine::schedule(Request& r) {
  const base::Instant due = due_of(r);
  if (r.place != DueNode::kNowhere && r.due <= due) return;
  if (due == base::kNever) return due_.remove(r);
  due_.set(r, due);
}

void Engine::on_due(Request& r) {
  const base::Instant now = now_.instant;
  if (!r.committed && r.deadline <= now) return deadline_passed(r);
  if (r.keep_alive_at <= now) keep_alive(r);
  if (r.wake <= now) return woken(r);
  if (!r.attempt || attempt_due(r) > now) return;
  const Attempt& a = *r.attempt;
  const Timeouts& t = r.route->targets[a.target].provider->config->timeouts;
  if (a.started + t.total <= now) return timed_out(r, TransportError::total_timeout);
  if (a.status == 0) return timed_out(r, TransportError::first_byte_timeout);
  if (!a.good_head || a.finishing) return take_end(r);  // enough is known of it
  timed_out(r, a.content ? TransportError::idle_timeout : TransportError::first_content_timeout);
}

void Engine::woken(Request& r) {
  const bool backing_off = r.phase == Phase::backing_off;
  unpark(r);
  if (!backing_off) return pursue(r);
  // Meanwhile other requests have found the target down: another look at it would only be one of many.
  if (admit(*r.target_entry().breaker, now_.instant, policy_) == Admission::shut && elsewhere(r)) {
    next_target(r);
    return pursue(r);
  }
  const KeyPtr key = std::move(r.again);
  const TargetEntry& target = r.target_entry();
  const Availability can = Pool::availability(*key, target.model, now_.instant, policy_);
  // The forced retry of a rate-limited key is this request's own: it goes out although the key is benched for all others.
  const bool forced = r.same_key_once && can.kind == Availability::Kind::later && can.reason == Reason::rate_limit;
  // … unless the provider has told another request meanwhile until when.
  const bool may = can.usable() || (forced && can.not_before <= now_.instant);
  if (may && !past_soft_drain() && begin(r, key)) return;
  if (Tried* tried = find_tried(r.tried, r.target, key.get()); tried && can.kind == Availability::Kind::busy) {
    tried->worth_waiting = true;  // another request is trying it just now: its luck is ours
  }
  pursue(r);
}

void Engine::unpark(Request& r) {
  r.waited += now_.instant - r.parked_since;
  r.wake = base::kNever;
  if (r.phase == Phase::parked) {
    std::erase(parked_, r.id);
    r.target = 0;
    if (!r.trail.empty()) r.trail.back().wait_ms += base::milliseconds(now_.instant - r.parked_since);
  }
  r.phase = Phase::queued;
}

void Engine::timed_out(Request& r, TransportError which) {
  Failure failure;
  failure.transport = which;
  attempt_failed(r, std::move(failure));
}

void Engine::deadline_passed(Request& r) {
  if (r.phase == Phase::queued) return cut(r, Reason::timeout, "the session's earlier turns took all of this one's time");
  if (!r.attempt) return give_up(r);  // it was waiting: the reason for that is the answer
  const Attempt& a = *r.attempt;
  Verdict verdict;
  verdict.reason = Reason::timeout;
  verdict.hint = HintId::timeout;
  verdict.why = "request-deadline";
  verdict.message = "no whole answer within the request's deadline of " + base::format_duration(r.deadline - r.arrived);
  note_trail(r, Reason::timeout, a.status);
  // A target that is still silent when the caller's patience ends has failed, even if its own time-outs are longer.
  if (!a.content) bad(r.attempt->breaker, verdict, elsewhere(r), now_.instant, policy_);
  r.failed_provider = r.target_entry().provider->config->name;
  r.failed_status = a.status;
  r.verdict = std::move(verdict);
  let_go(r);
  give_up(r);
}

}  // namespace gateway
