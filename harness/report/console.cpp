#include "harness/report/console.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "harness/history/describe.h"

namespace harness {
namespace {

constexpr std::string_view kReset = "\033[0m";
constexpr std::string_view kBold = "\033[1m";
constexpr std::string_view kDim = "\033[2m";
constexpr std::string_view kRed = "\033[31m";
constexpr std::string_view kGreen = "\033[32m";
constexpr std::string_view kYellow = "\033[33m";

std::string_view lane_colour(std::string_view lane) {
  if (lane == "client") return "\033[36m";
  if (lane == "provider") return "\033[33m";
  if (lane == "gateway") return "\033[35m";
  if (lane == "manager") return "\033[34m";
  if (lane == "cli") return "\033[32m";
  return kDim;
}

std::string painted(std::string_view text, std::string_view colour, bool on) { return on ? fmt::format("{}{}{}", colour, text, kReset) : std::string(text); }

std::string_view verdict_colour(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass: return kGreen;
    case Verdict::fail: return kRed;
    default: return kYellow;
  }
}

/// A failure shouts; the rest is said quietly.
std::string verdict_word(Verdict verdict) { return verdict == Verdict::fail ? "FAIL" : std::string(kVerdictNames(verdict)); }

struct Shown {
  std::vector<const Entry*> lines;
  std::set<std::uint64_t> marked;  ///< what failed checks point at
  std::set<std::uint64_t> near;    ///< and what stands around it
};

Shown choose(const RunVerdict& run, const History& history) {
  Shown shown;
  for (const auto& result : run.results) {
    if (result.verdict != Verdict::fail && result.verdict != Verdict::unknown) continue;
    if (result.entry) shown.marked.insert(*result.entry);
    shown.near.insert(result.around.begin(), result.around.end());
  }
  std::vector<const Entry*> sorted;
  std::set<std::pair<std::string, std::int64_t>> answered;
  for (const auto& entry : history.entries()) {
    sorted.push_back(&entry);
    if (entry.lane == "provider" && entry.kind == "answer") answered.insert({base::string_or(entry.data, "provider"), base::integer_or(entry.data, "attempt", -1)});
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) { return a->at != b->at ? a->at < b->at : a->seq < b->seq; });
  bool over = false, stopping = false;
  for (const auto* entry : sorted) {
    const bool teardown = entry->lane == "harness" && entry->kind == "teardown";
    const bool unanswered = entry->lane == "provider" && entry->kind == "attempt" &&
                            !answered.contains({base::string_or(entry->data, "provider"), base::integer_or(entry->data, "attempt", -1)});
    // What happens after the steps is the harness clearing up; only what it finds then is news.
    // The gateway's last words about the steps come a moment late, until it is told to stop.
    stopping = stopping || (over && entry->lane == "manager" && (entry->kind == "signal" || entry->kind == "state"));
    const bool news = !over || entry->lane == "harness" || (entry->lane == "gateway" && !stopping);
    if (((worth_showing(*entry) || unanswered) && news && !teardown) || shown.near.contains(entry->seq)) shown.lines.push_back(entry);
    over = over || teardown;
  }
  return shown;
}

std::string timeline_line(const Entry& entry, bool marked, bool colour) {
  const auto time = fmt::format("{}{:>8.3f}", marked ? painted(">", kRed, colour) : " ", base::seconds(entry.at));
  const auto lane = painted(fmt::format("{:<9}", entry.lane), lane_colour(entry.lane), colour);
  const auto words = marked ? painted(describe(entry), kRed, colour) : describe(entry);
  return fmt::format("{}  {}  {}\n", time, lane, words);
}

}  // namespace

std::string render_timeline(const RunVerdict& run, const History& history, const ConsoleOptions& options) {
  const auto shown = choose(run, history);
  const auto count = shown.lines.size();
  const auto head = options.lines_max * 2 / 3, tail = options.lines_max - head;
  std::string out;
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& entry = *shown.lines[i];
    const bool middle = count > options.lines_max && i >= head && i + tail < count;
    if (middle && !shown.near.contains(entry.seq)) {
      ++left_out;
      continue;
    }
    if (left_out > 0) out += painted(fmt::format("            … {} more lines{}\n", left_out, options.folder.empty() ? "" : ": " + options.folder + "/history.jsonl"), kDim, options.colour);
    left_out = 0;
    out += timeline_line(entry, shown.marked.contains(entry.seq), options.colour);
  }
  return out;
}

std::string render_summary(const RunVerdict& run, const ConsoleOptions& options) {
  const auto name = painted(fmt::format("{:<{}}", run.scenario, options.name_width), kBold, options.colour);
  const auto word = painted(fmt::format("{:<7}", verdict_word(run.verdict)), verdict_colour(run.verdict), options.colour);
  std::string words = run.verdict == Verdict::skipped ? run.skipped : run.summary();
  if (const auto* decisive = run.decisive()) {
    const auto others = std::count_if(run.results.begin(), run.results.end(), [&](const auto& each) { return each.verdict == run.verdict; }) - 1;
    words = fmt::format("check {}{}", decisive->check, others > 0 ? fmt::format(" and {} more", others) : "");
  }
  const auto line = fmt::format("{}   {} {:>6}   {}", name, word, fmt::format("{:.2f} s", options.seconds), words);
  return line.substr(0, line.find_last_not_of(' ') + 1);
}

std::string render_run(const RunVerdict& run, const History& history, const ConsoleOptions& options) {
  std::string out;
  if (options.timeline && run.verdict != Verdict::skipped) out += render_timeline(run, history, options);
  out += render_summary(run, options) + "\n";
  bool wrong = false;
  for (const auto& result : run.results) {
    if (result.verdict != Verdict::fail && result.verdict != Verdict::unknown) continue;
    wrong = true;
    out += fmt::format("  {} {}\n", painted(verdict_word(result.verdict), verdict_colour(result.verdict), options.colour), painted(result.check, kBold, options.colour));
    out += explain_failure(result, run, history);
  }
  if (wrong && !options.repeat.empty()) out += fmt::format("    repeat    {}\n", options.repeat);
  if (wrong && !options.folder.empty()) out += fmt::format("    run       {}\n", options.folder);
  return out;
}

}  // namespace harness
