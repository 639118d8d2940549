// What a good configuration becomes.
#include "gateway/core/config_loader.h"

#include <gmock/gmock.h>

#include "gateway/core/settings.h"

namespace gateway {
namespace {

using namespace std::chrono_literals;
const Environment kEnvironment{{"HOME", "/home/ann"}, {"ACME_A", "sk-live-aaaaaaaa"}, {"ACME_B", "sk-live-bbbbbbbb"}};

LoadedConfig load(const std::string& text, const LoadOptions& options = {}, const Environment& environment = kEnvironment) {
  auto loaded = load_config_text(text, "gateway.json", environment, options);
  if (loaded.has_value()) return loaded.value();
  ADD_FAILURE() << base::render(loaded.error());
  return {};
}

constexpr const char* kWhole = R"({ "listen": "127.0.0.1:8642", "admin": "off", "state": "~/state/gateway.db",
  "providers": { "acme": { "dialect": "openai-chat", "url": "https://api.acme.example/v1/",
      "credentials": [ {"label": "key-a", "secret": "${ACME_A}"}, {"label": "key-b", "secret": "x-${ACME_B}-$${y", "weight": 2.5} ],
      "strategy": "weighted", "timeouts": {"connect": "10s", "first_byte": "90s", "idle": "500ms"},
      "context": {"gpt-x": 128000}, "headers": {"x-team": "blue"} },
    "spare": { "dialect": "anthropic-messages", "url": "http://127.0.0.1:9", "credentials": [] } },
  "routes": { "default": ["acme/gpt-x", "spare/claude/y"], "careful": {"targets": ["spare/c"], "commit": "complete"} },
  "retry": {"attempts": 2, "backoff": {"base": "1s", "max": "30s", "jitter": 0}, "retry_after_max": "5m"},
  "restart": {"drain": "20s"}, "deadline": "1m", "caller_keys": ["${ACME_A}"] })";

TEST(ConfigLoader, ReadsTheWholeExample) {
  const auto config = load(kWhole).config;

  EXPECT_EQ(config.state, "/home/ann/state/gateway.db");
  EXPECT_EQ(config.admin, "off");
  ASSERT_EQ(config.providers.size(), 2U);
  const auto& acme = config.providers[0];
  EXPECT_EQ(acme.url, "https://api.acme.example/v1");
  EXPECT_EQ(acme.strategy, Strategy::weighted);
  EXPECT_EQ(acme.timeouts.idle, 500ms);
  EXPECT_EQ(acme.timeouts.total, 30min);
  EXPECT_EQ(acme.context.at("gpt-x"), 128000);
  EXPECT_EQ(acme.headers.at("x-team"), "blue");
  EXPECT_EQ(config.providers[1].dialect, Dialect::anthropic_messages);
  EXPECT_EQ(config.retry.attempts, 2);
  EXPECT_EQ(config.retry.backoff_max, 30s);
  EXPECT_EQ(config.retry.jitter, 0);
  EXPECT_EQ(config.restart.drain, 20s);
  EXPECT_EQ(config.deadline, 1min);
}

TEST(ConfigLoader, PutsTheEnvironmentInPlaceAndLeavesWhatIsEscaped) {
  const auto loaded = load(kWhole);

  EXPECT_EQ(loaded.config.providers[0].credentials[0].secret, "sk-live-aaaaaaaa");
  EXPECT_EQ(loaded.config.providers[0].credentials[1].secret, "x-sk-live-bbbbbbbb-${y");
  EXPECT_EQ(loaded.config.caller_keys.at(0), "sk-live-aaaaaaaa");
  EXPECT_FALSE(loaded.plain_secrets);
}

TEST(ConfigLoader, ATargetsModelMayHoldFurtherSlashes) {
  const auto routes = load(kWhole).config.routes;

  EXPECT_EQ(routes[0].targets[1].provider, "spare");
  EXPECT_EQ(routes[0].targets[1].model, "claude/y");
  EXPECT_EQ(routes[1].commit, Commit::complete);
}

TEST(ConfigLoader, WithoutADefaultTheFirstRouteServesEveryOtherModel) {
  const auto config = load(R"({"providers":{"a":{"dialect":"gemini","url":"http://localhost"}},"routes":{"fast":["a/m"],"slow":["a/n"]}})").config;

  ASSERT_EQ(config.routes.size(), 3U);
  EXPECT_EQ(config.routes[2].name, "default");
  EXPECT_EQ(config.routes[2].targets[0].model, "m");
}

TEST(ConfigLoader, StateIsKeptUnlessSwitchedOff) {
  const std::string rest = R"("providers":{"a":{"dialect":"gemini","url":"http://localhost"}},"routes":{"fast":["a/m"]}})";

  EXPECT_EQ(load("{" + rest).config.state, "/home/ann/.local/state/brownout/gateway.db");
  EXPECT_EQ(load(R"({"state":"off",)" + rest).config.state, "");
}

TEST(ConfigLoader, OverridesWinAndNeedNoQuotesForText) {
  const LoadOptions options{.overrides = {"listen=0", "providers.acme.url=http://127.0.0.1:5/v1", "routes.default=[\"spare/z\"]", "retry.attempts=7",
                                          "/providers/acme/credentials/0/label=renamed", "limits.queued=0", "deadline=9s"}};

  const auto config = load(kWhole, options).config;

  EXPECT_EQ(config.listen, "0");
  EXPECT_EQ(config.providers[0].url, "http://127.0.0.1:5/v1");
  EXPECT_EQ(config.routes[0].targets[0].model, "z");
  EXPECT_EQ(config.retry.attempts, 7);
  EXPECT_EQ(config.providers[0].credentials[0].label, "renamed");
  EXPECT_EQ(config.limits.queued, 0);
  EXPECT_EQ(config.deadline, 9s);
}

TEST(ConfigLoader, CommandsThatNeedNoKeysReadItWithoutTheirVariables) {
  const auto loaded = load(kWhole, {.variables_may_miss = true}, {{"HOME", "/h"}});

  EXPECT_EQ(loaded.config.listen, "127.0.0.1:8642");
  EXPECT_EQ(loaded.config.providers[0].credentials[0].secret, "${ACME_A}");
}

TEST(ConfigLoader, WarnsOfWhatIsRiskyAndStartsAllTheSame) {
  const auto loaded = load(R"({"listen":"0.0.0.0:8642","providers":{"a":{"dialect":"openai-chat","url":"http://api.example/v1",
    "credentials":[{"label":"k","secret":"sk-plain-1234"},{"label":"l","secret":"sk-plain-1234"}]}},"routes":{"default":["a/m"]}})");

  ASSERT_EQ(loaded.warnings.size(), 3U);
  const auto text = base::render(base::Error{loaded.warnings});
  EXPECT_THAT(text, testing::HasSubstr("under two labels"));
  EXPECT_THAT(text, testing::HasSubstr("unencrypted"));
  EXPECT_THAT(text, testing::HasSubstr("anybody who reaches this address"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("sk-plain-1234")));
  EXPECT_TRUE(loaded.plain_secrets);
}

TEST(ConfigLoader, TheExampleOfAFirstRunLoads) {
  const auto config = load(example_config(), {}, {{"HOME", "/h"}, {"OPENAI_API_KEY", "sk-1"}, {"ANTHROPIC_API_KEY", "sk-2"}}).config;

  EXPECT_EQ(config.routes[0].targets.size(), 2U);
}

}  // namespace
}  // namespace gateway
