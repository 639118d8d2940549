// The faults of the service manager that a scenario may name: one table for the loader, the manager, `simulate faults` and the documents.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "harness/manager/events.h"

namespace harness::manager {

enum class FaultParamKind { duration, integer, text, signal, whom };
struct FaultParam {
  std::string_view name;
  FaultParamKind kind = FaultParamKind::text;
  std::string_view otherwise;  ///< what it is when left out; empty: it must be given
  std::string_view doc;
};
/// Who performs it: the pure machine, or the driver, which alone has processes.
enum class FaultActor { machine, driver };
enum class DriverFault { none, oom_kill, freeze, thaw, kill, clock_jump, logout };

struct FaultRow {
  std::string_view name;
  FaultActor actor = FaultActor::machine;
  FaultKind kind = FaultKind::clear;          ///< of the machine
  DriverFault driver = DriverFault::none;
  std::string_view doc;
  std::array<FaultParam, 3> params{};         ///< those with a name
};

inline constexpr FaultParam kFaultTimes{"times", FaultParamKind::integer, "1", "how often; -1: until cleared"};
inline constexpr FaultParam kFaultWhom{"whom", FaultParamKind::whom, "main", "main, child (a process of the unit that is not main) or all"};
// Every fault also takes "unit", a unit's name. Left out, the machine's faults are for any unit, the driver's for the only one that runs.
inline constexpr std::array kFaults{
    FaultRow{"lose-ready", FaultActor::machine, FaultKind::lose_ready, {}, "the next READY=1 is not seen", {kFaultTimes}},
    FaultRow{"delay-ready", FaultActor::machine, FaultKind::delay_ready, {}, "the next READY=1 is seen late",
             {FaultParam{"by", FaultParamKind::duration, "", "how late"}, kFaultTimes}},
    FaultRow{"duplicate-ready", FaultActor::machine, FaultKind::duplicate_ready, {}, "the next READY=1 is seen twice", {kFaultTimes}},
    FaultRow{"lose-notify", FaultActor::machine, FaultKind::lose_notify, {}, "whole notify datagrams are lost", {kFaultTimes}},
    FaultRow{"lose-watchdog", FaultActor::machine, FaultKind::lose_watchdog, {}, "WATCHDOG=1 is not seen", {kFaultTimes}},
    FaultRow{"stuck-restart", FaultActor::machine, FaultKind::restart_stuck, {}, "the restart timer never fires: the unit stays in auto-restart",
             {kFaultTimes}},
    FaultRow{"late-restart", FaultActor::machine, FaultKind::restart_late, {}, "the restart timer fires late",
             {FaultParam{"by", FaultParamKind::duration, "", "how late"}, kFaultTimes}},
    FaultRow{"refuse-start", FaultActor::machine, FaultKind::refuse_start, {}, "a start is refused as if the start limit were hit", {kFaultTimes}},
    FaultRow{"start-limit", FaultActor::machine, FaultKind::limit_at_burst, {}, "the start limiter is at its burst now: the next start is refused", {}},
    FaultRow{"slow-start", FaultActor::machine, FaultKind::slow_start, {}, "the process is spawned late",
             {FaultParam{"by", FaultParamKind::duration, "", "how late"}, kFaultTimes}},
    FaultRow{"spawn-fails", FaultActor::machine, FaultKind::spawn_fails, {}, "fork fails (Result=resources)",
             {FaultParam{"code", FaultParamKind::integer, "11", "the errno; 11 is EAGAIN, 12 ENOMEM"}, kFaultTimes}},
    FaultRow{"exec-fails", FaultActor::machine, FaultKind::exec_fails, {}, "the program cannot be executed",
             {FaultParam{"code", FaultParamKind::integer, "203", "the exit status: 203 EXEC, 200 CHDIR"}, kFaultTimes}},
    FaultRow{"clear-counters", FaultActor::machine, FaultKind::clear_counters, {}, "NRestarts and the start limiter are zeroed, as daemon-reexec does", {}},
    FaultRow{"unreachable", FaultActor::machine, FaultKind::bus_unreachable, {}, "systemctl and journalctl cannot reach the manager (rc 1)",
             {FaultParam{"text", FaultParamKind::text, "Connection refused", "the reason they print after \"Failed to connect to bus:\""}, kFaultTimes}},
    FaultRow{"hang", FaultActor::machine, FaultKind::front_hangs, {}, "systemctl answers late",
             {FaultParam{"by", FaultParamKind::duration, "", "how late"}, kFaultTimes}},
    FaultRow{"show-empty", FaultActor::machine, FaultKind::show_empty, {}, "systemctl show prints nothing, rc 0", {kFaultTimes}},
    FaultRow{"stale-main-pid", FaultActor::machine, FaultKind::stale_main_pid, {}, "systemctl show prints the old MainPID for a while after its death",
             {FaultParam{"by", FaultParamKind::duration, "", "for how long"}, kFaultTimes}},
    FaultRow{"lose-job-reply", FaultActor::machine, FaultKind::lose_job_reply, {}, "a job ends, but its systemctl is never told and waits", {kFaultTimes}},
    FaultRow{"lose-socket", FaultActor::machine, FaultKind::lose_socket, {}, "a socket unit loses its listening descriptors", {}},
    FaultRow{"journal-late", FaultActor::machine, FaultKind::journal_late, {}, "journalctl does not see the newest lines",
             {FaultParam{"by", FaultParamKind::duration, "", "how far it lags"}, kFaultTimes}},
    FaultRow{"timer-slack", FaultActor::machine, FaultKind::timer_slack, {}, "every timer of the manager fires late, up to this much",
             {FaultParam{"by", FaultParamKind::duration, "", "at most"}, kFaultTimes}},
    FaultRow{"clear", FaultActor::machine, FaultKind::clear, {}, "ends every fault of the unit", {}},
    FaultRow{"oom-kill", FaultActor::driver, {}, DriverFault::oom_kill, "the kernel kills a process for want of memory", {kFaultWhom}},
    FaultRow{"freeze", FaultActor::driver, {}, DriverFault::freeze, "the processes are stopped (SIGSTOP), and continued later",
             {FaultParam{"for", FaultParamKind::duration, "0s", "how long; 0s: until thaw"},
              FaultParam{"whom", FaultParamKind::whom, "all", "main, child or all"}}},
    FaultRow{"thaw", FaultActor::driver, {}, DriverFault::thaw, "frozen processes go on (SIGCONT)", {}},
    FaultRow{"kill", FaultActor::driver, {}, DriverFault::kill, "a signal that nobody asked for",
             {FaultParam{"signal", FaultParamKind::signal, "KILL", "its name or number"}, kFaultWhom}},
    FaultRow{"clock-jump", FaultActor::driver, {}, DriverFault::clock_jump, "the manager's wall clock is set; monotonic time runs on",
             {FaultParam{"by", FaultParamKind::duration, "", "forward; a leading - goes back"}}},
    FaultRow{"logout", FaultActor::driver, {}, DriverFault::logout, "the user's last session ends without lingering: everything is stopped, the manager exits",
             {}},
};

/// A fault as the manager performs it.
struct ArmedFault {
  const FaultRow* row = nullptr;
  Fault fault;                    ///< of the machine; `unit` and `by` also for the driver
  std::string whom = "main";
  int signal = 0;
};
const FaultRow* find_fault(std::string_view name);
/// What is wrong with the parameters, in words; empty when nothing is. `params` is an object, "unit" included.
std::string check_fault(std::string_view name, const base::Json& params);
/// nullopt exactly when check_fault has something to say.
std::optional<ArmedFault> read_fault(std::string_view name, const base::Json& params);
/// The table as Markdown, for docs/manager.md.
std::string faults_markdown();

}  // namespace harness::manager
