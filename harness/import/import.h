// Evidence from an issue report becomes a scenario: a skeleton that loads and runs, for a person to finish.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "harness/import/evidence.h"

namespace harness {

struct ImportOptions {
  std::string file = "evidence";   ///< for messages
  std::string origin;              ///< where it was reported; may be empty
};
struct Imported {
  std::string scenario;            ///< JSON text that load_scenario takes
  std::string name;                ///< a file name for it, without ".json"
  std::string kind;                ///< what the text was: "curl -v output", "HAR", …
  std::vector<std::string> notes;  ///< what was left out or guessed, a sentence each
};

/// Any text; keys, cookies and what else is secret does not reach the scenario.
base::Result<Imported> import_evidence(std::string_view text, const ImportOptions& options);

}  // namespace harness
