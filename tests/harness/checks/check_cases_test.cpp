// Every check over hand-written histories: it can pass, it can fail, and what it says when it fails is a golden text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "harness/scenario/check_table.h"
#include "tests/harness/checks/story.h"
#include "tests/support/golden.h"

namespace harness {
namespace {

std::vector<Case> all_cases() {
  auto cases = gateway_cases();
  for (auto& each : provider_cases()) cases.push_back(std::move(each));
  return cases;
}

Scenario scenario_of(const Case& each) {
  const auto* row = find_check(each.check);
  if (row && row->always) return told_scenario("");
  return told_scenario("{\"check\":\"" + each.check + "\"" + (each.params.empty() ? "" : "," + each.params) + "}");
}

/// The result of the check the case is about.
const CheckResult& result_of(const RunVerdict& run, const Case& each) {
  for (const auto& result : run.results) {
    if (result.check == each.check) return result;
  }
  throw std::runtime_error("no result of " + each.check);
}

TEST(CheckCases, EveryStoryGetsItsVerdict) {
  for (const auto& each : all_cases()) {
    const auto run = judge(scenario_of(each), each.history);
    const auto& result = result_of(run, each);
    EXPECT_EQ(kVerdictNames(result.verdict), kVerdictNames(each.verdict)) << each.check << " " << each.name << "\n" << explain_failure(result, run, each.history);
    EXPECT_TRUE(each.verdict != Verdict::pass || (result.expected.empty() && result.seen.empty())) << each.check << " " << each.name;
  }
}

TEST(CheckCases, EveryCheckCanFail) {
  std::set<std::string> failing;
  for (const auto& each : all_cases()) {
    if (each.verdict != Verdict::pass) failing.insert(each.check);
  }
  for (const auto& row : check_rows()) EXPECT_TRUE(failing.contains(std::string(row.name))) << row.name << " has no story that it fails on";
}

TEST(CheckCases, EveryCheckCanPass) {
  std::set<std::string> passing;
  for (const auto& each : all_cases()) {
    const auto run = judge(scenario_of(each), each.history);
    for (const auto& result : run.results) {
      if (result.verdict == Verdict::pass) passing.insert(result.check);
    }
  }
  for (const auto& row : check_rows()) EXPECT_TRUE(passing.contains(std::string(row.name))) << row.name << " has no story that it passes on";
}

TEST(CheckCases, FailuresSayWhatWasExpectedSeenAndWhere) {
  std::map<std::string, std::string> texts;
  for (const auto& each : all_cases()) {
    if (each.verdict == Verdict::pass) continue;
    const auto run = judge(scenario_of(each), each.history);
    const auto& result = result_of(run, each);
    EXPECT_FALSE(result.expected.empty()) << each.check << " " << each.name;
    EXPECT_FALSE(result.seen.empty()) << each.check << " " << each.name;
    texts[each.check] += each.name + ": " + std::string(kVerdictNames(result.verdict)) + (each.params.empty() ? "" : "   {" + each.params + "}") + "\n" + explain_failure(result, run, each.history) + "\n";
  }
  for (const auto& [check, text] : texts) support::expect_golden("checks/" + check + ".txt", text);
}

TEST(CheckCases, NoValueOfAnyKindInAHistoryBreaksAJudge) {
  std::size_t judged = 0;
  for (const auto& each : all_cases()) {
    const auto scenario = scenario_of(each);
    // One odd kind for all members of one entry at a time: what another version, or a broken disk, may have written.
    const std::array odd{Json(nullptr), Json(-1), Json("x"), Json::array({1}), Json::object()};
    for (std::size_t i = 0; i < each.history.entries().size(); ++i) {
      History changed;
      for (std::size_t j = 0; j < each.history.entries().size(); ++j) {
        const auto& entry = each.history.entries()[j];
        auto data = entry.data;
        for (auto& [key, value] : data.items()) {
          if (i == j) value = odd[(i + judged) % odd.size()];
        }
        changed.add(entry.at, entry.lane, entry.kind, data);
      }
      const auto run = judge(scenario, changed);
      for (const auto& result : run.results) EXPECT_NE(explain_failure(result, run, changed), "");
      ++judged;
    }
  }
  EXPECT_GT(judged, 500U);
}

TEST(CheckCases, JudgedAgainTheVerdictIsTheSame) {
  for (const auto& each : all_cases()) {
    const auto scenario = scenario_of(each);
    const auto again = History::from_jsonl(each.history.to_jsonl(), "h.jsonl");
    ASSERT_TRUE(again.has_value());

    const auto first = judge(scenario, each.history);
    const auto second = judge(scenario, again.value());

    ASSERT_EQ(first.results.size(), second.results.size());
    for (std::size_t i = 0; i < first.results.size(); ++i) {
      EXPECT_EQ(first.results[i].verdict, second.results[i].verdict) << each.check << " " << each.name;
      EXPECT_EQ(explain_failure(first.results[i], first, each.history), explain_failure(second.results[i], second, again.value())) << each.check << " " << each.name;
    }
  }
}

}  // namespace
}  // namespace harness
