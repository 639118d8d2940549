#include "simulator/core/accounts.h"

namespace simulator {
namespace {

using namespace std::chrono_literals;

ProviderSpec spec_with(CredentialSpec credential, std::string personality = "groq") {
  ProviderSpec spec{.name = "acme", .personality = std::move(personality)};
  spec.credentials.push_back(std::move(credential));
  return spec;
}
const ProviderRequest kRequest{.model = "m", .credential = "key-a"};

AccountAnswer admit(Accounts& accounts, base::Duration at, double tokens = 1) {
  return accounts.admit(kRequest, tokens, base::Instant{at}, base::WallTime{at});
}

TEST(Accounts, CreditOnceSpentStaysSpentUntilToppedUp) {
  Accounts accounts(spec_with({.label = "key-a", .credit = 1}));

  EXPECT_EQ(admit(accounts, 0s).refused, "");
  EXPECT_EQ(admit(accounts, 1s).refused, "402");
  EXPECT_EQ(admit(accounts, 24h).refused, "402");
  EXPECT_TRUE(accounts.change("key-a", {.top_up = 1}));
  EXPECT_EQ(admit(accounts, 24h).refused, "");
}

TEST(Accounts, OpenAiSaysBillingWith429) {
  Accounts accounts(spec_with({.label = "key-a", .credit = 0}, "openai"));

  EXPECT_EQ(admit(accounts, 0s).refused, "429-billing");
}

TEST(Accounts, ARequestWindowCountsDownAndRefills) {
  Accounts accounts(spec_with({.label = "key-a", .requests = {.limit = 2, .window = 10s}}));

  EXPECT_EQ(admit(accounts, 0s).headers.get("x-ratelimit-remaining-requests"), "1");
  EXPECT_EQ(admit(accounts, 0s).headers.get("x-ratelimit-remaining-requests"), "0");
  const auto refused = admit(accounts, 1s);
  EXPECT_EQ(refused.refused, "429");
  EXPECT_EQ(refused.retry_after, 4s);
  EXPECT_EQ(admit(accounts, 5s).refused, "");
}

TEST(Accounts, ARefusalForTokensCostsNoRequest) {
  Accounts accounts(spec_with({.label = "key-a", .requests = {.limit = 5, .window = 100s}, .tokens = {.limit = 10, .window = 10s}}));

  EXPECT_EQ(admit(accounts, 0s, 10).headers.get("x-ratelimit-remaining-requests"), "4");
  const auto refused = admit(accounts, 0s, 5);

  EXPECT_EQ(refused.refused, "429");
  EXPECT_EQ(refused.retry_after, 5s);
  EXPECT_EQ(refused.headers.get("x-ratelimit-remaining-requests"), "4");
}

TEST(Accounts, AnthropicHasItsOwnHeaderNames) {
  Accounts accounts(spec_with({.label = "key-a", .requests = {.limit = 2, .window = 10s}}, "anthropic"));

  const auto answer = admit(accounts, 0s);

  EXPECT_EQ(answer.headers.get("anthropic-ratelimit-requests-remaining"), "1");
  EXPECT_EQ(answer.headers.get("anthropic-ratelimit-requests-reset"), "1970-01-01T00:00:05.000Z");
}

TEST(Accounts, ConcurrencyIsFreedByRelease) {
  Accounts accounts(spec_with({.label = "key-a", .concurrent_max = 1}));

  EXPECT_EQ(admit(accounts, 0s).refused, "");
  EXPECT_EQ(admit(accounts, 0s).refused, "429");
  accounts.release("key-a");
  EXPECT_EQ(admit(accounts, 0s).refused, "");
}

TEST(Accounts, RevokedBlockedAndUnknownAreRefused) {
  Accounts accounts(spec_with({.label = "key-a", .models_blocked = {"m*"}}));
  EXPECT_EQ(admit(accounts, 0s).refused, "403");
  accounts.change("key-a", {.region_blocked = true});
  EXPECT_EQ(admit(accounts, 0s).refused, "403-region");
  accounts.change("key-a", {.revoked = true});
  EXPECT_EQ(admit(accounts, 0s).refused, "401");

  EXPECT_EQ(accounts.admit({.credential = ""}, 1, {}, {}).refused, "401");
  EXPECT_FALSE(accounts.change("key-z", {.revoked = true}));
}

}  // namespace
}  // namespace simulator
