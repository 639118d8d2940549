// Reads error JSON of any provider without building a tree: cut or damaged text still gives what stands before the damage.
#pragma once

#include <string_view>

#include "gateway/classify/body.h"

namespace gateway {

/// Adds what `json` says to `facts`. Never throws; O(json).
void read_json_body(std::string_view json, BodyFacts& facts);
/// Adds one message line.
void add_text(BodyFacts& facts, std::string_view message);

}  // namespace gateway
