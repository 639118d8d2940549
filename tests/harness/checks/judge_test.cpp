#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/checks/view.h"
#include "tests/harness/checks/story.h"

namespace harness {
namespace {

using testing::HasSubstr;

TEST(Verdict, FailIsWorseThanUnknownIsWorseThanPass) {
  EXPECT_EQ(merge(Verdict::pass, Verdict::unknown), Verdict::unknown);
  EXPECT_EQ(merge(Verdict::fail, Verdict::unknown), Verdict::fail);
  EXPECT_EQ(merge(Verdict::skipped, Verdict::pass), Verdict::pass);
  EXPECT_EQ(exit_code(Verdict::pass), 0);
  EXPECT_EQ(exit_code(Verdict::fail), 1);
  EXPECT_EQ(exit_code(Verdict::unknown), 3);
  EXPECT_EQ(exit_code(Verdict::skipped), 0);
}

TEST(Judge, TheWorstResultDecides) {
  const auto scenario = told_scenario(R"({"check":"gateway.survives"},{"check":"reply","reply":"first","status":500})");
  const auto run = judge(scenario, Story().at(1).request(1, "first").reply(1, "first", 200).end(0));

  EXPECT_EQ(run.verdict, Verdict::fail);
  ASSERT_NE(run.decisive(), nullptr);
  EXPECT_EQ(run.decisive()->check, "reply");
  EXPECT_EQ(run.decisive()->line, 7);
  EXPECT_THAT(run.summary(), HasSubstr("survived (pid 100, 0 exits)"));
}

TEST(Judge, AFaultThatNeverFiredIsUnknownUnlessTheScenarioSaysWhy) {
  auto scenario = told_scenario(R"({"check":"gateway.survives"})");
  EXPECT_EQ(judge(scenario, Story().end(0)).verdict, Verdict::unknown);

  scenario.unused_faults_reason = "the healthy case of a pair";
  EXPECT_EQ(judge(scenario, Story().end(0)).verdict, Verdict::pass);
}

TEST(Judge, EqualExitsInARowAreCountedNotListed) {
  auto scenario = told_scenario(R"({"check":"gateway.exits","count":4})");
  scenario.unused_faults_reason = "the process is what fails here";
  Story story;
  story.at(1);
  for (int pid = 100; pid < 103; ++pid) story.exit(pid, "KILL", "killed").spawn(pid + 1);
  EXPECT_THAT(judge(scenario, story.exit(103, 1).end(0)).summary(), HasSubstr("exits: KILL×3, 1"));
}

TEST(Judge, RulesThatWereNeverAccountedForAreUnknown) {
  Story story;
  story.add("harness", "end", Json::object());
  EXPECT_EQ(judge(told_scenario(R"({"check":"gateway.survives"})"), story.cut()).verdict, Verdict::unknown);
}

TEST(Judge, ARuleToldTwiceCountsOnceAndOneThatWasReplacedCountsItself) {
  const auto rule = [](Story& story, const char* fault, int fired) { story.add("provider", "rule", {{"provider", "acme"}, {"rule", 0}, {"fault", fault}, {"line", 1}, {"fired", fired}}); };
  const auto scenario = told_scenario(R"({"check":"gateway.survives"})");
  const auto verdict = [&](std::initializer_list<std::pair<const char*, int>> told) {
    Story story;
    for (const auto& [fault, fired] : told) rule(story, fault, fired);
    story.add("harness", "end", Json::object());
    return judge(scenario, story.cut()).verdict;
  };

  EXPECT_EQ(verdict({{"402", 0}, {"402", 2}}), Verdict::pass);
  EXPECT_EQ(verdict({{"402", 2}, {"500", 1}}), Verdict::pass);
  EXPECT_EQ(verdict({{"402", 0}, {"500", 1}}), Verdict::unknown);
  EXPECT_EQ(verdict({{"402", 2}, {"402", 0}}), Verdict::unknown);
}

TEST(Judge, ASkippedRunIsNeitherGoodNorBad) {
  Story story;
  story.add("harness", "end", {{"skipped", "the target cannot stream"}});
  const auto run = judge(told_scenario(R"({"check":"reply","reply":"first","status":200})"), story.cut());

  EXPECT_EQ(run.verdict, Verdict::skipped);
  EXPECT_EQ(run.skipped, "the target cannot stream");
  EXPECT_TRUE(run.results.empty());
}

TEST(Judge, StepExpectationsAreJudgedByTheSameChecks) {
  auto scenario = told_scenario("");
  scenario.step_expect.push_back({.check = "reply", .params = {{"reply", "first"}, {"status", 200}}, .line = 6});

  const auto run = judge(scenario, Story().at(1).request(1, "first").reply(1, "first", 402).end());

  EXPECT_EQ(run.verdict, Verdict::fail);
  EXPECT_EQ(run.decisive()->line, 6);
}

TEST(Judge, ACheckFromAnotherVersionIsUnknownNotPassed) {
  auto scenario = told_scenario("");
  scenario.expect.push_back({.check = "gateway.levitates"});
  EXPECT_EQ(judge(scenario, Story().end()).verdict, Verdict::unknown);
}

TEST(View, EntriesMayComeInAnyOrder) {
  History history;
  history.add(std::chrono::seconds{2}, "client", "reply", {{"id", 1}, {"as", "a"}, {"status", 200}});
  history.add(std::chrono::seconds{1}, "client", "request", {{"id", 1}, {"as", "a"}});

  const checks::View view(history);

  ASSERT_EQ(view.exchanges().size(), 1U);
  EXPECT_EQ(view.exchanges()[0].length(), std::chrono::seconds{1});
}

TEST(View, NamesMeanTheStepOneOfItsRequestsOrAll) {
  EXPECT_TRUE(checks::name_meant("burst", "burst.12"));
  EXPECT_TRUE(checks::name_meant("burst.1", "burst"));
  EXPECT_FALSE(checks::name_meant("burst.2", "burst"));
  EXPECT_FALSE(checks::name_meant("burst", "burst.x"));
  EXPECT_FALSE(checks::name_meant("burst", "bursting"));
}

TEST(View, LagCountsOnlyWhereTheHarnessStoodStill) {
  Story story;
  story.at(5).lag(1000).at(20).lag(300);
  const auto history = story.end();
  const checks::View view(history);
  const auto s = [](double value) { return base::from_seconds(value); };

  EXPECT_EQ(view.lag(s(0), s(3.9)), s(0));
  EXPECT_EQ(view.lag(s(0), s(4.2)), s(1));
  EXPECT_EQ(view.lag(s(4.9), s(6)), s(1));
  EXPECT_EQ(view.lag(s(6), s(10)), s(0));
  EXPECT_EQ(view.lag(s(6), s(19.9)), s(0.3));
}

}  // namespace
}  // namespace harness
