// `simulate --scenario …`: selects, runs in parallel, judges, reports.
#pragma once

#include <string>
#include <vector>

#include "harness/checks/verdict.h"
#include "harness/cli/library.h"

namespace harness {

struct RunOptions {
  Selection selection;
  std::string world = "live", target = "gateway", manager = "mock";
  std::optional<double> speed;
  bool real_time = false, keep = false, serve = false, fail_fast = false, quiet = false;
  std::optional<std::uint64_t> seed;
  int jobs = 1, compat = 252;
  std::vector<std::string> reports;  ///< "console", "junit:FILE", "json:FILE", "html:FILE", "github"
  std::string runs;                  ///< where run folders go
};

/// One scenario that was run (or skipped), with what it left.
struct Ran {
  Scenario scenario;
  RunVerdict verdict;
  History history;
  std::string folder;
  std::string repeat;       ///< the command that repeats it
  double seconds = 0;       ///< real
  std::uint64_t seed = 0;
  double speed = 1;
};

/// Returns the exit code of `simulate`.
int run_scenarios(const RunOptions& options, const Paths& paths);
/// `simulate judge RUN`: an old history, today's checks.
int judge_run(const std::string& folder, const Paths& paths);

/// Writes what --report asks for; console text goes to stdout as runs end.
void print_ran(const Ran& ran, bool timeline, bool colour);
/// What the whole library says of a gateway of somebody else's.
void print_scorecard(const std::string& target, const std::vector<Ran>& runs);
base::Result<bool> write_reports(const std::vector<std::string>& reports, const std::vector<Ran>& runs);
/// The problems of --report values, before anything runs.
base::Result<bool> check_reports(const std::vector<std::string>& reports);

}  // namespace harness
