// A machine in virtual time for the manager under test: processes that follow probe scripts, files, sockets, systemctl callers.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/manager/manager.h"

namespace harness::manager::testing {

class SimulatedMachine;

/// One probe process (or a small shell command), driven by its script. See tests/support/probe.cpp for the language.
struct Process {
  Pid pid = 0;
  std::string unit;
  std::string comm;
  std::string command_line;
  std::string state_dir;
  int run = 0;
  std::map<std::string, std::string> environment;
  std::string working_directory;
  std::vector<PassedFd> fds;
  bool dumps_core = false;
  bool stopped = false;
  bool shell = false;  ///< no handlers and no events: /bin/sh, /bin/sleep
  std::map<int, std::string> handlers;
  std::set<int> pending;
  struct Frame {
    std::deque<std::string> ops;
    bool waiting = false;
    base::Instant until = base::kNever;
    bool accepting = false;
  };
  std::vector<Frame> frames;
  bool is_main = false;
};

/// What a process wrote to its event file.
struct ProbeEvent {
  base::Instant at;
  int run = 0;
  Pid pid = 0;
  std::string text;
};

struct CallResult {
  bool done = false;
  int rc = -1;
  std::string out, err;
  base::Instant started, ended;
};

class SimulatedMachine final : public Host {
 public:
  SimulatedMachine(Compat compat, std::string home = "/run/rsd-home");

  // ── Driving
  void run_until(base::Instant at);
  void run_for(base::Duration span) { run_until(now_ + span); }
  base::Instant now() const { return now_; }
  /// Calls a front as a client program would (a little latency on both sides); the result fills in later.
  std::shared_ptr<CallResult> call(const std::string& program, std::vector<std::string> args);
  CallResult call_and_wait(const std::string& line, base::Duration most = std::chrono::seconds{120});
  /// A front without latency and without effect on the clock, for snapshots.
  CallResult ask(const std::string& line);
  void kill(Pid pid, int signal);
  void feed(const Event& event);
  void connect(const std::string& address, const std::string& text, std::string& answer);
  void after(base::Duration span, std::function<void()> act);

  // ── Looking
  Manager& manager() { return manager_; }
  std::vector<StateChanged> changes;  ///< with their times in change_times
  std::vector<base::Instant> change_times;
  std::vector<JournalEntry> journal;
  std::vector<ProbeEvent> events;
  std::vector<FaultFired> fired;
  std::map<Pid, std::unique_ptr<Process>> alive;
  std::map<std::string, std::string> files;
  std::map<std::string, std::int64_t> versions;
  std::map<std::string, std::string> links;
  bool all_stopped = false;
  int spawns_that_fail = 0;

  // ── Host
  std::vector<ProcessInfo> processes(const std::string& unit) const override;
  base::Duration cpu_used(const std::string&) const override { return std::chrono::milliseconds{4}; }
  std::optional<std::string> read_file(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  bool is_directory(const std::string& path) const override;
  std::vector<std::string> list_folder(const std::string& path) const override;
  std::optional<std::int64_t> file_version(const std::string& path) const override;
  std::optional<std::string> link_target(const std::string& path) const override;
  bool make_link(const std::string& path, const std::string& target) override;
  bool remove_file(const std::string& path) override;

 private:
  friend struct ProbeRunner;
  void perform(const Action& action);
  void spawn(const Spawn& action);
  void start_process(Process& process, const Spawn& action);
  void end_process(Pid pid, ExitCode code, int status);
  void deliver(Pid pid, int signal);
  void advance(Pid pid);
  void note(const Process& process, const std::string& text) { events.push_back({now_, process.run, process.pid, text}); }
  Pid fork_from(Process& parent, const std::string& script, bool ignores);

  Compat compat_;
  base::Instant now_{std::chrono::seconds{1000}};
  struct Timer {
    base::Instant at;
    std::uint64_t seq;
    bool operator<(const Timer& other) const { return at == other.at ? seq < other.seq : at < other.at; }
  };
  std::map<Timer, std::function<void()>> timers_;
  std::uint64_t seq_ = 0;
  std::deque<Event> inbox_;
  bool stepping_ = false;
  Pid next_pid_ = 100;
  ClientId next_client_ = 1;
  std::map<ClientId, std::shared_ptr<CallResult>> calls_;
  std::map<std::string, int> run_counts_;
  struct Socket {
    std::string unit, address;
    bool watched = false;
    struct Waiting {
      std::string text;
      std::string* answer;
    };
    std::deque<Waiting> backlog;
  };
  std::map<int, Socket> sockets_;
  int next_fd_ = 50;
  Manager manager_;
};

/// One step of a process's script.
struct ProbeRunner {
  SimulatedMachine& machine;
  Process& process;
  /// Runs until the process waits or ends; false when it ended.
  bool run();

 private:
  bool take_signal();
  bool op(std::string text);
  bool shell_op(const std::string& text);
  void notify(std::string text);
  void print_fds();
  bool die(ExitCode code, int status);
};

std::vector<std::string> words_of(const std::string& line);

}  // namespace harness::manager::testing
