#include "harness/cli/word_commands.h"

#include <cstdio>

#include "base/text.h"
#include "harness/scenario/loader.h"

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

}  // namespace harness
namespace harness {
int print_checks(const std::string&) { return 0; }
int print_schema() { return 0; }
int lint_files(const std::vector<std::string>&, const Paths&) { return 0; }
int explain_scenario(const std::string&, const Paths&) { return 0; }
void add_more_commands(CLI::App&, const Paths&) {}
std::optional<int> run_more_commands(CLI::App&) { return std::nullopt; }
}  // namespace harness
