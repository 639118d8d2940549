// What a real systemd writes to its journal at level debug, as the history lines that the mock writes itself: one vocabulary for both.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace harness::manager {

/// The zero of the run's clock, as in TIMEWARP: the journal is stamped with the kernel's wall clock, also when time is compressed.
struct JournalClock {
  double factor = 1;
  std::int64_t monotonic_zero = 0, wall_zero = 0;  ///< nanoseconds
};

/// Fed with the lines of `journalctl -o json --no-pager [-f]` in order; gives history lines (docs/history.md) with "t", "lane" and "kind".
/// Lines that tell nothing about a unit give none.
class RealJournal {
 public:
  explicit RealJournal(JournalClock clock) : clock_(clock) {}
  std::vector<base::Json> read(std::string_view json_line);

 private:
  struct Unit {
    std::string result = "success", reason, spawning;
    std::int64_t main_pid = 0, control_pid = 0, child = 0, n_restarts = 0;
  };
  std::string unit_of(std::int64_t pid) const;
  void manager_line(const std::string& unit, const std::string& text, std::int64_t priority, double t, std::vector<base::Json>& out);
  void exit_line(const std::string& unit, std::string_view text, double t, std::vector<base::Json>& out);

  JournalClock clock_;
  std::map<std::string, Unit> units_;
};

}  // namespace harness::manager
