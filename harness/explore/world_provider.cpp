// The virtual network: a wire plan becomes bytes in seeded slices, and the gateway's own parser makes them a reply again.
#include "harness/explore/world_parts.h"

namespace harness::explore {

namespace {

constexpr auto kTransitTime = std::chrono::microseconds{100};

}  // namespace

void World::start_attempt(gateway::StartAttempt& start) {
  auto made = std::make_unique<Attempt>();
  auto& attempt = *made;
  attempt.id = start.id;
  attempt.provider = model_->provider_named(start.provider).value_or(0);
  attempt.request.method = start.method;
  const auto base_path = attempt_base_path(config_, start.provider);
  attempt.request.path = base_path + start.path;
  if (const auto query = attempt.request.path.find('?'); query != std::string::npos) {
    attempt.request.query = attempt.request.path.substr(query + 1);
    attempt.request.path.resize(query);
  }
  attempt.request.headers = std::move(start.headers);
  attempt.request.body = std::move(start.body);
  attempt.connect_timeout = start.connect_timeout;
  attempts_[start.id.value] = std::move(made);
  clock_.after(kConnectTime, [this, id = start.id, generation = generation_] {
    if (generation == generation_) connected(id);
  });
}

void World::connected(gateway::AttemptId id) {
  const auto found = attempts_.find(id.value);
  if (found == attempts_.end()) return;
  auto& attempt = *found->second;
  const simulator::Now now{clock_.now(), clock_.wall()};
  auto& idle = idle_[attempt.provider];
  if (!idle.empty()) {
    const bool reset = idle.back();
    idle.pop_back();
    attempt.connection = connection_last_;
    attempt.reused = true;
    if (reset) {
      // As the live pool does: the others of its age are as dead.
      idle.clear();
      return fail_attempt(id, gateway::TransportError::reset, "the kept-alive connection was reset", true);
    }
  } else {
    attempt.connection = ++connection_last_;
    const auto mode = model_->listening(attempt.provider, now);
    if (mode == "refused") return fail_attempt(id, gateway::TransportError::refused, "Connection refused");
    if (mode == "backlog-full") return fail_to_connect(id);
    for (const auto stage : {simulator::Stage::tls, simulator::Stage::accept}) {
      if (!model_->stage_used(attempt.provider, stage)) continue;
      auto decision = model_->on_accept(attempt.provider, attempt.connection, now, stage);
      if (!decision.rule) continue;
      attempt.decision = std::move(decision);
      if (attempt.decision.fault.starts_with("tls-") && attempt.decision.fault.find("handshake") == std::string::npos) {
        model_->on_end(attempt.decision.attempt, "tls-error", 0, 0, now);
        attempt.decided = false;
        return fail_attempt(id, gateway::TransportError::tls_certificate, "certificate verify failed");
      }
      attempt.decided = true;
      if (attempt.decision.fault == "tls-handshake-cut") {
        attempt.how = "rst";
        return fail_attempt(id, gateway::TransportError::tls, "the connection ended during the handshake");
      }
      if (attempt.decision.fault == "tls-handshake-hang") {
        // The handshake is a part of connecting.
        attempt.how = "client-fin";
        return fail_to_connect(id);
      }
      return run_plan(id);
    }
  }
  attempt.request.connection = attempt.connection;
  attempt.decision = model_->on_request(attempt.provider, attempt.request, now);
  attempt.decided = true;
  trace_.add({.kind = Mark::Kind::answer, .at = clock_.now(), .a = id.value, .b = static_cast<std::uint32_t>(base::hash_text(model_->spec(attempt.provider).name)),
              .c = static_cast<std::uint32_t>(base::hash_text(attempt.request.credential)), .d = options_.fault_code ? options_.fault_code(attempt.decision.fault) : 0U});
  if (const auto wait = simulator::wait_in(attempt.decision.plan.headers, now.wall); wait && attempt.decision.plan.status == 429) {
    trace_.add({.kind = Mark::Kind::told_to_wait, .at = clock_.now(), .a = id.value, .b = static_cast<std::uint32_t>(base::hash_text(model_->spec(attempt.provider).name)),
                .c = static_cast<std::uint32_t>(base::hash_text(attempt.request.credential)), .d = static_cast<std::uint32_t>(base::milliseconds(*wait))});
  }
  run_plan(id);
}

void World::fail_to_connect(gateway::AttemptId id) {
  clock_.after(attempts_[id.value]->connect_timeout, [this, id, generation = generation_] {
    if (generation == generation_) fail_attempt(id, gateway::TransportError::connect_timeout, "connecting took too long");
  });
}

void World::run_plan(gateway::AttemptId id) {
  const auto found = attempts_.find(id.value);
  if (found == attempts_.end()) return;
  auto& attempt = *found->second;
  const auto& plan = attempt.decision.plan;
  const auto stop = attempt.run.go_on(plan, clock_.now());
  flush(attempt);
  const auto end = [&](bool reset) {
    clock_.after(kTransitTime * 2, [this, id, reset, generation = generation_] {
      if (generation == generation_) end_of_stream(id, reset);
    });
  };
  switch (stop.kind) {
    case PlanRun::Stop::Kind::wait:
      clock_.after(stop.time, [this, id, generation = generation_] {
        if (generation == generation_) run_plan(id);
      });
      break;
    case PlanRun::Stop::Kind::hold: break;
    case PlanRun::Stop::Kind::fin: attempt.how = "fin"; end(false); break;
    case PlanRun::Stop::Kind::rst: attempt.how = "rst"; end(true); break;
    case PlanRun::Stop::Kind::complete:
      attempt.how = "complete";
      if (simulator::framing_of(plan) == simulator::Framing::until_close) end(false);
      break;
  }
}

void World::flush(Attempt& attempt) {
  if (attempt.run.take_head()) {
    model_->on_answer(attempt.decision.attempt, attempt.decision.plan.status, attempt.run.events(), attempt.run.bytes(), {clock_.now(), clock_.wall()});
    attempt.answered = true;
  } else if (!attempt.answered && attempt.run.out.empty() && attempt.decided && !attempt.silent_noted) {
    attempt.silent_noted = true;
    const auto& steps = attempt.decision.plan.steps;
    const bool has_head = std::any_of(steps.begin(), steps.end(), [](const auto& each) { return each.kind == simulator::Step::Kind::head; });
    if (!has_head && attempt.request.attempt != 0) {
      model_->on_answer(attempt.decision.attempt, 0, 0, 0, {clock_.now(), clock_.wall()});
      attempt.answered = true;
    }
  }
  if (attempt.run.out.empty()) return;
  // One to four slices, anywhere: what arrives together is the network's whim.
  attempt.inbound.tidy();
  auto& all = attempt.inbound.bytes();
  auto from = all.size();
  all += attempt.run.out;
  attempt.run.out.clear();
  const auto slices = 1 + random_.below(4);
  for (std::uint64_t i = 0; i < slices && from < all.size(); ++i) {
    const auto left = all.size() - from;
    from += i + 1 == slices ? left : std::min<std::size_t>(left, 1 + random_.below(left));
    attempt.inbound.cut(from);
  }
  attempt.arrive_at = std::max(attempt.arrive_at, clock_.now() + kTransitTime);
  clock_.at(attempt.arrive_at, [this, id = attempt.id, generation = generation_] {
    if (generation == generation_) take_arrived(id);
  });
}

void World::take_arrived(gateway::AttemptId id) {
  const auto generation = generation_;
  while (generation == generation_) {
    // Looked up anew: what the gateway does with a slice may end the attempt.
    const auto found = attempts_.find(id.value);
    if (found == attempts_.end() || found->second->inbound.empty() || found->second->paused) return;
    take(*found->second, found->second->inbound.take());
  }
}

void World::take(Attempt& attempt, std::string_view bytes) {
  const auto id = attempt.id;
  std::string body;
  const auto state = attempt.parser.feed(bytes, body);
  if (attempt.parser.take_head()) {
    // As the live connection does: what came compressed although nobody asked is told as plain.
    auto& headers = attempt.parser.headers();
    if (const auto encoding = headers.find("content-encoding")) attempt.inflater = gateway::net::Inflater::make(*encoding);
    if (attempt.inflater) headers.remove("content-encoding"), headers.remove("content-length");
    feed(gateway::UpstreamHead{id, attempt.parser.status(), std::move(headers)});
  }
  if (!attempts_.contains(id.value)) return;
  if (attempt.inflater && !body.empty()) {
    auto plain = attempt.inflater->feed(body);
    if (!plain) return fail_attempt(id, attempt.inflater->over_limit() ? gateway::TransportError::too_large : gateway::TransportError::malformed, attempt.inflater->problem());
    body = std::move(*plain);
  }
  if (!body.empty()) feed(gateway::UpstreamBytes{id, std::move(body)});
  if (!attempts_.contains(id.value)) return;
  using State = gateway::net::ReplyParser::State;
  if (state == State::malformed) return fail_attempt(id, gateway::TransportError::malformed, attempt.parser.problem());
  if (state == State::too_large) return fail_attempt(id, gateway::TransportError::too_large, attempt.parser.problem());
  if (state == State::done) {
    if (inflated_too_little(attempt)) return;
    const bool reusable = attempt.parser.keep_alive() && attempt.run.over(attempt.decision.plan);
    if (reusable) idle_[attempt.provider].push_back(attempt.run.reset_next());
    close_attempt(id, attempt.how.empty() ? "complete" : attempt.how);
    feed(gateway::UpstreamEnd{id});
  }
}

bool World::inflated_too_little(const Attempt& attempt) {
  if (!attempt.inflater || attempt.inflater->finished()) return false;
  fail_attempt(attempt.id, gateway::TransportError::malformed, "the compressed body of the reply ends too early");
  return true;
}

void World::end_of_stream(gateway::AttemptId id, bool reset) {
  const auto found = attempts_.find(id.value);
  if (found == attempts_.end()) return;
  auto& attempt = *found->second;
  if (!attempt.inbound.empty() || attempt.paused) {
    clock_.after(kTransitTime, [this, id, reset, generation = generation_] {
      if (generation == generation_) end_of_stream(id, reset);
    });
    return;
  }
  if (!reset && attempt.parser.end_of_file_is_end()) {
    if (inflated_too_little(attempt)) return;
    close_attempt(id, attempt.how);
    return feed(gateway::UpstreamEnd{id});
  }
  fail_attempt(id, reset ? gateway::TransportError::reset : gateway::TransportError::closed, reset ? "Connection reset by peer" : "the connection was closed before the reply was whole");
}

void World::fail_attempt(gateway::AttemptId id, gateway::TransportError error, std::string what, bool replayable) {
  if (!attempts_.contains(id.value)) return;
  const auto how = attempts_[id.value]->how;
  close_attempt(id, how.empty() ? "client-rst" : how);
  feed(gateway::UpstreamFailed{id, error, std::move(what), replayable});
}

void World::close_attempt(gateway::AttemptId id, std::string_view how) {
  const auto found = attempts_.find(id.value);
  if (found == attempts_.end()) return;
  auto attempt = std::move(found->second);
  attempts_.erase(found);
  if (!attempt->decided) return;
  const simulator::Now now{clock_.now(), clock_.wall()};
  if (!attempt->answered && attempt->request.attempt != 0) model_->on_answer(attempt->decision.attempt, 0, 0, 0, now);
  model_->on_end(attempt->decision.attempt, how, attempt->run.events(), attempt->run.bytes(), now);
}

}  // namespace harness::explore
