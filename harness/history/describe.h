// One entry of a history in words, for someone who has never seen it: timelines and failure messages share them.
#pragma once

#include <string>

#include "harness/history/history.h"

namespace harness {

/// "acme key-a → 402 billing". Never empty, one line, no colour, at most kDescribeMax bytes.
std::string describe(const Entry& entry);
inline constexpr std::size_t kDescribeMax = 160;

/// "  0.134  provider   acme key-a → 402": the time in seconds, the lane, the words.
std::string describe_line(const Entry& entry);

/// Whether a person wants the entry in a timeline; bookkeeping (lag, resources, rules) is left out.
bool worth_showing(const Entry& entry);

}  // namespace harness
