// The service manager of the virtual world: its pure machine, with processes that are values.
#include <signal.h>

#include "harness/explore/world_parts.h"

namespace harness::explore {

using base::Json;

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string_view word_of(manager::ExitCode code) {
  constexpr std::array<std::string_view, 4> kWords{"none", "exited", "killed", "dumped"};
  return kWords[static_cast<std::size_t>(code)];
}

}  // namespace

void World::systemctl(std::vector<std::string> arguments, std::function<void(int, std::string, std::string)> done) {
  const auto id = ++call_last_;
  calls_[id] = std::move(done);
  arguments.insert(arguments.begin(), "--user");
  manage(manager::Call{id, "systemctl", std::move(arguments)});
}

void World::manager_fault(const manager::Fault& fault) { manage(fault); }

void World::manage(manager::Event event) {
  if (managing_) {
    manager_events_.push_back(std::move(event));
    return;
  }
  managing_ = true;
  while (true) {
    if (const auto* exited = std::get_if<manager::ProcessExited>(&event)) {
      note("manager", "exit", [&]() -> Json { return {{"unit", kUnitName}, {"pid", exited->pid}, {"role", "main"}, {"code", word_of(exited->code)}, {"status", exited->status}}; });
    }
    manager_actions_.clear();
    manager_->step(clock_.now(), event, manager_actions_);
    manager_actions(manager_actions_);
    if (manager_events_.empty()) break;
    event = std::move(manager_events_.front());
    manager_events_.pop_front();
  }
  managing_ = false;
  arm_manager();
}

void World::arm_manager() {
  const auto at = manager_->next_wake();
  if (at == std::exchange(manager_wake_at_, at)) return;
  const auto mine = ++manager_wake_;
  if (at == base::kNever) return;
  clock_.at(at, [this, mine] {
    if (mine != manager_wake_) return;
    manager_wake_at_ = base::kNever;
    manage(manager::Tick{});
  });
}

void World::manager_actions(std::vector<manager::Action>& actions) {
  for (auto& action : actions) {
    std::visit(
        Overloaded{
            [&](manager::Spawn& a) {
              const int pid = ++pid_next_;
              note("manager", "spawn", [&]() -> Json { return {{"unit", a.unit}, {"pid", pid}, {"role", a.role == manager::ProcessRole::main ? "main" : "control"}}; });
              // First in the queue: until the answer comes the machine holds everything else back.
              manager_events_.push_front(manager::Spawned{a.id, pid});
              if (a.exec_fault) {
                manager_events_.push_back(manager::ProcessExited{pid, manager::ExitCode::exited, *a.exec_fault});
                if (pid_ == 0) manager_events_.push_back(manager::GroupEmpty{a.unit});
              } else if (a.role == manager::ProcessRole::main) {
                boot(pid);
              } else {
                // The only control command of the unit is ExecReload=/bin/kill -HUP.
                for (const auto& word : a.argv) {
                  if (word == "-HUP") clock_.after(base::Duration{0}, [this] { signal(SIGHUP); });
                }
                manager_events_.push_back(manager::ProcessExited{pid, manager::ExitCode::exited, 0});
              }
            },
            [&](manager::Kill& a) {
              if (a.pid == pid_) clock_.after(base::Duration{0}, [this, number = a.signal, pid = a.pid] {
                  if (pid == pid_) on_kill(number, true);
                });
            },
            [&](manager::Output& a) { call_out_[a.client] += a.out; },
            [&](manager::Reply& a) {
              const auto found = calls_.find(a.client);
              if (found == calls_.end()) return;
              auto done = std::move(found->second);
              calls_.erase(found);
              auto out = std::move(call_out_[a.client]) + a.out;
              call_out_.erase(a.client);
              clock_.after(base::Duration{0}, [done = std::move(done), rc = a.rc, out = std::move(out), err = a.err] { done(rc, out, err); });
            },
            [&](manager::OpenSocket& a) { manager_events_.push_back(manager::SocketOpened{a.id, std::vector<int>(a.listeners.size(), 100), 0}); },
            [&](manager::Journal& a) { note("manager", "journal", [&]() -> Json { return {{"unit", a.entry.unit}, {"line", a.entry.message}}; }); },
            [&](manager::StateChanged& a) {
              note("manager", "state", [&]() -> Json { return {{"unit", a.unit}, {"from", a.from}, {"to", a.to}, {"active", a.active}, {"result", a.result}, {"n_restarts", a.n_restarts}, {"pid", a.main_pid}, {"reason", a.reason}}; });
            },
            [&](manager::FaultFired& a) { note("manager", "fault", [&]() -> Json { return {{"fault", manager::to_string(a.kind)}, {"unit", a.unit}}; }); },
            [&](auto&) {},
        },
        action);
  }
}

void World::notify(std::string text) {
  if (pid_ == 0) return;
  note("manager", "notify", [&]() -> Json { return {{"unit", kUnitName}, {"pid", pid_}, {"text", text}}; });
  manage(manager::Notify{kUnitName, pid_, std::move(text), {}});
}

void World::signal(int number) {
  if (pid_ != 0) on_kill(number, false);
}

void World::on_kill(int number, bool by_manager) {
  switch (number) {
    case SIGKILL: return die(manager::ExitCode::killed, SIGKILL);
    case SIGABRT: case SIGSEGV: return die(manager::ExitCode::dumped, number);
    case SIGTERM: case SIGINT:
      if (!core_) return die(manager::ExitCode::exited, 1);
      return drain(by_manager ? gateway::DrainRequested::Kind::stop_planned : gateway::DrainRequested::Kind::stop_unplanned);
    case SIGUSR1:
      if (core_) drain(gateway::DrainRequested::Kind::restart);
      return;
    case SIGHUP:
      if (core_) feed(gateway::ConfigReloaded{config_});
      return;
    default: return;
  }
}

void World::drain(gateway::DrainRequested::Kind kind) {
  // As the service layer cuts it, so that gateway and manager never disagree: TimeoutStopSec less settling and ten seconds.
  auto time = config_.restart.drain;
  const auto stop = unit_->service.timeout_stop;
  if (stop != base::kForever) time = std::min(time, std::max(stop - config_.restart.settle - std::chrono::seconds{10}, base::Duration{std::chrono::seconds{1}}));
  draining_ = true;
  trace_.add({.kind = Mark::Kind::drain, .at = clock_.now(), .a = static_cast<std::uint32_t>(kind), .b = static_cast<std::uint32_t>(base::milliseconds(time + config_.restart.settle)), .c = static_cast<std::uint32_t>(base::milliseconds(time))});
  feed(gateway::DrainRequested{.kind = kind, .drain = time, .settle = config_.restart.settle, .socket_kept = scenario_.gateway.socket});
}

}  // namespace harness::explore
