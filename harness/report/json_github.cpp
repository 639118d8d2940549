// The report for programs, and the one for a pull request's page.
#include <fmt/format.h>

#include "base/redact.h"
#include "base/text.h"
#include "harness/history/describe.h"
#include "harness/report/report.h"

namespace harness {
namespace {

using base::Json;

Json seconds_of(base::Duration length) { return Json(std::round(base::seconds(length) * 1e6) / 1e6); }

Json lines_around(const CheckResult& result, const History& history) {
  Json lines = Json::array();
  for (const auto seq : result.around) {
    for (const auto& entry : history.entries()) {
      if (entry.seq != seq) continue;
      lines.push_back({{"t", seconds_of(entry.at)}, {"seq", seq}, {"lane", entry.lane}, {"text", describe(entry)}, {"decisive", result.entry == seq}});
    }
  }
  return lines;
}

Json result_json(const CheckResult& result, const History& history) {
  Json json{{"check", result.check}, {"verdict", std::string(kVerdictNames(result.verdict))}};
  if (result.line > 0) json["line"] = result.line;
  if (!result.expected.empty()) json["expected"] = result.expected;
  if (!result.seen.empty()) json["seen"] = result.seen;
  if (result.at) json["at_s"] = seconds_of(*result.at);
  if (!result.summary.empty()) json["summary"] = result.summary;
  if (result.verdict != Verdict::pass) json["around"] = lines_around(result, history);
  return json;
}

Json run_json(const Reported& run, const ReportOptions& options) {
  const auto& verdict = *run.verdict;
  Json json{{"scenario", verdict.scenario}, {"title", run.scenario ? run.scenario->title : ""}, {"file", report_path(verdict.file, options.root)},
            {"verdict", std::string(kVerdictNames(verdict.verdict))}};
  if (verdict.verdict == Verdict::skipped) json["skipped"] = verdict.skipped;
  json["seconds"] = std::round(run.seconds * 1000) / 1000;
  json["length_s"] = seconds_of(verdict.length);
  json["seed"] = run.seed;
  json["speed"] = run.speed;
  for (const std::string_view key : {"world", "target", "manager", "version"}) {
    if (auto fact = run_fact(*run.history, key); !fact.empty()) json[std::string(key)] = std::move(fact);
  }
  if (run.scenario) json["tags"] = run.scenario->tags;
  if (run.scenario && !run.scenario->origin.empty()) json["origin"] = run.scenario->origin;
  json["repeat"] = run.repeat;
  json["folder"] = run.folder;
  json["summary"] = verdict.summary();
  json["results"] = Json::array();
  for (const auto& result : verdict.results) json["results"].push_back(result_json(result, *run.history));
  return json;
}

/// GitHub's workflow commands end at a line end; a property also at "," and ":".
std::string github(std::string_view text, bool is_property) {
  std::string out;
  for (const char c : base::Redactor{}.apply(text)) {
    if (c == '%') out += "%25";
    else if (c == '\r') out += "%0D";
    else if (c == '\n') out += "%0A";
    else if (is_property && c == ':') out += "%3A";
    else if (is_property && c == ',') out += "%2C";
    else out += c;
  }
  return out;
}

std::string annotation(std::string_view level, const Reported& run, const ReportOptions& options, int line, std::string_view title, std::string_view text) {
  std::string out = fmt::format("::{} ", level);
  const auto file = report_path(run.verdict->file, options.root);
  if (!file.empty()) out += fmt::format("file={},", github(file, true));
  if (line > 0) out += fmt::format("line={},", line);
  return out + fmt::format("title={}::{}\n", github(title, true), github(text, false));
}

}  // namespace

std::string render_json(std::span<const Reported> runs, const ReportOptions& options) {
  const auto counts = count_verdicts(runs);
  Json report{{"format", 1}, {"tool", "brownout"}, {"verdict", std::string(kVerdictNames(worst_verdict(runs)))}};
  if (options.made.since_epoch.count() != 0) report["made"] = base::format_rfc3339(options.made);
  for (std::size_t i = 0; i < counts.size(); ++i) report["counts"][std::string(kVerdictNames.words[i])] = counts[i];
  report["runs"] = Json::array();
  for (const auto& run : runs) report["runs"].push_back(run_json(run, options));
  // The text of what is sent to a provider may stand in an expectation; a key must not.
  return base::Redactor{}.apply(base::dump_pretty(report)) + "\n";
}

std::string render_github(std::span<const Reported> runs, const ReportOptions& options) {
  std::string out;
  for (const auto& run : runs) {
    const auto& verdict = *run.verdict;
    if (verdict.verdict == Verdict::skipped) {
      out += annotation("notice", run, options, 0, verdict.scenario + " was skipped", verdict.skipped);
      continue;
    }
    for (const auto& result : verdict.results) {
      if (result.verdict != Verdict::fail && result.verdict != Verdict::unknown) continue;
      const bool failed = result.verdict == Verdict::fail;
      auto text = explain_failure(result, verdict, *run.history);
      if (!run.repeat.empty()) text += "    repeat    " + run.repeat;
      out += annotation(failed ? "error" : "warning", run, options, result.line,
                        fmt::format("{}: {} {}", verdict.scenario, result.check, failed ? "failed" : "could not be judged"), base::trim(text));
    }
    const bool said = std::any_of(verdict.results.begin(), verdict.results.end(), [](const auto& r) { return r.verdict != Verdict::pass; });
    if (verdict.verdict != Verdict::pass && !said) out += annotation("error", run, options, 0, verdict.scenario, "the run could not be judged");
  }
  return out;
}

}  // namespace harness
