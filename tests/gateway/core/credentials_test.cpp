// Keys by themselves: cooldowns that only grow, probes, ramps, strategies.
#include "gateway/core/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/core/breaker.h"

namespace gateway {
namespace {

using namespace std::chrono_literals;
using base::Instant;
using testing::Each;
using testing::ElementsAre;

const Policy kPolicy;

Verdict verdict(Reason reason, std::optional<base::Duration> wait = std::nullopt) {
  Verdict v;
  v.reason = reason;
  v.rotate = true;
  v.wait = wait;
  return v;
}

Pool pool(int keys, Strategy strategy = Strategy::fill_first) {
  Pool made;
  made.strategy = strategy;
  for (int i = 0; i < keys; ++i) {
    auto key = std::make_shared<Key>();
    key->provider = "acme";
    key->label = std::string("key-") + static_cast<char>('a' + i);
    made.keys.push_back(std::move(key));
  }
  return made;
}

std::string picked(Pool& from, Instant now, base::Random& random) {
  const KeyPtr key = from.pick("m", {}, 0, now, kPolicy, random);
  if (!key) return "none";
  Lease lease = take(key, "m");
  release(lease);
  return key->label;
}

TEST(Credentials, ALateRateLimitNeverShortensABillingCooldown) {
  Pool p = pool(2);
  Lease first = take(p.keys[0], "m"), second = take(p.keys[0], "m");

  mark(first, verdict(Reason::billing), false, Instant{0s}, kPolicy);
  mark(second, verdict(Reason::rate_limit, 1s), false, Instant{1s}, kPolicy);
  mark(second, verdict(Reason::billing, 5s), false, Instant{1s}, kPolicy);

  EXPECT_FALSE(Pool::availability(*p.keys[0], "m", Instant{3599s}, kPolicy).usable());
  EXPECT_TRUE(Pool::availability(*p.keys[0], "m", Instant{3600s}, kPolicy).usable());
}

TEST(Credentials, ARateLimitIsOfTheKeyWithItsModelOnly) {
  Pool p = pool(1);
  Lease lease = take(p.keys[0], "m");

  mark(lease, verdict(Reason::rate_limit, 20s), false, Instant{0s}, kPolicy);

  EXPECT_FALSE(Pool::availability(*p.keys[0], "m", Instant{1s}, kPolicy).usable());
  EXPECT_TRUE(Pool::availability(*p.keys[0], "other", Instant{1s}, kPolicy).usable());
}

TEST(Credentials, FailuresOfOneBurstStrikeOnce) {
  Pool p = pool(2);
  std::vector<Lease> leases;
  for (int i = 0; i < 10; ++i) leases.push_back(take(p.keys[0], "m"));

  for (Lease& lease : leases) mark(lease, verdict(Reason::rate_limit), false, Instant{0s}, kPolicy);

  EXPECT_EQ(p.keys[0]->model_state("m")->strikes, 1);
  EXPECT_EQ(p.keys[0]->model_state("m")->until, Instant{30s});
}

TEST(Credentials, RateLimitsInARowGrowFromHalfAMinuteToAnHour) {
  Pool p = pool(2);
  std::vector<std::int64_t> waits;
  Instant now{0s};
  for (int i = 0; i < 9; ++i) {
    Lease lease = take(p.keys[0], "m");
    mark(lease, verdict(Reason::rate_limit), false, now, kPolicy);
    release(lease);
    waits.push_back((p.keys[0]->model_state("m")->until - now) / 1s);
    now = p.keys[0]->model_state("m")->until;
  }
  EXPECT_THAT(waits, ElementsAre(30, 60, 120, 240, 480, 960, 1920, 3600, 3600));
}

TEST(Credentials, TheTimesOutAreThoseOfTheContract) {
  struct Row { Reason reason; bool sole; std::optional<base::Duration> asked; base::Duration out; };
  const Row rows[] = {{Reason::billing, false, {}, 1h}, {Reason::billing, true, {}, 1h}, {Reason::billing, false, 20min, 20min},
                      {Reason::auth, false, {}, 5min}, {Reason::rate_limit, false, {}, 30s}, {Reason::rate_limit, true, {}, 60s},
                      {Reason::rate_limit, false, 2s, 2s}, {Reason::rate_limit, false, -5s, 30s}, {Reason::rate_limit, false, 0s, 30s},
                      {Reason::rate_limit, false, 1000h, kCooldownMax}, {Reason::overloaded, false, 20s, 0s}, {Reason::server_error, false, {}, 0s},
                      {Reason::upstream_rate_limit, false, {}, 0s}, {Reason::timeout, false, {}, 0s}, {Reason::format_error, false, {}, 0s}};
  for (const Row& row : rows) {
    EXPECT_EQ(kPolicy.cooldown(verdict(row.reason, row.asked), 1, row.sole), row.out) << kReasonNames(row.reason);
  }
}

TEST(Credentials, ARevokedKeyNeverComesBack) {
  Pool p = pool(1);
  Lease lease = take(p.keys[0], "m");

  mark(lease, verdict(Reason::auth_permanent), true, Instant{0s}, kPolicy);
  mark(lease, verdict(Reason::rate_limit), true, Instant{1s}, kPolicy);

  EXPECT_EQ(Pool::availability(*p.keys[0], "m", Instant{std::chrono::hours{10'000}}, kPolicy).kind, Availability::Kind::never);
}

TEST(Credentials, AfterTheTimeOutExactlyOneProbeThenARamp) {
  Pool p = pool(1);
  base::Random random(1);
  Lease failed = take(p.keys[0], "m");
  mark(failed, verdict(Reason::billing), true, Instant{0s}, kPolicy);
  release(failed);
  const Instant later{2h};

  ASSERT_TRUE(p.pick("m", {}, 0, later, kPolicy, random));
  Lease probe = take(p.keys[0], "m");
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(p.pick("m", {}, 0, later, kPolicy, random)) << "a second probe";
  EXPECT_TRUE(succeeded(probe).whole);
  release(probe);

  std::vector<Lease> leases;
  while (p.pick("m", {}, 0, later, kPolicy, random) && leases.size() < 100) leases.push_back(take(p.keys[0], "m"));
  EXPECT_EQ(leases.size(), 2U) << "the first step of the ramp";
  for (int round = 0; round < 5; ++round) {
    succeeded(leases[0]);
  }
  EXPECT_TRUE(p.pick("m", {}, 0, later, kPolicy, random)) << "the ramp ends";
}

TEST(Credentials, AProbeThatEndsNeutrallyGivesItsPlaceBack) {
  Pool p = pool(1);
  base::Random random(1);
  Lease failed = take(p.keys[0], "m");
  mark(failed, verdict(Reason::rate_limit), true, Instant{0s}, kPolicy);
  release(failed);

  Lease probe = take(p.keys[0], "m");
  EXPECT_FALSE(p.pick("m", {}, 0, Instant{1h}, kPolicy, random));
  release(probe);  // the caller left

  EXPECT_TRUE(p.pick("m", {}, 0, Instant{1h}, kPolicy, random));
}

TEST(Credentials, ASuccessFromBeforeTheFailureClearsNothing) {
  Pool p = pool(1);
  Lease old = take(p.keys[0], "m"), failing = take(p.keys[0], "m");

  mark(failing, verdict(Reason::billing), true, Instant{0s}, kPolicy);

  EXPECT_FALSE(succeeded(old).whole);
  EXPECT_FALSE(Pool::availability(*p.keys[0], "m", Instant{1s}, kPolicy).usable());
}

TEST(Credentials, AProbeOvertakenByANewFailureClearsNothing) {
  Pool p = pool(1);
  Lease failed = take(p.keys[0], "m"), late = take(p.keys[0], "m");
  mark(failed, verdict(Reason::billing), true, Instant{0s}, kPolicy);
  Lease probe = take(p.keys[0], "m");

  mark(late, verdict(Reason::billing), true, Instant{2h}, kPolicy);

  EXPECT_FALSE(succeeded(probe).whole);
}

TEST(Credentials, EachStrategyChoosesItsOwnWay) {
  base::Random random(7);
  const auto four = [&](Strategy strategy, Pool p) {
    p.strategy = strategy;
    std::vector<std::string> out;
    for (int i = 0; i < 4; ++i) out.push_back(picked(p, Instant{0s}, random));
    return out;
  };
  EXPECT_THAT(four(Strategy::fill_first, pool(3)), Each("key-a"));
  EXPECT_THAT(four(Strategy::round_robin, pool(3)), ElementsAre("key-a", "key-b", "key-c", "key-a"));
  EXPECT_THAT(four(Strategy::least_used, pool(3)), ElementsAre("key-a", "key-b", "key-c", "key-a"));

  Pool weighted = pool(2, Strategy::weighted), even = pool(2, Strategy::random);
  weighted.keys[1]->weight = 9;
  int heavy = 0, second = 0;
  for (int i = 0; i < 1000; ++i) {
    heavy += picked(weighted, Instant{0s}, random) == "key-b" ? 1 : 0;
    second += picked(even, Instant{0s}, random) == "key-b" ? 1 : 0;
  }
  EXPECT_NEAR(heavy, 900, 50);
  EXPECT_NEAR(second, 500, 60);
}

TEST(Credentials, EveryStrategyWalksAllKeysWithoutRepeating) {
  for (const Strategy strategy : {Strategy::fill_first, Strategy::round_robin, Strategy::least_used, Strategy::random, Strategy::weighted}) {
    base::Random random(3);
    Pool p = pool(6, strategy);
    std::vector<Tried> tried;
    while (const KeyPtr key = p.pick("m", tried, 0, Instant{0s}, kPolicy, random)) tried.push_back({0, key.get()});
    EXPECT_EQ(tried.size(), 6U) << kStrategyNames(strategy);
  }
}

TEST(Credentials, AConcurrencyCapSendsTheNextRequestToAnotherKey) {
  base::Random random(1);
  Pool p = pool(2);
  p.keys[0]->concurrent_max = 1;

  Lease held = take(p.pick("m", {}, 0, Instant{0s}, kPolicy, random), "m");
  EXPECT_EQ(p.pick("m", {}, 0, Instant{0s}, kPolicy, random)->label, "key-b");
  release(held);
  EXPECT_EQ(p.pick("m", {}, 0, Instant{0s}, kPolicy, random)->label, "key-a");
}

TEST(Credentials, StoredDeadlinesComeBackOnTheWallClockAndAbsurdOnesAreClamped) {
  const Moment now{Instant{50s}, base::WallTime{std::chrono::hours{500'000}}};
  struct Row { base::Duration ahead, left; };
  for (const Row& row : {Row{1h, 1h}, Row{-1h, 0s}, Row{std::chrono::hours{100'000}, kCooldownMax}}) {
    Key key;
    CredentialState state;
    state.kind = CredentialState::Kind::cooling;
    state.reason = Reason::billing;
    state.strikes = 3;
    state.until = now.wall + row.ahead;
    restore(key, state, now, kPolicy);
    EXPECT_EQ(key.whole.until - now.instant, row.left);
    EXPECT_EQ(key.whole.strikes, 3);
    EXPECT_EQ(stored(key, key.whole, "", now).until - now.wall, row.left);
  }
}

TEST(Breaker, ComesBackByOneTrialWithGrowingTimes) {
  Breaker breaker;
  Instant now{0s};
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 5; ++i) {
    BreakerLease lease = enter(breaker);
    EXPECT_TRUE(bad(lease, verdict(Reason::overloaded), true, now, kPolicy));
    leave(lease);
    waits.push_back((breaker.until - now) / 1s);
    EXPECT_EQ(admit(breaker, breaker.until - 1ns, kPolicy), Admission::shut);
    now = breaker.until;
    EXPECT_EQ(admit(breaker, now, kPolicy), Admission::trial);
  }
  EXPECT_THAT(waits, ElementsAre(5, 10, 20, 30, 30));

  BreakerLease trial = enter(breaker);
  EXPECT_EQ(admit(breaker, now, kPolicy), Admission::shut) << "one trial at a time";
  EXPECT_TRUE(good(trial));
  leave(trial);
  EXPECT_EQ(admit(breaker, now, kPolicy), Admission::yes);
}

TEST(Breaker, OneBurstOfFailuresOpensItOnce) {
  Breaker breaker;
  std::vector<BreakerLease> leases;
  for (int i = 0; i < 20; ++i) leases.push_back(enter(breaker));

  for (BreakerLease& lease : leases) bad(lease, verdict(Reason::server_error), true, Instant{0s}, kPolicy);

  EXPECT_EQ(breaker.until, Instant{5s});
}

TEST(Breaker, WithoutAFallbackItOpensAfterFiveFailuresInARow) {
  Breaker breaker;
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(breaker.open);
    BreakerLease lease = enter(breaker);
    bad(lease, verdict(Reason::server_error), false, Instant{0s}, kPolicy);
    leave(lease);
  }
  EXPECT_TRUE(breaker.open);
}

TEST(Breaker, ASuccessFromBeforeItOpenedDoesNotCloseIt) {
  Breaker breaker;
  BreakerLease slow = enter(breaker), failing = enter(breaker);
  bad(failing, verdict(Reason::timeout), true, Instant{0s}, kPolicy);

  EXPECT_FALSE(good(slow));
  EXPECT_TRUE(breaker.open);
}

}  // namespace
}  // namespace gateway
