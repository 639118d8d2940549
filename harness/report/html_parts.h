// The parts of the HTML page. Every text that did not grow here goes through html().
#pragma once

#include <set>
#include <string>
#include <vector>

#include "harness/checks/view.h"
#include "harness/report/report.h"

namespace harness::page {

/// Escaped for text and for attribute values in double quotes; keys and bytes that are no text are replaced.
std::string html(std::string_view text);

/// What of a run the page shows, and what of it failed checks point at.
struct Shown {
  const Reported* run = nullptr;
  std::size_t number = 0;                   ///< of the run on the page: ids are made from it
  const checks::View* view = nullptr;
  std::set<std::uint64_t> marked, near;
  std::vector<const Entry*> lines;          ///< of the timeline, by time
  std::size_t left_out = 0;
};
inline constexpr std::size_t kLinesFailedMax = 2000;   ///< timeline rows of a run that failed
inline constexpr std::size_t kLinesPassedMax = 400;
inline constexpr std::size_t kBarsMax = 1500;          ///< marks of one waterfall

/// "r3-e117": the id of an entry's row.
std::string entry_id(const Shown& shown, std::uint64_t seq);
bool on_page(const Shown& shown, std::uint64_t seq);

std::string waterfall(const Shown& shown);
std::string timeline(const Shown& shown);

std::string_view style_sheet();
std::string_view script();

}  // namespace harness::page
