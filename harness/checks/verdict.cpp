#include "harness/checks/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "harness/history/describe.h"

namespace harness {

Verdict merge(Verdict a, Verdict b) {
  if (a == Verdict::skipped) return b;
  if (b == Verdict::skipped) return a;
  return std::max(a, b);
}

const CheckResult* RunVerdict::decisive() const {
  if (verdict != Verdict::fail && verdict != Verdict::unknown) return nullptr;
  const auto found = std::find_if(results.begin(), results.end(), [&](const auto& each) { return each.verdict == verdict; });
  return found == results.end() ? nullptr : &*found;
}

std::string RunVerdict::summary() const {
  std::vector<std::string> words;
  for (const auto& each : results) {
    const bool news = !each.summary.empty() && std::find(words.begin(), words.end(), each.summary) == words.end();
    if (each.verdict == Verdict::pass && news) words.push_back(each.summary);
  }
  return base::join(words, " · ");
}

std::string explain_failure(const CheckResult& result, const RunVerdict& run, const History& history) {
  std::string out = fmt::format("    expected  {}\n    seen      {}\n", result.expected, result.seen);
  if (result.at) out += fmt::format("    when      {:.3f} s\n", base::seconds(*result.at));
  if (result.line > 0) out += fmt::format("    where     {}:{}\n", run.file, result.line);
  bool first = true;
  for (const auto seq : result.around) {
    const auto found = std::find_if(history.entries().begin(), history.entries().end(), [&](const auto& entry) { return entry.seq == seq; });
    if (found == history.entries().end()) continue;
    out += fmt::format("    {:<8}{} {}\n", first ? "around" : "", result.entry == seq ? ">" : " ", describe_line(*found));
    first = false;
  }
  return out;
}

int exit_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::fail: return 1;
    case Verdict::unknown: return 3;
    default: return 0;
  }
}

}  // namespace harness
