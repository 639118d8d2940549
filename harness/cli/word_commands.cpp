#include "harness/cli/word_commands.h"

#include <cstdio>

#include "base/text.h"
#include "harness/scenario/check_table.h"
#include "harness/scenario/explain.h"
#include "harness/scenario/lint.h"
#include "harness/scenario/loader.h"
#include "harness/scenario/schema.h"
#include "harness/scenario/vocabulary.h"

namespace harness {
namespace {

int complain(const base::Error& error) {
  std::fputs(base::render(error).c_str(), stderr);
  return 2;
}

}  // namespace

int print_checks(const std::string& name) {
  if (name.empty()) {
    std::fputs(check_list().c_str(), stdout);
    return 0;
  }
  const auto text = check_help(name);
  if (text.empty()) {
    std::vector<std::string> names;
    for (const auto& row : check_rows()) names.emplace_back(row.name);
    const auto near = base::nearest_word(name, names);
    return complain(base::problem(fmt::format("no check is called \"{}\"", name), near ? fmt::format("did you mean \"{}\"?  All checks: simulate checks", *near) : "all checks: simulate checks", {}, "checks"));
  }
  std::fputs(text.c_str(), stdout);
  return 0;
}

int print_schema() {
  std::fputs((base::dump_pretty(scenario_schema()) + "\n").c_str(), stdout);
  return 0;
}

int lint_files(const std::vector<std::string>& names, const Paths& paths) {
  bool bad = false;
  for (const auto& name : names) {
    const auto file = scenario_file(name, paths);
    if (file.has_error()) {
      complain(file.error());
      bad = true;
      continue;
    }
    const auto result = lint_file(file.value());
    std::fputs(render(result).c_str(), stdout);
    if (result.clean()) std::printf("%s: nothing to say\n", file.value().c_str());
    bad = bad || !result.problems.empty();
  }
  return bad ? 2 : 0;
}

int explain_scenario(const std::string& name, const Paths& paths) {
  const auto file = scenario_file(name, paths);
  if (file.has_error()) return complain(file.error());
  const auto scenario = load_scenario(file.value());
  if (scenario.has_error()) return complain(scenario.error());
  std::fputs(explain(scenario.value()).c_str(), stdout);
  return 0;
}

int list_scenarios(const Selection& selection, const Paths& paths) {
  auto all = selection;
  const bool everything = all.names.empty() && all.tags.empty();
  all.all = all.all || everything;
  all.slow = all.slow || everything;
  const auto chosen = select_scenarios(all, paths);
  if (chosen.has_error()) return complain(chosen.error());
  std::size_t width = 0;
  for (const auto& scenario : chosen.value()) width = std::max(width, scenario.name.size());
  for (const auto& scenario : chosen.value()) {
    fmt::print("{:<{}}  {}  [{}]\n", scenario.name, width, scenario.title, base::join(scenario.tags, ", "));
  }
  fmt::print(stderr, "{} scenarios\n", chosen.value().size());
  return 0;
}

int list_mutants() {
  for (const auto& mutant : mutants()) fmt::print("{:<30} {}\n", mutant.name, mutant.doc);
  return 0;
}

}  // namespace harness
