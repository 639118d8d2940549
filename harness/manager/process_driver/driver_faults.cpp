// The driver's own faults, and the end of everything.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "harness/manager/process_driver/driver.h"

namespace harness::manager {

using namespace std::chrono_literals;

namespace {

std::string no_process(const std::string& unit, const std::string& what) {
  if (unit.empty()) return "there is no process to " + what + ": nothing runs, or several units do and \"unit\" does not say which";
  return "the unit " + unit + " has no such process to " + what;
}

}  // namespace

std::vector<Pid> Driver::targets(const std::string& unit, std::string_view whom) {
  const Pid main = machine_->snapshot(unit).main_pid;
  if (whom == "main") return main > 0 ? std::vector<Pid>{main} : std::vector<Pid>{};
  std::vector<Pid> all;
  for (const auto& process : host_.processes(unit)) {
    if (whom == "child" && (process.pid == main || !all.empty())) continue;
    all.push_back(process.pid);
  }
  return all;
}

std::string Driver::signal_unit(const std::string& unit, std::string_view whom, int signal) {
  const auto pids = targets(unit, whom);
  if (pids.empty()) return "the unit " + unit + " has no " + (whom == "all" ? "process" : std::string(whom) + " process") + " to signal";
  for (const Pid pid : pids) {
    log_.write("manager", "signal", {{"unit", unit}, {"pid", pid}, {"signal", "SIG" + signal_name(signal)}, {"by", "nobody"}});
    ::kill(pid, signal);
  }
  return {};
}

std::string Driver::only_unit() {
  std::set<std::string> units;
  for (const auto& [pid, process] : processes_) units.insert(process.unit);
  return units.size() == 1 ? *units.begin() : std::string();
}

std::string Driver::perform(const ArmedFault& armed) {
  const std::string unit = armed.fault.unit.empty() && armed.row->actor == FaultActor::driver ? only_unit() : armed.fault.unit;
  const auto fired = [&] { log_.write("manager", "fault", {{"fault", armed.row->name}, {"unit", unit}}); };
  switch (armed.row->driver) {
    case DriverFault::none:
      feed(armed.fault);
      return {};
    case DriverFault::oom_kill: {
      const auto pids = targets(unit, armed.whom);
      if (pids.empty()) return no_process(unit, "kill");
      fired();
      // As in life: the kernel has killed when the manager hears of it, and the manager's own SIGTERM comes too late.
      for (const Pid pid : pids) ::kill(pid, SIGKILL);
      for (const Pid pid : pids) feed(OomKill{unit, pid});
      return {};
    }
    case DriverFault::freeze: {
      const auto pids = targets(unit, armed.whom);
      if (pids.empty()) return no_process(unit, "freeze");
      fired();
      for (const Pid pid : pids) ::kill(pid, SIGSTOP);
      if (armed.fault.by == base::Duration{0}) return {};
      later(armed.fault.by, [this, unit, pids] {
        // Only those that are still of the unit: a pid may have been used again.
        for (const auto& process : host_.processes(unit)) {
          if (std::find(pids.begin(), pids.end(), process.pid) != pids.end()) ::kill(process.pid, SIGCONT);
        }
      });
      return {};
    }
    case DriverFault::thaw:
      fired();
      for (const Pid pid : targets(unit, "all")) ::kill(pid, SIGCONT);
      return {};
    case DriverFault::kill: {
      const auto wrong = signal_unit(unit, armed.whom, armed.signal);
      if (wrong.empty()) fired();
      return wrong;
    }
    case DriverFault::clock_jump:
      fired();
      feed(ClockJumped{armed.fault.by});
      return {};
    case DriverFault::logout:
      fired();
      feed(Shutdown{});
      return {};
  }
  return {};
}

std::vector<Pid> Driver::kill_everything() {
  std::vector<Pid> left;
  // A process in the middle of a page fault needs a real moment, also when time is compressed: many short rounds.
  for (int round = 0; round < 20000; ++round) {
    left.clear();
    for (const auto& [unit, processes] : host_.tree().walk()) {
      for (const auto& process : processes) {
        ::kill(process.pid, SIGKILL);
        left.push_back(process.pid);
      }
    }
    while (true) {
      siginfo_t info{};
      if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) break;
      const auto known = processes_.find(info.si_pid);
      log_.write("manager", "exit", {{"unit", known == processes_.end() ? host_.tree().unit_of(info.si_pid) : known->second.unit}, {"pid", info.si_pid},
                                     {"role", known == processes_.end() ? "other" : known->second.role == ProcessRole::main ? "main" : "control"},
                                     {"code", info.si_code == CLD_EXITED ? "exited" : info.si_code == CLD_DUMPED ? "dumped" : "killed"},
                                     {"status", exit_status(info)}, {"at", "shutdown"}});
      ::waitpid(info.si_pid, nullptr, WNOHANG);
      host_.tree().reaped(info.si_pid);
    }
    if (left.empty()) break;
    std::this_thread::sleep_for(1ms);
  }
  return left;
}

}  // namespace harness::manager
