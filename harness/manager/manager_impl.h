// The inside of the manager: loaded units, jobs, sockets, faults and fronts. Only the manager_*.cpp files see it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "base/random.h"
#include "harness/manager/front_args.h"
#include "harness/manager/manager.h"
#include "harness/manager/state_machine.h"

namespace harness::manager {

enum class JobType { start, stop, restart, reload, reload_or_start, try_restart, try_reload, nop };
enum class JobResult { done, canceled, failed, dependency, invalid, assertion, skipped };
std::string_view to_string(JobType type);
std::string_view to_string(JobResult result);

struct Job {
  std::uint64_t id = 0;
  JobType type = JobType::start;
  bool running = false;
  bool announce = false;  ///< say "Starting …" when the call into the unit comes back and the job is still there
  std::vector<ClientId> waiters;
};

enum class SocketState { dead, listening, running, failed };

/// A loaded unit with everything that is not its settings.
struct UnitEntry {
  std::shared_ptr<const Unit> unit;
  std::unique_ptr<ServiceMachine> service;
  SocketState socket = SocketState::dead;
  std::string socket_result = "success";
  std::vector<int> socket_fds;
  StartLimiter socket_trigger;
  bool target_active = false;
  std::optional<Job> job;
  StartLimiter limiter;
  bool start_limit_hit = false;
  bool condition_result = false;
  bool kept = false;  ///< never collected
  std::optional<base::Instant> state_change, inactive_exit, active_enter, active_exit, inactive_enter, condition_at;
  std::map<std::string, std::optional<std::int64_t>> file_versions;
  std::vector<std::string> monitor;  ///< MONITOR_* of the unit whose OnFailure= started this one
  Pid stale_main_pid = 0;
  base::Instant stale_until{};

  ActiveState active() const;
  std::string_view sub() const;
};

/// A front call that waits for jobs.
struct ClientCall {
  ClientId id = 0;
  std::size_t waits = 0;
  std::string out, err;
  int rc = 0;
  bool quiet = false;
};

struct PendingFault {
  Fault fault;
  int left = 1;
};

struct Manager::Impl final : ServicePort {
  Impl(ManagerSettings settings_in, Host& host_in);

  // ── ServicePort
  base::Instant now() const override { return now_; }
  void emit(Action action) override { (out_ != nullptr ? *out_ : early).push_back(std::move(action)); }
  bool logs() const override { return settings.keep_journal; }
  void log(const ServiceMachine& service, std::string message, int priority, std::vector<std::pair<std::string, std::string>> fields) override;
  const Host& host() const override { return host_ref; }
  std::string new_invocation_id() override;
  void state_changed(ServiceMachine& service, SubState from, bool will_restart, std::string reason) override;
  bool stop_job(const ServiceMachine& service) const override;
  bool restart_job(const ServiceMachine& service) const override;
  void queue_restart(ServiceMachine& service) override;
  base::Duration restart_delay(const ServiceMachine& service, base::Duration delay) override;
  base::Duration slack() override;
  void release_runtime(const ServiceMachine& service) override;
  bool spawn(ServiceMachine& service, Spawn spawn, const ExecCommand& command, ExecSlot slot) override;

  // ── Stepping (manager.cpp)
  void step(base::Instant at, const Event& event, std::vector<Action>& out);
  void dispatch(const Event& event);
  bool work();
  bool fire_timers();
  base::Instant next_wake() const;
  void on_call(const Call& call);
  void on_notify(const Notify& notify, bool faults_apply);
  void on_exited(const ProcessExited& exited);
  void on_shutdown();
  void check_shutdown();
  void journal_line(std::string_view unit, std::string identifier, Pid pid, std::string message, int priority,
                    std::vector<std::pair<std::string, std::string>> fields);

  // ── Units (manager_units.cpp)
  UnitEntry* find(std::string_view name);
  const UnitEntry* find(std::string_view name) const;
  UnitEntry& load(const std::string& name);
  std::shared_ptr<const Unit> read_unit(const std::string& name, std::map<std::string, std::optional<std::int64_t>>& versions) const;
  UnitEntry& install(std::shared_ptr<const Unit> unit);
  std::vector<std::string> unit_folders() const;
  std::vector<std::string> links_to(const std::string& name) const;  ///< *.wants and *.requires links
  std::string unit_file_state(const Unit& unit) const;
  bool needs_reload(const UnitEntry& entry) const;
  bool referenced(const UnitEntry& entry) const;
  void collect();
  void daemon_reload();
  bool conditions_met(const Unit& unit, bool assertions) const;
  std::vector<std::string> triggers_of(const std::string& service) const;  ///< sockets that start it

  // ── Jobs (manager_jobs.cpp)
  /// Queues a job; `error` is set when the transaction is refused. nullptr: nothing to do.
  Job* add_job(UnitEntry& entry, JobType type, std::string& error, int depth = 0);
  Job* install_job(UnitEntry& entry, JobType type);
  bool add_dependencies(UnitEntry& entry, JobType type, std::string& error, int depth);
  JobType collapse(const UnitEntry& entry, JobType type) const;
  void queue_job(const std::string& unit);
  void run_job(UnitEntry& entry);
  bool runnable(const UnitEntry& entry) const;
  StartAnswer start_unit(UnitEntry& entry);
  StartAnswer stop_unit(UnitEntry& entry);
  StartAnswer reload_unit(UnitEntry& entry);
  void finish_job(UnitEntry& entry, JobResult result, bool already);
  void process_job(UnitEntry& entry, bool reload_failed);
  void announce(UnitEntry& entry);
  void job_message(const UnitEntry& entry, const Job& job, JobResult result);
  void notify_client(ClientId client, const UnitEntry& entry, JobResult result);
  void note_change(UnitEntry& entry, ActiveState from);
  void trigger_on_failure(UnitEntry& entry);

  // ── Sockets (manager_sockets.cpp)
  StartAnswer start_socket(UnitEntry& entry);
  void stop_socket(UnitEntry& entry, std::string_view result);
  void set_socket(UnitEntry& entry, SocketState state, std::string reason);
  void on_socket_opened(const SocketOpened& opened);
  void on_socket_readable(const std::string& unit);
  void socket_follows(const UnitEntry& service);
  std::vector<PassedFd> listen_fds(const std::string& service) const;

  // ── Spawning (manager_spawn.cpp)
  bool build_environment(const ServiceMachine& service, const ExecCommand& command, ExecSlot slot, Spawn& spawn);
  void add_result_environment(const ServiceMachine& service, std::vector<std::pair<std::string, std::string>>& block) const;
  void fill_exec(const Unit& unit, Spawn& spawn) const;

  // ── Faults (manager_faults.cpp)
  void on_fault(const Fault& fault);
  /// The armed fault of this kind for the unit, one occurrence taken; nullptr when there is none.
  const Fault* take_fault(FaultKind kind, std::string_view unit);
  bool has_fault(FaultKind kind, std::string_view unit) const;

  // ── Fronts (front_*.cpp)
  void systemctl(const Call& call);
  void job_verb(ClientId client, const SystemctlArgs& args, JobType type);
  void reply(ClientCall call);
  ClientCall is_state(const SystemctlArgs& args, bool failed) const;
  ClientCall is_enabled(const SystemctlArgs& args);
  ClientCall enable(const SystemctlArgs& args, bool on);
  ClientCall mask(const SystemctlArgs& args, bool on);
  ClientCall kill_verb(const SystemctlArgs& args);
  ClientCall reset_failed_verb(const SystemctlArgs& args);
  ClientCall cat_verb(const SystemctlArgs& args);
  ClientCall list_units(const SystemctlArgs& args);
  ClientCall list_unit_files(const SystemctlArgs& args);
  ClientCall status(const SystemctlArgs& args);
  std::string status_text(UnitEntry& entry, const SystemctlArgs& args) const;
  ClientCall show(const SystemctlArgs& args);
  std::optional<std::string> property(const UnitEntry& entry, std::string_view name) const;
  std::string service_property(const UnitEntry& entry, std::string_view name, bool& known) const;
  std::string unit_property(const UnitEntry& entry, std::string_view name, bool& known) const;
  std::string socket_property(const UnitEntry& entry, std::string_view name, bool& known) const;
  std::string system_state() const;
  std::string changed_on_disk(const UnitEntry& entry) const;
  void journalctl(const Call& call);
  void loginctl(const Call& call);
  std::string journal_text(const JournalctlArgs& args, const JournalEntry& entry) const;
  std::string timestamp(const std::optional<base::Instant>& at) const;
  base::WallTime wall(base::Instant at) const;
  std::string display_name(const Unit& unit) const;

  ManagerSettings settings;
  Host& host_ref;
  base::Random random;
  base::Instant now_{};
  std::vector<Action>* out_ = nullptr;
  std::vector<Action> early;  ///< emitted between steps (keep() loads a unit that has warnings); given with the next step
  std::map<std::string, UnitEntry, std::less<>> units;
  std::deque<std::string> run_queue;
  std::set<std::string> collect_queue;
  std::uint64_t next_job = 1, next_spawn = 1;
  /// The Spawn or OpenSocket that waits for its answer, and what came in the meantime.
  struct Awaited {
    SpawnId id = 0;
    std::string unit;
    std::optional<Action> held;  ///< a slow start: given to the driver at `due`
    base::Instant due = base::kNever;
  };
  std::optional<Awaited> awaited;
  std::deque<Event> deferred;
  std::multimap<base::Instant, Event> later_events;
  std::multimap<base::Instant, Action> later_actions;
  std::map<ClientId, ClientCall> clients;
  struct Follower {
    ClientId client = 0;
    JournalctlArgs args;
  };
  std::vector<Follower> followers;
  std::vector<PendingFault> faults;
  Fault taken;
  std::vector<JournalEntry> journal;
  base::Duration wall_shift{0};
  bool shutting_down = false;
  bool linger = true;  ///< what loginctl says; a fault of the harness ends the session for real
};

}  // namespace harness::manager
