// The manager's step: one event in, the queue of jobs worked off, timers fired, actions out.
#include "harness/manager/manager.h"

#include <algorithm>

#include "base/assert.h"
#include "harness/manager/manager_impl.h"

namespace harness::manager {
namespace {

constexpr std::size_t kJournalMax = 50'000;  // entries; the oldest fifth goes when it is full

template <class... F>
struct Overload : F... {
  using F::operator()...;
};

}  // namespace

Manager::Manager(ManagerSettings settings, Host& host) : impl_(std::make_unique<Impl>(std::move(settings), host)) {}
Manager::~Manager() = default;

void Manager::add_unit(std::shared_ptr<const Unit> unit) { impl_->install(std::move(unit)).kept = true; }
void Manager::keep(std::string_view unit) { impl_->load(with_suffix(unit)).kept = true; }
void Manager::step(base::Instant now, const Event& event, std::vector<Action>& out) { impl_->step(now, event, out); }
base::Instant Manager::next_wake() const { return impl_->next_wake(); }
bool Manager::waits_for_answer() const { return impl_->awaited.has_value(); }
const std::vector<JournalEntry>& Manager::journal() const { return impl_->journal; }

std::vector<std::string> Manager::loaded_units() const {
  std::vector<std::string> out;
  for (const auto& [name, entry] : impl_->units) out.push_back(name);
  return out;
}

std::string Manager::unit_of(Pid pid) const {
  if (pid <= 0) return {};
  for (const auto& [name, entry] : impl_->units) {
    if (entry.service && (entry.service->main_pid() == pid || entry.service->control_pid() == pid)) return name;
  }
  return {};
}

std::string Manager::property(std::string_view unit, std::string_view name) const {
  const auto* entry = impl_->find(with_suffix(unit));
  return entry == nullptr ? std::string{} : impl_->property(*entry, name).value_or("");
}

UnitSnapshot Manager::snapshot(std::string_view unit) const {
  UnitSnapshot out;
  out.name = with_suffix(unit);
  const auto* entry = impl_->find(out.name);
  if (entry == nullptr) {
    out.active = "inactive";
    out.sub = "dead";
    return out;
  }
  out.load_state = entry->unit->load_state;
  out.active = to_string(entry->active());
  out.sub = entry->sub();
  out.has_job = entry->job.has_value();
  if (!entry->service) return out;
  const auto& service = *entry->service;
  out.result = to_string(service.result());
  out.reload_result = to_string(service.reload_result());
  out.n_restarts = service.n_restarts();
  out.main_pid = service.main_pid();
  out.control_pid = service.control_pid();
  out.exec_main_pid = service.main_status().pid;
  out.exec_main_code = service.main_status().code;
  out.exec_main_status = service.main_status().status;
  out.status_text = service.status_text();
  out.status_errno = service.status_errno();
  out.invocation_id = service.invocation_id();
  out.fds_stored = static_cast<std::uint32_t>(service.stored_fds().size());
  if (service.state() == SubState::auto_restart) out.restart_at = service.deadline();
  return out;
}

Manager::Impl::Impl(ManagerSettings settings_in, Host& host_in)
    : settings(std::move(settings_in)), host_ref(host_in), random(settings.seed) {}

void Manager::Impl::step(base::Instant at, const Event& event, std::vector<Action>& out) {
  ASSERT(at >= now_);
  now_ = at;
  out_ = &out;
  for (auto& action : std::exchange(early, {})) emit(std::move(action));
  if (awaited && awaited->held && now_ >= awaited->due) {
    emit(std::move(*awaited->held));
    awaited->held.reset();
    awaited->due = base::kNever;
  }
  const auto answers = [&](SpawnId id) { return awaited && awaited->id == id; };
  bool take = !awaited || std::holds_alternative<Fault>(event) || std::holds_alternative<ClientGone>(event);
  if (const auto* spawned = std::get_if<Spawned>(&event)) take = answers(spawned->spawn);
  if (const auto* failed = std::get_if<SpawnFailed>(&event)) take = answers(failed->spawn);
  if (const auto* opened = std::get_if<SocketOpened>(&event)) take = answers(opened->request);
  if (take) dispatch(event);
  else if (!std::holds_alternative<Tick>(event) && awaited) deferred.push_back(event);
  while (work()) {
  }
  out_ = nullptr;
}

bool Manager::Impl::work() {
  while (!later_actions.empty() && later_actions.begin()->first <= now_) {
    emit(std::move(later_actions.begin()->second));
    later_actions.erase(later_actions.begin());
  }
  if (awaited) return false;
  if (!run_queue.empty()) {
    const std::string name = std::move(run_queue.front());
    run_queue.pop_front();
    if (auto* entry = find(name)) run_job(*entry);
    return true;
  }
  if (!deferred.empty()) {
    const Event event = std::move(deferred.front());
    deferred.pop_front();
    dispatch(event);
    return true;
  }
  if (!later_events.empty() && later_events.begin()->first <= now_) {
    const Event event = std::move(later_events.begin()->second);
    later_events.erase(later_events.begin());
    if (const auto* late = std::get_if<Notify>(&event)) on_notify(*late, false);
    else dispatch(event);
    return true;
  }
  if (fire_timers()) return true;
  if (!collect_queue.empty()) collect();
  if (shutting_down) check_shutdown();
  return false;
}

bool Manager::Impl::fire_timers() {
  UnitEntry* due = nullptr;
  for (auto& [name, entry] : units) {
    if (!entry.service) continue;
    const auto at = entry.service->next_wake();
    if (at <= now_ && (due == nullptr || at < due->service->next_wake())) due = &entry;
  }
  if (due == nullptr) return false;
  due->service->tick();
  return true;
}

base::Instant Manager::Impl::next_wake() const {
  base::Instant out = base::kNever;
  if (!later_actions.empty()) out = std::min(out, later_actions.begin()->first);
  if (awaited) return std::min(out, awaited->due);
  if (!later_events.empty()) out = std::min(out, later_events.begin()->first);
  for (const auto& [name, entry] : units) {
    if (entry.service) out = std::min(out, entry.service->next_wake());
  }
  return out;
}

void Manager::Impl::dispatch(const Event& event) {
  std::visit(Overload{
                 [](const Tick&) {},
                 [&](const Call& call) { on_call(call); },
                 [&](const ClientGone& gone) {
                   clients.erase(gone.client);
                   std::erase_if(followers, [&](const Follower& f) { return f.client == gone.client; });
                 },
                 [&](const Spawned& spawned) {
                   const std::string name = awaited->unit;
                   awaited.reset();
                   auto* entry = find(name);
                   if (entry == nullptr || !entry->service) return;
                   entry->service->spawned(spawned.pid);
                   if (!entry->service->waits_for_spawn()) announce(*entry);
                 },
                 [&](const SpawnFailed&) {
                   const std::string name = awaited->unit;
                   awaited.reset();
                   auto* entry = find(name);
                   if (entry == nullptr || !entry->service) return;
                   entry->service->spawn_failed();
                   if (!entry->service->waits_for_spawn()) announce(*entry);
                 },
                 [&](const ExecDone& done) {
                   for (auto& [name, entry] : units) {
                     if (entry.service && entry.service->main_pid() == done.pid) return entry.service->exec_done(done.pid);
                   }
                 },
                 [&](const ProcessExited& exited) { on_exited(exited); },
                 [&](const GroupEmpty& empty) {
                   if (auto* entry = find(empty.unit); entry != nullptr && entry->service) entry->service->group_empty();
                 },
                 [&](const Notify& notify) { on_notify(notify, true); },
                 [&](const OomKill& kill) {
                   if (auto* entry = find(kill.unit); entry != nullptr && entry->service) entry->service->oom_killed();
                 },
                 [&](const ServiceOutput& output) {
                   if (logs()) journal_line(output.unit, output.identifier, output.pid, output.line, output.priority, {});
                 },
                 [&](const SocketOpened& opened) { on_socket_opened(opened); },
                 [&](const SocketReadable& readable) { on_socket_readable(readable.unit); },
                 [&](const FdHangup& hangup) {
                   for (auto& [name, entry] : units) {
                     if (entry.service) entry.service->fd_hangup(hangup.fd);
                   }
                 },
                 [&](const ClockJumped& jump) { wall_shift += jump.by; },
                 [&](const Shutdown&) { on_shutdown(); },
                 [&](const Fault& fault) { on_fault(fault); },
             },
             event);
}

void Manager::Impl::on_exited(const ProcessExited& exited) {
  for (auto& [name, entry] : units) {
    if (!entry.service || exited.pid <= 0) continue;
    if (entry.service->main_pid() != exited.pid && entry.service->control_pid() != exited.pid) continue;
    if (entry.service->main_pid() == exited.pid && has_fault(FaultKind::stale_main_pid, name)) {
      const auto* fault = take_fault(FaultKind::stale_main_pid, name);
      entry.stale_main_pid = exited.pid;
      entry.stale_until = now_ + fault->by;
    }
    entry.service->process_exited(exited.pid, exited.code, exited.status);
    return;
  }
}

void Manager::Impl::on_notify(const Notify& notify, bool faults_apply) {
  auto* entry = find(notify.unit);
  std::vector<int> fds = notify.fds;
  const auto deliver = [&](const std::string& text) {
    if (entry != nullptr && entry->service) entry->service->notify(notify.pid, text, fds);
    for (const int fd : fds) emit(CloseFd{fd, {}});
    fds.clear();
  };
  const bool ready = ("\n" + notify.text + "\n").find("\nREADY=1\n") != std::string::npos;
  if (faults_apply && !faults.empty()) {
    const auto drop = [&](std::string_view word) {
      std::string kept;
      for (std::size_t at = 0; at <= notify.text.size();) {
        const auto end = std::min(notify.text.find('\n', at), notify.text.size());
        const auto line = std::string_view{notify.text}.substr(at, end - at);
        if (line != word) kept += (kept.empty() ? "" : "\n") + std::string{line};
        at = end + 1;
      }
      return kept;
    };
    if (take_fault(FaultKind::lose_notify, notify.unit) != nullptr) return deliver("");
    if (ready && take_fault(FaultKind::lose_ready, notify.unit) != nullptr) return deliver(drop("READY=1"));
    if (ready) {
      if (const auto* fault = take_fault(FaultKind::delay_ready, notify.unit)) {
        later_events.emplace(now_ + fault->by, notify);
        return;
      }
      if (take_fault(FaultKind::duplicate_ready, notify.unit) != nullptr) later_events.emplace(now_, Notify{notify.unit, notify.pid, notify.text, {}});
    }
    if (notify.text.find("WATCHDOG=1") != std::string::npos && take_fault(FaultKind::lose_watchdog, notify.unit) != nullptr) {
      return deliver(drop("WATCHDOG=1"));
    }
  }
  deliver(notify.text);
}

void Manager::Impl::on_call(const Call& call) {
  if (const auto* fault = take_fault(FaultKind::bus_unreachable, "")) {
    ClientCall out{.id = call.client, .rc = 1};
    // The text may be a whole line or only the reason.
    const std::string reason = fault->text.empty() ? "No medium found" : fault->text;
    out.err = (reason.starts_with("Failed") ? "" : "Failed to connect to bus: ") + reason + "\n";
    return reply(std::move(out));
  }
  if (call.program == "journalctl") journalctl(call);
  else if (call.program == "loginctl") loginctl(call);
  else systemctl(call);
}

void Manager::Impl::on_shutdown() {
  shutting_down = true;
  std::string error;
  for (auto& [name, entry] : units) {
    if (entry.socket == SocketState::listening || entry.socket == SocketState::running) add_job(entry, JobType::stop, error);
  }
  for (auto& [name, entry] : units) {
    if (entry.service) add_job(entry, JobType::stop, error);
  }
}

void Manager::Impl::check_shutdown() {
  for (const auto& [name, entry] : units) {
    const auto active = entry.active();
    if (entry.job || (active != ActiveState::inactive && active != ActiveState::failed)) return;
  }
  shutting_down = false;
  emit(AllStopped{});
}

base::WallTime Manager::Impl::wall(base::Instant at) const { return settings.wall_at_zero + wall_shift + at.since_start; }

void Manager::Impl::journal_line(std::string_view unit, std::string identifier, Pid pid, std::string message, int priority,
                                 std::vector<std::pair<std::string, std::string>> fields) {
  if (!settings.keep_journal) return;
  if (journal.size() >= kJournalMax) journal.erase(journal.begin(), journal.begin() + kJournalMax / 5);
  journal.push_back({now_.since_start, wall(now_), std::string{unit}, std::move(identifier), pid, std::move(message), priority, std::move(fields)});
  emit(Journal{journal.back()});
  for (const auto& follower : followers) {
    const auto text = journal_text(follower.args, journal.back());
    if (!text.empty()) emit(Output{follower.client, text});
  }
}

void Manager::Impl::log(const ServiceMachine& service, std::string message, int priority,
                        std::vector<std::pair<std::string, std::string>> fields) {
  if (!service.invocation_id().empty()) fields.emplace_back("USER_INVOCATION_ID", service.invocation_id());
  journal_line(service.unit().name, settings.manager_comm, settings.identity.pid, std::move(message), priority, std::move(fields));
}

std::string Manager::Impl::new_invocation_id() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (int half = 0; half < 2; ++half) {
    auto bits = random.next();
    for (int i = 0; i < 16; ++i, bits >>= 4) out += kHex[bits & 15U];
  }
  return out;
}

base::Duration Manager::Impl::slack() {
  base::Duration most = settings.timer_slack;
  for (const auto& armed : faults) {
    if (armed.fault.kind == FaultKind::timer_slack) most = std::max(most, armed.fault.by);
  }
  return most <= base::Duration{0} ? base::Duration{0} : random.between(base::Duration{0}, most);
}

}  // namespace harness::manager
