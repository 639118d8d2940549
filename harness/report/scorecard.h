// The library's verdict on one gateway, on a page: what it survives by subject, what it failed and why, what it was not asked.
#pragma once

#include <span>
#include <string>

#include "harness/report/report.h"

namespace harness {

/// The subject of a scenario: its first tag that says what it is about.
std::string subject_of(const Scenario& scenario);
/// Ends with a newline. The same runs give the same bytes, in whatever order they ended.
std::string render_scorecard(const std::string& target, std::span<const Reported> runs);

}  // namespace harness
