// The scenario library: names ↔ files, tags, shards.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "harness/live/paths.h"
#include "harness/scenario/scenario.h"

namespace harness {

/// NAME in the library (its regressions/ folder too) or a FILE. The Error lists the nearest name.
base::Result<std::string> scenario_file(const std::string& name, const Paths& paths);
/// Every scenario file of the library, by name.
std::vector<std::string> library_files(const Paths& paths);

struct Selection {
  std::vector<std::string> names, tags;  ///< tags: any of them
  bool all = false;
  bool slow = false;               ///< those tagged slow, too
  int shard = 1, shards = 1;
};
inline constexpr const char* kSlowTag = "slow";

/// Loads what is selected: all problems of all files at once. --all leaves `slow` scenarios out; naming them or their tag brings them.
base::Result<std::vector<Scenario>> select_scenarios(const Selection& selection, const Paths& paths);

}  // namespace harness
