// JUnit XML as CI systems read it: https://github.com/testmoapp/junitxml describes the common ground.
#include <fmt/format.h>

#include "base/redact.h"
#include "base/text.h"
#include "harness/report/report.h"

namespace harness {
namespace {

/// XML 1.0, 2.2: most control characters may not stand in a document at all, escaped or not.
std::string xml(std::string_view text, bool attribute = true) {
  std::string out;
  for (const char c : base::to_valid_utf8(base::Redactor{}.apply(text))) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 && c != '\n' && c != '\t') out += "\xEF\xBF\xBD";
    else if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else if (c == '\n' && attribute) out += "&#10;";
    else out += c;
  }
  return out;
}

std::string property(std::string_view name, std::string_view value) {
  return value.empty() ? std::string() : fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", name, xml(value));
}

struct Case {
  std::string name;
  std::string inside;  ///< <failure>, <error>, <skipped>, or nothing
};

std::string problem_element(std::string_view element, const CheckResult& result, const Reported& run) {
  const auto message = result.expected.empty() ? result.seen : fmt::format("expected {}, seen {}", result.expected, result.seen);
  auto text = explain_failure(result, *run.verdict, *run.history);
  if (!run.repeat.empty()) text += fmt::format("    repeat    {}\n", run.repeat);
  return fmt::format("      <{} type=\"{}\" message=\"{}\">{}</{}>\n", element, xml(result.check), xml(message), xml(text, false), element);
}

std::vector<Case> cases_of(const Reported& run) {
  std::vector<Case> cases;
  if (run.verdict->verdict == Verdict::skipped) {
    cases.push_back({"run", fmt::format("      <skipped message=\"{}\"/>\n", xml(run.verdict->skipped))});
    return cases;
  }
  for (const auto& result : run.verdict->results) {
    Case made{result.line > 0 ? fmt::format("{} (line {})", result.check, result.line) : result.check, {}};
    if (result.verdict == Verdict::fail) made.inside = problem_element("failure", result, run);
    if (result.verdict == Verdict::unknown) made.inside = problem_element("error", result, run);
    cases.push_back(std::move(made));
  }
  // A run that was never judged has no results, and must not look like a suite without tests.
  if (cases.empty()) {
    const bool good = run.verdict->verdict == Verdict::pass;
    cases.push_back({"run", good ? "" : fmt::format("      <error type=\"run\" message=\"{}\"/>\n", std::string(kVerdictNames(run.verdict->verdict)))});
  }
  return cases;
}

struct Counts {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
  void add(const std::vector<Case>& cases) {
    for (const auto& each : cases) {
      ++tests;
      failures += each.inside.starts_with("      <failure") ? 1U : 0U;
      errors += each.inside.starts_with("      <error") ? 1U : 0U;
      skipped += each.inside.starts_with("      <skipped") ? 1U : 0U;
    }
  }
  std::string text() const { return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"", tests, failures, errors, skipped); }
};

std::string suite(const Reported& run, const std::vector<Case>& cases, const ReportOptions& options) {
  Counts counts;
  counts.add(cases);
  const auto& name = run.verdict->scenario;
  std::string out = fmt::format("  <testsuite name=\"{}\" {} time=\"{:.3f}\"", xml(name), counts.text(), run.seconds);
  if (options.made.since_epoch.count() != 0) out += fmt::format(" timestamp=\"{}\"", base::format_rfc3339(options.made));
  const auto file = report_path(run.verdict->file, options.root);
  if (!file.empty()) out += fmt::format(" file=\"{}\"", xml(file));
  out += ">\n    <properties>\n" + property("seed", std::to_string(run.seed)) + property("speed", fmt::format("{}", run.speed));
  for (const std::string_view key : {"world", "target", "manager", "version"}) out += property(key, run_fact(*run.history, key));
  out += property("repeat", run.repeat) + property("folder", run.folder) + "    </properties>\n";
  bool first = true;
  for (const auto& each : cases) {
    // The checks of a run share its time; the first one carries it, so that the sum is right.
    out += fmt::format("    <testcase name=\"{}\" classname=\"{}\" time=\"{:.3f}\"", xml(each.name), xml(name), first ? run.seconds : 0.0);
    out += each.inside.empty() ? "/>\n" : ">\n" + each.inside + "    </testcase>\n";
    first = false;
  }
  return out + "  </testsuite>\n";
}

}  // namespace

std::string render_junit(std::span<const Reported> runs, const ReportOptions& options) {
  Counts counts;
  double seconds = 0;
  std::string suites;
  for (const auto& run : runs) {
    const auto cases = cases_of(run);
    counts.add(cases);
    seconds += run.seconds;
    suites += suite(run, cases, options);
  }
  return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"brownout\" {} time=\"{:.3f}\">\n{}</testsuites>\n", counts.text(), seconds, suites);
}

}  // namespace harness
