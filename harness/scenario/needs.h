// What a gateway must be able to do for a scenario to mean anything: what the scenario says, and what follows from its content. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace harness {

struct Need {
  std::string ability;
  std::string because;  ///< "it says so", "step 2 runs a command of the gateway"

  bool operator==(const Need&) const = default;
};

/// Each ability once, in the order of the table of abilities.
std::vector<Need> needs_of(const Scenario& scenario);

}  // namespace harness
