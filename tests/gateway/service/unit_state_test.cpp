// Reading what systemctl show prints, and what follows from it.
#include "gateway/core/unit_state.h"

#include <gtest/gtest.h>

namespace gateway {
namespace {

using namespace std::chrono_literals;

TEST(UnitState, IsReadInAnyOrderAndWithGaps) {
  const auto unit = parse_unit_state("MainPID=69\nResult=success\nRestartUSec=30s\nTimeoutStopUSec=1min 35s\nExecMainStatus=75\nLoadState=loaded\n"
                                     "Something=else\nActiveState=active\nSubState=running\nStatusText=a=b\n");

  EXPECT_EQ(unit.main_pid, 69);
  EXPECT_EQ(unit.active, "active");
  EXPECT_EQ(unit.restart_sec, 30s);
  EXPECT_EQ(unit.timeout_stop, 95s);
  EXPECT_EQ(unit.exec_status, 75);
  EXPECT_EQ(unit.status_text, "a=b");
  EXPECT_FALSE(unit.timeout_start.has_value());
}

TEST(UnitState, TimeSpansAreThoseShowPrints) {
  EXPECT_EQ(parse_time_span("1min 30s"), 90s);
  EXPECT_EQ(parse_time_span("500ms"), 500ms);
  EXPECT_EQ(parse_time_span("1h 2min 3s 4ms"), 1h + 2min + 3s + 4ms);
  EXPECT_EQ(parse_time_span("infinity"), base::kForever);
  EXPECT_EQ(parse_time_span("2w 1d"), base::kForever);
  EXPECT_EQ(parse_time_span("0"), 0s);
  EXPECT_FALSE(parse_time_span("soon"));
}

UnitState seen(const char* active, const char* sub, const char* result, std::int64_t pid = 5) {
  UnitState unit;
  unit.active = active;
  unit.sub = sub;
  unit.result = result;
  unit.main_pid = pid;
  return unit;
}

TEST(StopIsPlanned, OnlyAJobOfTheManagerCounts) {
  EXPECT_TRUE(stop_is_planned(seen("deactivating", "stop-sigterm", "success"), 5));
  EXPECT_TRUE(stop_is_planned(seen("deactivating", "stop", "success"), 5));
  EXPECT_FALSE(stop_is_planned(seen("active", "running", "success"), 5)) << "somebody's kill";
  EXPECT_FALSE(stop_is_planned(seen("deactivating", "stop-sigterm", "timeout"), 5)) << "RuntimeMaxSec";
  EXPECT_FALSE(stop_is_planned(seen("deactivating", "stop-sigterm", "oom-kill"), 5));
  EXPECT_FALSE(stop_is_planned(seen("deactivating", "stop-watchdog", "watchdog"), 5));
  EXPECT_FALSE(stop_is_planned(seen("deactivating", "stop-sigterm", "success", 6), 5)) << "another unit of that name";
}

TEST(EffectiveDrain, FitsIntoTheUnitsStopTimeout) {
  EXPECT_EQ(effective_drain(60s, 5s, 90s).drain, 60s);
  EXPECT_FALSE(effective_drain(60s, 5s, 90s).cut);
  EXPECT_EQ(effective_drain(60s, 5s, 60s).drain, 45s);
  EXPECT_TRUE(effective_drain(60s, 5s, 60s).cut);
  EXPECT_EQ(effective_drain(60s, 5s, 10s).drain, 0s);
  EXPECT_EQ(effective_drain(60s, 5s, base::kForever).drain, 60s);
  EXPECT_EQ(effective_drain(60s, 5s, std::nullopt).drain, 60s);
}

}  // namespace
}  // namespace gateway
