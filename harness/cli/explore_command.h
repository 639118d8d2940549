// `simulate explore`: random and enumerated faults in virtual time, shrunk to a scenario.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "harness/explore/campaign_runner.h"

namespace harness {

struct ExploreArguments {
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> runs;  ///< 20,000, or with `for_time` as many as fit
  std::string for_time;         ///< "60s"; with `runs` whichever comes first
  std::size_t length = 6, exhaustive = 2;
  int jobs = 1;
  std::string out;              ///< the scenario file of a failure, or of `only`; empty: named after the rule, here
  bool json = false;            ///< the result as one JSON object on stdout
  bool complete = false;        ///< something of kSometimes that never happened fails the campaign
  std::optional<std::uint64_t> only;  ///< one run of the campaign, by its index
};

/// 130, 143: interrupted, what was found so far is told. 0: nothing found; 1: a violation (shrunk and written); 2: bad usage; 3: the same case ran differently twice; 4: incomplete.
int explore_command(const ExploreArguments& arguments, const explore::GatewayParts& parts = {});

/// A number that stands for everything the campaign did: the same seed gives the same.
std::string digest_text(std::uint64_t digest);

}  // namespace harness
