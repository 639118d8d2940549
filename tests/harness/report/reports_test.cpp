// JUnit, JSON and GitHub annotations, as their readers want them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/report/told.h"
#include "tests/support/golden.h"

namespace harness {
namespace {

using testing::HasSubstr;
using testing::Not;

struct All {
  Told passed = passed_run(), failed = failed_run(), unknown = unknown_run(), skipped = skipped_run();
  std::vector<Reported> runs() const { return {passed.reported(0.912), failed.reported(1.0004), unknown.reported(0.5), skipped.reported(0)}; }
};

TEST(Reports, JunitTellsAFailureFromAnErrorAndCarriesSeedAndTime) { support::expect_golden("report/junit.xml", render_junit(All().runs(), {})); }
TEST(Reports, JsonHoldsEveryResult) { support::expect_golden("report/report.json", render_json(All().runs(), {.root = "scenarios"})); }
TEST(Reports, GithubAnnotatesTheScenariosLine) { support::expect_golden("report/github.txt", render_github(All().runs(), {})); }

TEST(Reports, JunitSurvivesWhatXmlForbids) {
  auto told = failed_run();
  told.verdict.results[1].seen = std::string("a\0b", 3) + "\x1b[31m <&>\" \xFF";
  const auto text = render_junit(std::vector{told.reported()}, {});
  for (const char c : text) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t');
  EXPECT_THAT(text, HasSubstr("&lt;&amp;&gt;&quot;"));
}

TEST(Reports, ARunThatWasNeverJudgedIsAnError) {
  Told told{told_scenario(R"({"check":"gateway.survives"})"), {}, {.verdict = Verdict::unknown, .scenario = "lost", .file = "f.json"}};
  EXPECT_THAT(render_junit(std::vector{told.reported()}, {}), HasSubstr("errors=\"1\""));
  EXPECT_THAT(render_github(std::vector{told.reported()}, {}), HasSubstr("::error file=f.json,title=lost::"));
  EXPECT_EQ(worst_verdict(std::vector{told.reported()}), Verdict::unknown);
}

TEST(Reports, GithubEscapesWhatEndsACommand) {
  auto told = failed_run();
  told.verdict.file = "a,b:c%.json";
  const auto text = render_github(std::vector{told.reported()}, {});
  EXPECT_THAT(text, HasSubstr("file=a%2Cb%3Ac%25.json,"));
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) EXPECT_EQ(text.substr(at, 2), "::") << "a text broke out of its command";
  EXPECT_THAT(text, HasSubstr("%0A"));
}

TEST(Reports, AKeyInAHistoryIsNotPassedOn) {
  const std::string key = "sk-live-abcdefghijklmnopqrstuv";
  auto told = tell("leaky", R"({"check":"reply","reply":"first","text":"pang"})", told_story().log("oops", {{"header", "Bearer " + key}}).end());
  told.verdict.results[0].seen = "the key " + key;
  const auto runs = std::vector{told.reported()};
  for (const auto& text : {render_junit(runs, {}), render_json(runs, {}), render_github(runs, {}), render_html(runs, {})}) {
    EXPECT_THAT(text, Not(HasSubstr(key)));
  }
}

TEST(Reports, FilesAreNamedFromTheRoot) {
  EXPECT_EQ(report_path("/a/b/scenarios/x.json", "/a/b"), "scenarios/x.json");
  EXPECT_EQ(report_path("/a/b/scenarios/x.json", "/a/b/"), "scenarios/x.json");
  EXPECT_EQ(report_path("/a/bc/x.json", "/a/b"), "/a/bc/x.json");
  EXPECT_EQ(report_path("x.json", ""), "x.json");
}

TEST(Reports, NoRunsAreNoFailure) {
  EXPECT_THAT(render_junit({}, {}), HasSubstr("tests=\"0\""));
  EXPECT_THAT(render_html({}, {}), HasSubstr("no runs"));
  EXPECT_EQ(render_github({}, {}), "");
}

}  // namespace
}  // namespace harness
