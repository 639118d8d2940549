// The commands of `simulate` that run nothing: lists, schema, lint, explain. And those that other parts bring (import, explore).
#pragma once

#include <CLI/App.hpp>
#include <optional>
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

/// `import` and `explore`: their flags, and the run of whichever was called.
void add_more_commands(CLI::App& app, const Paths& paths);
std::optional<int> run_more_commands(CLI::App& app);

}  // namespace harness
