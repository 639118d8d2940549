#include "harness/report/scorecard.h"

#include <gtest/gtest.h>

#include <list>

namespace harness {
namespace {

/// Runs that were made up.
struct Runs {
  std::list<Scenario> scenarios;
  std::list<RunVerdict> verdicts;
  std::vector<Reported> list;

  RunVerdict& add(const std::string& name, std::vector<std::string> tags, Verdict verdict) {
    auto& scenario = scenarios.emplace_back();
    scenario.name = name;
    scenario.tags = std::move(tags);
    auto& run = verdicts.emplace_back();
    run.verdict = verdict;
    if (verdict == Verdict::fail || verdict == Verdict::unknown) {
      run.results.push_back({.check = "reply", .verdict = verdict, .expected = "the reply to first\nwith 200", .seen = "502", .at = {}, .line = 0, .entry = {}, .around = {}, .summary = {}});
    }
    list.push_back({.scenario = &scenario, .verdict = &run});
    return run;
  }
};

TEST(Scorecard, TellsEachSubjectEachFailureInALineAndWhatWasLacking) {
  Runs runs;
  runs.add("z-last", {"smoke", "billing"}, Verdict::fail);
  runs.add("a-first", {"billing"}, Verdict::pass);
  runs.add("odd", {"stream"}, Verdict::unknown);
  runs.add("c", {"stream"}, Verdict::skipped).lacks = {"cli", "chat"};
  runs.add("d", {"cli"}, Verdict::skipped).lacks = {"cli"};
  runs.add("e", {"disk"}, Verdict::skipped).skipped = "needs root";

  EXPECT_EQ(render_scorecard("theirs", runs.list),
            "\nscorecard of theirs\n"
            "                  passed  failed  unknown  skipped\n"
            "  billing              1       1        0        0\n"
            "  cli                  0       0        0        1\n"
            "  disk                 0       0        0        1\n"
            "  stream               0       0        1        1\n"
            "  in all               1       1        1        3\n"
            "\nfailed\n"
            "  billing       z-last  reply: expected the reply to first with 200; seen 502\n"
            "\ncould not be judged\n"
            "  stream        odd  reply: expected the reply to first with 200; seen 502\n"
            "\nskipped for want of an ability (a scenario may want several)\n"
            "     2  cli                 has the gateway's commands\n"
            "     1  chat                the chat front with durable sessions\n"
            "     1  needs root\n\n");
}

TEST(Scorecard, ASubjectIsWhatAScenarioIsAbout) {
  Scenario scenario;
  scenario.tags = {"smoke", "slow", "load"};
  EXPECT_EQ(subject_of(scenario), "load");
  scenario.tags = {"smoke"};
  EXPECT_EQ(subject_of(scenario), "other");
}

}  // namespace
}  // namespace harness
