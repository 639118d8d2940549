// Reports for machines and for people who were not there: JUnit, JSON, GitHub annotations, one HTML page. Pure text out of finished runs.
#pragma once

#include <span>
#include <string>

#include "harness/checks/verdict.h"

namespace harness {

/// One finished run, with what only its runner knows. Borrowed: the values outlive the call.
struct Reported {
  const Scenario* scenario = nullptr;
  const RunVerdict* verdict = nullptr;
  const History* history = nullptr;
  std::string folder;
  std::string repeat;    ///< the command that repeats it
  double seconds = 0;    ///< real time it took
  std::uint64_t seed = 0;
  double speed = 1;
};

struct ReportOptions {
  base::WallTime made;        ///< zero: not said, so that the same runs give the same bytes
  std::string root;           ///< files below it are named from there; with or without the last slash
};

/// A suite for each scenario, a case for each check. A check that failed is a <failure>; one that could not be judged is an <error>.
std::string render_junit(std::span<const Reported> runs, const ReportOptions& options);
/// Everything a program may want, one object.
std::string render_json(std::span<const Reported> runs, const ReportOptions& options);
/// Workflow commands: ::error, ::warning (could not be judged), ::notice (skipped), at the scenario's line.
std::string render_github(std::span<const Reported> runs, const ReportOptions& options);
/// One self-contained page: no request leaves it, and all but the filter works without scripts.
std::string render_html(std::span<const Reported> runs, const ReportOptions& options);

/// "runs" of the same verdict, in the order of Verdict.
std::array<std::size_t, 4> count_verdicts(std::span<const Reported> runs);
/// The worst of them; runs that were skipped do not count.
Verdict worst_verdict(std::span<const Reported> runs);
/// What stands in the history's first line: world, target, manager, version. Empty when it is not there.
std::string run_fact(const History& history, std::string_view key);
/// The file as a report names it: below `root` without it.
std::string report_path(const std::string& file, const std::string& root);

}  // namespace harness
