#include "harness/scenario/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "harness/scenario/check_table.h"
#include "harness/scenario/vocabulary.h"
#include "simulator/core/faults.h"

namespace harness {
namespace {

using base::JsonNode;

class Linter {
 public:
  Linter(const Scenario& scenario, const base::JsonDocument& document, std::vector<base::Diagnostic>& warnings)
      : scenario_(scenario), document_(document), warnings_(warnings) {}

  void run() {
    whole_file();
    catches();
    providers();
    steps(scenario_.steps);
    checks();
  }

 private:
  void warn(int line, std::string where, std::string what, std::string hint = {}) {
    warnings_.push_back({.file = scenario_.file, .line = line, .where = std::move(where), .what = std::move(what), .hint = std::move(hint), .source = document_.line_text(line)});
  }
  int line_of(std::string_view key) const {
    const auto* node = document_.root.find(key);
    return node ? node->line : document_.root.line;
  }

  void whole_file() {
    if (scenario_.origin.empty()) warn(document_.root.line, "/origin", "nothing says where this was seen", "\"origin\": an issue (owner/repository#number) or an address");
    if (scenario_.catches.empty()) warn(document_.root.line, "/catches", "no mutant is named that this scenario must fail on", "a scenario that cannot fail proves nothing; all mutants: docs/scenarios.md");
    if (scenario_.tags.empty()) warn(line_of("tags"), "/tags", "no tag: nobody will find it with --tag");
    if (scenario_.expect.empty() && scenario_.step_expect.empty()) warn(line_of("expect"), "/expect", "nothing is expected, so it passes whatever happens");
    if (scenario_.steps.empty()) warn(line_of("steps"), "/steps", "nothing is done");
    if (!scenario_.seed && std::any_of(scenario_.providers.begin(), scenario_.providers.end(), [](const auto& each) {
          return std::any_of(each.script.begin(), each.script.end(), [](const auto& rule) { return rule.throws_dice(); });
        })) warn(line_of("providers"), "/providers", "a rule throws dice, but there is no \"seed\"", "with a seed each run decides alike");
  }

  void catches() {
    const auto names = names_of(mutants());
    const auto* node = document_.root.find("catches");
    for (std::size_t i = 0; node && i < node->items.size(); ++i) {
      const auto& item = node->items[i];
      if (find_row(mutants(), item.string)) continue;
      const auto near = base::nearest_word(item.string, std::span<const std::string_view>(names));
      warn(item.line, fmt::format("/catches/{}", i), fmt::format("no mutant is called \"{}\"", base::printable(item.string, 80)), near ? fmt::format("did you mean \"{}\"?", *near) : "");
    }
  }

  /// True when every request that `later` can match is decided by `earlier` already.
  static bool hides(const simulator::Rule& earlier, const simulator::Rule& later) {
    if (earlier.times >= 0 || earlier.after > 0 || earlier.every > 1 || earlier.throws_dice() || !earlier.go_to.empty()) return false;
    const auto& a = earlier.when;
    const auto& b = later.when;
    const auto covers = [](const std::string& wide, const std::string& narrow) { return wide.empty() || wide == "*" || wide == narrow; };
    if (!covers(a.credential, b.credential) || !covers(a.model, b.model) || !covers(a.path, b.path) || !covers(a.method, b.method) || !covers(a.session, b.session)) return false;
    if (!covers(a.state, b.state) || (!a.text.empty() && a.text != b.text)) return false;
    if (a.stream && a.stream != b.stream) return false;
    if (!a.headers.empty() || !a.body.empty() || a.nth || a.nth_credential || a.nth_session || a.after || a.before) return false;
    return stage_of(earlier) == stage_of(later);
  }
  static simulator::Stage stage_of(const simulator::Rule& rule) {
    const auto info = rule.fault.name.empty() ? std::nullopt : simulator::find_fault(rule.fault.name);
    return info ? info->stage : simulator::Stage::request;
  }

  void rules(const std::vector<simulator::Rule>& list, const std::string& where) {
    for (std::size_t later = 1; later < list.size(); ++later) {
      for (std::size_t earlier = 0; earlier < later; ++earlier) {
        if (!hides(list[earlier], list[later])) continue;
        warn(list[later].line, fmt::format("{}/{}", where, later), fmt::format("this rule can never decide: the one on line {} always comes first", list[earlier].line), "give the earlier one \"times\", or put the narrower rule first");
        break;
      }
    }
    std::set<std::string> reached{"start"};
    for (const auto& rule : list) reached.insert(rule.go_to);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto& state = list[i].when.state;
      if (!state.empty() && state.find_first_of("*?") == std::string::npos && !reached.contains(state)) warn(list[i].line, fmt::format("{}/{}", where, i), fmt::format("no rule goes to the state \"{}\"", state));
    }
  }

  void providers() {
    std::string routes = base::dump(scenario_.gateway.routes) + base::dump(scenario_.gateway.config);
    for (const auto& provider : scenario_.providers) {
      rules(provider.script, "/providers/" + provider.name + "/script");
      const bool routed = scenario_.gateway.routes.empty() || routes.find("\"" + provider.name) != std::string::npos;
      if (!routed) warn(provider.line, "/providers/" + provider.name, "no route leads to this provider, so it is never asked");
    }
  }

  void steps(const std::vector<Step>& list) {
    for (const auto& step : list) {
      if (const auto* script = std::get_if<ScriptStep>(&step.what)) {
        for (const auto& change : script->changes) rules(change.rules, fmt::format("line {}: {}", step.line, change.op));
      } else if (const auto* parallel = std::get_if<std::shared_ptr<ParallelStep>>(&step.what)) {
        for (const auto& branch : (*parallel)->branches) steps(branch);
      } else if (const auto* repeat = std::get_if<std::shared_ptr<RepeatStep>>(&step.what)) {
        steps((*repeat)->steps);
      } else if (const auto* send = std::get_if<SendStep>(&step.what)) {
        if (send->concurrency > send->count) warn(step.line, "", fmt::format("concurrency {} with only {} request{}", send->concurrency, send->count, send->count == 1 ? "" : "s"));
        if (send->hang_up_events && !send->stream && send->api != Api::chat) warn(step.line, "", "the client leaves after events, but asks for no stream", "add \"stream\": true");
      }
    }
  }

  void checks() {
    for (const auto& expectation : scenario_.expect) {
      const auto* row = find_check(expectation.check);
      if (!row || expectation.params.size() > required(*row) || row->params.empty() || always_says_something(expectation.check)) continue;
      warn(expectation.line, "", fmt::format("\"{}\" asks for nothing", expectation.check), "its parameters: simulate checks " + expectation.check);
    }
  }
  static std::size_t required(const CheckRow& row) { return static_cast<std::size_t>(std::count_if(row.params.begin(), row.params.end(), [](const auto& each) { return each.required; })); }
  /// Checks whose required parameters are an expectation already.
  static bool always_says_something(std::string_view name) {
    constexpr std::array<std::string_view, 15> kNames{"gateway.survives", "gateway.exits", "credentials.order", "credentials.attempts", "credentials.never", "attempts.max", "attempts.count", "fallback.used",
                                                     "restart.completes", "restart.loses-nothing", "session.turns", "status.shows", "metrics.shows", "upstream.cancelled", "fault.fired"};
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end() || name == "hint" || name == "time.between";
  }

  const Scenario& scenario_;
  const base::JsonDocument& document_;
  std::vector<base::Diagnostic>& warnings_;
};

}  // namespace

LintResult lint_text(std::string text, const std::string& file) {
  LintResult result;
  auto document = base::parse_json_document(text, file);
  auto scenario = parse_scenario(std::move(text), file);
  if (scenario.has_error()) {
    result.problems = scenario.error().problems;
    return result;
  }
  Linter(scenario.value(), document.value(), result.warnings).run();
  std::stable_sort(result.warnings.begin(), result.warnings.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  return result;
}

LintResult lint_file(const std::string& path) {
  auto document = base::read_json_file(path);
  if (document.has_error()) return {.problems = document.error().problems};
  return lint_text(std::move(document.value().text), path);
}

std::string render(const LintResult& result) {
  if (result.clean()) return {};
  std::string out;
  for (const auto& each : result.problems) out += base::render(each);
  for (auto each : result.warnings) {
    each.what = "warning: " + each.what;
    out += base::render(each);
  }
  const auto count = [](std::size_t n, std::string_view noun) { return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s"); };
  return out + fmt::format("{}, {}\n", count(result.problems.size(), "problem"), count(result.warnings.size(), "warning"));
}

}  // namespace harness
