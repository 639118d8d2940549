// One service as systemd's state machine: sub-states, results, timers, the notify protocol. Pure; it acts through a port.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "harness/manager/events.h"
#include "harness/manager/host.h"
#include "harness/manager/unit.h"

namespace harness::manager {

enum class SubState {
  dead, condition, start_pre, start, start_post, running, exited, reload, reload_signal, reload_notify, stop, stop_watchdog,
  stop_sigterm, stop_sigkill, stop_post, final_watchdog, final_sigterm, final_sigkill, failed, dead_before_auto_restart,
  failed_before_auto_restart, auto_restart, auto_restart_queued
};
enum class ActiveState { inactive, activating, active, reloading, deactivating, failed };
enum class ServiceResult {
  success, resources, protocol, timeout, exit_code, signal, core_dump, watchdog, exec_condition, start_limit_hit, oom_kill
};

std::string_view to_string(SubState state);
std::string_view to_string(ActiveState state);
std::string_view to_string(ServiceResult result);
ActiveState active_state(SubState state);

/// The start limiter: a fixed window that opens with the first attempt after the last one ended.
struct StartLimiter {
  base::Instant begin = base::kNever;
  std::uint32_t count = 0;
  bool below(base::Instant now, base::Duration interval, std::uint32_t burst);
};

/// How a process went: what `show` prints of ExecMain* and of each command.
struct ProcessStatus {
  Pid pid = 0;
  std::optional<base::Instant> started, exited;
  ExitCode code = ExitCode::none;
  int status = 0;
};

/// What unit_start() and its like answer to a job.
enum class StartAnswer { started, nothing, again, already, failed, skipped, invalid, assertion };

class ServiceMachine;

/// What a service needs of its manager.
class ServicePort {
 public:
  virtual ~ServicePort() = default;
  virtual base::Instant now() const = 0;
  virtual void emit(Action action) = 0;
  virtual bool logs() const = 0;
  virtual void log(const ServiceMachine& service, std::string message, int priority, std::vector<std::pair<std::string, std::string>> fields) = 0;
  virtual const Host& host() const = 0;
  virtual std::string new_invocation_id() = 0;
  /// A state was entered: jobs, time stamps, OnFailure and sockets follow from it.
  virtual void state_changed(ServiceMachine& service, SubState from, bool will_restart, std::string reason) = 0;
  virtual bool stop_job(const ServiceMachine& service) const = 0;
  virtual bool restart_job(const ServiceMachine& service) const = 0;
  /// The restart timer fired: queue the restart or start job. `at_once`: because a client asked.
  virtual void queue_restart(ServiceMachine& service) = 0;
  /// The restart delay after faults; kForever never fires.
  virtual base::Duration restart_delay(const ServiceMachine& service, base::Duration delay) = 0;
  virtual base::Duration slack() = 0;
  /// A run is over: its RuntimeDirectory= goes.
  virtual void release_runtime(const ServiceMachine& service) = 0;
  /// Fills what the manager knows (environment, descriptors) and emits it. False: resources are missing (said in the log).
  virtual bool spawn(ServiceMachine& service, Spawn spawn, const ExecCommand& command, ExecSlot slot) = 0;
};

class ServiceMachine {
 public:
  ServiceMachine(ServicePort& port, std::shared_ptr<const Unit> unit, Compat compat);

  const Unit& unit() const { return *unit_; }
  void set_unit(std::shared_ptr<const Unit> unit);  ///< daemon-reload: the run goes on under the new settings

  // What jobs do. The checks of unit_start() (conditions, the start limit) are the manager's.
  StartAnswer start();
  void stop();
  void reload();
  bool can_reload() const;
  void refuse_start();  ///< the start limit was hit
  void reset_failed();

  // What happens.
  void spawned(Pid pid);
  void spawn_failed();
  void exec_done(Pid pid);
  void process_exited(Pid pid, ExitCode code, int status);
  void group_empty();
  void oom_killed();
  void notify(Pid pid, std::string_view text, std::vector<int>& fds);  ///< takes the descriptors that it keeps out of `fds`
  void fd_hangup(int fd);
  void tick();
  base::Instant next_wake() const { return std::min(deadline_, watchdog_deadline_); }
  void kill(bool main, bool control, bool rest, int signal);  ///< `systemctl kill`

  SubState state() const { return state_; }
  ActiveState active() const { return active_state(state_); }
  ServiceResult result() const { return result_; }
  ServiceResult reload_result() const { return reload_result_; }
  std::uint32_t n_restarts() const { return n_restarts_; }
  Pid main_pid() const { return main_pid_; }
  Pid control_pid() const { return control_pid_; }
  const ProcessStatus& main_status() const { return main_status_; }
  const std::vector<ProcessStatus>& command_status(ExecSlot slot) const { return command_status_[static_cast<std::size_t>(slot)]; }
  const std::string& status_text() const { return status_text_; }
  int status_errno() const { return status_errno_; }
  const std::string& invocation_id() const { return invocation_id_; }
  base::Instant deadline() const { return deadline_; }
  std::optional<base::Instant> watchdog_at() const { return watchdog_at_; }
  base::Duration watchdog() const;
  base::Duration next_restart_delay() const;
  const std::vector<PassedFd>& stored_fds() const { return fd_store_; }
  NotifyAccess notify_access() const;
  bool waits_for_spawn() const { return pending_.has_value(); }
  Compat compat() const { return compat_; }

  // Faults.
  void clear_counters() { n_restarts_ = 0; }
  void release_fds();  ///< closes the fd store
  bool expects_ready() const { return state_ == SubState::start; }

 private:
  enum class Notified { unknown, ready, reloading, stopping };
  enum class KillOperation { terminate, restart, kill, watchdog };
  enum class Phase { condition, start_pre, start, start_post, reload, stop, stop_post, next_main };

  bool v252() const { return compat_ == Compat::v252; }
  void log(std::string message, int priority = 6, std::vector<std::pair<std::string, std::string>> fields = {});
  void log_unit(std::string message, int priority = 6, std::vector<std::pair<std::string, std::string>> fields = {});
  void set_state(SubState state, std::string reason = {}, bool will_restart = false);
  void merge(ServiceResult result);
  void arm(base::Duration after);
  void disarm() { deadline_ = base::kNever; }

  void enter_condition();
  void enter_start_pre();
  void enter_start();
  void enter_start_post();
  void enter_running(ServiceResult f);
  void enter_reload_by_notify();
  void enter_stop_by_notify();
  void enter_stop(ServiceResult f);
  void enter_signal(SubState state, ServiceResult f);
  void enter_stop_post(ServiceResult f);
  void enter_dead(ServiceResult f, bool allow_restart);
  void enter_restart(bool at_once);

  bool spawn_control(Phase phase, ExecSlot slot, base::Duration timeout);
  bool spawn_command(Phase phase, ExecSlot slot, std::size_t index, ProcessRole role, base::Duration timeout);
  void spawn_refused(Phase phase);
  void after_spawn(Phase phase);
  void next_control();
  bool signal_processes(KillOperation operation);
  void send(Pid pid, int signal);
  KillOperation operation_of(SubState state) const;

  void main_exited(ExitCode code, int status);
  void main_gone(ServiceResult f);
  void control_exited(ExitCode code, int status);
  void control_gone(ServiceResult f);
  ServiceResult judge(ExitCode code, int status, bool command) const;
  void log_exit(std::string_view what, bool success, ExitCode code, int status);
  void log_spawn_failure(const ExecCommand& command, int status);
  void timed_out();
  void start_timed_out();
  void stop_timed_out();
  bool shall_restart(std::string& reason) const;
  bool main_good() const { return main_pid_ > 0; }
  bool control_good() const { return control_pid_ > 0; }
  bool group_has_members() const;
  void forget_main();
  void warn_leftovers(bool starting);

  void notify_main_pid(Pid sender, std::string_view value);
  void notify_state(const std::vector<std::string>& lines);
  void notify_state_252(const std::vector<std::string>& lines);
  void notify_fds(const std::vector<std::string>& lines, std::vector<int>& fds);
  void notify_timers(const std::vector<std::string>& lines);
  void extend_timeout(base::Duration by);
  void reset_watchdog();
  void watchdog_missed(bool requested);

  ServicePort& port_;
  std::shared_ptr<const Unit> unit_;
  Compat compat_;
  SubState state_ = SubState::dead;
  ServiceResult result_ = ServiceResult::success;
  ServiceResult reload_result_ = ServiceResult::success;
  std::string reason_;  // why the next state is entered, for StateChanged
  Pid main_pid_ = 0, control_pid_ = 0;
  bool main_alien_ = false;
  ProcessStatus main_status_;
  std::array<std::vector<ProcessStatus>, kExecSlots> command_status_;
  std::optional<std::size_t> main_command_;  // index in ExecStart of what runs
  ExecSlot control_slot_ = ExecSlot::condition;
  std::optional<std::size_t> control_command_;
  struct Pending {
    Phase phase;
    ExecSlot slot;
    std::size_t index;
    ProcessRole role;
  };
  std::optional<Pending> pending_;
  std::uint32_t n_restarts_ = 0;
  bool flush_n_restarts_ = false;
  bool forbid_restart_ = false;
  Notified notified_ = Notified::unknown;
  std::string status_text_;
  int status_errno_ = 0;
  std::string invocation_id_;
  base::Instant deadline_ = base::kNever;
  base::Instant watchdog_deadline_ = base::kNever;
  std::optional<base::Instant> watchdog_at_;
  std::optional<base::Duration> watchdog_override_;
  std::optional<NotifyAccess> notify_access_override_;
  base::Instant reload_begin_{};
  std::vector<PassedFd> fd_store_;
};

}  // namespace harness::manager
