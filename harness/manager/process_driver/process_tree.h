// Which process belongs to which unit, without control groups: the manager adopts orphans (subreaper), so every process it ever started is
// a descendant of it; the branch tells the unit, and for an orphan what was seen before, its INVOCATION_ID, or its session does.
// What escapes: a process that clears its environment, makes its own session and loses its parent before anybody looked, while
// several units run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/manager/events.h"
#include "harness/manager/host.h"

namespace harness::manager {

struct ProcessStat {
  Pid pid = 0, parent = 0, session = 0;
  char state = '?';
  std::string comm;
  std::uint64_t started = 0;        ///< clock ticks since boot: tells a process from a later one with its pid
  std::uint64_t cpu_ticks = 0;
};
std::optional<ProcessStat> read_process_stat(Pid pid);
/// Direct children, of all its threads.
std::vector<Pid> children_of(Pid pid);

class ProcessTree {
 public:
  explicit ProcessTree(Pid root) : root_(root) {}

  void spawned(Pid pid, const std::string& unit, const std::string& invocation_id);
  void reaped(Pid pid);
  /// Every living descendant by unit; those of no unit under "".
  std::map<std::string, std::vector<ProcessStat>> walk();
  /// Empty when it is no descendant or of no unit. Works for zombies too.
  std::string unit_of(Pid pid);

 private:
  struct Member {
    std::string unit;
    std::uint64_t started = 0;
  };
  std::string orphan_unit(const ProcessStat& stat);
  const Member* known(const ProcessStat& stat) const;

  Pid root_;
  std::map<Pid, Member> members_;
  std::map<Pid, std::string> sessions_;
  std::map<std::string, std::string> invocations_;
};

}  // namespace harness::manager
