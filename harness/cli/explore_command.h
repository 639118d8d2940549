// `simulate explore`: random and enumerated faults in virtual time, shrunk to a scenario.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "harness/explore/campaign_runner.h"

namespace harness {

struct ExploreArguments {
  std::uint64_t seed = 1, runs = 20'000;
  std::string for_time;         ///< "60s": as many runs as fit; empty: `runs`
  std::size_t length = 6, exhaustive = 2;
  int jobs = 1;
  std::string out;              ///< the scenario file of a failure; empty: named after the rule, here
  bool complete = false;        ///< something of kSometimes that never happened fails the campaign
  std::optional<std::uint64_t> only;  ///< one run of the campaign, by its index
};

/// 0: nothing found; 1: a violation (shrunk and written); 2: bad usage; 3: the same case ran differently twice; 4: incomplete.
int explore_command(const ExploreArguments& arguments, const explore::GatewayParts& parts = {});

/// A number that stands for everything the campaign did: the same seed gives the same.
std::string digest_text(std::uint64_t digest);

}  // namespace harness
