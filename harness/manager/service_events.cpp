// The service machine: what happens in its states: spawns that are answered, processes that end, time that runs out.
#include <algorithm>

#include "harness/manager/state_machine.h"

namespace harness::manager {

// ── Spawning ────────────────────────────────────────────────────────────────────────────────────────────────────────

bool ServiceMachine::spawn_control(Phase phase, ExecSlot slot, base::Duration timeout) {
  return spawn_command(phase, slot, 0, ProcessRole::control, timeout);
}

bool ServiceMachine::spawn_command(Phase phase, ExecSlot slot, std::size_t index, ProcessRole role, base::Duration timeout) {
  arm(timeout);
  if (role == ProcessRole::control) {
    control_slot_ = slot;
    control_command_ = index;
  } else {
    main_command_ = index;
  }
  pending_ = Pending{phase, slot, index, role};
  Spawn spawn;
  spawn.unit = unit_->name;
  spawn.role = role;
  spawn.wants_exec_done = role == ProcessRole::main && unit_->service.type == ServiceType::exec;
  if (port_.spawn(*this, std::move(spawn), unit_->service.of(slot)[index], slot)) return true;
  spawn_failed();
  return false;
}

void ServiceMachine::spawned(Pid pid) {
  if (!pending_) return;
  const Pending pending = *pending_;
  pending_.reset();
  auto& status = command_status_[static_cast<std::size_t>(pending.slot)];
  if (pending.index < status.size()) status[pending.index] = {.pid = pid, .started = port_.now()};
  if (pending.role == ProcessRole::main) {
    main_pid_ = pid;
    main_alien_ = false;
    main_status_ = {.pid = pid, .started = port_.now()};
  } else {
    control_pid_ = pid;
  }
  after_spawn(pending.phase);
}

void ServiceMachine::after_spawn(Phase phase) {
  switch (phase) {
    case Phase::condition: return set_state(SubState::condition);
    case Phase::start_pre: return set_state(SubState::start_pre);
    case Phase::start_post: return set_state(SubState::start_post);
    case Phase::reload: return set_state(SubState::reload);
    case Phase::stop: return set_state(SubState::stop);
    case Phase::stop_post: return set_state(SubState::stop_post);
    case Phase::next_main: return;
    case Phase::start:
      if (unit_->service.type == ServiceType::simple) return enter_start_post();
      return set_state(SubState::start);
  }
}

void ServiceMachine::spawn_failed() {
  if (!pending_) return;
  const Phase phase = pending_->phase;
  pending_.reset();
  spawn_refused(phase);
}

void ServiceMachine::spawn_refused(Phase phase) {
  constexpr auto kResources = ServiceResult::resources;
  log_unit("Failed to spawn a process: resources are missing.", 4);
  reason_ = "spawn failed";
  if (phase != Phase::next_main) control_command_.reset();
  switch (phase) {
    case Phase::condition: case Phase::start_pre: return enter_dead(kResources, true);
    case Phase::start: case Phase::stop: case Phase::next_main: return enter_signal(SubState::stop_sigterm, kResources);
    case Phase::start_post: return enter_stop(kResources);
    case Phase::stop_post: return enter_signal(SubState::final_sigterm, kResources);
    case Phase::reload:
      reload_result_ = kResources;
      return enter_running(ServiceResult::success);
  }
}

void ServiceMachine::exec_done(Pid pid) {
  if (pid == main_pid_ && state_ == SubState::start && unit_->service.type == ServiceType::exec) enter_start_post();
}

void ServiceMachine::next_control() {
  const std::size_t next = *control_command_ + 1;
  const bool starting = state_ == SubState::condition || state_ == SubState::start_pre || state_ == SubState::start_post || state_ == SubState::reload;
  const Phase phase = state_ == SubState::condition    ? Phase::condition
                      : state_ == SubState::start_pre  ? Phase::start_pre
                      : state_ == SubState::start_post ? Phase::start_post
                      : state_ == SubState::reload     ? Phase::reload
                      : state_ == SubState::stop       ? Phase::stop
                                                       : Phase::stop_post;
  spawn_command(phase, control_slot_, next, ProcessRole::control, starting ? unit_->service.timeout_start : unit_->service.timeout_stop);
}

// ── Processes that end ──────────────────────────────────────────────────────────────────────────────────────────────

ServiceResult ServiceMachine::judge(ExitCode code, int status, bool command) const {
  constexpr int kHup = 1, kInt = 2, kPipe = 13, kTerm = 15;
  const auto& set = unit_->service.success;
  const auto number = static_cast<std::size_t>(status);
  if (code == ExitCode::exited) {
    const bool good = status == 0 || (!command && number < 256 && set.statuses.test(number));
    return good ? ServiceResult::success : ServiceResult::exit_code;
  }
  // For a daemon these four are clean ends (systemd.service(5), SuccessExitStatus=); for a command no signal is.
  const bool daemon = !command && unit_->service.type != ServiceType::oneshot;
  const bool clean = daemon && (status == kHup || status == kInt || status == kPipe || status == kTerm);
  if (code == ExitCode::killed && (clean || (!command && number < 65 && set.signals.test(number)))) return ServiceResult::success;
  return code == ExitCode::dumped ? ServiceResult::core_dump : ServiceResult::signal;
}

void ServiceMachine::log_exit(std::string_view what, bool success, ExitCode code, int status) {
  const char* how = code == ExitCode::exited ? "exited" : code == ExitCode::dumped ? "dumped" : "killed";
  std::string name = code == ExitCode::exited ? exit_status_name(status) : signal_name(status);
  if (name.empty()) name = "n/a";
  std::string text = std::string{what} + " exited, code=" + how + ", status=" + std::to_string(status) + "/" + name;
  reason_ = text;
  reason_[0] = static_cast<char>(reason_[0] | 0x20);
  if (!success) {
    log_unit(std::move(text), 5, {{"EXIT_CODE", how}, {"EXIT_STATUS", std::to_string(status)}, {"MESSAGE_ID", "98e322203f7a4ed290d09fe03c09fe15"}});
  }
}

void ServiceMachine::log_spawn_failure(const ExecCommand& command, int status) {
  // The child of a real manager logs these before it gives up; they are told here, from the status that it leaves.
  constexpr int kChdir = 200, kExec = 203;
  const std::string missing = "No such file or directory";
  if (status == kExec && (command.path[0] != '/' || !port_.host().exists(command.path))) {
    log_unit(v252() ? "Failed to locate executable " + command.path + ": " + missing
                    : "Unable to locate executable '" + command.path + "': " + missing, 3);
    log_unit("Failed at step EXEC spawning " + command.path + ": " + missing, 3);
  } else if (status == kChdir && !port_.host().exists(unit_->exec.working_directory)) {
    log_unit("Changing to the requested working directory failed: " + missing, 3);
    log_unit("Failed at step CHDIR spawning " + command.path + ": " + missing, 3);
  }
}

void ServiceMachine::process_exited(Pid pid, ExitCode code, int status) {
  if (pid <= 0) return;
  if (pid == main_pid_) main_exited(code, status);
  else if (pid == control_pid_) control_exited(code, status);
}

void ServiceMachine::main_exited(ExitCode code, int status) {
  ServiceResult f = judge(code, status, false);
  main_status_.pid = main_pid_;
  main_status_.exited = port_.now();
  main_status_.code = code;
  main_status_.status = status;
  const auto& list = unit_->service.of(ExecSlot::start);
  const std::size_t index = main_command_.value_or(0);
  if (main_command_ && index < list.size()) {
    command_status_[static_cast<std::size_t>(ExecSlot::start)][index] = main_status_;
    if (code == ExitCode::exited) log_spawn_failure(list[index], status);
  }
  if (index < list.size() && list[index].ignore_failure) f = ServiceResult::success;
  main_pid_ = 0;
  log_exit("Main process", f == ServiceResult::success, code, status);
  merge(f);
  const bool another = main_command_ && index + 1 < list.size() && unit_->service.type == ServiceType::oneshot && f == ServiceResult::success;
  if (another) {
    spawn_command(Phase::next_main, ExecSlot::start, index + 1, ProcessRole::main, unit_->service.timeout_start);
    return;
  }
  main_command_.reset();
  if (unit_->service.exit_type == ExitType::main || !group_has_members()) main_gone(f);
}

void ServiceMachine::main_gone(ServiceResult f) {
  const auto& s = unit_->service;
  switch (state_) {
    case SubState::start_post: case SubState::reload: case SubState::reload_signal: case SubState::reload_notify:
      if (!control_good()) enter_stop(f);
      return;
    case SubState::start:
      if (s.type == ServiceType::oneshot) {
        if (f == ServiceResult::success) enter_start_post();
        else enter_signal(SubState::stop_sigterm, f);
        return;
      }
      if (s.type == ServiceType::notify || s.type == ServiceType::notify_reload) {
        if (f != ServiceResult::success) enter_signal(SubState::stop_sigterm, f);
        else if (!s.remain_after_exit || notify_access() == NotifyAccess::main) enter_signal(SubState::stop_sigterm, ServiceResult::protocol);
        return;
      }
      return enter_running(f);
    case SubState::running: return enter_running(f);
    case SubState::stop_watchdog: case SubState::stop_sigterm: case SubState::stop_sigkill:
      if (!control_good()) enter_stop_post(f);
      return;
    case SubState::stop_post:
      if (!control_good()) enter_signal(SubState::final_sigterm, f);
      return;
    case SubState::final_watchdog: case SubState::final_sigterm: case SubState::final_sigkill:
      if (!control_good()) enter_dead(f, true);
      return;
    default: return;
  }
}

void ServiceMachine::control_exited(ExitCode code, int status) {
  ServiceResult f = judge(code, status, true);
  control_pid_ = 0;
  const auto& list = unit_->service.of(control_slot_);
  bool success = f == ServiceResult::success;
  if (control_command_ && *control_command_ < list.size()) {
    auto& record = command_status_[static_cast<std::size_t>(control_slot_)][*control_command_];
    record.exited = port_.now();
    record.code = code;
    record.status = status;
    if (list[*control_command_].ignore_failure) {
      f = ServiceResult::success;
      success = true;
    } else if (code == ExitCode::exited) {
      log_spawn_failure(list[*control_command_], status);
    }
  }
  if (state_ == SubState::condition && f == ServiceResult::exit_code && status < 255) {
    f = ServiceResult::exec_condition;
    success = true;
  }
  log_exit(state_ == SubState::condition ? "Condition check process" : "Control process", success, code, status);
  if (state_ != SubState::reload) merge(f);
  if (control_command_ && *control_command_ + 1 < list.size() && f == ServiceResult::success) {
    next_control();
    return;
  }
  control_command_.reset();
  control_gone(f);
}

void ServiceMachine::control_gone(ServiceResult f) {
  const bool good = f == ServiceResult::success;
  switch (state_) {
    case SubState::condition:
      if (good) enter_start_pre();
      else enter_signal(SubState::stop_sigterm, f);
      return;
    case SubState::start_pre:
      if (good) enter_start();
      else enter_signal(SubState::stop_sigterm, f);
      return;
    case SubState::start_post:
      if (good) enter_running(ServiceResult::success);
      else enter_signal(SubState::stop_sigterm, f);
      return;
    case SubState::reload: case SubState::reload_signal: case SubState::reload_notify:
      reload_result_ = f;
      if (!v252() && unit_->service.type == ServiceType::notify_reload && notified_ == Notified::reloading) {
        set_state(SubState::reload_notify, "RELOADING=1");
      } else {
        enter_running(ServiceResult::success);
      }
      return;
    case SubState::stop: return enter_signal(SubState::stop_sigterm, f);
    case SubState::stop_watchdog: case SubState::stop_sigterm: case SubState::stop_sigkill:
      if (!main_good()) enter_stop_post(f);
      return;
    case SubState::stop_post:
      if (!main_good()) enter_signal(SubState::final_sigterm, f);
      return;
    case SubState::final_watchdog: case SubState::final_sigterm: case SubState::final_sigkill:
      if (!main_good()) enter_dead(f, true);
      return;
    default: return;
  }
}

void ServiceMachine::group_empty() {
  const bool nobody = !main_good() && !control_good();
  switch (state_) {
    case SubState::start:
      if ((unit_->service.type == ServiceType::notify || unit_->service.type == ServiceType::notify_reload) && nobody) {
        enter_stop_post(ServiceResult::protocol);
      }
      return;
    case SubState::running:
      if (nobody) enter_running(ServiceResult::success);
      return;
    case SubState::stop_watchdog: case SubState::stop_sigterm: case SubState::stop_sigkill:
      if (nobody) enter_stop_post(ServiceResult::success);
      return;
    case SubState::stop_post: case SubState::final_watchdog: case SubState::final_sigterm: case SubState::final_sigkill:
      if (nobody) enter_dead(ServiceResult::success, true);
      return;
    default: return;
  }
}

void ServiceMachine::oom_killed() {
  log_unit("A process of this unit has been killed by the OOM killer.", 4);
  constexpr auto kOom = ServiceResult::oom_kill;
  const auto policy = unit_->service.oom_policy;
  if (policy == OomPolicy::continue_) return;
  reason_ = "out of memory";
  const bool stop = policy == OomPolicy::stop;
  switch (state_) {
    case SubState::condition: case SubState::start_pre: case SubState::start: case SubState::start_post:
      return enter_signal(stop ? SubState::stop_sigterm : SubState::stop_sigkill, kOom);
    case SubState::running: case SubState::exited: case SubState::reload: case SubState::reload_signal: case SubState::reload_notify:
      if (stop) return enter_stop(kOom);
      return enter_signal(SubState::stop_sigkill, kOom);
    case SubState::stop_watchdog: case SubState::stop_sigterm: return enter_signal(SubState::stop_sigkill, kOom);
    case SubState::stop_sigkill: case SubState::final_sigkill: return merge(kOom);
    case SubState::stop_post: case SubState::final_sigterm: return enter_signal(SubState::final_sigkill, kOom);
    default: return;
  }
}

// ── Time that runs out ──────────────────────────────────────────────────────────────────────────────────────────────

void ServiceMachine::tick() {
  if (watchdog_deadline_ != base::kNever && port_.now() >= watchdog_deadline_) {
    watchdog_deadline_ = base::kNever;
    watchdog_missed(false);
    return;
  }
  if (deadline_ == base::kNever || port_.now() < deadline_) return;
  disarm();
  timed_out();
}

void ServiceMachine::timed_out() {
  constexpr auto kTimeout = ServiceResult::timeout;
  const std::string state{to_string(state_)};
  reason_ = state + " timed out";
  switch (state_) {
    case SubState::condition: case SubState::start_pre: case SubState::start: case SubState::start_post: return start_timed_out();
    case SubState::running:
      log_unit("Service reached runtime time limit. Stopping.", 4);
      return enter_stop(kTimeout);
    case SubState::reload: case SubState::reload_signal: case SubState::reload_notify:
      log_unit("Reload operation timed out. Killing reload process.", 4);
      if (control_good()) port_.emit(Kill{unit_->name, control_pid_, 9});
      reload_result_ = kTimeout;
      return enter_running(ServiceResult::success);
    case SubState::auto_restart: return enter_restart(false);
    default: return stop_timed_out();
  }
}

void ServiceMachine::start_timed_out() {
  constexpr auto kTimeout = ServiceResult::timeout;
  const std::string text = std::string{to_string(state_)} + " operation timed out. ";
  switch (unit_->service.timeout_start_failure) {
    case FailureMode::terminate:
      log_unit(text + "Terminating.", 4);
      return enter_signal(SubState::stop_sigterm, kTimeout);
    case FailureMode::abort:
      log_unit(text + "Aborting.", 4);
      return enter_signal(SubState::stop_watchdog, kTimeout);
    case FailureMode::kill:
      if (unit_->kill.send_sigkill) {
        log_unit(text + "Killing.", 4);
        return enter_signal(SubState::stop_sigkill, kTimeout);
      }
      log_unit(text + "Skipping SIGKILL.", 4);
      return enter_stop_post(kTimeout);
  }
}

void ServiceMachine::stop_timed_out() {
  constexpr auto kTimeout = ServiceResult::timeout;
  const auto mode = unit_->service.timeout_stop_failure;
  const bool sigkill = unit_->kill.send_sigkill;
  const std::string text = "State '" + std::string{to_string(state_)} + "' timed out. ";
  const auto say = [&](const std::string& start, std::string_view what) { log_unit(start + std::string{what}, 4); };
  switch (state_) {
    case SubState::stop:
      if (mode == FailureMode::kill && !sigkill) {
        say("Stopping timed out. ", "Skipping SIGKILL.");
        return enter_stop_post(kTimeout);
      }
      say("Stopping timed out. ", mode == FailureMode::terminate ? "Terminating." : mode == FailureMode::abort ? "Aborting." : "Killing.");
      return enter_signal(mode == FailureMode::terminate ? SubState::stop_sigterm
                          : mode == FailureMode::abort   ? SubState::stop_watchdog
                                                         : SubState::stop_sigkill,
                          kTimeout);
    case SubState::stop_sigterm: case SubState::stop_watchdog:
      if (state_ == SubState::stop_sigterm && mode == FailureMode::abort) {
        say(text, "Aborting.");
        return enter_signal(SubState::stop_watchdog, kTimeout);
      }
      say(text, sigkill ? "Killing." : "Skipping SIGKILL.");
      if (sigkill) return enter_signal(SubState::stop_sigkill, kTimeout);
      return enter_stop_post(kTimeout);
    case SubState::stop_sigkill:
      log_unit("Processes still around after SIGKILL. Ignoring.", 4);
      return enter_stop_post(kTimeout);
    case SubState::stop_post:
      if (mode == FailureMode::kill && !sigkill) {
        say(text, "Skipping SIGKILL. Entering failed mode.");
        return enter_dead(kTimeout, false);
      }
      say(text, mode == FailureMode::terminate ? "Terminating." : mode == FailureMode::abort ? "Aborting." : "Killing.");
      return enter_signal(mode == FailureMode::terminate ? SubState::final_sigterm
                          : mode == FailureMode::abort   ? SubState::final_watchdog
                                                         : SubState::final_sigkill,
                          kTimeout);
    case SubState::final_sigterm: case SubState::final_watchdog:
      if (state_ == SubState::final_sigterm && mode == FailureMode::abort) {
        say(text, "Aborting.");
        return enter_signal(SubState::final_watchdog, kTimeout);
      }
      say(text, sigkill ? "Killing." : "Skipping SIGKILL. Entering failed mode.");
      if (sigkill) return enter_signal(SubState::final_sigkill, kTimeout);
      return enter_dead(kTimeout, false);
    case SubState::final_sigkill:
      log_unit("Processes still around after final SIGKILL. Entering failed mode.", 4);
      return enter_dead(kTimeout, true);
    default: return;
  }
}

}  // namespace harness::manager
