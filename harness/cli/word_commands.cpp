#include "harness/cli/word_commands.h"

#include <cstdio>

#include "base/text.h"
#include "harness/scenario/check_table.h"
#include "harness/scenario/explain.h"
#include "harness/scenario/lint.h"
#include "harness/scenario/schema.h"
#include "harness/scenario/vocabulary.h"

namespace harness {

int list_scenarios(const Selection& selection, const Paths& paths) {
  auto all = selection;
  if (all.names.empty() && all.tags.empty()) all.all = true;
  if (std::find(all.tags.begin(), all.tags.end(), kSlowTag) == all.tags.end() && all.tags.empty()) all.tags.clear();
  const auto chosen = select_scenarios(all, paths);
  if (chosen.has_error()) {
    std::fputs(base::render(chosen.error()).c_str(), stderr);
    return 2;
  }
  std::size_t width = 0;
  for (const auto& scenario : chosen.value()) width = std::max(width, scenario.name.size());
  for (const auto& scenario : chosen.value()) {
    fmt::print("{:<{}}  {}  [{}]\n", scenario.name, width, scenario.title, base::join(scenario.tags, ", "));
  }
  return 0;
}

int print_checks(const std::string& name) {
  if (name.empty()) {
    std::fputs(check_list().c_str(), stdout);
    return 0;
  }
  const auto help = check_help(name);
  if (!help.empty()) {
    std::fputs(help.c_str(), stdout);
    return 0;
  }
  const auto names = names_of(check_rows());
  const auto near = base::nearest_word(name, std::span<const std::string_view>(names));
  std::fputs(base::render(base::problem(fmt::format("no check is called \"{}\"", name), near ? fmt::format("did you mean \"{}\"?", *near) : "all of them: simulate checks")).c_str(), stderr);
  return 2;
}

int print_schema() {
  std::fputs((base::dump_pretty(scenario_schema()) + "\n").c_str(), stdout);
  return 0;
}

int lint_files(const std::vector<std::string>& names, const Paths& paths) {
  int code = 0;
  for (const auto& name : names) {
    const auto file = scenario_file(name, paths);
    const auto result = file.has_error() ? LintResult{.problems = file.error().problems} : lint_file(file.value());
    if (!result.problems.empty()) code = 2;
    // Diagnostics are the result here, so they go to stdout.
    std::fputs(result.clean() ? fmt::format("{}: clean\n", name).c_str() : render(result).c_str(), stdout);
  }
  return code;
}

int explain_scenario(const std::string& name, const Paths& paths) {
  const auto file = scenario_file(name, paths);
  auto scenario = file.has_error() ? base::Result<Scenario>(file.error()) : load_scenario(file.value());
  if (scenario.has_error()) {
    std::fputs(base::render(scenario.error()).c_str(), stderr);
    return 2;
  }
  std::fputs(explain(scenario.value()).c_str(), stdout);
  return 0;
}

}  // namespace harness
