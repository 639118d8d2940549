// What the service manager says of our unit, as values: parsing, and what follows from it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace gateway {

/// The properties that matter, as `systemctl show` prints them (any order; what is absent stays empty).
struct UnitState {
  std::string load;      ///< loaded, not-found, masked, bad-setting
  std::string active;    ///< active, inactive, failed, activating, deactivating, reloading
  std::string sub;       ///< running, auto-restart, stop-sigterm, …
  std::string result;    ///< success, exit-code, start-limit-hit, …
  std::string job;       ///< a queued job's number; empty or "0": none
  std::int64_t main_pid = 0;
  std::int64_t exec_status = 0;       ///< of the last main process
  std::string exec_code;              ///< 1 exited, 2 killed, 3 dumped
  std::optional<base::Duration> restart_sec, timeout_stop, timeout_start;  ///< nullopt: unknown; kForever: infinity
  std::string status_text;
  std::string since;                  ///< ActiveEnterTimestamp, for people
  std::string enabled;                ///< UnitFileState
};
UnitState parse_unit_state(std::string_view show_output);
/// "1min 30s", "infinity", "500ms", "0": what show prints for durations.
std::optional<base::Duration> parse_time_span(std::string_view text);

/// Why a SIGTERM came, by the unit's state at that moment: a stop or restart job (planned), or somebody's kill. Pure.
/// In `deactivating` with Result=success only a job can have sent it; a time-out, a watchdog or the OOM killer leave their Result.
bool stop_is_planned(const UnitState& state, std::int64_t own_pid);

/// How long a drain may take so that drain, settle and clean-up fit into the unit's TimeoutStopSec.
struct DrainBudget {
  base::Duration drain;
  bool cut = false;
};
DrainBudget effective_drain(base::Duration drain, base::Duration settle, std::optional<base::Duration> timeout_stop);
inline constexpr base::Duration kCleanUp = std::chrono::seconds{10};

}  // namespace gateway
