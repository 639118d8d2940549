// The gateway under test: how to start it, how to configure it, what it can do. Ours is the first; a profile (JSON) describes any other.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "harness/live/paths.h"
#include "harness/scenario/scenario.h"

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

/// Where things of one run are, for configurations and units.
struct Places {
  std::uint16_t port = 0, admin_port = 0;
  std::string folder;    ///< the run folder
  std::string config;    ///< the configuration file
  std::string state;     ///< the state file
  base::Json providers;  ///< the simulator's ready line, "providers"
  std::string ca_file;
};

/// The name of the environment variable that carries a secret: ACME_KEY_A.
std::string secret_variable(const std::string& provider, const std::string& label);
/// The configuration in Brownout's format, the scenario's own settings merged over it. Secrets stand as ${NAME}.
base::Json config_for(const Scenario& scenario, const Places& places);
/// The text of the service unit; and of the socket unit when the scenario keeps the socket.
std::string unit_for(const Target& target, const Scenario& scenario, const Places& places, const std::string& environment_file);
std::string socket_unit_for(const Places& places);
std::string fill_words(std::string text, const Places& places);
/// RFC 7396, but arrays of objects with "name" or "label" are not merged: they replace.
void merge_json(base::Json& into, const base::Json& over);

}  // namespace harness
