// Performs what the machine orders, on real processes, and tells it what happened to them. Decides nothing about units.
#pragma once

#include <signal.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/manager/faults.h"
#include "harness/manager/manager.h"
#include "harness/manager/process_driver/live_host.h"
#include "harness/manager/process_driver/log.h"
#include "harness/manager/process_driver/loop.h"

namespace harness::manager {

/// As docs/history.md has it: the exit status as a number, or the signal's name.
base::Json exit_status(const siginfo_t& info);

struct DriverSettings {
  ManagerSettings machine;
  std::string notify_socket;  ///< a path, or "@name"
};

/// Owns the machine, the processes and the notify socket. One thread: the loop's.
class Driver {
 public:
  Driver(DriverSettings settings, Loop& loop, Log& log);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// False with errno set when the notify socket cannot be bound.
  bool open();

  void feed(Event event);
  /// What goes back to a front; set before the first Call.
  std::function<void(const Output&)> on_output;
  std::function<void(const Reply&)> on_reply;
  std::function<void()> on_all_stopped;

  /// Empty, or why it could not be done. Each is logged when it takes effect.
  std::string perform(const ArmedFault& fault);
  /// whom: main, child or all. Empty, or why nothing was signalled.
  std::string signal_unit(const std::string& unit, std::string_view whom, int signal);

  /// Kills every process below the manager and waits for it; what cannot be killed is returned.
  std::vector<Pid> kill_everything();

  const Manager& machine() const { return *machine_; }
  const LiveHost& host() const { return host_; }

 private:
  struct Process {
    std::string unit;
    ProcessRole role = ProcessRole::main;
  };
  struct Stream {
    std::string unit, identifier, partial;
    Pid pid = 0;
  };
  void perform(const Action& action);
  void perform_spawn(const Spawn& spawn);
  void perform_socket(const OpenSocket& wanted);
  void watch_socket(const WatchSocket& wanted);
  void close_handle(const CloseFd& wanted);
  void log_journal(const JournalEntry& entry);
  void read_notify();
  void read_stream(int fd, bool to_the_end);
  void read_exec_done(int fd);
  void stream_line(Stream& stream, std::string line);
  void reap();
  void report_empty_groups();
  void arm();
  void due();
  void later(base::Duration by, std::function<void()> what);
  std::string only_unit();
  std::vector<Pid> targets(const std::string& unit, std::string_view whom);

  DriverSettings settings_;
  Loop& loop_;
  Log& log_;
  LiveHost host_;
  std::unique_ptr<Manager> machine_;
  int notify_ = -1, child_signals_ = -1;
  std::deque<Event> pending_;
  std::vector<Event> answers_;
  bool stepping_ = false;
  std::map<Pid, Process> processes_;
  std::map<int, Stream> streams_;
  std::map<int, Pid> exec_done_;
  std::set<std::string> occupied_;  ///< units that had a process and were not reported empty since
  std::multimap<base::Instant, std::function<void()>> later_;
};

}  // namespace harness::manager
