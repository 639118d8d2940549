// Who counts as a respawn, and how long it then waits.
#include "gateway/service/respawn.h"

#include <gtest/gtest.h>

#include "tests/gateway/store/folder.h"

namespace gateway {
namespace {

using namespace std::chrono_literals;
const base::WallTime kNow{1'800'000'000s};

TEST(Respawn, TheSixthUnplannedStartWaitsAndEachFurtherOneTwiceAsLong) {
  StartRecord record{.end = LastEnd::crashed};
  std::vector<base::Duration> pauses;
  for (int i = 0; i < 9; ++i) pauses.push_back(on_start(record, {}, kNow + i * 1s).pause);

  EXPECT_EQ(pauses, (std::vector<base::Duration>{0s, 0s, 0s, 0s, 0s, 5s, 10s, 20s, 40s}));
}

TEST(Respawn, ThePauseHasALimit) {
  StartRecord record{.end = LastEnd::crashed};
  base::Duration last{0};
  for (int i = 0; i < 30; ++i) last = on_start(record, {}, kNow).pause;

  EXPECT_EQ(last, 5min);
}

TEST(Respawn, PlannedRestartsNeverCount) {
  StartRecord record;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(on_start(record, {}, kNow + i * 1s).pause, 0s);
    record.end = LastEnd::planned;
  }
  EXPECT_TRUE(record.unplanned.empty());
}

TEST(Respawn, StartsOutsideTheIntervalAreForgotten) {
  StartRecord record{.end = LastEnd::crashed};
  for (int i = 0; i < 20; ++i) EXPECT_EQ(on_start(record, {}, kNow + i * 30s).pause, 0s);
}

TEST(Respawn, AClockThatWasSetBackForgetsRatherThanPunishes) {
  StartRecord record{.unplanned = std::vector<base::WallTime>(20, kNow + 10h), .end = LastEnd::crashed};
  EXPECT_EQ(on_start(record, {}, kNow).pause, 0s);
}

TEST(Respawn, CanBeSwitchedOff) {
  StartRecord record{.end = LastEnd::crashed};
  RespawnGuard off;
  off.pause = 0s;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(on_start(record, off, kNow).pause, 0s);
}

TEST(Respawn, TheRecordSurvivesAndGarbageIsAFirstStart) {
  Folder folder;
  const auto file = folder / "starts";
  StartRecord record{.end = LastEnd::unplanned};
  on_start(record, {}, kNow);
  record.end = LastEnd::unplanned;

  ASSERT_TRUE(write_starts(file, record));
  const auto again = read_starts(file);

  EXPECT_EQ(again.end, LastEnd::unplanned);
  ASSERT_EQ(again.unplanned.size(), 1U);
  EXPECT_EQ(again.unplanned[0], kNow);
  EXPECT_EQ(read_starts(folder / "none").end, LastEnd::none_yet);
  EXPECT_FALSE(write_starts("/nowhere/starts", record));
}

}  // namespace
}  // namespace gateway
