// The fixed words of scenarios: tags, abilities of a target, mutants, settings of units, faults of the manager, conditions to wait for.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "harness/scenario/params.h"

namespace harness {

struct Word {
  std::string_view name;
  std::string_view doc;
};

std::span<const Word> tags();
/// What a target must be able to do for a scenario to mean anything ("needs"). Without it the scenario is skipped.
std::span<const Word> abilities();
/// Gateways with one known bug each (tests/mutants): "catches".
std::span<const Word> mutants();

struct UnitSetting {
  std::string_view name;
  std::string_view section;  ///< "Unit" or "Service"
};
/// Settings the mock manager knows; names beginning with X- are always welcome.
std::span<const UnitSetting> unit_settings();

struct WordWithParams {
  std::string_view name;
  std::string_view doc;
  std::span<const ParamRow> params;
};
/// Faults of the service manager: {"manager": {"fault": NAME, …}}.
std::span<const WordWithParams> manager_faults();
/// Conditions of {"wait": {"until": NAME, …}}.
std::span<const WordWithParams> wait_conditions();
/// States of the gateway's state folder: {"disk": NAME}.
std::span<const Word> disk_states();

template <class Row>
std::vector<std::string_view> names_of(std::span<const Row> rows) {
  std::vector<std::string_view> names;
  names.reserve(rows.size());
  for (const auto& row : rows) names.push_back(row.name);
  return names;
}
template <class Row>
const Row* find_row(std::span<const Row> rows, std::string_view name) {
  for (const auto& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace harness
