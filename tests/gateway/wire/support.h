// Shared by the tests of the wire: the recorded samples, and a relay run over any slicing of bytes.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "gateway/wire/relay.h"

namespace gateway::wiretest {

/// A body of tests/data/provider_success_samples.json; JSON ones as text.
std::string sample(const std::string& name);

struct Run {
  std::vector<RelayPiece> pieces;
  std::optional<RelayFault> fault;
  bool content = false, finish = false, terminated = false;
  std::optional<Usage> usage;
  std::string text, model;

  std::string bytes() const;                     ///< of all pieces but pings
  std::string kinds() const;                     ///< one letter a piece: s c f t p b
  bool operator==(const Run& other) const;
};
/// Feeds `bytes` cut at `cuts` (ascending), then ends.
Run run(const RelayOptions& options, std::string_view content_type, std::string_view bytes, const std::vector<std::size_t>& cuts = {}, bool end = true);
std::vector<std::size_t> every_byte(std::size_t size);
std::vector<std::size_t> random_cuts(base::Random& random, std::size_t size);

/// The data of each frame of an SSE text, parsed; [DONE] as a string.
struct Event {
  std::string name;
  base::Json data;
};
std::vector<Event> events_of(std::string_view sse);

}  // namespace gateway::wiretest
