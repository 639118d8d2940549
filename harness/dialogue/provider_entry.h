// The simulator's journal as entries of the history. Pure: the same for both worlds.
#pragma once

#include <string>
#include <utility>

#include "base/json.h"

namespace harness {

/// An event of the journal (docs/simulator.md) → the entry's kind and data. `credential` is remembered from an attempt for its answer and end.
std::pair<std::string, base::Json> provider_entry(const base::Json& event, std::string& credential);

}  // namespace harness
