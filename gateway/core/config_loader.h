// From the text of a configuration to a Config: every problem at once, with its line, and never a secret in a message. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json_node.h"
#include "base/result.h"
#include "gateway/core/config.h"

namespace gateway {

using Environment = std::map<std::string, std::string>;

struct LoadedConfig {
  Config config;
  std::vector<base::Diagnostic> warnings;  ///< worth saying, nothing that stops a start
  bool plain_secrets = false;              ///< a key stands in the file itself: its permissions matter
};

struct LoadOptions {
  std::vector<std::string> overrides;  ///< the "path=value" of --set
  bool variables_may_miss = false;     ///< for commands that need the addresses, not the keys: "${X}" without X stays as it is
};

/// Reads a configuration.
/// - "${NAME}" in any text is replaced from `environment`; "$${" stands for "${". A missing or empty variable is a problem that
///   names the variable; values never appear in a message.
/// - "~/" at the beginning of a path is HOME.
/// - `overrides` are the "path=value" of --set, in order: "listen=127.0.0.1:0", "providers.acme.url=http://…",
///   "routes.default=[\"acme/m\"]", or a JSON pointer "/providers/acme/url=…" when a name has a dot.
/// - A route refers to "provider/model"; the model may hold further slashes. When "routes" has no "default", the first route
///   serves every other model, under the name "default" too. No route at all is a problem.
base::Result<LoadedConfig> load_config(base::JsonDocument document, const Environment& environment, const LoadOptions& options = {});
/// The same from text; a syntax error shows its line with the secrets masked.
base::Result<LoadedConfig> load_config_text(std::string text, std::string file, const Environment& environment,
                                            const LoadOptions& options = {});

}  // namespace gateway
