#include "harness/report/scorecard.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "harness/scenario/vocabulary.h"

namespace harness {
namespace {

constexpr std::size_t kReasonMax = 170;
using Counts = std::array<std::size_t, 4>;  // in the order of Verdict

std::size_t of(const Counts& counts, Verdict verdict) { return counts[static_cast<std::size_t>(verdict)]; }

std::string row(std::string_view name, const Counts& counts) {
  return fmt::format("  {:<14}{:>8}{:>8}{:>9}{:>9}\n", name, of(counts, Verdict::pass), of(counts, Verdict::fail), of(counts, Verdict::unknown), of(counts, Verdict::skipped));
}

std::string table(std::span<const Reported> runs) {
  std::map<std::string, Counts> subjects;
  Counts all{};
  for (const auto& run : runs) {
    const auto verdict = static_cast<std::size_t>(run.verdict->verdict);
    ++subjects[subject_of(*run.scenario)][verdict];
    ++all[verdict];
  }
  auto text = fmt::format("  {:<14}{:>8}{:>8}{:>9}{:>9}\n", "", "passed", "failed", "unknown", "skipped");
  for (const auto& [subject, counts] : subjects) text += row(subject, counts);
  return text + row("in all", all);
}

std::string why(const RunVerdict& run) {
  const auto* result = run.decisive();
  if (result == nullptr) return "no reason given";
  const auto text = fmt::format("{}: expected {}; seen {}", result->check, result->expected, result->seen);
  return base::shorten(base::replace_all(base::replace_all(text, "\n", " "), "  ", " "), kReasonMax);
}

std::string list_of(std::span<const Reported> runs, Verdict verdict, std::string_view heading) {
  std::vector<std::string> lines;
  for (const auto& run : runs) {
    if (run.verdict->verdict == verdict) lines.push_back(fmt::format("  {:<14}{}  {}\n", subject_of(*run.scenario), run.scenario->name, why(*run.verdict)));
  }
  if (lines.empty()) return {};
  std::sort(lines.begin(), lines.end());
  return fmt::format("\n{}\n{}", heading, base::join(lines, ""));
}

std::string skips(std::span<const Reported> runs) {
  std::map<std::string, std::size_t> abilities_lacked, others;
  for (const auto& run : runs) {
    if (run.verdict->verdict != Verdict::skipped) continue;
    for (const auto& ability : run.verdict->lacks) ++abilities_lacked[ability];
    if (run.verdict->lacks.empty()) ++others[run.verdict->skipped];
  }
  if (abilities_lacked.empty() && others.empty()) return {};
  std::string text = "\nskipped for want of an ability (a scenario may want several)\n";
  for (const auto& ability : abilities()) {
    const auto found = abilities_lacked.find(std::string(ability.name));
    if (found != abilities_lacked.end()) text += fmt::format("  {:>4}  {:<20}{}\n", found->second, ability.name, ability.doc);
  }
  for (const auto& [reason, count] : others) text += fmt::format("  {:>4}  {}\n", count, base::shorten(reason, kReasonMax));
  return text;
}

}  // namespace

std::string subject_of(const Scenario& scenario) {
  const auto about = [](const std::string& tag) { return tag != "smoke" && tag != "slow" && tag != "regressions" && tag != "situations"; };
  const auto found = std::find_if(scenario.tags.begin(), scenario.tags.end(), about);
  return found == scenario.tags.end() ? "other" : *found;
}

std::string render_scorecard(const std::string& target, std::span<const Reported> runs) {
  return fmt::format("\nscorecard of {}\n", target) + table(runs) + list_of(runs, Verdict::fail, "failed") + list_of(runs, Verdict::unknown, "could not be judged") + skips(runs) + "\n";
}

}  // namespace harness
