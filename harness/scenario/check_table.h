// The vocabulary of checks: name, words, parameters, example, and the mutants that prove it can fail. Judging: harness/checks.
#pragma once

#include "harness/scenario/params.h"

namespace harness {

struct CheckRow {
  std::string_view name;
  std::string_view doc;
  std::span<const ParamRow> params;
  std::string_view example;  ///< JSON that loads
  std::string_view mutants;  ///< names, separated by spaces
  bool always = false;       ///< judged in every run, never written in a scenario
};
std::span<const CheckRow> check_rows();
const CheckRow* find_check(std::string_view name);

/// What "expect" of a send step may hold: the check "reply" without its name.
std::span<const ParamRow> reply_rows();
/// What "expect" of a cli or manager step may hold.
std::span<const ParamRow> cli_rows();

}  // namespace harness
