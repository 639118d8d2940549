// The gateway's process in the virtual world: it boots, is stepped, drains, exits, and dies with nothing kept but what was stored.
#include "harness/explore/world_parts.h"

namespace harness::explore {

using base::Json;

namespace {

constexpr auto kBootTime = std::chrono::milliseconds{30};
constexpr auto kSendTime = std::chrono::microseconds{50};
constexpr auto kSlowReadTime = std::chrono::seconds{2};
const gateway::Policy kProductPolicy;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace

void World::boot(int pid) {
  ++generation_;
  pid_ = pid;
  ++alive_;
  ready_ = accepting_ = draining_ = booting_stop_ = false;
  trace_.add({.kind = Mark::Kind::boot, .at = clock_.now(), .a = static_cast<std::uint32_t>(pid)});
  clock_.after(kBootTime, [this, generation = generation_] {
    if (generation != generation_) return;
    auto config = config_;
    if (options_.parts.around_config) options_.parts.around_config(config);
    const auto ended = stored_.meta.find("ended");
    const gateway::CoreOptions options{.seed = base::hash_mix({options_.seed, static_cast<std::uint64_t>(pid_)}), .pid = pid_, .salt = "virtual",
                                       .after_crash = ended != stored_.meta.end() && ended->second == "no"};
    const auto& policy = options_.parts.policy != nullptr ? *options_.parts.policy : kProductPolicy;
    core_ = gateway::make_core(std::move(config), options, stored_, policy, {clock_.now(), clock_.wall()});
    if (options_.parts.around_core) core_ = options_.parts.around_core(std::move(core_));
    ready_ = accepting_ = true;
    feed(gateway::Tick{});
    if (generation != generation_) return;
    trace_.add({.kind = Mark::Kind::ready, .at = clock_.now(), .a = static_cast<std::uint32_t>(pid_)});
    note("gateway", "log", [&]() -> Json { return {{"event", "ready"}, {"pid", pid_}}; });
    notify("READY=1\nSTATUS=running");
    while (!backlog_.empty() && core_ && accepting_) {
      const auto waiting = backlog_.front();
      backlog_.pop_front();
      deliver_request(waiting);
    }
  });
}

void World::feed(gateway::Event event) {
  if (!core_) return;
  if (feeding_) {
    events_.push_back(std::move(event));
    return;
  }
  feeding_ = true;
  while (core_) {
    actions_.clear();
    core_->step({clock_.now(), clock_.wall()}, event, actions_);
    perform(actions_);
    if (events_.empty()) break;
    event = std::move(events_.front());
    events_.pop_front();
  }
  if (!core_) events_.clear();
  feeding_ = false;
  arm_wake();
}

void World::arm_wake() {
  if (!core_) return;
  const auto at = core_->next_wake();
  if (at == std::exchange(wake_at_, at)) return;
  const auto mine = ++wake_;
  if (at == base::kNever) return;
  clock_.at(at, [this, mine] {
    if (mine != wake_ || !core_) return;
    wake_at_ = base::kNever;
    feed(gateway::Tick{});
  });
}

void World::perform(std::vector<gateway::Action>& actions) {
  const auto generation = generation_;
  for (auto& action : actions) {
    if (generation != generation_) return;
    std::visit(
        Overloaded{
            [&](gateway::StartAttempt& a) {
              trace_.add({.kind = Mark::Kind::attempt, .at = clock_.now(), .a = a.id.value, .b = static_cast<std::uint32_t>(base::hash_text(a.provider)),
                          .c = static_cast<std::uint32_t>(base::hash_text(a.credential)), .d = client_of(a.request), .e = a.request.value});
              start_attempt(a);
            },
            [&](gateway::CancelAttempt& a) { close_attempt(a.id, "client-fin"); },
            [&](gateway::PauseAttempt& a) {
              if (const auto found = attempts_.find(a.id.value); found != attempts_.end()) found->second->paused = true;
            },
            [&](gateway::ResumeAttempt& a) {
              const auto found = attempts_.find(a.id.value);
              if (found == attempts_.end()) return;
              found->second->paused = false;
              clock_.after(base::Duration{0}, [this, id = a.id, generation] {
                if (generation == generation_) take_arrived(id);
              });
            },
            [&](gateway::Reply& a) {
              note_end(a.id);
              const auto link = request_client_.find(a.id.value);
              if (link == request_client_.end()) return;
              auto& client = clients_[link->second];
              client.reader->head(a.status, a.headers, clock_.now().since_start);
              reply_bytes(a.id, a.body);
              request_client_.erase(a.id.value);
              client_end(client, "complete");
            },
            [&](gateway::SendHead& a) {
              const auto link = request_client_.find(a.id.value);
              if (link != request_client_.end()) clients_[link->second].reader->head(a.status, a.headers, clock_.now().since_start);
            },
            [&](gateway::SendChunk& a) {
              reply_bytes(a.id, a.bytes);
              const auto link = request_client_.find(a.id.value);
              const bool slow = link != request_client_.end() && clients_[link->second].slow;
              clock_.after(slow ? base::Duration{kSlowReadTime} : base::Duration{kSendTime}, [this, id = a.id, bytes = a.bytes.size(), generation] {
                if (generation == generation_ && core_) feed(gateway::ChunkSent{id, bytes});
              });
            },
            [&](gateway::SendEnd& a) {
              note_end(a.id);
              const auto link = request_client_.find(a.id.value);
              if (link == request_client_.end()) return;
              auto& client = clients_[link->second];
              request_client_.erase(link);
              client_end(client, a.clean ? "complete" : "fin");
            },
            [&](gateway::Persist& a) { apply_store(a.op); },
            [&](gateway::Log& a) { log(a); },
            [&](gateway::ServiceStatus& a) { notify("STATUS=" + a.text); },
            [&](gateway::ExtendTimeout& a) { notify(fmt::format("EXTEND_TIMEOUT_USEC={}", a.by.count() / 1000)); },
            [&](gateway::Exit& a) {
              notify(fmt::format("STOPPING=1\nSTATUS=leaving with code {}", a.code));
              die(manager::ExitCode::exited, a.code);
            },
            [&](gateway::StopAccepting&) { accepting_ = false; },
        },
        action);
  }
}

std::uint32_t World::client_of(gateway::RequestId id) const {
  const auto link = request_client_.find(id.value);
  return link == request_client_.end() ? 0U : static_cast<std::uint32_t>(link->second);
}

void World::note_end(gateway::RequestId id) {
  if (!ended_.insert(id.value).second) trace_.add({.kind = Mark::Kind::doubled, .at = clock_.now(), .a = id.value});
}

void World::apply_store(const gateway::StoreOp& op) {
  std::visit(Overloaded{
                 [&](const gateway::StoreCredential& o) {
                   // What is stored is what the gateway says of the key: out until then, or well again (0).
                   using Kind = gateway::CredentialState::Kind;
                   const auto out = o.state.kind == Kind::ok ? base::Duration{0} : o.state.kind == Kind::cooling ? o.state.until - clock_.wall() : base::Duration{std::chrono::hours{24 * 30}};
                   trace_.add({.kind = Mark::Kind::out, .at = clock_.now(), .b = static_cast<std::uint32_t>(base::hash_text(o.state.provider)),
                               .c = static_cast<std::uint32_t>(base::hash_text(o.state.label)), .d = static_cast<std::uint32_t>(std::max<std::int64_t>(base::milliseconds(out), 0))});
                   for (auto& each : stored_.credentials) {
                     if (each.provider == o.state.provider && each.key_hash == o.state.key_hash && each.model == o.state.model) {
                       each = o.state;
                       return;
                     }
                   }
                   stored_.credentials.push_back(o.state);
                 },
                 [&](const gateway::StoreTurn& o) {
                   const auto mark = o.turn.kind == gateway::TurnRecord::Kind::accepted ? Mark::Kind::turn_accepted
                                     : o.turn.kind == gateway::TurnRecord::Kind::answered ? Mark::Kind::turn_answered
                                                                                           : Mark::Kind::turn_failed;
                   trace_.add({.kind = mark, .at = clock_.now(), .a = static_cast<std::uint32_t>(base::hash_text(o.turn.session)), .b = static_cast<std::uint32_t>(o.turn.number)});
                   const auto before = [](const gateway::TurnRecord& a, const gateway::TurnRecord& b) { return std::tie(a.session, a.number) < std::tie(b.session, b.number); };
                   auto place = std::lower_bound(stored_.turns.begin(), stored_.turns.end(), o.turn, before);
                   if (place != stored_.turns.end() && place->session == o.turn.session && place->number == o.turn.number) {
                     *place = o.turn;
                   } else {
                     stored_.turns.insert(place, o.turn);
                   }
                 },
                 [&](const gateway::DeleteSession& o) {
                   std::erase_if(stored_.turns, [&](const auto& turn) { return turn.session == o.session; });
                   std::erase_if(stored_.sessions, [&](const auto& mark) { return mark.session == o.session; });
                 },
                 [&](const gateway::StoreSession& o) {
                   std::erase_if(stored_.sessions, [&](const auto& mark) { return mark.session == o.mark.session; });
                   stored_.sessions.push_back(o.mark);
                 },
                 [&](const gateway::StoreMeta& o) { stored_.meta[o.key] = o.value; },
             },
             op);
}

void World::log(const gateway::Log& line) {
  if (!options_.history) return;
  Json data{{"event", line.event}, {"level", line.level}};
  for (const auto& [key, value] : line.fields.items()) data[key] = value;
  note("gateway", "log", [&]() -> Json { return std::move(data); });
}

void World::die(manager::ExitCode code, int status) {
  if (pid_ == 0) return;
  const int pid = pid_;
  ++generation_;
  ++wake_;
  wake_at_ = base::kNever;
  core_.reset();
  events_.clear();
  ended_.clear();
  pid_ = 0;
  --alive_;
  ready_ = accepting_ = draining_ = false;
  trace_.add({.kind = code == manager::ExitCode::exited ? Mark::Kind::exit : Mark::Kind::crash, .at = clock_.now(), .a = static_cast<std::uint32_t>(pid), .b = static_cast<std::uint32_t>(status)});
  std::vector<gateway::AttemptId> open;
  for (const auto& [id, attempt] : attempts_) open.push_back(gateway::AttemptId{id});
  std::sort(open.begin(), open.end());
  for (const auto id : open) close_attempt(id, "client-fin");
  for (auto& pool : idle_) pool.clear();
  std::vector<std::int64_t> waiting;
  for (const auto& [request, client] : request_client_) waiting.push_back(client);
  std::sort(waiting.begin(), waiting.end());
  request_client_.clear();
  for (const auto client : waiting) client_end(clients_[client], "fin");
  manage(manager::ProcessExited{pid, code, status});
  manage(manager::GroupEmpty{kUnitName});
}

void World::change_config(gateway::Config config, bool reload) {
  config_ = std::move(config);
  if (!reload || !core_) return;
  feed(gateway::ConfigReloaded{config_});
  note("gateway", "log", [&]() -> Json { return {{"event", "reload.done"}, {"pid", pid_}}; });
}

}  // namespace harness::explore
