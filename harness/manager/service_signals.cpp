// The service machine: who gets which signal, and which processes were left behind.
#include "harness/manager/state_machine.h"

namespace harness::manager {

ServiceMachine::KillOperation ServiceMachine::operation_of(SubState state) const {
  switch (state) {
    case SubState::stop_watchdog: case SubState::final_watchdog: return KillOperation::watchdog;
    case SubState::stop_sigterm: return port_.restart_job(*this) ? KillOperation::restart : KillOperation::terminate;
    case SubState::stop_sigkill: case SubState::final_sigkill: return KillOperation::kill;
    default: return KillOperation::terminate;
  }
}

void ServiceMachine::send(Pid pid, int signal) {
  constexpr int kCont = 18, kKill = 9;
  port_.emit(Kill{unit_->name, pid, signal});
  // A stopped process could not act on the signal otherwise.
  if (signal != kCont && signal != kKill) port_.emit(Kill{unit_->name, pid, kCont});
}

bool ServiceMachine::group_has_members() const { return !port_.host().processes(unit_->name).empty(); }

bool ServiceMachine::signal_processes(KillOperation operation) {
  const auto& settings = unit_->kill;
  if (settings.mode == KillMode::none) return false;
  constexpr int kHup = 1;
  int signal = settings.kill_signal;
  if (operation == KillOperation::restart && settings.restart_kill_signal != 0) signal = settings.restart_kill_signal;
  if (operation == KillOperation::kill) signal = settings.final_kill_signal;
  if (operation == KillOperation::watchdog) signal = settings.watchdog_signal;
  const bool noteworthy = operation == KillOperation::kill || operation == KillOperation::watchdog;
  const bool hup = settings.send_sighup && !noteworthy && signal != kHup;

  const bool whole = settings.mode == KillMode::control_group || (settings.mode == KillMode::mixed && operation == KillOperation::kill);
  std::vector<ProcessInfo> members;
  if (whole || (noteworthy && port_.logs())) members = port_.host().processes(unit_->name);
  const auto strike = [&](Pid pid) {
    if (noteworthy && port_.logs()) {
      std::string comm = "n/a";
      for (const auto& member : members) {
        if (member.pid == pid) comm = member.comm;
      }
      log_unit("Killing process " + std::to_string(pid) + " (" + comm + ") with signal SIG" + signal_name(signal) + ".", 5);
    }
    send(pid, signal);
    if (hup) port_.emit(Kill{unit_->name, pid, kHup});
  };
  bool any = false;
  for (const Pid pid : {main_pid_, control_pid_}) {
    if (pid <= 0) continue;
    strike(pid);
    any = true;
  }
  if (!whole) return any;
  for (const auto& member : members) {
    if (member.pid == main_pid_ || member.pid == control_pid_) continue;
    strike(member.pid);
    any = true;
  }
  return any;
}

void ServiceMachine::kill(bool main, bool control, bool rest, int signal) {
  const auto members = port_.host().processes(unit_->name);
  const auto comm_of = [&](Pid pid) {
    for (const auto& member : members) {
      if (member.pid == pid) return member.comm;
    }
    return std::string{"n/a"};
  };
  const auto strike = [&](Pid pid, std::string_view role) {
    port_.emit(Kill{unit_->name, pid, signal});
    log_unit("Sent signal SIG" + signal_name(signal) + " to " + std::string{role} + " process " + std::to_string(pid) + " (" + comm_of(pid) +
             ") on client request.");
  };
  if (main && main_good()) strike(main_pid_, "main");
  if (control && control_good()) strike(control_pid_, "control");
  if (!rest) return;
  for (const auto& member : members) {
    if (member.pid != main_pid_ && member.pid != control_pid_) port_.emit(Kill{unit_->name, member.pid, signal});
  }
}

void ServiceMachine::warn_leftovers(bool starting) {
  if (!port_.logs()) return;
  for (const auto& member : port_.host().processes(unit_->name)) {
    const std::string who = std::to_string(member.pid) + " (" + member.comm + ")";
    if (starting) {
      log_unit("Found left-over process " + who + " in control group while starting unit. Ignoring.", 4);
      log_unit("This usually indicates unclean termination of a previous run, or service implementation deficiencies.", 4);
    } else {
      log_unit("Unit process " + who + " remains running after unit stopped.", 4);
    }
  }
}

}  // namespace harness::manager
