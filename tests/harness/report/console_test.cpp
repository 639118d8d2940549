#include "harness/report/console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/checks/story.h"
#include "tests/support/golden.h"

namespace harness {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The story of the README: a key without money, the other one answers.
Story billing() {
  Story story;
  story.at(0.118).add("manager", "notify", {{"pid", 100}, {"text", "READY=1"}}).state("start", "running", "active");
  story.at(0.131).request(1, "first").at(0.134).tried(1, "acme", "key-a", 402, "402").tried(2, "acme", "key-b", 200);
  story.log("request done", {{"reason", "none"}, {"trail", {{{"target", "acme/gpt-test"}, {"key", "key-a"}, {"reason", "billing"}}, {{"target", "acme/gpt-test"}, {"key", "key-b"}, {"reason", "none"}}}}});
  story.at(0.171).reply(1, "first", 200);
  return story;
}

RunVerdict judged(const std::string& check, const History& history) {
  auto scenario = told_scenario(check);
  scenario.name = "billing-402";
  return judge(scenario, history);
}

TEST(Console, ARunThatPassed) {
  const auto history = billing().end();
  const auto run = judged(R"({"check":"gateway.survives"},{"check":"credentials.order","provider":"acme","is":["key-a","key-b"]})", history);

  support::expect_golden("report/console_pass.txt", render_run(run, history, {.seconds = 0.9, .repeat = "simulate --scenario billing-402"}));
}

TEST(Console, ARunThatFailed) {
  const auto history = billing().end();
  const auto run = judged(R"({"check":"gateway.survives"},{"check":"reply","reply":"first","text":"pang","within":"10ms"},{"check":"attempts.max","max":1})", history);

  support::expect_golden("report/console_fail.txt", render_run(run, history, {.seconds = 0.91, .repeat = "simulate --scenario billing-402 --seed 7 --keep", .folder = "runs/1"}));
}

TEST(Console, ARunThatProvesNothing) {
  const auto history = billing().end(0);
  support::expect_golden("report/console_unknown.txt", render_run(judged(R"({"check":"gateway.survives"})", history), history, {.timeline = false, .seconds = 0.91}));
}

TEST(Console, ASkippedRunSaysWhy) {
  RunVerdict run{.verdict = Verdict::skipped, .scenario = "billing-402", .skipped = "the target cannot stream"};
  EXPECT_EQ(render_run(run, History(), {}), "billing-402   skipped 0.00 s   the target cannot stream\n");
}

TEST(Console, ColourIsOnlyThereWhenAskedFor) {
  const auto history = billing().end();
  const auto run = judged(R"({"check":"reply","reply":"first","text":"pang"})", history);

  EXPECT_THAT(render_run(run, history, {}), Not(HasSubstr("\033")));
  EXPECT_THAT(render_run(run, history, {.colour = true}), HasSubstr("\033[31mFAIL"));
}

TEST(Console, ALongTimelineKeepsWhatAFailurePointsAt) {
  Story story;
  for (int i = 1; i <= 400; ++i) story.request(i, i == 1 ? "burst" : "burst." + std::to_string(i)).reply(i, i == 1 ? "burst" : "burst." + std::to_string(i), i == 200 ? 500 : 200);
  const auto history = story.end();
  const auto run = judged(R"({"check":"reply","reply":"burst","status":200})", history);

  const auto text = render_timeline(run, history, {.folder = "runs/1", .lines_max = 30});

  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 36);
  EXPECT_THAT(text, HasSubstr("client     #200 burst.200 500"));
  EXPECT_THAT(text, HasSubstr("more lines: runs/1/history.jsonl"));
}

TEST(Console, NothingOfTheTearDownIsShown) {
  auto history = billing().end();
  history.add(std::chrono::seconds{9}, "manager", "exit", {{"pid", 100}, {"code", "exited"}, {"status", 0}});

  EXPECT_THAT(render_timeline(judged("", history), history, {}), Not(HasSubstr("exited")));
}

}  // namespace
}  // namespace harness
