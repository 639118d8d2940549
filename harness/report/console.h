// What a person sees in a terminal: the timeline of a run, one summary line, and the failures with their evidence. Pure text.
#pragma once

#include <string>

#include "harness/checks/verdict.h"

namespace harness {

struct ConsoleOptions {
  bool colour = false;
  bool timeline = true;          ///< false: the summary line and the failures only
  double seconds = 0;            ///< real time the run took
  std::string repeat;            ///< the command that repeats it; printed with a failure
  std::string folder;            ///< of the run; printed with a failure and where lines were left out
  std::size_t name_width = 0;    ///< names are padded to this, so that a list stands straight
  std::size_t lines_max = 120;   ///< of the timeline; the middle of a longer one is left out, never what a failure points at
};

/// Timeline (if wanted), summary line, failures. Ends with a newline.
std::string render_run(const RunVerdict& run, const History& history, const ConsoleOptions& options);
/// "  0.134  provider   acme key-a → 402", a line each; what a failed check points at is marked.
std::string render_timeline(const RunVerdict& run, const History& history, const ConsoleOptions& options);
/// "billing-402   pass  0.9 s   survived (pid 4117, 0 exits) · hint shown", without a newline.
std::string render_summary(const RunVerdict& run, const ConsoleOptions& options);

}  // namespace harness
