// Leaving: no new work, the old finishes or is ended honestly by its deadline, the state is saved, the exit code says why.
#include "gateway/core/engine.h"
#include "gateway/core/limits.h"

namespace gateway {

void Engine::on(const DrainRequested& event) {
  if (draining_ || left_) {
    if (says(Level::info)) log(Level::info, "drain.already", base::Json::object());  // the first request decides; another changes nothing
    return;
  }
  static constexpr base::Names<DrainRequested::Kind, 3> kKinds{{"restart", "stop", "unexpected stop"}};
  Draining made;
  made.kind = event.kind;
  made.socket_kept = event.socket_kept;
  made.since = now_.instant;
  made.soft = now_.instant + event.drain;
  made.hard = made.soft + event.settle;
  made.extend_at = now_.instant;
  draining_ = made;
  ++metrics_.drains;
  if (says(Level::info)) {
    log(Level::info, "drain",
        {{"kind", kKinds(event.kind)}, {"active_requests", requests_.size()}, {"drain_ms", base::milliseconds(event.drain)}, {"settle_ms", base::milliseconds(event.settle)}, {"socket_kept", event.socket_kept}});
  }
  // Connections the manager's socket has not handed out yet wait there for the next process.
  if (event.socket_kept) act(StopAccepting{});
  say_draining();
  drain_tick();
}

void Engine::say_draining() {
  const std::string what = draining_->kind == DrainRequested::Kind::restart ? "restart" : "stop";
  act(ServiceStatus{"Draining " + std::to_string(requests_.size()) + " active request(s) before the " + what});
}

void Engine::drain_tick() {
  Draining& d = *draining_;
  if (d.extend_at <= now_.instant) {
    d.extend_at = now_.instant + kExtendEvery;
    if (!requests_.empty()) {
      act(ExtendTimeout{kExtendBy});
      say_draining();
    }
  }
  const auto each = [this](auto&& end) {
    std::vector<RequestId> ids;
    for (const auto& [id, request] : requests_) ids.push_back(RequestId{id});
    std::sort(ids.begin(), ids.end());
    for (const RequestId id : ids) {
      if (Request* r = find_request(id)) end(*r);
    }
  };
  if (!d.past_soft && d.soft <= now_.instant) {
    d.past_soft = true;
    // Whoever only waits has nothing that could still finish; attempts under way have until the end of `settle`.
    each([this](Request& r) {
      if (!r.attempt) cut(r, Reason::draining, "the gateway restarts before this request could be answered");
    });
  }
  if (d.hard <= now_.instant) {
    if (!requests_.empty() && says(Level::warn)) log(Level::warn, "drain deadline", {{"cut", requests_.size()}});
    each([this](Request& r) { cut(r, Reason::draining, "the gateway restarts and cannot wait any longer for the provider"); });
  }
}

void Engine::leave_if_done() {
  if (!draining_ || left_ || !requests_.empty()) return;
  left_ = true;
  for (const auto& [id, request] : attempts_) act(CancelAttempt{AttemptId{id}});
  attempts_.clear();
  linger_.clear();
  const int code = policy_.exit_code(draining_->kind);
  if (draining_->kind == DrainRequested::Kind::restart) persist(StoreMeta{"restarts", std::to_string(restarts_ + 1)});
  persist(StoreMeta{"ended", "clean"});
  if (says(Level::info)) log(Level::info, "drained", {{"exit", code}, {"ms", base::milliseconds(now_.instant - draining_->since)}});
  act(StopAccepting{});
  act(ServiceStatus{"Stopped"});
  act(Exit{code});
}

}  // namespace gateway
