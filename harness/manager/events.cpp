// The words for the faults of the machine, the same as in the table of faults.h (which also knows those of the driver).
#include "harness/manager/events.h"

#include <array>

namespace harness::manager {
namespace {

struct FaultName {
  FaultKind kind;
  std::string_view name;
};

constexpr std::array kFaults{
    FaultName{FaultKind::lose_ready, "lose-ready"},
    FaultName{FaultKind::delay_ready, "delay-ready"},
    FaultName{FaultKind::duplicate_ready, "duplicate-ready"},
    FaultName{FaultKind::lose_notify, "lose-notify"},
    FaultName{FaultKind::lose_watchdog, "lose-watchdog"},
    FaultName{FaultKind::restart_stuck, "stuck-restart"},
    FaultName{FaultKind::restart_late, "late-restart"},
    FaultName{FaultKind::refuse_start, "refuse-start"},
    FaultName{FaultKind::limit_at_burst, "start-limit"},
    FaultName{FaultKind::slow_start, "slow-start"},
    FaultName{FaultKind::spawn_fails, "spawn-fails"},
    FaultName{FaultKind::exec_fails, "exec-fails"},
    FaultName{FaultKind::clear_counters, "clear-counters"},
    FaultName{FaultKind::bus_unreachable, "unreachable"},
    FaultName{FaultKind::front_hangs, "hang"},
    FaultName{FaultKind::show_empty, "show-empty"},
    FaultName{FaultKind::stale_main_pid, "stale-main-pid"},
    FaultName{FaultKind::lose_job_reply, "lose-job-reply"},
    FaultName{FaultKind::lose_socket, "lose-socket"},
    FaultName{FaultKind::journal_late, "journal-late"},
    FaultName{FaultKind::timer_slack, "timer-slack"},
    FaultName{FaultKind::clear, "clear"},
};

}  // namespace

std::string_view to_string(FaultKind kind) {
  for (const auto& [value, name] : kFaults) {
    if (value == kind) return name;
  }
  return "";
}

std::optional<FaultKind> fault_kind(std::string_view name) {
  for (const auto& [value, word] : kFaults) {
    if (word == name) return value;
  }
  return std::nullopt;
}

}  // namespace harness::manager
