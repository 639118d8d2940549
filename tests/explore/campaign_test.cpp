// A campaign's own promises: cases that share their beginning run as they would alone, and every case is met.
#include "harness/explore/campaign_runner.h"

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace harness::explore;
using namespace std::chrono_literals;

TEST(Campaign, ACaseThatSharesItsBeginningRunsAsItWouldAlone) {
  Laboratory together({}), alone({});
  const CampaignOptions options{.seed = 7, .length = 6, .exhaustive = 1};
  std::size_t shared = 0;
  for (std::uint64_t index = 0; index < 600; ++index) {
    const auto [what, trunk] = campaign_case(options, index);
    Seen seen{}, seen_alone{};
    const auto one = together.run(what, seen, trunk);
    const auto other = alone.run_alone(what, seen_alone);
    ASSERT_EQ(one.digest, other.digest) << index;
    ASSERT_EQ(one.events, other.events) << index;
    ASSERT_EQ(seen, seen_alone) << index;
    shared += trunk > 0 ? 1 : 0;
  }
  EXPECT_GT(shared, 300U);
}

TEST(Campaign, ThreeWorkersMakeTheRunsOfOne) {
  const CampaignOptions all{.seed = 3, .runs = 1'200, .length = 4, .exhaustive = 1};
  Laboratory laboratory({});
  const auto one = run_campaign(laboratory, all);
  CampaignResult sum;
  for (std::uint64_t worker = 0; worker < 3; ++worker) {
    auto share = all;
    share.worker = worker;
    share.workers = 3;
    const auto part = run_campaign(laboratory, share);
    sum.runs += part.runs;
    sum.digest += part.digest;
  }
  EXPECT_EQ(sum.runs, one.runs);
  EXPECT_EQ(sum.digest, one.digest);
  EXPECT_FALSE(one.differs);
  EXPECT_GT(one.repeated, 0U);
}

TEST(Campaign, WhatIsRepeatedComesFromEveryPlaceOfATree) {
  std::map<std::size_t, std::size_t> repeated;  // by how many moves were shared
  const CampaignOptions options{.seed = 1, .exhaustive = 0};
  for (std::uint64_t index = 0; index < 100'000; ++index) {
    if (is_repeated(options, index)) ++repeated[campaign_case(options, index).trunk];
  }
  for (std::size_t trunk = 1; trunk < options.length; ++trunk) EXPECT_GT(repeated[trunk], 10U) << trunk;
}

TEST(Campaign, AnotherSeedIsAnotherCampaign) {
  Laboratory laboratory({});
  const auto digest = [&](std::uint64_t seed) { return run_campaign(laboratory, {.seed = seed, .runs = 300, .exhaustive = 0}).digest; };
  EXPECT_EQ(digest(1), digest(1));
  EXPECT_NE(digest(1), digest(2));
}

/// One request under way when a drain of ten seconds begins, and how it ends.
std::optional<Violation> judged_drain(std::string_view fault, base::Duration sent, base::Duration ended, Mark::Kind meanwhile = Mark::Kind::exit) {
  const auto code = static_cast<std::uint8_t>(std::find_if(kFaultChoices.begin(), kFaultChoices.end(), [&](const auto& choice) { return choice.name == fault; }) - kFaultChoices.begin());
  const Case what{.keys = 1, .spare_keys = 1, .ending = false, .moves = {{.kind = Move::Kind::fault, .fault = code}, {.kind = Move::Kind::ask_background}, {.kind = Move::Kind::restart}}};
  const auto at = [](base::Duration time) { return base::Instant{time}; };
  using K = Mark::Kind;
  Trace trace;
  trace.add({.kind = K::ready, .at = at({}), .a = 4000});
  trace.add({.kind = K::request, .at = at(sent), .a = 1});
  trace.add({.kind = K::attempt, .at = at(sent), .a = 1, .b = 1, .c = 1, .d = 1, .e = 1});
  trace.add({.kind = K::answer, .at = at(sent), .a = 1, .b = 1, .c = 1, .d = code + 1U});
  trace.add({.kind = K::drain, .at = at(1s), .b = 15'000, .c = 10'000});
  trace.add({.kind = meanwhile, .at = at(ended), .a = 4000});
  trace.add({.kind = K::reply, .at = at(ended), .a = 1, .b = 503, .c = kEndedComplete});
  return judge_trace(what, nullptr, trace);
}

TEST(Rules, WhatADrainCutsTooSoonIsAViolation) {
  const auto held = judged_drain("hang-before-headers", 100ms, 1002ms), failing = judged_drain("529", 100ms, 1002ms);

  ASSERT_TRUE(held);
  EXPECT_EQ(held->rule, "drain-serves");
  // It would have hung beyond the drain: the sound gateway cuts it, too, but later.
  EXPECT_EQ(held->expect, base::Json::parse(R"([{"check":"reply","reply":"m2","at_least":"9.9s"}])"));
  ASSERT_TRUE(failing);
  EXPECT_EQ(failing->expect, base::Json::parse(R"([{"check":"reply","reply":"m2","complete":true}])"));
}

TEST(Rules, ADrainMayCutWhatCameTooLateOrTakesTooLong) {
  EXPECT_FALSE(judged_drain("529", 998ms, 1002ms)) << "on its way when the drain began";
  EXPECT_FALSE(judged_drain("529", 100ms, 11s)) << "when its time was over";
  EXPECT_FALSE(judged_drain("529", 100ms, 1002ms, Mark::Kind::crash)) << "by a crash";
}

TEST(Cases, EveryShortOneIsMetOnce) {
  std::set<std::tuple<int, int, std::vector<Move>>> met;
  std::uint64_t index = 0;
  for (; enumerated_case(index, 2); ++index) {
    const auto what = *enumerated_case(index, 2);
    EXPECT_TRUE(met.emplace(what.keys, what.spare_keys, what.moves).second) << index;
  }
  EXPECT_EQ(met.size(), index);
  EXPECT_GT(index, 5'000U);
}

TEST(Cases, NeighboursOfATreeShareTheirTrunkAndItsSeed) {
  constexpr std::size_t kLength = 6;
  for (std::uint64_t tree = 1; tree < 20; ++tree) {
    std::size_t before_trunk = 0, longest = 0;
    Case before;
    for (std::uint64_t node = 0; node < tree_cases(kLength); ++node) {
      std::size_t trunk = 0;
      auto what = random_case(9, tree, node, kLength, trunk);
      ASSERT_GE(what.moves.size(), 1U);
      ASSERT_LE(what.moves.size(), kLength);
      longest = std::max(longest, what.moves.size());
      if (node > 0) {
        ASSERT_EQ(what.seed, before.seed);
        ASSERT_EQ(what.keys, before.keys);
        // It goes on from the one before it, or parts from it higher up.
        const auto same = static_cast<std::size_t>(std::mismatch(what.moves.begin(), what.moves.end(), before.moves.begin(), before.moves.end()).first - what.moves.begin());
        ASSERT_GE(same + 1, what.moves.size()) << node;
        if (before_trunk == before.moves.size()) {
          ASSERT_EQ(what.moves.size(), before.moves.size() + 1) << node;
        }
      }
      before = std::move(what);
      before_trunk = trunk;
    }
    EXPECT_EQ(longest, kLength);
  }
}

TEST(Cases, ALongTreeHasAnEndToo) {
  std::size_t trunk = 0;
  const auto cases = tree_cases(40);
  EXPECT_LT(cases, 60U);
  EXPECT_EQ(random_case(5, 6, cases - 1, 40, trunk).moves.size(), 40U);
}

}  // namespace
