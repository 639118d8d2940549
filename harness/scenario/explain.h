// What a scenario does, in words, for someone who has not learnt the format; and the lists of words, for people.
#pragma once

#include "harness/scenario/scenario.h"

namespace harness {

/// Several lines: why, who takes part, what is done, what must be true.
std::string explain(const Scenario& scenario);
/// One step in words: "a client asks \"ping\" (stream), as first".
std::string step_words(const Step& step);
/// One expectation in words: "gateway.survives" and its parameters.
std::string check_words(const Expectation& expectation);

/// `simulate checks`: all of them, or one with its parameters and an example. Empty when `name` is unknown.
std::string check_list();
std::string check_help(std::string_view name);

/// The tables of docs/scenarios.md: steps, conditions, faults of the manager, checks, tags, abilities, mutants. A test compares.
std::string scenario_tables_markdown();

}  // namespace harness
