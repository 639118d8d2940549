// Gateways with one known bug each: the proof that scenarios and checks can fail. Never part of the product.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "gateway/core/core.h"

namespace mutants {

/// What stands around or inside a gateway that has the bug. Empty members: the product's own.
struct Parts {
  std::unique_ptr<gateway::Policy> policy;
  std::function<std::unique_ptr<gateway::GatewayCore>(std::unique_ptr<gateway::GatewayCore>)> around_core;
  std::function<void(gateway::Config&)> config;
};

struct Mutant {
  std::string_view name;
  std::string_view bug;   ///< one sentence
  Parts (*make)();
  bool in_core = true;    ///< false: around the process or the command line; the virtual world cannot have it
};
/// Every mutant, by name. The harness's vocabulary lists the same names (a test compares).
std::span<const Mutant> all();
const Mutant* find(std::string_view name);

}  // namespace mutants
