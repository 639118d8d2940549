// The vocabulary of steps: verb, words, members, example. Reading them: loader_steps.cpp.
#pragma once

#include "harness/scenario/params.h"

namespace harness {

enum class ShortForm { none, text, texts, list };

struct StepRow {
  std::string_view verb;
  std::string_view doc;
  std::span<const ParamRow> params;   ///< of {verb: {…}}
  ShortForm short_form;               ///< {verb: "text"}, {verb: ["a", "b"]} or {verb: [ … ]}
  std::string_view short_doc;         ///< what the short form means
  std::span<const ParamRow> expect;   ///< of "expect"; empty: not allowed
  std::string_view example;           ///< a JSON step that loads
};
std::span<const StepRow> step_rows();
const StepRow* find_step(std::string_view verb);

}  // namespace harness
