// The conditions of `wait`, for both worlds: each is a question about the unit, the gateway's health or the history. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/history/history.h"
#include "harness/scenario/scenario.h"

namespace harness {

/// Where the answers come from. All must be set.
struct WaitFacts {
  std::function<std::string(const std::string& name)> property;  ///< of the unit, as `systemctl show` prints it
  std::function<std::string()> health;                           ///< the word of /health; empty: no answer
  std::function<std::optional<base::Json>()> status;             ///< the page /status
  std::function<int()> background;                               ///< background steps that still run
  std::function<void(const std::function<void(const std::vector<Entry>&)>&)> entries;
  std::string pid_before;                                        ///< MainPID when the wait began (for pid-new)
};

/// True when the condition holds; `seen` says what was there instead.
bool wait_holds(const WaitStep& step, const WaitFacts& facts, std::string& seen);

}  // namespace harness
