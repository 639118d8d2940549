// One run in a process of its own: under the time-compressing shim, so that client, gateway, provider and manager share one clock.
#pragma once

#include <string>

#include "harness/live/run.h"

namespace harness {

/// What the parent tells the child: written to run.json in the run folder.
struct ChildSpec {
  std::string scenario_file, folder, target, manager;
  double speed = 1;
  std::uint64_t seed = 1;
  int compat = 252;
  bool serve = false;
};

/// The hidden command `simulate __run FOLDER`: runs, writes history.jsonl and result.json; exit code 0, or 3 with the reason in result.json.
int run_child(const std::string& folder, const Paths& paths);

/// Starts the child for a folder that is made here. The process ends by itself; SIGINT to it ends the run early.
base::Result<std::unique_ptr<Process>> start_child(const ChildSpec& spec, const Paths& paths);
/// What the child said at its end.
RunResult child_result(const std::string& folder, std::optional<int> code);

}  // namespace harness
