// What the checks say: results with their evidence, merged to one verdict. Values; rendering for a terminal is harness/report.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.h"
#include "base/time.h"
#include "harness/history/history.h"
#include "harness/scenario/scenario.h"

namespace harness {

/// The order is the order of merging: the worst decides. `skipped` is a run that was not made, with its reason; it never merges.
enum class Verdict { pass, unknown, fail, skipped };
inline constexpr base::Names<Verdict, 4> kVerdictNames{{"pass", "unknown", "fail", "skipped"}};

struct CheckResult {
  std::string check;                ///< its name in the table
  Verdict verdict = Verdict::pass;
  std::string expected;             ///< one line each; empty when it passed and there is nothing to tell
  std::string seen;
  std::optional<base::Duration> at; ///< when it went wrong, nominal
  int line = 0;                     ///< of the scenario; 0 for checks that are always on
  std::optional<std::uint64_t> entry; ///< `seq` of the entry that shows it
  std::vector<std::uint64_t> around;  ///< `seq` of that entry and its neighbours, in the order of the history
  std::string summary;              ///< for the summary line of a run that passed, e.g. "survived (pid 4117, 0 exits)"; may be empty
};

struct RunVerdict {
  Verdict verdict = Verdict::pass;
  std::string scenario;
  std::string file;
  std::string skipped;              ///< the reason, when skipped
  std::vector<std::string> lacks;   ///< the abilities that the target lacks, when that is the reason
  std::vector<CheckResult> results; ///< in the order of the scenario; those that are always on come last
  base::Duration length{0};         ///< nominal, of the run

  /// The first result that decided the verdict; nullptr when it passed.
  const CheckResult* decisive() const;
  /// What the results that passed have to say, joined with " · ".
  std::string summary() const;
};

/// The worse of two; pass < unknown < fail. `skipped` gives way to anything.
Verdict merge(Verdict a, Verdict b);

/// Judges a run: the scenario's checks, the expectations of its steps, and what is always checked. Pure: the same arguments give the
/// same verdict. Cost: O(checks × entries).
RunVerdict judge(const Scenario& scenario, const History& history);

/// "expected / seen / when / the lines around it", indented; ends with a newline. For any reporter that shows text.
std::string explain_failure(const CheckResult& result, const RunVerdict& run, const History& history);

/// The exit code of `simulate`: 0 pass or skipped, 1 fail, 3 unknown.
int exit_code(Verdict verdict);

}  // namespace harness
