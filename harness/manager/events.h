// What goes into the service manager's machine (events) and what comes out (actions). The process driver speaks only this.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.h"

namespace harness::manager {

using Pid = std::int32_t;
using ClientId = std::uint64_t;  ///< one front call that waits for its reply; given by the driver, never reused
using SpawnId = std::uint64_t;   ///< one Spawn or OpenSocket that waits for its answer; given by the machine

/// How a process ended, as waitid(2) tells it.
enum class ExitCode { none = 0, exited = 1, killed = 2, dumped = 3 };

// ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A front was called: `program` is "systemctl" or "journalctl", `args` what followed it (with or without --user).
/// Answered by Output* and exactly one Reply, now or later.
struct Call {
  ClientId client = 0;
  std::string program;
  std::vector<std::string> args;
};
/// The front went away before its reply; its job goes on, as in systemd.
struct ClientGone {
  ClientId client = 0;
};
/// The answer to Spawn. Until it comes the machine holds back every other event (a real manager is blocked in fork too),
/// so answer at once. A program that cannot be executed is no SpawnFailed: it is Spawned and then ProcessExited with
/// status 203 (EXEC), 200 (CHDIR), 202 (FDS), 208/209/222 (STDIN/STDOUT/STDERR), 233/238… (a folder).
struct Spawned {
  SpawnId spawn = 0;
  Pid pid = 0;
};
/// fork itself failed (EAGAIN, ENOMEM): Result=resources.
struct SpawnFailed {
  SpawnId spawn = 0;
  int error = 0;
};
/// execve succeeded (Type=exec waits for it). Need not be sent for processes whose Spawn has `wants_exec_done` false.
struct ExecDone {
  Pid pid = 0;
};
/// Any process of a unit ended and was reaped. Pids that the machine does not know are ignored, so send all of them.
struct ProcessExited {
  Pid pid = 0;
  ExitCode code = ExitCode::exited;
  int status = 0;  ///< the exit status, or the signal
};
/// The unit has no process left, not even main or control. Send it after the ProcessExited of the last one.
struct GroupEmpty {
  std::string unit;
};
/// A datagram on the notify socket. `fds` are handles of the driver's; the machine keeps or closes (CloseFd) each of them.
struct Notify {
  std::string unit;
  Pid pid = 0;
  std::string text;
  std::vector<int> fds;
};
/// The kernel killed a process of the unit for want of memory. Comes before its ProcessExited.
struct OomKill {
  std::string unit;
  Pid pid = 0;
};
/// A line that a process wrote to its journal stream.
struct ServiceOutput {
  std::string unit;
  Pid pid = 0;
  std::string identifier;  ///< comm or SyslogIdentifier
  std::string line;
  int priority = 6;
};
/// The answer to OpenSocket: one handle for each listener, or the errno.
struct SocketOpened {
  SpawnId request = 0;
  std::vector<int> fds;
  int error = 0;
};
/// A watched socket became readable.
struct SocketReadable {
  std::string unit;
};
/// A stored descriptor reported EPOLLHUP or EPOLLERR.
struct FdHangup {
  int fd = 0;
};
/// Wall time was set: `by` is added to all wall times from now on.
struct ClockJumped {
  base::Duration by{0};
};
/// Time passed; send it at next_wake() (or whenever).
struct Tick {};
/// Stop everything: what a manager does when its user's last session ends. Answered by AllStopped.
struct Shutdown {};

/// Faults of the manager itself. `times` counts occurrences (−1: until cleared).
enum class FaultKind {
  lose_ready,           ///< the next READY=1 is not seen
  delay_ready,          ///< … is seen `by` later
  duplicate_ready,      ///< … is seen twice
  lose_notify,          ///< whole datagrams are lost
  lose_watchdog,        ///< WATCHDOG=1 is not seen
  restart_stuck,        ///< the restart timer never fires
  restart_late,         ///< … fires `by` later
  refuse_start,         ///< a start is refused as if the limit were hit
  limit_at_burst,       ///< the start limiter is at its burst now
  slow_start,           ///< the process is spawned `by` later
  spawn_fails,          ///< fork fails with errno `code`
  exec_fails,           ///< the process exits at once with `code` (203, 200)
  clear_counters,       ///< NRestarts and the limiter are zeroed now, as daemon-reexec does
  bus_unreachable,      ///< fronts fail with rc 1 and `text` (or systemd's words)
  front_hangs,          ///< a front's reply comes `by` later
  show_empty,           ///< `show` prints nothing, rc 0
  stale_main_pid,       ///< `show` prints the old MainPID for `by` after its death
  lose_job_reply,       ///< the client's job ends, but its reply never comes
  lose_socket,          ///< a socket unit loses its descriptors
  journal_late,         ///< journalctl does not see the last `by`
  timer_slack,          ///< every timer fires up to `by` late (deterministic by the seed)
  clear,                ///< end every fault of the unit (or all with unit empty)
};
struct Fault {
  FaultKind kind = FaultKind::clear;
  std::string unit;  ///< empty: any
  int times = 1;
  base::Duration by{0};
  int code = 0;
  std::string text;
};

using Event = std::variant<Tick, Call, ClientGone, Spawned, SpawnFailed, ExecDone, ProcessExited, GroupEmpty, Notify, OomKill,
                           ServiceOutput, SocketOpened, SocketReadable, FdHangup, ClockJumped, Shutdown, Fault>;

// ── Actions, to be performed in order ─────────────────────────────────────────────────────────────────────────────────

enum class ProcessRole { main, control };

struct PassedFd {
  int fd = -1;  ///< a handle that the driver gave (SocketOpened, Notify)
  std::string name;
};

/// Start a process; answer with Spawned or SpawnFailed. Everything is resolved: no shell, no expansion.
/// The child sets LISTEN_PID, WATCHDOG_PID and SYSTEMD_EXEC_PID to its own pid when their `set_…` is true, and
/// JOURNAL_STREAM, NOTIFY_SOCKET come from the driver (`notify`: whether to set NOTIFY_SOCKET).
struct Spawn {
  SpawnId id = 0;
  std::string unit;
  ProcessRole role = ProcessRole::main;
  std::string path;  ///< absolute, or a bare name to be looked up in the PATH of `environment`
  std::vector<std::string> argv;
  std::vector<std::string> environment;  ///< the whole block, "NAME=value"
  std::string working_directory;
  bool working_directory_optional = false;  ///< fall back to / when it is missing
  std::vector<PassedFd> fds;  ///< become 3, 4, …; LISTEN_FDS and LISTEN_FDNAMES are already in `environment`
  bool set_listen_pid = false, set_watchdog_pid = false;
  bool notify = false;
  bool wants_exec_done = false;
  std::string standard_input, standard_output, standard_error;  ///< as in ExecSettings
  std::string identifier;             ///< of its journal lines; empty: comm
  std::vector<std::pair<std::string, unsigned>> make_folders;  ///< path, mode
  std::optional<std::uint64_t> umask;
  std::vector<std::pair<std::string, std::string>> limits;
  std::optional<int> exec_fault;      ///< a fault: do not execute, exit at once with this status
};
/// kill(2). The pid is a process of the unit; ESRCH is no error.
struct Kill {
  std::string unit;
  Pid pid = 0;
  int signal = 0;
};
/// Part of a front's standard output, before its Reply (`journalctl -f`).
struct Output {
  ClientId client = 0;
  std::string out;
};
/// The end of a front call.
struct Reply {
  ClientId client = 0;
  std::string out;
  std::string err;
  int rc = 0;
};
/// Open the listeners of a socket unit; answer with SocketOpened.
struct OpenSocket {
  SpawnId id = 0;
  std::string unit;
  struct Listener {
    enum class Kind { stream, datagram, sequential, fifo };
    Kind kind = Kind::stream;
    std::string address;
  };
  std::vector<Listener> listeners;
  int backlog = 4096;
  unsigned mode = 0666;
};
/// Watch (or no longer watch) a socket unit's descriptors for SocketReadable.
struct WatchSocket {
  std::string unit;
  std::vector<int> fds;
  bool watch = true;
};
/// Close a handle for good; `unlink_path` is removed too when not empty.
struct CloseFd {
  int fd = -1;
  std::string unlink_path;
};
/// Watch a stored descriptor for hang-up (FdHangup).
struct WatchFd {
  int fd = -1;
};
struct RemoveFolder {
  std::string path;
};

/// One line of the journal. Kept by the machine too, for journalctl and status.
struct JournalEntry {
  base::Duration at{0};        ///< monotonic
  base::WallTime wall;
  std::string unit;
  std::string identifier = "systemd";
  Pid pid = 0;
  std::string message;
  int priority = 6;
  std::vector<std::pair<std::string, std::string>> fields;  ///< JOB_TYPE, JOB_RESULT, N_RESTARTS, MESSAGE_ID, USER_INVOCATION_ID …
};
struct Journal {
  JournalEntry entry;
};
/// A unit went from one sub-state to another. For the history: the same shape as the golden transitions.
struct StateChanged {
  std::string unit;
  std::string from, to;          ///< sub-states: "running", "stop-sigterm" …
  std::string active;            ///< the new ActiveState
  std::string result;
  std::uint32_t n_restarts = 0;
  Pid main_pid = 0;
  std::string reason;            ///< in words: "READY=1", "main process exited, code=exited, status=75/TEMPFAIL" …
};
/// A fault took effect: what it was and where. Lets a scenario prove that it fired.
struct FaultFired {
  FaultKind kind = FaultKind::clear;
  std::string unit;
};
/// Shutdown is complete: nothing runs and no socket is open.
struct AllStopped {};

using Action = std::variant<Spawn, Kill, Output, Reply, OpenSocket, WatchSocket, CloseFd, WatchFd, RemoveFolder, Journal,
                            StateChanged, FaultFired, AllStopped>;

std::string_view to_string(FaultKind kind);
std::optional<FaultKind> fault_kind(std::string_view name);  ///< "lose-ready"

}  // namespace harness::manager
