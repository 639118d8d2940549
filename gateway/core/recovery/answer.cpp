// The end of a request that could not be answered: the original reason, the hint, the trail, in the caller's words.
#include "base/assert.h"
#include "base/text.h"
#include "gateway/core/engine.h"

namespace gateway {
namespace {

/// Codes that clients of the OpenAI API look for; otherwise the reason's own word.
std::string code_of(Reason reason) {
  switch (reason) {
    case Reason::billing: return "insufficient_quota";
    case Reason::rate_limit: return "rate_limit_exceeded";
    case Reason::context_overflow: return "context_length_exceeded";
    case Reason::draining: return "gateway_draining";
    case Reason::caller_auth: return "gateway_auth_failed";
    default: return {};
  }
}

std::string words(Reason reason) { return base::replace_all(std::string(kReasonNames(reason)), "_", " "); }

}  // namespace

std::string Engine::failure_message(const Request& r, const Verdict& verdict) const {
  std::string text = r.failed_provider.empty() ? std::string() : "provider " + r.failed_provider + ": ";
  text += verdict.message.empty() ? words(verdict.reason) : verdict.message;
  // Some providers repeat the key they refuse.
  for (const ProviderEntry& provider : r.setup->providers) {
    for (const KeyPtr& key : provider.pool.keys) {
      if (!key->secret.empty()) text = base::replace_all(std::move(text), key->secret, "[" + key->label + "]");
    }
  }
  if (r.failed_status != 0 && r.failed_status != 200) text += " (" + std::to_string(r.failed_status) + ")";
  return text;
}

void Engine::give_up(Request& r) {
  const Soonest next = soonest(r);
  ErrorInfo error;
  error.request_id = r.trace.request_id;
  error.trail = r.trail;
  Verdict verdict;
  std::optional<base::Duration> retry_after;
  if (r.verdict) {
    verdict = *r.verdict;
    retry_after = verdict.wait;
    error.message = failure_message(r, verdict);
  } else if (next.target) {
    const bool disabled = next.reason == Reason::none;  // an operator took them out: no provider ever said a word
    verdict.reason = disabled ? Reason::auth : next.reason;
    const std::string& provider = next.target->provider->config->name;
    error.message = "no credential of provider " + provider + " is usable now (" + (disabled ? "disabled" : words(verdict.reason)) + ")";
    r.failed_provider = provider;
  } else {
    verdict.reason = Reason::caller_fault;
    verdict.hint = HintId::rejected;
    error.message = r.unsuited ? r.unsuited->what : "no target of the route can serve this request";
    if (r.unsuited) error.param = r.unsuited->param;
  }
  const bool keys_out = policy_.marks(verdict) || !r.verdict;
  if (keys_out && next.at != base::kNever) retry_after = next.at - now_.instant;
  error.status = r.unsuited && !r.verdict && !next.target ? r.unsuited->status : policy_.status(verdict.reason);
  error.reason = verdict.reason;
  error.hint = policy_.hint(verdict, retry_after);
  error.code = code_of(verdict.reason);
  answer_error(r, error, retry_after);
}

/// Ends a request for a reason of the gateway's own.
void Engine::cut(Request& r, Reason reason, const std::string& why) {
  if (r.attempt) {
    note_trail(r, reason, r.attempt->status);
    let_go(r);
  }
  Verdict verdict;
  verdict.reason = reason;
  ErrorInfo error;
  error.request_id = r.trace.request_id;
  error.trail = r.trail;
  error.status = policy_.status(reason);
  error.reason = reason;
  error.message = why;
  error.hint = policy_.hint(verdict, std::nullopt);
  error.code = code_of(reason);
  const bool passing = reason == Reason::draining || reason == Reason::limit;
  answer_error(r, error, passing ? std::optional<base::Duration>(std::chrono::seconds{1}) : std::nullopt);
}

void Engine::answer_error(Request& r, const ErrorInfo& error, std::optional<base::Duration> retry_after) {
  ASSERT(!r.attempt);
  if (!r.session.empty()) {
    chat_close(r, r.internal ? TurnRecord::Kind::reported : TurnRecord::Kind::failed, "⚠️ " + error.message + "\n" + error.hint, error.reason);
  }
  if (r.internal) {
    // Nobody waits for it; the session's history has the notice.
  } else if (r.head_sent) {
    act(SendChunk{r.id, error_event(r.front, error)});
    act(SendEnd{r.id, false});
  } else {
    Reply reply{r.id, error.status, {}, error_body(r.front, error), closing()};
    reply.headers.add("content-type", "application/json");
    trail_headers(reply.headers, r);
    error_headers(reply.headers, error.reason, retry_after);
    if (reply.close) reply.headers.add("connection", "close");
    act(std::move(reply));
  }
  end_request(r, error.reason, r.head_sent ? 200 : error.status);
}

void Engine::error_headers(base::Headers& headers, Reason reason, std::optional<base::Duration> retry_after) const {
  headers.set("x-gateway-reason", std::string(kReasonNames(reason)));
  if (retry_after && *retry_after > base::Duration::zero()) {
    // Rounded up: a caller that comes back in time must not come back too early.
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*retry_after).count();
    headers.add("retry-after", std::to_string(std::max<std::int64_t>(seconds, 1)));
  }
  if (!policy_.sdk_may_retry(reason, retry_after)) headers.add("x-should-retry", "false");
}

void Engine::trail_headers(base::Headers& headers, const Request& r) const {
  headers.add("x-request-id", r.trace.request_id);
  headers.add("x-gateway-attempts", std::to_string(r.attempts));
  if (r.route && r.attempt) {
    const TargetEntry& target = r.route->targets[r.attempt->target];
    headers.add("x-gateway-provider", target.provider->config->name);
    headers.add("x-gateway-target", target.name);
  } else if (!r.failed_provider.empty()) {
    headers.add("x-gateway-provider", r.failed_provider);
    if (!r.trail.empty()) headers.add("x-gateway-target", r.trail.back().target);
  }
  base::Duration overhead = now_.instant - r.arrived - r.upstream_time - r.waited;
  if (r.attempt) overhead -= now_.instant - r.attempt->started;
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(overhead).count();
  headers.add("x-gateway-overhead-us", std::to_string(std::max<std::int64_t>(micros, 0)));
}

}  // namespace gateway
