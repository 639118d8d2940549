// Runs another program with a bound: systemctl and journalctl may hang, we may not.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace gateway {

struct CommandResult {
  int code = -1;          ///< exit code; 128 + signal; -1 when it never ran or was ended by the bound
  std::string out, err;   ///< at most kCommandOutputMax each
  bool timed_out = false;
  bool missing = false;   ///< no such program on PATH
  bool ok() const { return code == 0; }
  /// One line for people: the program's own last words, or what happened to it.
  std::string reason() const;
};
inline constexpr std::size_t kCommandOutputMax = 1U << 20;

/// Looked up on PATH; standard input is /dev/null. After `bound` it and its children are killed. Thread: any.
CommandResult run_command(const std::vector<std::string>& words, base::Duration bound);

}  // namespace gateway
