// One scenario in the live world: set up, steps, tear down. Writes history.jsonl into the run folder; judges nothing.
#pragma once

#include "harness/live/world.h"

namespace harness {

struct RunResult {
  bool ran = false;          ///< the history is complete enough to be judged
  std::string skipped;       ///< the reason, when the scenario cannot run here
  std::string failed;        ///< the harness's own trouble
};

/// Blocks for the length of the run. `spec.folder` must exist and be empty. Call on the main thread before any other is started.
RunResult run_live(const RunSpec& spec);

}  // namespace harness
