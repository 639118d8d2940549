// From a scenario and a history to a verdict: which function judges which check, and in which order.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/checks/outcome.h"
#include "harness/scenario/check_table.h"

namespace harness {
namespace {

using checks::Outcome;
using checks::View;

struct Judge {
  std::string_view name;
  void (*function)(Outcome&);
};
constexpr std::array kJudges{
    Judge{"gateway.survives", checks::check_survives},
    Judge{"gateway.exits", checks::check_exits},
    Judge{"reply", checks::check_reply},
    Judge{"hint", checks::check_hint},
    Judge{"credentials.order", checks::check_order},
    Judge{"credentials.attempts", checks::check_key_attempts},
    Judge{"credentials.never", checks::check_never},
    Judge{"attempts.max", checks::check_attempts_max},
    Judge{"attempts.count", checks::check_attempts_count},
    Judge{"attempts.gap", checks::check_gap},
    Judge{"fallback.used", checks::check_fallback},
    Judge{"restart.completes", checks::check_restart},
    Judge{"restart.loses-nothing", checks::check_loses_nothing},
    Judge{"manager.states", checks::check_states},
    Judge{"manager.journal", checks::check_journal},
    Judge{"cli.output", checks::check_cli},
    Judge{"stream", checks::check_stream},
    Judge{"session.turns", checks::check_turns},
    Judge{"resources", checks::check_resources},
    Judge{"log.contains", checks::check_log_contains},
    Judge{"log.never", checks::check_log_never},
    Judge{"status.shows", checks::check_status_shows},
    Judge{"metrics.shows", checks::check_metrics},
    Judge{"upstream.cancelled", checks::check_cancelled},
    Judge{"time.between", checks::check_between},
    Judge{"fault.fired", checks::check_fired},
};
constexpr std::array kAlways{
    Judge{"secrets.none", checks::always_secrets},       Judge{"requests.end-once", checks::always_end_once},
    Judge{"requests.own-id", checks::always_own_ids},
    Judge{"sanitizers.clean", checks::always_sanitizers}, Judge{"processes.gone", checks::always_processes},
    Judge{"steps.done", checks::always_steps},
};

CheckResult judge_one(const View& view, const Expectation& expectation) {
  Outcome out(view, expectation.params, expectation.check, expectation.line);
  const auto found = std::find_if(kJudges.begin(), kJudges.end(), [&](const auto& each) { return each.name == expectation.check; });
  if (found == kJudges.end()) out.unknown(fmt::format("a check called \"{}\"", expectation.check), "there is none, so it could not be judged");
  else found->function(out);
  return out.take();
}

}  // namespace

RunVerdict judge(const Scenario& scenario, const History& history) {
  const View view(history);
  RunVerdict run{.scenario = scenario.name, .file = scenario.file, .length = view.length()};
  if (const auto* end = view.last("harness", "end")) {
    run.skipped = base::string_or(end->data, "skipped");
    if (!run.skipped.empty()) {
      run.verdict = Verdict::skipped;
      return run;
    }
  }
  auto expectations = scenario.expect;
  expectations.insert(expectations.end(), scenario.step_expect.begin(), scenario.step_expect.end());
  for (const auto& expectation : expectations) run.results.push_back(judge_one(view, expectation));
  const auto none = base::Json::object();
  for (const auto& always : kAlways) {
    Outcome out(view, none, std::string(always.name), 0);
    always.function(out);
    run.results.push_back(out.take());
  }
  Outcome fired(view, none, "faults.all-fired", 0);
  checks::always_fired(scenario, fired);
  run.results.push_back(fired.take());
  for (const auto& each : run.results) run.verdict = merge(run.verdict, each.verdict);
  return run;
}

}  // namespace harness
