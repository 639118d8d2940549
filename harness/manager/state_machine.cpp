// The service machine: entering states. What happens in them is in service_events.cpp, the notify protocol in service_notify.cpp.
#include "harness/manager/state_machine.h"

#include <array>
#include <cmath>

#include "base/assert.h"

namespace harness::manager {
namespace {

struct StateRow {
  SubState state;
  std::string_view name;
  ActiveState active;
};
constexpr std::array kStates{
    StateRow{SubState::dead, "dead", ActiveState::inactive},
    StateRow{SubState::condition, "condition", ActiveState::activating},
    StateRow{SubState::start_pre, "start-pre", ActiveState::activating},
    StateRow{SubState::start, "start", ActiveState::activating},
    StateRow{SubState::start_post, "start-post", ActiveState::activating},
    StateRow{SubState::running, "running", ActiveState::active},
    StateRow{SubState::exited, "exited", ActiveState::active},
    StateRow{SubState::reload, "reload", ActiveState::reloading},
    StateRow{SubState::reload_signal, "reload-signal", ActiveState::reloading},
    StateRow{SubState::reload_notify, "reload-notify", ActiveState::reloading},
    StateRow{SubState::stop, "stop", ActiveState::deactivating},
    StateRow{SubState::stop_watchdog, "stop-watchdog", ActiveState::deactivating},
    StateRow{SubState::stop_sigterm, "stop-sigterm", ActiveState::deactivating},
    StateRow{SubState::stop_sigkill, "stop-sigkill", ActiveState::deactivating},
    StateRow{SubState::stop_post, "stop-post", ActiveState::deactivating},
    StateRow{SubState::final_watchdog, "final-watchdog", ActiveState::deactivating},
    StateRow{SubState::final_sigterm, "final-sigterm", ActiveState::deactivating},
    StateRow{SubState::final_sigkill, "final-sigkill", ActiveState::deactivating},
    StateRow{SubState::failed, "failed", ActiveState::failed},
    StateRow{SubState::dead_before_auto_restart, "dead-before-auto-restart", ActiveState::inactive},
    StateRow{SubState::failed_before_auto_restart, "failed-before-auto-restart", ActiveState::failed},
    StateRow{SubState::auto_restart, "auto-restart", ActiveState::activating},
    StateRow{SubState::auto_restart_queued, "auto-restart-queued", ActiveState::activating},
};

constexpr std::array<std::string_view, 6> kActive{"inactive", "activating", "active", "reloading", "deactivating", "failed"};
constexpr std::array<std::string_view, 11> kResults{"success",   "resources", "protocol",       "timeout",         "exit-code", "signal",
                                                    "core-dump", "watchdog",  "exec-condition", "start-limit-hit", "oom-kill"};

const StateRow& row(SubState state) {
  for (const auto& candidate : kStates) {
    if (candidate.state == state) return candidate;
  }
  return kStates[0];
}

bool one_of(SubState state, std::initializer_list<SubState> states) {
  return std::find(states.begin(), states.end(), state) != states.end();
}

}  // namespace

std::string_view to_string(SubState state) { return row(state).name; }
std::string_view to_string(ActiveState state) { return kActive[static_cast<std::size_t>(state)]; }
std::string_view to_string(ServiceResult result) { return kResults[static_cast<std::size_t>(result)]; }
ActiveState active_state(SubState state) { return row(state).active; }

bool StartLimiter::below(base::Instant now, base::Duration interval, std::uint32_t burst) {
  if (interval <= base::Duration{0} || burst == 0) return true;
  if (begin == base::kNever || now - begin > interval) {
    begin = now;
    count = 1;
    return true;
  }
  return ++count <= burst;
}

ServiceMachine::ServiceMachine(ServicePort& port, std::shared_ptr<const Unit> unit, Compat compat)
    : port_(port), unit_(std::move(unit)), compat_(compat) {
  for (std::size_t i = 0; i < kExecSlots; ++i) command_status_[i].resize(unit_->service.commands[i].size());
}

void ServiceMachine::set_unit(std::shared_ptr<const Unit> unit) {
  unit_ = std::move(unit);
  for (std::size_t i = 0; i < kExecSlots; ++i) {
    // What runs keeps its record; a command that is new has none yet.
    if (command_status_[i].size() < unit_->service.commands[i].size()) command_status_[i].resize(unit_->service.commands[i].size());
  }
}

void ServiceMachine::log(std::string message, int priority, std::vector<std::pair<std::string, std::string>> fields) {
  if (port_.logs()) port_.log(*this, std::move(message), priority, std::move(fields));
}
void ServiceMachine::log_unit(std::string message, int priority, std::vector<std::pair<std::string, std::string>> fields) {
  if (port_.logs()) port_.log(*this, unit_->name + ": " + message, priority, std::move(fields));
}

void ServiceMachine::merge(ServiceResult result) {
  if (result_ == ServiceResult::success) result_ = result;
}

void ServiceMachine::arm(base::Duration after) {
  deadline_ = after == base::kForever ? base::kNever : port_.now() + after + port_.slack();
}

base::Duration ServiceMachine::watchdog() const { return watchdog_override_.value_or(unit_->service.watchdog); }

NotifyAccess ServiceMachine::notify_access() const { return notify_access_override_.value_or(unit_->service.notify_access); }

void ServiceMachine::forget_main() {
  main_pid_ = 0;
  main_command_.reset();
}

void ServiceMachine::set_state(SubState state, std::string reason, bool will_restart) {
  const SubState old = state_;
  state_ = state;
  if (one_of(state, {SubState::dead, SubState::failed, SubState::exited, SubState::auto_restart_queued, SubState::dead_before_auto_restart,
                     SubState::failed_before_auto_restart})) {
    disarm();
  }
  const bool has_main = one_of(state, {SubState::start, SubState::start_post, SubState::running, SubState::reload, SubState::reload_signal,
                                       SubState::reload_notify, SubState::stop, SubState::stop_watchdog, SubState::stop_sigterm,
                                       SubState::stop_sigkill, SubState::stop_post, SubState::final_watchdog, SubState::final_sigterm,
                                       SubState::final_sigkill});
  if (!has_main) forget_main();
  const bool has_control = (has_main && state != SubState::running && state != SubState::reload_signal && state != SubState::reload_notify) ||
                           state == SubState::condition || state == SubState::start_pre;
  if (!has_control) {
    control_pid_ = 0;
    control_command_.reset();
  }
  if (!one_of(state, {SubState::start_post, SubState::running, SubState::reload, SubState::reload_signal, SubState::reload_notify})) {
    watchdog_deadline_ = base::kNever;
  }
  if (reason.empty()) reason = std::exchange(reason_, {});
  reason_.clear();
  port_.state_changed(*this, old, will_restart, std::move(reason));
}

// ── Entering states ─────────────────────────────────────────────────────────────────────────────────────────────────

StartAnswer ServiceMachine::start() {
  switch (state_) {
    case SubState::stop: case SubState::stop_watchdog: case SubState::stop_sigterm: case SubState::stop_sigkill: case SubState::stop_post:
    case SubState::final_watchdog: case SubState::final_sigterm: case SubState::final_sigkill:
      return StartAnswer::again;
    case SubState::condition: case SubState::start_pre: case SubState::start: case SubState::start_post:
      return StartAnswer::nothing;
    case SubState::auto_restart:
      // 252 leaves the job waiting for the restart timer; since 257 a start by hand shortens the wait.
      if (!v252()) enter_restart(true);
      return StartAnswer::again;
    default: break;
  }
  const bool queued = state_ == SubState::auto_restart_queued;
  invocation_id_ = port_.new_invocation_id();
  result_ = ServiceResult::success;
  reload_result_ = ServiceResult::success;
  main_pid_ = 0;
  main_alien_ = false;
  forbid_restart_ = false;
  status_text_.clear();
  status_errno_ = 0;
  notified_ = Notified::unknown;
  notify_access_override_.reset();
  watchdog_override_.reset();
  main_status_ = {};
  for (std::size_t i = 0; i < kExecSlots; ++i) command_status_[i].assign(unit_->service.commands[i].size(), {});
  if (v252() ? flush_n_restarts_ : !queued) n_restarts_ = 0;
  flush_n_restarts_ = false;
  enter_condition();
  return StartAnswer::started;
}

void ServiceMachine::enter_condition() {
  if (!unit_->service.of(ExecSlot::condition).empty()) {
    spawn_control(Phase::condition, ExecSlot::condition, unit_->service.timeout_start);
    return;
  }
  enter_start_pre();
}

void ServiceMachine::enter_start_pre() {
  control_pid_ = 0;
  if (!unit_->service.of(ExecSlot::start_pre).empty()) {
    warn_leftovers(true);
    spawn_control(Phase::start_pre, ExecSlot::start_pre, unit_->service.timeout_start);
    return;
  }
  enter_start();
}

void ServiceMachine::enter_start() {
  control_pid_ = 0;
  forget_main();
  warn_leftovers(true);
  if (unit_->service.of(ExecSlot::start).empty()) {
    enter_start_post();
    return;
  }
  const bool simple = unit_->service.type == ServiceType::simple;
  spawn_command(Phase::start, ExecSlot::start, 0, ProcessRole::main, simple ? base::kForever : unit_->service.timeout_start);
}

void ServiceMachine::enter_start_post() {
  control_pid_ = 0;
  reset_watchdog();
  if (!unit_->service.of(ExecSlot::start_post).empty()) {
    spawn_control(Phase::start_post, ExecSlot::start_post, unit_->service.timeout_start);
    return;
  }
  enter_running(ServiceResult::success);
}

void ServiceMachine::enter_running(ServiceResult f) {
  merge(f);
  control_pid_ = 0;
  if (result_ != ServiceResult::success) {
    enter_signal(SubState::stop_sigterm, f);
    return;
  }
  const bool alive = main_good() || (unit_->service.exit_type == ExitType::group && group_has_members());
  if (alive) {
    if (notified_ == Notified::reloading) {
      enter_reload_by_notify();
    } else if (notified_ == Notified::stopping) {
      enter_stop_by_notify();
    } else {
      arm(unit_->service.runtime_max);
      set_state(SubState::running);
    }
  } else if (unit_->service.remain_after_exit) {
    set_state(SubState::exited);
  } else {
    enter_stop(ServiceResult::success);
  }
}

void ServiceMachine::enter_reload_by_notify() {
  arm(unit_->service.timeout_start);
  set_state(v252() ? SubState::reload : SubState::reload_notify, "RELOADING=1");
}

void ServiceMachine::enter_stop_by_notify() {
  // The service says that it stops, so it is as if it had been sent SIGTERM: the time-out runs, but no signal is sent.
  arm(unit_->service.timeout_stop);
  set_state(SubState::stop_sigterm, "STOPPING=1");
}

void ServiceMachine::enter_stop(ServiceResult f) {
  merge(f);
  control_pid_ = 0;
  if (!unit_->service.of(ExecSlot::stop).empty()) {
    spawn_control(Phase::stop, ExecSlot::stop, unit_->service.timeout_stop);
    return;
  }
  enter_signal(SubState::stop_sigterm, ServiceResult::success);
}

void ServiceMachine::enter_signal(SubState state, ServiceResult f) {
  merge(f);
  const auto operation = operation_of(state);
  const bool signalled = signal_processes(operation);
  if (signalled) {
    arm(operation == KillOperation::watchdog ? unit_->service.timeout_abort.value_or(unit_->service.timeout_stop)
                                             : unit_->service.timeout_stop);
    set_state(state);
    return;
  }
  const bool first = state == SubState::stop_watchdog || state == SubState::stop_sigterm;
  if (first && unit_->kill.send_sigkill) {
    enter_signal(SubState::stop_sigkill, ServiceResult::success);
  } else if (first || state == SubState::stop_sigkill) {
    enter_stop_post(ServiceResult::success);
  } else if ((state == SubState::final_watchdog || state == SubState::final_sigterm) && unit_->kill.send_sigkill) {
    enter_signal(SubState::final_sigkill, ServiceResult::success);
  } else {
    enter_dead(ServiceResult::success, true);
  }
}

void ServiceMachine::enter_stop_post(ServiceResult f) {
  merge(f);
  control_pid_ = 0;
  if (!unit_->service.of(ExecSlot::stop_post).empty()) {
    spawn_control(Phase::stop_post, ExecSlot::stop_post, unit_->service.timeout_stop);
    return;
  }
  enter_signal(SubState::final_sigterm, ServiceResult::success);
}

void ServiceMachine::enter_dead(ServiceResult f, bool allow_restart) {
  if (port_.stop_job(*this)) allow_restart = false;
  merge(f);
  const bool skipped = result_ == ServiceResult::exec_condition;
  const bool good = result_ == ServiceResult::success || skipped;
  if (skipped) log_unit("Skipped due to 'exec-condition'.");
  if (!good) {
    log_unit("Failed with result '" + std::string{to_string(result_)} + "'.", 4, {{"UNIT_RESULT", std::string{to_string(result_)}}});
  }
  warn_leftovers(false);
  std::string why;
  const bool restart = allow_restart && shall_restart(why);
  if (!allow_restart) why = port_.stop_job(*this) ? "stop job pending" : "restart not allowed";
  const std::string reason = std::exchange(reason_, {});
  const auto with = [&](std::string_view more) { return reason.empty() ? std::string{more} : reason + "; " + std::string{more}; };
  if (restart) {
    const auto intermediate = v252() ? (good ? SubState::dead : SubState::failed)
                                     : (good ? SubState::dead_before_auto_restart : SubState::failed_before_auto_restart);
    if (v252() || unit_->service.restart_mode != RestartMode::direct) set_state(intermediate, with("will restart: " + why), true);
    arm(port_.restart_delay(*this, next_restart_delay()));
    set_state(SubState::auto_restart, "will restart: " + why);
  } else {
    set_state(good ? SubState::dead : SubState::failed, with("no restart: " + why));
    flush_n_restarts_ = true;
  }
  // The next end need not come from a stop by hand.
  forbid_restart_ = false;
  port_.release_runtime(*this);
}

void ServiceMachine::enter_restart(bool at_once) {
  if (port_.stop_job(*this)) return;
  ++n_restarts_;
  flush_n_restarts_ = false;
  log_unit(std::string{"Scheduled restart job"} + (at_once ? " immediately on client request" : "") + ", restart counter is at " +
               std::to_string(n_restarts_) + ".",
           6, {{"N_RESTARTS", std::to_string(n_restarts_)}, {"MESSAGE_ID", "5eb03494b6584870a536b337290809b3"}});
  // 252 stays in auto-restart until the restart job stops it; 257 has a state of its own and a plain start job.
  port_.queue_restart(*this);
  disarm();
  if (!v252()) set_state(SubState::auto_restart_queued, at_once ? "a client asked" : "RestartSec expired");
}

void ServiceMachine::stop() {
  forbid_restart_ = true;
  switch (state_) {
    case SubState::auto_restart: case SubState::auto_restart_queued:
      set_state(SubState::dead, "stop job");
      forbid_restart_ = v252() ? forbid_restart_ : false;
      flush_n_restarts_ = flush_n_restarts_ && v252();
      return;
    case SubState::condition: case SubState::start_pre: case SubState::start: case SubState::start_post: case SubState::reload:
    case SubState::reload_signal: case SubState::reload_notify: case SubState::stop_watchdog:
      reason_ = "stop job";
      enter_signal(SubState::stop_sigterm, ServiceResult::success);
      return;
    case SubState::running: case SubState::exited:
      reason_ = "stop job";
      enter_stop(ServiceResult::success);
      return;
    default: return;
  }
}

bool ServiceMachine::can_reload() const {
  return !unit_->service.of(ExecSlot::reload).empty() || unit_->service.type == ServiceType::notify_reload;
}

void ServiceMachine::reload() {
  control_pid_ = 0;
  reload_result_ = ServiceResult::success;
  const auto begin = port_.now();
  const bool by_signal = unit_->service.type == ServiceType::notify_reload && main_good();
  if (by_signal) send(main_pid_, unit_->service.reload_signal);
  reload_begin_ = begin;
  reason_ = "reload job";
  if (!unit_->service.of(ExecSlot::reload).empty()) {
    spawn_control(Phase::reload, ExecSlot::reload, unit_->service.timeout_start);
  } else if (by_signal) {
    arm(unit_->service.timeout_start);
    set_state(SubState::reload_signal);
  } else {
    enter_running(ServiceResult::success);
  }
}

void ServiceMachine::refuse_start() { enter_dead(ServiceResult::start_limit_hit, false); }

void ServiceMachine::reset_failed() {
  result_ = reload_result_ = ServiceResult::success;
  n_restarts_ = 0;
  flush_n_restarts_ = false;
  if (state_ == SubState::failed) set_state(SubState::dead, "reset-failed");
}

void ServiceMachine::release_fds() {
  for (const auto& [fd, name] : fd_store_) port_.emit(CloseFd{fd, {}});
  fd_store_.clear();
}

base::Duration ServiceMachine::next_restart_delay() const {
  const auto& s = unit_->service;
  const std::uint32_t next = n_restarts_ + (state_ == SubState::auto_restart_queued ? 0 : 1);
  const bool flat = next <= 1 || s.restart_steps == 0 || s.restart_delay == base::Duration{0} || s.restart_delay_max == base::kForever ||
                    s.restart_delay >= s.restart_delay_max;
  if (flat) return s.restart_delay;
  if (next > s.restart_steps) return s.restart_delay_max;
  const double first = base::seconds(s.restart_delay);
  const double ratio = base::seconds(s.restart_delay_max) / first;
  return base::from_seconds(first * std::pow(ratio, static_cast<double>(next - 1) / static_cast<double>(s.restart_steps)));
}

bool ServiceMachine::shall_restart(std::string& reason) const {
  const auto matches = [&](const ExitSet& set) {
    if (main_status_.code == ExitCode::none) return false;
    const auto status = static_cast<std::size_t>(main_status_.status);
    return main_status_.code == ExitCode::exited ? status < 256 && set.statuses.test(status) : status < 65 && set.signals.test(status);
  };
  const auto& s = unit_->service;
  reason = "manual stop";
  if (forbid_restart_) return false;
  reason = "prevented by exit status";
  if (matches(s.restart_prevent)) return false;
  reason = "forced by exit status";
  if (matches(s.restart_force)) return true;
  reason = "restart setting";
  using R = ServiceResult;
  const R r = result_;
  switch (s.restart) {
    case Restart::no: return false;
    case Restart::always: return r != R::exec_condition;
    case Restart::on_success: return r == R::success;
    case Restart::on_failure: return r != R::success && r != R::exec_condition;
    case Restart::on_abnormal: return r != R::success && r != R::exit_code && r != R::exec_condition;
    case Restart::on_watchdog: return r == R::watchdog;
    case Restart::on_abort: return r == R::signal || r == R::core_dump;
  }
  return false;
}

}  // namespace harness::manager
