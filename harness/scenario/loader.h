// Reads a scenario file: every problem at once, each with its line and the nearest word.
#pragma once

#include "base/json_reader.h"
#include "harness/scenario/params.h"
#include "harness/scenario/scenario.h"

namespace harness {

base::Result<Scenario> load_scenario(const std::string& path);
/// The same from text; `file` names it in messages, and its stem names the scenario.
base::Result<Scenario> parse_scenario(std::string text, const std::string& file);

/// A list of words out of a table ("ability", "tag"); each unknown one is reported at its place with the nearest. No `names`: any word.
std::vector<std::string> read_words(base::JsonReader& in, std::string_view key, std::string_view noun, const std::vector<std::string_view>& names, bool required);

/// Used by the loader's parts: what is gathered while reading.
struct LoadContext {
  References references;
  std::vector<std::string> replies, commands;  ///< names of send and of cli steps
  std::vector<Expectation> step_expect;
  int sends = 0, calls = 0;                    ///< for the names of nameless steps
  int depth = 0;
  std::int64_t requests = 0;
};
inline constexpr std::int64_t kRequestsMax = 1'000'000;  ///< of one scenario
inline constexpr int kStepDepthMax = 8;                  ///< parallel in repeat in parallel …

std::vector<Step> read_steps(base::JsonReader& in, std::string_view key, LoadContext& context, bool required = false);
std::vector<Step> read_step_list(base::JsonReader& in, const base::JsonNode& list, const std::string& pointer, LoadContext& context);

/// Whether `pattern` (a name, name.2, or with * and ?) can mean the step called `name`.
bool reply_matches(std::string_view pattern, std::string_view name);

}  // namespace harness
