#include "simulator/core/fault_list.h"

#include <fmt/format.h>

#include "base/text.h"
#include "simulator/core/faults.h"

namespace simulator {

std::string list_faults(FaultsFormat format, const std::string& pattern, bool with_catalogue) {
  std::string out;
  std::string group;
  auto json = base::Json::array();
  if (format == FaultsFormat::markdown) out = "| fault | parameters | ends with | what happens |\n|---|---|---|---|\n";
  for (const auto& info : all_faults()) {
    if (info.group == "catalogue" && !with_catalogue && pattern.empty()) continue;
    if (!pattern.empty() && !base::glob_match(pattern, info.name) && !base::glob_match(pattern, info.group)) continue;
    const auto ending = kEndingNames[static_cast<std::size_t>(info.ending)];
    switch (format) {
      case FaultsFormat::json:
        json.push_back({{"name", info.name}, {"group", info.group}, {"params", info.params}, {"ending", ending}, {"summary", info.summary}, {"source", info.source}});
        break;
      case FaultsFormat::markdown:
        out += fmt::format("| `{}` | {} | {} | {} |\n", info.name, info.params.empty() ? "" : "`" + info.params + "`", ending, info.summary);
        break;
      case FaultsFormat::text:
        if (group != info.group) out += fmt::format("{}{}\n", group.empty() ? "" : "\n", info.group);
        group = info.group;
        out += fmt::format("  {:<26} {:<10} {}{}\n", info.name, ending, info.summary, info.params.empty() ? "" : "  [" + info.params + "]");
        if (!info.source.empty()) out += fmt::format("  {:<26} {:<10} source: {}\n", "", "", info.source);
    }
  }
  if (format == FaultsFormat::json) return base::dump_pretty(json) + "\n";
  if (format == FaultsFormat::text && !with_catalogue && pattern.empty()) {
    out += fmt::format("\ncatalogue\n  {} replies of real providers, by id: simulator faults --catalogue\n", catalogue().size());
  }
  return out;
}

}  // namespace simulator
