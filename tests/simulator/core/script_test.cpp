#include "simulator/core/script.h"

#include "simulator/core/provider.h"

namespace simulator {
namespace {

using namespace std::chrono_literals;

Rule rule_for(std::string credential, std::string fault) {
  Rule rule;
  rule.when.credential = std::move(credential);
  rule.fault.name = std::move(fault);
  return rule;
}

ProviderRequest request_of(std::string credential, std::uint64_t nth) {
  return {.credential = std::move(credential), .nth = nth, .nth_credential = nth};
}

TEST(Script, TheFirstRuleThatMatchesAndHasAUseDecides) {
  auto once = rule_for("key-a", "402");
  once.times = 1;
  Script script({once, rule_for("key-a", "429"), rule_for("", "500")});

  EXPECT_EQ(script.decide(request_of("key-a", 1), Stage::request, {}), 0U);
  EXPECT_EQ(script.decide(request_of("key-a", 2), Stage::request, {}), 1U);
  EXPECT_EQ(script.decide(request_of("key-b", 3), Stage::request, {}), 2U);
}

TEST(Script, AfterAndEveryCountMatches) {
  auto rule = rule_for("", "500");
  rule.after = 2;
  rule.every = 3;
  Script script({rule});

  std::string fired;
  for (std::uint64_t n = 1; n <= 9; ++n) fired += script.decide(request_of("k", n), Stage::request, {}) ? 'x' : '.';

  EXPECT_EQ(fired, "..x..x..x");
}

TEST(Script, ProbabilityDoesNotDependOnTheOrderOfArrival) {
  auto rule = rule_for("", "500");
  rule.probability = 0.5;
  Script forward({rule}), backward({rule});
  std::string a(100, '.'), b(100, '.');

  for (std::size_t n = 0; n < 100; ++n) a[n] = forward.decide(request_of("k", n + 1), Stage::request, {.seed = 3}) ? 'x' : '.';
  for (std::size_t n = 100; n-- > 0;) b[n] = backward.decide(request_of("k", n + 1), Stage::request, {.seed = 3}) ? 'x' : '.';

  EXPECT_EQ(a, b);
}

TEST(Script, ProbabilityIsKeptForEverySmallSeed) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (const double wanted : {0.1, 0.5, 0.9}) {
      int fired = 0;
      for (std::uint64_t n = 1; n <= 1000; ++n) fired += dice(seed, 0, "key-a", n) < wanted ? 1 : 0;
      // Five standard deviations of a binomial of 1,000.
      EXPECT_NEAR(fired, wanted * 1000, 5 * std::sqrt(1000 * wanted * (1 - wanted))) << "seed " << seed;
    }
  }
}

TEST(Script, ARampLeadsFromOneRateToAnotherAndStaysThere) {
  auto rule = rule_for("", "500");
  rule.probability = 0.1;
  rule.ramp = Rule::Ramp{.to = 0.9, .over = std::chrono::seconds{60}};
  for (const auto& [seconds, wanted] : {std::pair{0, 0.1}, std::pair{15, 0.3}, std::pair{30, 0.5}, std::pair{60, 0.9}, std::pair{6000, 0.9}}) {
    Script script({rule});
    int fired = 0;
    for (std::uint64_t n = 1; n <= 1000; ++n) fired += script.decide(request_of("k", n), Stage::request, {.seed = 7, .elapsed = std::chrono::seconds{seconds}}) ? 1 : 0;
    // Five standard deviations of a binomial of 1,000.
    EXPECT_NEAR(fired, wanted * 1000, 5 * std::sqrt(1000 * wanted * (1 - wanted))) << "after " << seconds << " s";
  }
}

TEST(Script, TwoSeedsDecideDifferently) {
  int same = 0;
  for (std::uint64_t n = 0; n < 1000; ++n) same += (dice(1, 0, "k", n) < 0.5) == (dice(2, 0, "k", n) < 0.5) ? 1 : 0;

  EXPECT_LT(same, 600);
}

TEST(Script, StatesLeadFromOneRuleToTheNext) {
  auto fails = rule_for("", "500");
  fails.when.state = "start";
  fails.go_to = "broken";
  auto broken = rule_for("", "503");
  broken.when.state = "broken";
  Script script({fails, broken});

  EXPECT_EQ(script.decide(request_of("k", 1), Stage::request, {}), 0U);
  EXPECT_EQ(script.decide(request_of("k", 2), Stage::request, {}), 1U);
  EXPECT_EQ(script.state(), "broken");
}

TEST(Script, ATimeWindowIsHalfOpen) {
  When when;
  when.after = 1s;
  when.before = 2s;

  EXPECT_FALSE(matches(when, {}, "start", 999ms));
  EXPECT_TRUE(matches(when, {}, "start", 1s));
  EXPECT_FALSE(matches(when, {}, "start", 2s));
}

TEST(Script, EveryConditionCanFail) {
  ProviderRequest request{.method = "POST", .path = "/v1/chat/completions", .body = R"({"messages":[{"content":"hello"}],"n":2})",
                          .model = "gpt-x", .stream = true, .credential = "key-a", .session = "s1", .nth = 2, .nth_credential = 3, .nth_session = 4};
  request.headers.add("X-Tag", "blue");
  const auto check = [&](auto&& set, bool expected) {
    When when;
    set(when);
    EXPECT_EQ(matches(when, request, "start", 0s), expected);
  };

  check([](When& w) { w.model = "gpt-*"; }, true);
  check([](When& w) { w.model = "claude-*"; }, false);
  check([](When& w) { w.path = "*/completions"; }, true);
  check([](When& w) { w.path = "/v1/models"; }, false);
  check([](When& w) { w.stream = true; }, true);
  check([](When& w) { w.stream = false; }, false);
  check([](When& w) { w.headers = {{"x-tag", "bl*"}}; }, true);
  check([](When& w) { w.headers = {{"x-tag", "red"}}; }, false);
  check([](When& w) { w.body = {{"/messages/0/content", "hel*"}}; }, true);
  check([](When& w) { w.body = {{"/n", 2}}; }, true);
  check([](When& w) { w.body = {{"/n", 3}}; }, false);
  check([](When& w) { w.body = {{"/none", 3}}; }, false);
  check([](When& w) { w.text = "hello"; }, true);
  check([](When& w) { w.text = "goodbye"; }, false);
  check([](When& w) { w.nth = {2, 2}; }, true);
  check([](When& w) { w.nth = {3, 9}; }, false);
  check([](When& w) { w.nth_credential = {3, 3}; }, true);
  check([](When& w) { w.nth_session = {1, 3}; }, false);
  check([](When& w) { w.session = "s2"; }, false);
  check([](When& w) { w.state = "other"; }, false);
  check([](When& w) { w.credential = "unknown"; }, false);
}

TEST(Script, TemplatesAreFilledFromTheRequest) {
  ProviderRequest request{.body = R"({"messages":[{"role":"user","content":"ping"}]})", .model = "m", .nth = 7};

  EXPECT_EQ(fill_template("{{model}} {{nth}} {{last}} {{body:/messages/0/role}} {{other}}", request), "m 7 ping user {{other}}");
}

TEST(Journal, AnAttemptBeforeItsRetryAfterIsTooEarly) {
  ProviderSpec spec{.name = "acme", .personality = "openai", .credentials = {{.label = "key-a"}}};
  Rule rule;
  rule.fault.name = "429";
  rule.fault.params = {{"retry_after", "2s"}};
  rule.times = 1;
  spec.script = {rule};
  Model model({spec}, {}, base::Instant{});
  const auto secret = model.secret_of(0, spec.credentials[0]);
  const auto attempt = [&](base::Duration at) {
    ProviderRequest request{.method = "POST", .path = "/v1/chat/completions", .body = R"({"model":"m","messages":[]})"};
    request.headers.add("authorization", "Bearer " + secret);
    const auto decision = model.on_request(0, request, {base::Instant{at}, base::WallTime{at}});
    const auto events = model.journal().since(model.journal().next() - 1, "*");
    model.on_answer(decision.attempt, decision.plan.status, 0, 0, {});
    model.on_end(decision.attempt, "complete", 0, 0, {});
    return base::bool_or(events[0], "too_early", false);
  };

  EXPECT_FALSE(attempt(0s));
  EXPECT_TRUE(attempt(1999ms));
  EXPECT_FALSE(attempt(2s));
  EXPECT_EQ(base::dump(model.journal().since(0, "*")).find(secret), std::string::npos);
}

TEST(Model, SpacesDoNotSeeEachOther) {
  ProviderSpec spec{.name = "acme", .personality = "openai", .keys_any = true};
  Rule rule;
  rule.fault.name = "500";
  rule.times = 1;
  spec.script = {rule};
  Model model({spec}, {}, base::Instant{});
  const auto status = [&](std::string path) {
    ProviderRequest request{.method = "POST", .path = std::move(path), .body = R"({"model":"m","messages":[{"role":"user","content":"x"}]})"};
    return model.on_request(0, request, {}).plan.status;
  };

  EXPECT_EQ(status("/space/one/v1/chat/completions"), 500);
  EXPECT_EQ(status("/space/one/v1/chat/completions"), 200);
  EXPECT_EQ(status("/space/two/v1/chat/completions"), 500);
  EXPECT_EQ(status("/v1/chat/completions"), 500);
}

}  // namespace
}  // namespace simulator
