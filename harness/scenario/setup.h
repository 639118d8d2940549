// What a run of a scenario is set up with, in both worlds: the gateway's configuration and its units, as text. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "harness/scenario/scenario.h"

namespace harness {

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
struct UnitSetup {
  std::vector<std::string> command;  ///< ExecStart; words are filled in
  bool notify = true;
  std::vector<std::pair<std::string, std::string>> settings;  ///< of the target, over the defaults and under the scenario's own
};
std::string unit_for(const UnitSetup& target, const Scenario& scenario, const Places& places, const std::string& environment_file);
std::string socket_unit_for(const Places& places);
std::string fill_words(std::string text, const Places& places);
/// RFC 7396, but arrays of objects with "name" or "label" are not merged: they replace.
void merge_json(base::Json& into, const base::Json& over);

}  // namespace harness
