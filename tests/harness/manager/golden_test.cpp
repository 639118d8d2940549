// Every recorded case of systemd 252 and 257, replayed step by step against the pure machine.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/harness/manager/recording.h"

namespace harness::manager::testing {
namespace {

void replay_all(Compat compat) {
  std::size_t rows = 0, good = 0;
  for (const auto& recorded : recordings()["cases"]) {
    if (!recorded["runs"].contains(std::string{to_string(compat)})) continue;
    ++rows;
    Replay replay{recorded, compat};
    const auto problems = replay.run();
    if (problems.empty()) ++good;
    std::string text;
    for (const auto& problem : problems) text += "\n  " + problem;
    EXPECT_TRUE(problems.empty()) << recorded["name"].get<std::string>() << " (" << to_string(compat) << ")" << text;
  }
  std::printf("golden rows: %zu of %zu (systemd %s)\n", good, rows, std::string{to_string(compat)}.c_str());
  EXPECT_GT(rows, 140U);
}

// The replay must be able to fail: where the two versions differ, each must be seen through on the other's rows.
TEST(RecordedCases, AreNotReproducedByTheOtherVersionWhereTheTwoDiffer) {
  std::size_t rows = 0;
  for (const auto& recorded : recordings()["cases"]) {
    if (!recorded["runs"].contains("252") || recorded["runs"]["252"]["states"] == recorded["runs"]["257"]["states"]) continue;
    ++rows;
    const std::string name = recorded["name"].get<std::string>();
    EXPECT_FALSE(Replay(recorded, Compat::v252, Compat::v257).run().empty()) << name;
    EXPECT_FALSE(Replay(recorded, Compat::v257, Compat::v252).run().empty()) << name;
  }
  EXPECT_GT(rows, 30U);
}

TEST(RecordedCases, OfSystemd252AreReproducedRowByRow) { replay_all(Compat::v252); }
TEST(RecordedCases, OfSystemd257AreReproducedRowByRow) { replay_all(Compat::v257); }

}  // namespace
}  // namespace harness::manager::testing
