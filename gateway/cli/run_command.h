// `gateway run`: composes configuration, store, core and shell under the service's rules, and keeps its exit code's promise.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/version.h"
#include "gateway/core/core.h"

namespace gateway {

/// What a program around the gateway may replace: a mutant's core, a mutant's policy. Empty members: the product's own.
struct RunParts {
  std::function<std::unique_ptr<GatewayCore>(std::unique_ptr<GatewayCore>)> around_core;
  const Policy* policy = nullptr;
  std::function<void(Config&)> around_config;  ///< changes the configuration just read, before anything is made of it
};

struct RunOptions {
  std::string config;
  std::vector<std::string> overrides;
  bool replace = false;
  std::string log;          ///< "json", "text"; empty: text on a terminal
  std::uint64_t seed = 0;   ///< of jitter and random strategies; 0: from the system
};

// sysexits.h and systemd.exec(5): the unit's RestartForceExitStatus and RestartPreventExitStatus speak of these.
inline constexpr int kExitPlanned = 0;
inline constexpr int kExitUnplanned = 1;
inline constexpr int kExitRestart = 75;
inline constexpr int kExitConfig = 78;
using base::kVersion;

/// Blocks until the gateway ends; the process's exit code.
int run_command(const RunOptions& options, const RunParts& parts = {});

}  // namespace gateway
