#include "harness/report/report.h"

#include "base/text.h"

namespace harness {

std::array<std::size_t, 4> count_verdicts(std::span<const Reported> runs) {
  std::array<std::size_t, 4> counts{};
  for (const auto& run : runs) ++counts[static_cast<std::size_t>(run.verdict->verdict)];
  return counts;
}

Verdict worst_verdict(std::span<const Reported> runs) {
  auto worst = Verdict::skipped;
  for (const auto& run : runs) worst = merge(worst, run.verdict->verdict);
  return worst;
}

std::string run_fact(const History& history, std::string_view key) {
  for (const auto& entry : history.entries()) {
    if (entry.lane != "harness" || entry.kind != "run") continue;
    const auto* value = base::find(entry.data, key);
    if (!value || value->is_null()) return {};
    return value->is_string() ? value->get_ref<const std::string&>() : base::dump(*value);
  }
  return {};
}

std::string report_path(const std::string& file, const std::string& root) {
  if (root.empty() || !file.starts_with(root)) return file;
  auto rest = std::string_view(file).substr(root.size());
  if (root.back() != '/') {
    if (!rest.starts_with('/')) return file;
    rest.remove_prefix(1);
  }
  return rest.empty() ? file : std::string(rest);
}

}  // namespace harness
