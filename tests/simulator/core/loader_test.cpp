#include "simulator/core/providers_loader.h"

namespace simulator {
namespace {

using testing::HasSubstr;

struct Loaded {
  std::vector<ProviderSpec> specs;
  std::string problems;
  std::size_t count = 0;
};
Loaded load(const std::string& text) {
  Loaded loaded;
  auto document = base::parse_json_document(text, "s.json");
  if (document.has_error()) return {.problems = base::render(document.error()), .count = 1};
  std::vector<base::Diagnostic> problems;
  base::JsonReader in(document.value(), problems);
  loaded.specs = read_providers(in, "providers");
  loaded.count = problems.size();
  if (!problems.empty()) loaded.problems = base::render(base::Error{problems});
  return loaded;
}

TEST(ProvidersLoader, ReadsAProviderWithItsScript) {
  const auto loaded = load(R"({"providers":{"acme":{"dialect":"anthropic-messages","credentials":{"key-a":{"credit":3}},
    "script":[{"when":{"credential":"key-a","nth":[2,4]},"fault":"429","retry_after":"2s","times":3}]}}})");

  ASSERT_EQ(loaded.problems, "");
  ASSERT_EQ(loaded.specs.size(), 1U);
  EXPECT_EQ(loaded.specs[0].personality, "anthropic");
  EXPECT_EQ(loaded.specs[0].credentials[0].credit, 3);
  EXPECT_EQ(loaded.specs[0].script[0].when.nth->second, 4);
  EXPECT_EQ(loaded.specs[0].script[0].fault.params["retry_after"], "2s");
}

TEST(ProvidersLoader, AMisspeltFaultNamesTheNearest) {
  const auto loaded = load("{\"providers\":{\"acme\":{\"script\":[\n{\"fault\":\"cut-after-event-rst\"}]}}}");

  EXPECT_THAT(loaded.problems, HasSubstr("s.json:2: /providers/acme/script/0/fault: no fault is called \"cut-after-event-rst\""));
  EXPECT_THAT(loaded.problems, HasSubstr("did you mean \"cut-after-events-rst\"?"));
}

TEST(ProvidersLoader, LikeChoosesThePersonalityAndItsDialect) {
  const auto loaded = load(R"({"providers":{"a":{"like":"anthropic"},"b":{"like":"groq"},"c":{"like":"openai","dialect":"openai-responses"}}})");

  ASSERT_EQ(loaded.problems, "");
  EXPECT_EQ(loaded.specs[0].dialect, DialectKind::anthropic_messages);
  EXPECT_EQ(loaded.specs[1].personality, "groq");
  EXPECT_EQ(loaded.specs[2].dialect, DialectKind::openai_responses);
  EXPECT_THAT(load(R"({"providers":{"a":{"like":"opnai"}}})").problems, HasSubstr("did you mean \"openai\"?"));
  EXPECT_THAT(load(R"({"providers":{"a":{"like":"openai","personality":"groq"}}})").problems, HasSubstr("leave one of them out"));
}

TEST(ProvidersLoader, EveryProblemIsReportedAtOnce) {
  const auto loaded = load(R"({"providers":{"acme":{"dialect":"openai-chatt","credentials":["key-a"],"scrip":[],
    "script":[{"fault":"hang-after-events","params":{"event":1}},{"fault":"500","times":0},{"when":{"credental":"key-a"},"fault":"500"},
              {"when":{"credential":"key-b"},"fault":"500"},{"plan":[{"wiat":"1s"}]},{"plan":[{"wait":"soon"}]},{},
              {"when":{"model":"x"},"fault":"accept-rst"},{"fault":"500","plan":[]},{"fault":"accept-rst","retry_after":"1s"}]}}})");

  for (const auto* part : {"openai-chatt", "scrip", "has no parameter \"event\"", "did you mean \"events\"", "1 to", "credental", "\"key-b\"", "did you mean \"wait\"",
                           "\"wait\" wants a duration", "a rule does something", "before a request is read", "not both", "has no retry_after"}) {
    EXPECT_THAT(loaded.problems, HasSubstr(part));
  }
  EXPECT_GE(loaded.count, 12U);
}

TEST(ProvidersLoader, SecretsAreMadeFromTheSaltAndShapedLikeTheProviders) {
  EXPECT_EQ(make_secret("s", "acme", "openai", "key-a"), make_secret("s", "acme", "openai", "key-a"));
  EXPECT_NE(make_secret("s", "acme", "openai", "key-a"), make_secret("t", "acme", "openai", "key-a"));
  EXPECT_THAT(make_secret("s", "acme", "openai", "key-a"), testing::StartsWith("sk-sim-acme-key-a-"));
  EXPECT_THAT(make_secret("s", "acme", "anthropic", "key-a"), testing::StartsWith("sk-ant-api03-"));
}

}  // namespace
}  // namespace simulator
