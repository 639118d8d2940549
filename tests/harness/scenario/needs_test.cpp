#include "harness/scenario/needs.h"

#include <gtest/gtest.h>

#include "harness/scenario/loader.h"

namespace harness {
namespace {

struct Parts {
  std::string providers = R"({"acme":{"like":"openai","credentials":["key-a"]}})";
  std::string gateway = R"({"routes":{"default":["acme/gpt-test"]}})";
  std::string steps = R"([{"send":"ping","as":"p"}])";
  std::string expect = R"([{"check":"gateway.survives"}])";
  std::string needs = "[]";
};

std::vector<std::string> abilities_of(const Parts& parts) {
  auto scenario = parse_scenario(R"({"version":1,"title":"t","why":"w","tags":["billing"],"needs":)" + parts.needs + R"(,"providers":)" + parts.providers + R"(,"gateway":)" +
                                     parts.gateway + R"(,"steps":)" + parts.steps + R"(,"expect":)" + parts.expect + "}",
                                 "s.json");
  if (scenario.has_error()) return {base::render(scenario.error())};
  std::vector<std::string> names;
  for (const auto& need : needs_of(scenario.value())) names.push_back(need.ability);
  return names;
}

using Names = std::vector<std::string>;

TEST(Needs, APlainQuestionWithOneKeyNeedsNothing) { EXPECT_EQ(abilities_of({}), Names{}); }

TEST(Needs, WhatTheScenarioSaysIsKept) { EXPECT_EQ(abilities_of({.needs = R"(["notify","unit"])"}), (Names{"unit", "notify"})); }

TEST(Needs, ProvidersSayWhichKeysDialectsAndCertificates) {
  EXPECT_EQ(abilities_of({.providers = R"({"acme":{"like":"openai","credentials":["key-a","key-b"]}})"}), Names{"credential-pool"});
  EXPECT_EQ(abilities_of({.providers = R"({"acme":{"like":"anthropic","credentials":["key-a"]}})"}), Names{"anthropic-upstream"});
  EXPECT_EQ(abilities_of({.providers = R"({"acme":{"like":"gemini","credentials":["key-a"]}})"}), Names{"gemini-upstream"});
  EXPECT_EQ(abilities_of({.providers = R"({"acme":{"like":"openai","tls":true,"credentials":["key-a"]}})"}), Names{"tls-upstream"});
}

TEST(Needs, TheGatewaysPartSaysFallbackAndItsOwnSettings) {
  EXPECT_EQ(abilities_of({.gateway = R"({"routes":{"default":["acme/a","acme/b"]}})"}), Names{"fallback"});
  EXPECT_EQ(abilities_of({.gateway = R"({"routes":{"default":{"targets":["acme/a"],"commit":"complete"}}})"}), Names{"own-config"});
  EXPECT_EQ(abilities_of({.gateway = R"({"config":{"deadline":"30s"}})"}), Names{"own-config"});
  EXPECT_EQ(abilities_of({.gateway = R"({"unit":{"RestartSec":"30s"}})"}), Names{"unit"});
  EXPECT_EQ(abilities_of({.gateway = R"({"socket":true})"}), Names{"socket"});
}

TEST(Needs, StepsSayFrontsCommandsSignalsAndFilesAtAnyDepth) {
  EXPECT_EQ(abilities_of({.steps = R"([{"send":{"api":"chat","session":"s1"}}])"}), Names{"chat"});
  EXPECT_EQ(abilities_of({.steps = R"([{"repeat":{"times":2,"steps":[{"send":{"api":"messages","stream":true}}]}}])"}), (Names{"stream", "messages"}));
  EXPECT_EQ(abilities_of({.steps = R"([{"parallel":[[{"send":{"api":"responses"}}],[{"send":{"api":"embeddings"}}]]}])"}), (Names{"responses", "embeddings"}));
  EXPECT_EQ(abilities_of({.steps = R"([{"send":{"api":"raw","raw":"GET / HTTP/1.1\r\n\r\n"}}])"}), Names{"bare-requests"});
  EXPECT_EQ(abilities_of({.steps = R"([{"send":{"text":"a","key":"k"}}])"}), Names{"caller-keys"});
  EXPECT_EQ(abilities_of({.steps = R"([{"cli":["classify"]}])"}), (Names{"cli", "classify"}));
  EXPECT_EQ(abilities_of({.steps = R"([{"signal":"USR1"}])"}), (Names{"unit", "drain-signal"}));
  EXPECT_EQ(abilities_of({.steps = R"([{"edit-config":{"set":{"retry.attempts":1}}}])"}), (Names{"reload", "own-config"}));
  EXPECT_EQ(abilities_of({.steps = R"([{"disk":"full"}])"}), (Names{"durable-state", "root"}));
  EXPECT_EQ(abilities_of({.steps = R"([{"manager":"oom-kill"}])"}), Names{"unit"});
  EXPECT_EQ(abilities_of({.steps = R"([{"wait":{"until":"log","event":"x"}}])"}), Names{"json-log"});
}

TEST(Needs, ChecksSayWhatIsBrownoutsOwn) {
  EXPECT_EQ(abilities_of({.steps = R"([{"send":"ping","expect":{"reason":"billing","hint":"Pay."}}])"}), (Names{"hint", "reason"}));
  EXPECT_EQ(abilities_of({.expect = R"([{"check":"reply","reply":"p","headers":{"x-gateway-attempts":"2"}}])"}), Names{"trail-headers"});
  EXPECT_EQ(abilities_of({.expect = R"([{"check":"reply","reply":"p","headers":{"retry-after":true}}])"}), Names{});
  EXPECT_EQ(abilities_of({.expect = R"([{"check":"hint","reply":"p","contains":"Pay"}])"}), Names{"hint"});
  EXPECT_EQ(abilities_of({.expect = R"([{"check":"hint","reply":"p","absent":true}])"}), Names{});
  EXPECT_EQ(abilities_of({.expect = R"([{"check":"log.contains","event":"x"}])"}), Names{"json-log"});
  EXPECT_EQ(abilities_of({.expect = R"([{"check":"log.never","text":"Traceback"}])"}), Names{});
}

TEST(Needs, AStatusThatNoProviderGaveIsADecisionOfThisGateway) {
  const auto asked = [](const std::string& fault, const std::string& status) {
    return abilities_of({.providers = R"({"acme":{"like":"openai","credentials":["key-a"],"script":[{"fault":")" + fault + R"("}]}})",
                         .steps = R"([{"send":"ping","as":"p","expect":{"status":)" + status + "}}]"});
  };

  EXPECT_EQ(asked("402", "402"), Names{});
  EXPECT_EQ(asked("500", "502"), Names{"own-status"});
  EXPECT_EQ(asked("500", "\"5xx\""), Names{});
  EXPECT_EQ(asked("500", "200"), Names{});
}

TEST(Needs, EachSaysWhatItFollowsFrom) {
  const auto scenario = parse_scenario(R"({"version":1,"title":"t","why":"w","tags":["billing"],"providers":{"acme":{"like":"openai","credentials":["a","b"]}},
    "gateway":{},"steps":[{"send":"ping"}],"expect":[]})", "s.json");

  ASSERT_TRUE(scenario.has_value());
  EXPECT_EQ(needs_of(scenario.value()), (std::vector<Need>{{"credential-pool", "acme has several keys"}}));
}

}  // namespace
}  // namespace harness
