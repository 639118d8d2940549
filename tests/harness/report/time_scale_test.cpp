#include "harness/report/time_scale.h"

#include <gtest/gtest.h>

namespace harness::page {
namespace {

using namespace std::chrono_literals;

TEST(TimeScale, ABusyRunIsToScale) {
  std::vector<base::Duration> moments;
  for (int i = 0; i <= 10; ++i) moments.push_back(i * 100ms);
  const TimeScale scale(moments, 1s);
  EXPECT_NEAR(scale.percent(500ms), 50, 0.01);
  EXPECT_EQ(scale.percent(0s), 0);
  EXPECT_EQ(scale.percent(-1s), 0);
  EXPECT_NEAR(scale.percent(2s), 100, 0.01);
}

TEST(TimeScale, AQuietHourDoesNotHideTheSecondsAroundIt) {
  std::vector<base::Duration> moments;
  for (int i = 0; i <= 10; ++i) moments.push_back(i * 100ms);
  for (int i = 0; i <= 10; ++i) moments.push_back(1h + i * 100ms);
  const TimeScale scale(moments, 1h + 1s);
  EXPECT_NEAR(scale.percent(1s), 47, 1);
  EXPECT_NEAR(scale.percent(1h), 53, 1);
  bool told = false;
  for (const auto& mark : scale.marks()) told = told || (mark.gap && mark.text.starts_with("⋯ "));
  EXPECT_TRUE(told) << "a shrunk stretch says how long it was";
}

TEST(TimeScale, TimeNeverRunsBackwards) {
  const TimeScale scale({0s, 10ms, 15ms, 40s, 40s + 5ms, 3min}, 3min);
  double last = -1;
  for (auto at = 0ms; at <= 180'000ms; at += 50ms) {
    EXPECT_GE(scale.percent(at), last);
    last = scale.percent(at);
  }
}

TEST(TimeScale, NothingAtAllHasAScaleToo) {
  EXPECT_GE(TimeScale({}, 0s).percent(0s), 0);
  EXPECT_LE(TimeScale({0s}, 0s).marks().size(), 20U);
}

}  // namespace
}  // namespace harness::page
