// Seeds of every size must behave: the tools we replace fail for small ones.
#include "base/random.h"

#include <gtest/gtest.h>

#include <set>

namespace base {
namespace {

TEST(Random, SmallSeedsGiveTheAskedRateFromTheFirstDrawOn) {
  for (const double p : {0.01, 0.2, 0.5, 0.8}) {
    int fired = 0;
    for (std::uint64_t seed = 0; seed < 20'000; ++seed) fired += Random{seed}.chance(p) ? 1 : 0;

    EXPECT_NEAR(fired / 20'000.0, p, 0.012) << p;
  }
}

TEST(Random, HashMixOfSmallValuesGivesTheAskedRate) {
  int fired = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    for (std::uint64_t attempt = 0; attempt < 100; ++attempt) fired += unit_interval(hash_mix({seed, 1, 2, attempt})) < 0.3 ? 1 : 0;
  }

  EXPECT_NEAR(fired / 10'000.0, 0.3, 0.02);
}

TEST(Random, SameSeedSameSequenceOtherSeedOtherSequence) {
  Random a{7}, b{7}, c{8};

  EXPECT_EQ(a.next(), b.next());
  EXPECT_NE(a.next(), c.next());
  EXPECT_NE(Random{7}.fork("x").next(), Random{7}.fork("y").next());
}

TEST(Random, BoundsAreKeptAndReached) {
  Random random{0};
  std::set<std::int64_t> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(random.between(std::int64_t{-2}, std::int64_t{2}));

  EXPECT_EQ(seen, (std::set<std::int64_t>{-2, -1, 0, 1, 2}));
  EXPECT_EQ(random.below(1), 0U);
}

}  // namespace
}  // namespace base
