// Two outcomes of one row held against each other, and the table of all rows.
#pragma once

#include "tests/explore/rows/exchange.h"

namespace harness::explore {

/// Empty where both worlds agree.
struct Differences {
  std::string bytes, ending, gaps, journal;
  bool none() const { return bytes.empty() && ending.empty() && gaps.empty() && journal.empty(); }
  /// A machine under load can make these; it cannot make others.
  bool only_gaps() const { return bytes.empty() && ending.empty() && journal.empty(); }
  std::string text() const;
};

/// `lag`: how late the live asker was woken, at worst.
Differences compare(const Row& row, const Outcome& live, const Outcome& virtually, base::Duration lag);

/// One line: what agrees, and the times of the first attempt.
std::string table_line(const Row& row, const Outcome& live, const Outcome& virtually, const Differences& differences);

}  // namespace harness::explore
