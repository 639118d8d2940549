// The service manager as a pure machine: units, jobs, the journal and the fronts' answers. (state, event, now) → actions.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "harness/manager/events.h"
#include "harness/manager/host.h"
#include "harness/manager/unit.h"

namespace harness::manager {

struct ManagerSettings {
  Compat compat = Compat::v257;
  ManagerIdentity identity;
  std::uint64_t seed = 1;                 ///< of invocation ids and timer slack
  base::WallTime wall_at_zero;            ///< the wall time at Instant{0s}
  std::vector<std::string> environment;   ///< the manager's own block, inherited by every service
  std::string manager_comm = "systemd";
  bool keep_journal = true;               ///< false: no Journal actions and no texts, for millions of virtual runs
  base::Duration timer_slack{0};          ///< every timer fires up to this much late
};

/// What `show` and the checks want to know of a unit, typed.
struct UnitSnapshot {
  std::string name;
  LoadState load_state = LoadState::not_found;
  std::string active, sub, result, reload_result;
  std::uint32_t n_restarts = 0;
  Pid main_pid = 0, control_pid = 0, exec_main_pid = 0;
  ExitCode exec_main_code = ExitCode::none;
  int exec_main_status = 0;
  std::string status_text;
  int status_errno = 0;
  std::string invocation_id;
  std::uint32_t fds_stored = 0;
  bool has_job = false;
  base::Instant restart_at = base::kNever;  ///< when the restart timer fires
};

/// One user's service manager. `now` never goes backwards (asserted). No step blocks, throws or reads a clock.
class Manager {
 public:
  /// `host` must outlive the manager. Units are looked up in the user's unit folders through it.
  Manager(ManagerSettings settings, Host& host);
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// Makes a unit known without files, as if loaded; it is never collected. For tests and the virtual world.
  void add_unit(std::shared_ptr<const Unit> unit);

  /// Loads a unit and keeps it loaded, as if another unit referred to it (an enabled one is kept anyway).
  void keep(std::string_view unit);

  /// Advances by one event; appends actions in the order in which they must be performed.
  void step(base::Instant now, const Event& event, std::vector<Action>& out);

  /// When to send Tick next; kNever when nothing waits. A due time may be in the past.
  base::Instant next_wake() const;

  /// True while a Spawn or OpenSocket waits for its answer.
  bool waits_for_answer() const;

  UnitSnapshot snapshot(std::string_view unit) const;
  /// One property as `systemctl show -P` prints it; empty when unknown.
  std::string property(std::string_view unit, std::string_view name) const;
  const std::vector<JournalEntry>& journal() const;
  std::vector<std::string> loaded_units() const;
  /// The unit that a process belongs to as main or control process; empty when none.
  std::string unit_of(Pid pid) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace harness::manager
