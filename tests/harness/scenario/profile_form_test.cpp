#include "harness/scenario/profile_form.h"

#include <gtest/gtest.h>

namespace harness {
namespace {

using base::Json;

/// Two routes over two providers, one with two keys.
struct Given {
  Scenario scenario;
  Places places;
  FormFacts facts{.scenario = scenario, .places = places, .dialects = {{"gemini", "google"}}, .words = {{"program", "/opt/server"}},
                  .environment = [](const std::string& name) { return name == "SET" ? std::string("yes") : std::string(); }};
  Given() {
    scenario.gateway.routes = {{"default", {"acme/gpt-test", "spare/gem"}}, {"cheap", {{"targets", {"spare/small"}}}}};
    places.port = 8080;
    places.folder = "/runs/1";
    places.providers = {{"acme", {{"dialect", "openai-chat"}, {"personality", "openai"}, {"base_url", "http://127.0.0.1:1/v1"}, {"credentials", {{"key-a", "sk-a"}, {"key-b", "sk-b"}}}}},
                        {"spare", {{"dialect", "gemini"}, {"base_url", "http://127.0.0.1:2/v1beta"}, {"credentials", {{"key-s", "sk-s"}}}}}};
  }
};

TEST(ProfileForm, WordsAreFilledInAndTheTargetsOwnAreLeftToIt) {
  const Given run;

  EXPECT_EQ(fill_text("${program} --port=${port} in ${folder}", run.facts), "/opt/server --port=8080 in /runs/1");
  EXPECT_EQ(fill_text("${env:SET}|${env:UNSET}|", run.facts), "yes||");
  EXPECT_EQ(fill_text("$${HOME} and ${unfinished", run.facts), "${HOME} and ${unfinished");
}

TEST(ProfileForm, AnEachOfKeysInsideTargetsIsOneList) {
  const Given run;
  const auto form = Json::parse(R"({"targets":[{"each":"targets","of":{"each":"keys","of":"${provider.kind} ${target.model} ${key.label} ${key.secret} ${provider.base_url}"}}]})");

  EXPECT_EQ(fill_form(form, run.facts), Json::parse(R"({"targets":["openai-chat gpt-test key-a sk-a http://127.0.0.1:1/v1",
    "openai-chat gpt-test key-b sk-b http://127.0.0.1:1/v1","google gem key-s sk-s http://127.0.0.1:2/v1beta"]})"));
}

TEST(ProfileForm, WhatARequestAsksForDecidesItsTargets) {
  const Given run;
  const auto form = Json::parse(R"([{"each":"targets","of":"${provider.name}/${target.model}"}])");

  EXPECT_EQ(fill_form(form, run.facts, "cheap"), Json::parse(R"(["spare/small"])"));
  EXPECT_EQ(fill_form(form, run.facts, "acme/gpt-4"), Json::parse(R"(["acme/gpt-4"])"));
  EXPECT_EQ(fill_form(form, run.facts, ""), Json::parse(R"(["acme/gpt-test","spare/gem"])"));
}

TEST(ProfileForm, ANamedEachIsAnObjectAndRoutesHaveTheirOwnTargets) {
  const Given run;
  const auto form = Json::parse(R"({"routes":{"each":"routes","name":"${route.name}","of":[{"each":"targets","of":"${target.model}"}]},
    "keys":{"each":"providers","name":"${provider.name}","of":{"each":"keys","of":"${key.variable}"}}})");

  EXPECT_EQ(fill_form(form, run.facts), Json::parse(R"({"routes":{"default":["gpt-test","gem"],"cheap":["small"]},"keys":{"acme":["ACME_KEY_A","ACME_KEY_B"],"spare":["SPARE_KEY_S"]}})"));
}

TEST(ProfileForm, WithoutRoutesTheFirstProviderAnswers) {
  Given run;
  run.scenario.gateway.routes = Json::object();

  EXPECT_EQ(fill_form(Json::parse(R"([{"each":"targets","of":"${provider.name}/${target.model}"}])"), run.facts), Json::parse(R"(["acme/gpt-test"])"));
}

}  // namespace
}  // namespace harness
