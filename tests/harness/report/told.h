// Finished runs for the reporters: one that passed, one that failed, one that proves nothing, one that was skipped.
#pragma once

#include "harness/report/report.h"
#include "tests/harness/checks/story.h"

namespace harness {

/// Owns what Reported borrows.
struct Told {
  Scenario scenario;
  History history;
  RunVerdict verdict;
  Reported reported(double seconds = 0.912) const {
    return {.scenario = &scenario, .verdict = &verdict, .history = &history, .folder = "runs/1",
            .repeat = "simulate --scenario " + verdict.scenario + " --seed 7", .seconds = seconds, .seed = 7, .speed = 20};
  }
};

inline Told tell(const std::string& name, const std::string& check, History history) {
  Told told{told_scenario(check), std::move(history), {}};
  told.scenario.name = name;
  told.scenario.tags = {"billing"};
  told.scenario.origin = {"https://example.org/issues/5220", "example/gateway#1"};
  told.verdict = judge(told.scenario, told.history);
  return told;
}

inline Story told_story() {
  Story story;
  story.at(0.118).add("manager", "notify", {{"pid", 100}, {"text", "READY=1"}}).state("start", "running", "active");
  story.at(0.131).request(1, "first").at(0.134).tried(1, "acme", "key-a", 402, "402").tried(2, "acme", "key-b", 200);
  story.log("request done", {{"reason", "none"}});
  story.at(0.171).reply(1, "first", 200);
  return story;
}

inline Told passed_run() { return tell("billing-402", R"({"check":"gateway.survives"})", told_story().end()); }
inline Told failed_run() {
  return tell("billing-402", R"({"check":"gateway.survives"},{"check":"reply","reply":"first","text":"pang","within":"10ms"})", told_story().end());
}
inline Told unknown_run() { return tell("proves-nothing", R"({"check":"gateway.survives"})", told_story().end(0)); }
inline Told skipped_run() {
  Told told{told_scenario(R"({"check":"gateway.survives"})"), {}, {}};
  told.verdict = {.verdict = Verdict::skipped, .scenario = "needs-chat", .file = "scenarios/told.json", .skipped = "the target cannot chat"};
  return told;
}

}  // namespace harness
