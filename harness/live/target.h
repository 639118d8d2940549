// The gateway under test: how to start it, how to configure it, what it can do. Ours is the first; a profile (JSON) describes any other.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "harness/live/paths.h"
#include "harness/scenario/setup.h"

namespace harness {

struct Target {
  std::string name;
  std::vector<std::string> command;             ///< ${config}, ${port}, ${admin_port}, ${folder} are filled in
  std::map<std::string, std::string> env;       ///< the same words
  std::string health = "/health";
  std::string config_name = "gateway.json";
  base::Json config;                            ///< null: Brownout's own format, written by config_for
  bool notify = true;                           ///< Type=notify; else ready when `health` answers
  bool json_log = true;
  std::vector<std::pair<std::string, std::string>> unit;  ///< [Service] settings of the profile
  std::set<std::string> abilities;              ///< what scenarios may need; see docs/scenarios.md
  std::string executable;                       ///< for `cli` steps; empty: it has no command line

  bool can(const std::string& ability) const { return abilities.contains(ability); }
};

/// "gateway", "mutant:NAME", or a profile: NAME in the library's targets folder, or a FILE.
base::Result<Target> find_target(const std::string& name, const Paths& paths);

}  // namespace harness
