// What /proc tells of a process: whether it lives, and when it began, so that a reused pid is not taken for the old one.
#pragma once

#include <cstdint>
#include <optional>

namespace gateway {

struct ProcessId {
  std::int64_t pid = 0;
  std::uint64_t start = 0;  ///< field 22 of /proc/PID/stat, clock ticks since boot; 0: not known
  bool operator==(const ProcessId&) const = default;
};
/// nullopt: there is no such process (a zombie is none: it runs no code and holds no lock).
std::optional<ProcessId> find_process(std::int64_t pid);
/// Whether that very process still runs. A process of another user is seen too.
bool alive(const ProcessId& process);
ProcessId own_process();

}  // namespace gateway
