// Rows live: one simulator process for all of them, the gateway's own connections on one side and bare sockets on the other.
#pragma once

#include "tests/explore/rows/exchange.h"

namespace harness::explore {

struct LiveRun {
  std::vector<Outcome> outcomes;  ///< as the rows
  base::Duration lag{0};          ///< how late this process was woken, at worst
  base::Duration wall_minus_instant{0};
};

/// Takes as long as the longest deadline and a little more. Fails the test when the simulator does not start or does not come to rest.
LiveRun run_rows_live(const std::vector<Row>& rows);

}  // namespace harness::explore
