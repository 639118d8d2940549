// A scenario in the virtual world: the same steps, the same history, no process and no second lost.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "harness/explore/world.h"

namespace harness::explore {

/// Why a scenario cannot run virtually; nothing when it can.
std::optional<std::string> not_virtual(const Scenario& scenario);

/// The gateway's configuration for the virtual providers, made as the live world makes it.
base::Result<gateway::Config> virtual_config(const Scenario& scenario, std::uint64_t seed);
std::shared_ptr<const manager::Unit> virtual_unit(const Scenario& scenario, manager::Compat compat);

/// Runs to the end of the steps and of all background work, at most `scenario.time_limit`. The history is complete and sorted.
base::Result<History> run_virtual(const Scenario& scenario, const WorldOptions& options);

}  // namespace harness::explore
