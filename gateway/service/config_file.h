// Reading the configuration from disk: where it is, who may read it, and the environment as a value.
#pragma once

#include <string>

#include "gateway/core/config_loader.h"

namespace gateway {

Environment environment_now();
/// `given` when not empty; else $BROWNOUT_CONFIG; else ~/.config/brownout/gateway.json ($XDG_CONFIG_HOME respected).
std::string config_path(const std::string& given, const Environment& environment);
/// Reads and checks; warns of a file with keys in it that others may read.
base::Result<LoadedConfig> load_config_file(const std::string& path, const Environment& environment, const LoadOptions& options = {});

}  // namespace gateway
