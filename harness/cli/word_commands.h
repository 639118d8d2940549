// The commands of `simulate` that run nothing: lists, schema, lint, explain, import.
#pragma once

#include <string>
#include <vector>

#include "harness/cli/library.h"

namespace harness {

// Each returns an exit code.
int print_checks(const std::string& name);
int print_schema();
int lint_files(const std::vector<std::string>& names, const Paths& paths);
int explain_scenario(const std::string& name, const Paths& paths);
int list_scenarios(const Selection& selection, const Paths& paths);
int list_mutants();

struct ImportArguments {
  std::string file = "-";   ///< - is standard input
  std::string out;          ///< - is standard output; empty: named after the evidence, here
  std::string origin;
  bool force = false;
};
int import_file(const ImportArguments& arguments);

}  // namespace harness
