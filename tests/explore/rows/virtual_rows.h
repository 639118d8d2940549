// Rows in virtual time: the gateway's side through the whole virtual world, the socket's side through the model and its plan alone.
#pragma once

#include <optional>

#include "tests/explore/rows/exchange.h"

namespace harness::explore {

/// What the live run says of one attempt: its number and its second make ids and dates of a reply.
struct AttemptAt {
  std::uint64_t number = 0;
  base::WallTime wall;
};

/// `attempts`: as they were live; without them numbers count from 1.
Outcome run_row_virtually(const Row& row, const std::vector<AttemptAt>& attempts);

/// When to give up: well after the last byte, or in the middle of a silence of a reply that never ends.
base::Duration deadline_for(const Row& row);

}  // namespace harness::explore
