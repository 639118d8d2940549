// Events in, time passing, requests ending: the frame around the decisions.
#include "gateway/core/engine.h"

#include "base/assert.h"
#include "gateway/core/fields.h"
#include "gateway/core/limits.h"

namespace gateway {

std::unique_ptr<GatewayCore> make_core(Config config, CoreOptions options, Snapshot restored, const Policy& policy, Moment start) {
  return std::make_unique<Engine>(std::move(config), std::move(options), std::move(restored), policy, start);
}

Engine::Engine(Config config, CoreOptions options, Snapshot restored, const Policy& policy, Moment start)
    : policy_(policy), options_(std::move(options)), restored_(std::move(restored)), random_(options_.seed), ids_(base::mix(options_.seed + 1)),
      now_(start), born_(start) {
  setup_ = make_setup(std::move(config), registry_, options_.salt, restored_.credentials, policy_, start);
  static constexpr base::Names<Level, 4> kLevels{{"debug", "info", "warn", "error"}};
  level_ = kLevels.parse(setup_->config.log_level).value_or(Level::info);
}

void Engine::step(Moment now, const Event& event, std::vector<Action>& out) {
  ASSERT_NOTE(now.instant >= now_.instant, "time went backwards");
  now_ = now;
  out_ = &out;
  if (!started_) start();
  std::visit([this](const auto& known) { on(known); }, event);
  settle();
  out_ = nullptr;
}

base::Instant Engine::next_wake() const {
  if (left_) return base::kNever;
  if (!started_) return born_.instant;
  base::Instant at = base::kNever;
  if (const DueNode* first = due_.first()) at = first->due;
  if (!linger_.empty()) at = std::min(at, linger_.front().second);
  if (draining_) at = std::min({at, draining_->past_soft ? draining_->hard : draining_->soft, draining_->extend_at});
  return at;
}

void Engine::start() {
  started_ = true;
  if (const auto found = restored_.meta.find("restarts"); found != restored_.meta.end()) {
    restarts_ = std::strtoll(found->second.c_str(), nullptr, 10);
  }
  for (const SessionMark& mark : restored_.sessions) sessions_.all[mark.session].mark = mark;
  for (TurnRecord& turn : restored_.turns) sessions_.all[turn.session].turns.push_back(std::move(turn));
  if (says(Level::info)) {
    log(Level::info, "start",
        {{"version", options_.version}, {"pid", options_.pid}, {"after_crash", options_.after_crash}, {"restarts", restarts_},
         {"sessions", sessions_.all.size()}, {"credentials_restored", restored_.credentials.size()}});
  }
  // The next process tells by it whether this one ended in good order.
  persist(StoreMeta{"ended", "no"});
  revive_turns();
  restored_ = Snapshot{};
}

/// What the events of this step made possible for others.
void Engine::settle() {
  while (freed_ && !parked_.empty()) {
    freed_ = false;
    wake_parked();
  }
  freed_ = false;
  leave_if_done();
  ended_.clear();
}

Request* Engine::find_attempt(AttemptId id) {
  const auto found = attempts_.find(id.value);
  return found == attempts_.end() ? nullptr : found->second;
}

Request* Engine::find_request(RequestId id) {
  const auto found = requests_.find(id.value);
  return found == requests_.end() ? nullptr : found->second.get();
}

Request& Engine::add_request(std::unique_ptr<Request> made) {
  const std::uint32_t id = made->id.value;
  const auto [at, fresh] = requests_.emplace(id, std::move(made));
  ASSERT_NOTE(fresh, "a request id was given twice");
  return *at->second;
}

/// Every request passes here exactly once.
void Engine::end_request(Request& r, Reason reason, int status) {
  ASSERT_NOTE(r.phase != Phase::done, "a request ended twice");
  ASSERT(!r.attempt);
  if (r.phase == Phase::parked) std::erase(parked_, r.id);
  r.phase = Phase::done;
  due_.remove(r);
  const base::Duration total = now_.instant - r.arrived;
  const base::Duration overhead = total - r.upstream_time - r.waited;
  metrics_.duration.add(total);
  metrics_.overhead.add(overhead);
  ++metrics_.requests[static_cast<std::size_t>(r.front)][static_cast<std::size_t>(reason)];
  if (status >= 100 && status < 600) ++metrics_.statuses[static_cast<std::size_t>(status / 100)];
  if (says(Level::info)) {
    say_done(r, reason, status, total);
  }
  const auto found = requests_.find(r.id.value);
  ASSERT(found != requests_.end());
  ended_.push_back(std::move(found->second));
  requests_.erase(found);
  if (!r.session.empty()) chat_next(r.session);
}

void Engine::say_done(const Request& r, Reason reason, int status, base::Duration total) {
  LogFields fields;
  fields.add("request", r.trace.request_id).add("front", kDialectNames(r.front)).add("model", r.ask.model).add("status", status);
  fields.add("reason", kReasonNames(reason)).add("attempts", r.attempts).add("ms", base::milliseconds(total));
  fields.add("wait_ms", base::milliseconds(r.waited)).add("trace_id", r.trace.trace_id);
  if (!r.session.empty()) fields.add("session", r.session);
  if (!r.trail.empty()) fields.add("target", r.trail.back().target).add("key", r.trail.back().key);
  if (r.trail.size() > 1 || (!r.trail.empty() && reason != Reason::none)) {  // one good attempt is told by the members above
    base::Json trail = base::Json::array();
    for (const TrailEntry& e : r.trail) {
      LogFields one(6);
      one.add("target", e.target).add("key", e.key).add("reason", e.reason).add("status", e.status).add("ms", e.ms).add("wait_ms", e.wait_ms);
      trail.push_back(one.take());
    }
    fields.add("trail", std::move(trail));
  }
  log(Level::info, "request done", fields.take());
}

void Engine::on(const RequestArrived& event) {
  if (event.admin) return admin(event);
  const Trace trace = make_trace(event.request.headers, ids_);
  if (left_) return refuse_draining({event.id, words_for(event.request.target), &trace});
  arrive(event, trace);
}

void Engine::on(const ClientGone& event) {
  Request* r = find_request(event.id);
  if (!r) return;
  ++metrics_.gone;
  if (says(Level::info)) log(Level::info, "client gone", {{"request", r->trace.request_id}, {"attempts", r->attempts}});
  if (r->attempt) {
    note_trail(*r, Reason::none, r->attempt->status);
    let_go(*r);
  }
  chat_leave(*r);
  end_request(*r, Reason::none, 499);
}

void Engine::on(const ChunkSent& event) {
  Request* r = find_request(event.id);
  if (!r) return;
  r->unsent -= std::min(r->unsent, event.bytes);
  if (!r->attempt || !r->attempt->paused || r->unsent > kUnsentLow) return;
  r->attempt->paused = false;
  r->attempt->last_life = now_.instant;  // the silence was ours
  act(ResumeAttempt{r->attempt->id});
  schedule(*r);
}

void Engine::on(const UpstreamHead& event) {
  Request* r = find_attempt(event.id);
  if (!r) return;
  Attempt& a = *r->attempt;
  ASSERT_NOTE(a.status == 0, "two heads of one attempt");
  a.status = event.status;
  a.head_at = a.last_life = now_.instant;
  a.good_head = event.status >= 200 && event.status < 300;
  const TargetEntry& target = r->route->targets[a.target];
  metrics_.providers[target.provider->config->name].first_byte.add(now_.instant - a.started);
  if (!a.good_head) {
    a.headers = event.headers;
    return schedule(*r);
  }
  const std::string_view type = event.headers.find("content-type").value_or("");
  a.plain = r->count_tokens || type.find("event-stream") == std::string_view::npos;
  foresee(*r, event.headers);
  if (!r->count_tokens) {
    a.relay = std::make_unique<Relay>(RelayOptions{.front = r->front, .upstream = target.provider->config->dialect, .stream = r->ask.stream,
                                                   .include_usage = r->ask.include_usage, .model_shown = {}, .id = r->trace.request_id,
                                                   .created = now_.wall.since_epoch / std::chrono::seconds{1}, .keep_text = !r->session.empty()});
    a.relay->begin(type);
  }
  schedule(*r);
}

void Engine::on(const UpstreamBytes& event) {
  Request* r = find_attempt(event.id);
  if (!r) return;
  take_bytes(*r, event.bytes);
  if (r->phase != Phase::done) schedule(*r);
}

void Engine::on(const UpstreamEnd& event) {
  const auto found = attempts_.find(event.id.value);
  if (found == attempts_.end()) return;
  if (!found->second) {  // its reply was whole already
    attempts_.erase(found);
    return;
  }
  Request& r = *found->second;
  r.attempt->over = true;
  take_end(r);
  if (r.phase != Phase::done) schedule(r);
}

void Engine::on(const UpstreamFailed& event) {
  const auto found = attempts_.find(event.id.value);
  if (found == attempts_.end()) return;
  if (!found->second) {
    attempts_.erase(found);
    return;
  }
  Request& r = *found->second;
  Attempt& a = *r.attempt;
  a.over = true;
  if ((a.relay && a.finishing) || (a.status != 0 && !a.good_head)) {
    take_end(r);  // a reply that lacks its terminator only, or an error whose status says enough
  } else if (a.status == 0 && policy_.resends(event, r.resent)) {
    resend(r);
  } else {
    Failure failure;
    failure.transport = event.error == TransportError::none ? TransportError::unknown : event.error;
    failure.message = event.what;
    attempt_failed(r, std::move(failure));
  }
  if (r.phase != Phase::done) schedule(r);
}

void Engine::on(const Tick&) {
  while (DueNode* first = due_.first()) {
    if (first->due > now_.instant) break;
    Request& r = *static_cast<Request*>(first);
    due_.remove(r);
    on_due(r);
    if (r.phase != Phase::done) schedule(r);
  }
  close_linger();
  if (draining_) drain_tick();
}

void Engine::on(const ConfigReloaded& event) {
  setup_ = make_setup(event.config, registry_, options_.salt, {}, policy_, now_);
  freed_ = true;
  if (says(Level::info)) {
    log(Level::info, "configuration reloaded", {{"providers", setup_->providers.size()}, {"routes", setup_->routes.size()}});
  }
}

void Engine::on(const StoreFailed& event) {
  const bool fresh = store_problem_.empty();
  store_problem_ = event.what;
  if (!fresh) return;
  log(Level::error, "store failed", {{"what", event.what}, {"consequence", "states and sessions are not saved until the next start"}});
  act(ServiceStatus{"Degraded: " + event.what});
}

void Engine::close_linger() {
  while (!linger_.empty() && linger_.front().second <= now_.instant) {
    const auto found = attempts_.find(linger_.front().first.value);
    linger_.pop_front();
    if (found == attempts_.end()) continue;
    act(CancelAttempt{AttemptId{found->first}});
    attempts_.erase(found);
  }
}

void Engine::log(Level level, std::string event, base::Json fields) {
  static constexpr std::array<std::string_view, 4> kWords{"debug", "info", "warn", "error"};
  act(Log{std::string(kWords[static_cast<std::size_t>(level)]), std::move(event), std::move(fields)});
}

std::string Engine::wall_text(base::Instant at) const { return base::format_rfc3339(now_.wall + (at - now_.instant)); }

}  // namespace gateway
