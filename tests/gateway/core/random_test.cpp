// Random worlds, from printed seeds: whatever providers, callers and operators do, the core keeps its promises.
#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/gateway/core/rig.h"

namespace gateway::test {
namespace {

/// Judges at random. What the judgements are decides how well callers are served; that each is answered once must not hang on them.
class Chaos : public Policy {
 public:
  explicit Chaos(std::uint64_t seed) : random_(seed) {}
  base::Duration cooldown(const Verdict&, std::int64_t, bool) const override { return some(); }
  base::Instant extend(base::Instant current, base::Instant proposed) const override { return coin() ? current : proposed; }
  bool marks(const Verdict&) const override { return coin(); }
  bool kills(const Verdict&) const override { return random_.chance(0.1); }
  bool whole_key(const Verdict&) const override { return coin(); }
  bool may_use(base::Instant until, base::Instant now) const override { return coin() || until <= now; }
  std::int64_t probes() const override { return random_.between(1, 3); }
  bool rotates(const Verdict&) const override { return coin(); }
  bool falls_back(const Verdict&, const Route&) const override { return coin(); }
  int tries_max(const RetryConfig&, const Verdict&, TransportError, bool) const override { return static_cast<int>(random_.between(0, 9)); }
  base::Duration backoff(const RetryConfig&, int, std::optional<base::Duration>, base::Random&) const override { return some(); }
  bool wait_fits(base::Duration, base::Duration, const RetryConfig&) const override { return coin(); }
  bool resends(const UpstreamFailed&, bool) const override { return coin(); }
  bool harms_target(const Verdict&) const override { return coin(); }
  int harms_max() const override { return static_cast<int>(random_.between(0, 3)); }
  base::Duration return_after(const Verdict&, int) const override { return some(); }
  bool commits(RelayPiece::Kind, Commit) const override { return coin(); }
  bool alive(RelayPiece::Kind) const override { return coin(); }
  bool whole(bool, bool) const override { return coin(); }
  int status(Reason) const override { return static_cast<int>(random_.between(400, 599)); }
  bool sdk_may_retry(Reason, std::optional<base::Duration>) const override { return coin(); }
  bool refuses_when_draining(bool) const override { return coin(); }

 private:
  bool coin() const { return random_.chance(0.5); }
  base::Duration some() const { return std::chrono::milliseconds{random_.between(0, 20'000)}; }
  mutable base::Random random_;
};

/// One run: some callers, providers that do anything at all, then a drain. The rig asserts the contract of every action.
class World {
 public:
  explicit World(std::uint64_t seed, const Policy* policy = nullptr) : random_(seed), rig_(make_config(), {}, options(seed), policy) {}

  void run() {
    const std::int64_t steps = random_.between(5, 120);
    for (std::int64_t i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) one();
    leave();
  }

 private:
  static CoreOptions options(std::uint64_t seed) {
    CoreOptions o;
    o.seed = seed;
    return o;
  }
  Config make_config() {
    Config config = random_.chance(0.6) ? with_fallback(static_cast<int>(random_.between(1, 3))) : one_provider(static_cast<int>(random_.between(1, 4)));
    for (ProviderConfig& p : config.providers) {
      p.strategy = static_cast<Strategy>(random_.below(5));
      if (random_.chance(0.2)) p.credentials[0].concurrent_max = 1;
    }
    if (random_.chance(0.3)) config.routes[0].commit = Commit::complete;
    if (random_.chance(0.2)) config.limits.queued = 2;
    if (random_.chance(0.3)) config.deadline = 20s;
    config.log_level = random_.chance(0.5) ? "debug" : "error";
    return config;
  }

  void one() {
    switch (random_.below(10)) {
      case 0:
      case 1: return arrive();
      case 2: return rig_.advance(std::chrono::milliseconds{random_.between(0, 40'000)});
      case 3: return rig_.until_attempt();
      case 4: return random_.chance(0.3) ? gone() : arrive();
      case 5: return odd();
      default: return provider();
    }
  }

  void arrive() {
    switch (random_.below(4)) {
      case 0: rig_.chat_completion(); break;
      case 1: rig_.http("POST", "/chat/s" + std::to_string(random_.below(2)) + "/messages", R"({"text":"x"})"); break;
      case 2: rig_.messages(random_.chance(0.5)); break;
      default: rig_.chat_completion(true); break;
    }
  }

  void gone() {
    for (auto& [id, answer] : rig_.answers) {
      if (answer.ended || answer.gone) continue;
      answer.gone = true;
      return rig_.step(ClientGone{RequestId{id}});
    }
  }

  void odd() {
    switch (random_.below(6)) {
      case 0: rig_.http("GET", "/status", {}, {}, true); break;
      case 1: rig_.http("POST", random_.chance(0.5) ? "/keys/acme/key-a/reset" : "/keys/acme/key-a/disable", {}, {}, true); break;
      case 2: rig_.step(StoreFailed{"disk full"}); break;
      case 3: rig_.step(ConfigReloaded{make_config()}); break;
      case 4: rig_.http("GET", "/metrics", {}, {}, true); break;
      default:
        for (auto& [id, answer] : rig_.answers) {
          if (answer.stream && !answer.ended && !answer.gone) return rig_.step(ChunkSent{RequestId{id}, random_.below(100'000)});
        }
    }
  }

  void provider() {
    if (rig_.open_attempts.empty()) return;
    auto at = rig_.open_attempts.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_.below(rig_.open_attempts.size())));
    std::size_t i = 0;
    while (rig_.attempt(i).id.value != *at) ++i;
    const bool headed = heads_.contains(*at);
    if (!headed && random_.chance(0.2)) return rig_.fail(i, static_cast<TransportError>(random_.between(1, 8)), random_.chance(0.3));
    if (!headed) {
      heads_.insert(*at);
      static constexpr std::array<int, 14> kStatuses{200, 200, 200, 200, 400, 401, 402, 403, 404, 429, 429, 500, 503, 529};
      base::Headers headers{{{"content-type", random_.chance(0.6) ? "text/event-stream" : "application/json"}}};
      if (random_.chance(0.3)) headers.add("retry-after", std::to_string(random_.between(-1, 90)));
      if (random_.chance(0.1)) headers.add("x-ratelimit-remaining-requests", "0");
      return rig_.head(i, kStatuses[random_.below(kStatuses.size())], headers);
    }
    switch (random_.below(9)) {
      case 0: return rig_.end(i);
      case 1: return rig_.fail(i, TransportError::reset);
      case 2: return rig_.bytes(i, kRole);
      case 3: return rig_.bytes(i, completion());
      case 4: return rig_.bytes(i, "data: {\"error\":{\"message\":\"Overloaded\",\"type\":\"overloaded_error\"}}\n\n");
      case 5: return rig_.bytes(i, frame(std::string(random_.below(2) * 90'000 + 1, 'x')));
      case 6: return rig_.bytes(i, kStop + kDone);
      case 7: return rig_.bytes(i, "data: {\"choi");
      default: return rig_.bytes(i, frame("one") + kStop);
    }
  }

  void leave() {
    rig_.step(DrainRequested{DrainRequested::Kind::restart, 10s, 2s, random_.chance(0.5)});
    rig_.advance(12s);
    EXPECT_EQ(rig_.exit, 75) << "nothing holds a drain longer than its deadline";
    EXPECT_TRUE(rig_.open_attempts.empty()) << "no exchange is left open";
    for (const auto& [id, answer] : rig_.answers) EXPECT_TRUE(answer.ended || answer.gone) << "request " << id << " has no end";
    for (const Log& line : rig_.logs) EXPECT_EQ(base::dump(line.fields).find("-secret"), std::string::npos) << line.event;
  }

  base::Random random_;
  Rig rig_;
  std::set<std::uint32_t> heads_;
};

TEST(RandomWorlds, EveryRequestEndsOnceAndEveryDrainEnds) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World(seed).run();
    if (HasFailure()) break;
  }
}

TEST(RandomWorlds, EvenWithJudgementsThatAreDrawnByLot) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Chaos chaos(seed);
    World(seed, &chaos).run();
    if (HasFailure()) break;
  }
}

TEST(RandomWorlds, TheSameSeedGivesTheSameActions) {
  const auto run = [] {
    Rig rig(with_fallback(2));
    std::string trace;
    for (int i = 0; i < 5; ++i) {
      rig.chat_completion();
      rig.reply(503, openai_error("overloaded_error", "Overloaded"));
      rig.until_attempt();
      trace += std::to_string(rig.now.instant.since_start.count()) + " " + rig.latest().credential + " " + rig.latest().headers.get("traceparent") + "\n";
      rig.succeed();
    }
    return trace;
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace gateway::test
