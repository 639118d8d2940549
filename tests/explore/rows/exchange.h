// One row of the fault table, asked of one provider of its own, and what was seen of it: the same values for both worlds.
#pragma once

#include <string>
#include <vector>

#include "base/headers.h"
#include "base/json.h"
#include "base/time.h"
#include "gateway/core/events.h"
#include "simulator/core/faults.h"

namespace harness::explore {

inline constexpr std::uint64_t kRowsSeed = 7;
inline constexpr const char* kRowsSalt = "virtual";  ///< the virtual world's own: made-up keys are the same in both

/// Who asks: the gateway's connections, under a core that only writes down what it is told; or a socket that knows no HTTP.
enum class Asker { gateway, socket };

struct Row {
  std::string provider;  ///< its own, so that rows do not touch each other
  simulator::FaultInfo fault;
  base::Json params = base::Json::object();  ///< other than the row's defaults
  bool stream = false;
  Asker asker = Asker::gateway;
  base::Duration deadline{0};  ///< when the asker gives up

  bool tls() const { return fault.stage == simulator::Stage::tls; }
};

/// The reply to one attempt. Times count from the attempt's beginning.
struct Seen {
  int status = 0;
  base::Headers headers;
  std::string bytes;   ///< the body; of a socket everything
  std::string ending;  ///< "complete", "given up", "fin", "rst", or the word of a transport error
  std::vector<base::Duration> arrivals;
  base::Duration end{0};

  base::Duration head() const { return arrivals.empty() ? end : arrivals.front(); }
  base::Duration silence() const;  ///< the longest without a byte, but for the one in which the asker gave up
  base::Duration last() const;     ///< the last that came: the end, or a byte before the asker gave up
};

/// What the simulator wrote down of one attempt.
struct Told {
  std::uint64_t attempt = 0, connection = 0;
  base::Instant at;
  std::string said;  ///< all but numbers that the other world need not share
};

struct Outcome {
  std::vector<Seen> seen;
  std::vector<Told> told;
};

/// The "providers" block for these rows: each provider has the fault once, but for a port that does not listen.
base::Json providers_of(const std::vector<Row>& rows);
/// The request that both askers send.
gateway::StartAttempt attempt_of(const Row& row, const std::string& secret);
std::string request_text(const Row& row, const std::string& secret);
/// The entries of a journal, by provider.
std::vector<Told> told_of(const base::Json& journal, const std::string& provider);

}  // namespace harness::explore
