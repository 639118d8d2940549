#include "harness/live/target.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/scenario/loader.h"

namespace harness {
namespace {

constexpr const char* kGood = R"({
  "about": "a gateway of somebody else's",
  "command": ["server", "--port=${port}", "--config", "${config}"],
  "env": { "CA": "${ca}" },
  "unit": { "RestartSec": "1s" },
  "health": "/healthz",
  "ready_within": "7s",
  "speed": 4,
  "paths": { "messages": "/anthropic/v1/messages" },
  "dialects": { "gemini": "google" },
  "headers": { "x-route": [ { "each": "targets", "of": "${provider.name}:${target.model}" } ], "x-plain": "yes" },
  "config": { "routes": [ { "each": "routes", "of": "${route.name}" } ] },
  "abilities": ["stream", "fallback"]
})";

std::string problems_of(const std::string& text) {
  const auto target = parse_profile(text, "mine.json");
  return target.has_error() ? base::render(target.error()) : "";
}

/// The good profile with one text replaced by another.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

Scenario scenario_of(const std::string& gateway) {
  auto scenario = parse_scenario(R"({"version":1,"title":"t","why":"w","tags":["billing"],
    "providers":{"acme":{"like":"openai","credentials":["key-a","key-b"]},"spare":{"like":"gemini","credentials":["key-s"]}},
    "gateway":)" + gateway + R"(,"steps":[{"send":"ping","as":"p"}],"expect":[{"check":"gateway.survives"}]})", "s.json");
  EXPECT_TRUE(scenario.has_value()) << (scenario.has_error() ? base::render(scenario.error()) : "");
  return std::move(scenario.value());
}

TEST(Profile, AGoodOneIsReadWhole) {
  const auto target = parse_profile(kGood, "folder/mine.json");

  ASSERT_TRUE(target.has_value()) << base::render(target.error());
  const auto& read = target.value();
  EXPECT_EQ(read.name, "mine");
  EXPECT_FALSE(read.own);
  EXPECT_FALSE(read.notify);
  EXPECT_EQ(read.health, "/healthz");
  EXPECT_EQ(read.ready_within, std::chrono::seconds{7});
  EXPECT_EQ(read.speed, 4);
  EXPECT_EQ(read.paths.at("messages"), "/anthropic/v1/messages");
  EXPECT_TRUE(read.can("stream"));
  EXPECT_FALSE(read.can("cli"));
}

struct Bad {
  const char *from, *to;
  std::vector<std::string> told;
};

TEST(Profile, EveryKindOfMistakeIsToldWithItsLineAndTheNearestWord) {
  const std::vector<Bad> cases{
      {R"("stream", "fallback")", R"("stream", "fallbak")", {"mine.json:13:", "no ability is called \"fallbak\"", "did you mean \"fallback\"?"}},
      {R"("health")", R"("heath")", {"mine.json:6:", "heath", "did you mean \"health\"?"}},
      {R"("--port=${port}")", R"("--port=${prot}")", {"mine.json:3:", "\"${prot}\" means nothing here", "did you mean \"${port}\"?"}},
      {R"("messages")", R"("mesages")", {"mine.json:9:", "no front is called \"mesages\"", "did you mean \"messages\"?"}},
      {R"("gemini")", R"("gemni")", {"mine.json:10:", "did you mean \"gemini\"?"}},
      {R"("RestartSec")", R"("RestartSecs")", {"mine.json:5:", "did you mean \"RestartSec\"?"}},
      {R"("each": "targets")", R"("each": "target")", {"mine.json:11:", "there is no list of \"target\"", "did you mean \"targets\"?"}},
      {R"("of": "${route.name}")", R"("off": "${route.name}")", {"mine.json:12:", "needs \"of\"", "\"off\" is no member of an \"each\""}},
      {R"("${route.name}")", R"("${target.model}")", {"mine.json:12:", "\"${target.model}\" means nothing here"}},
      {R"("each": "routes")", R"("each": "keys")", {"mine.json:12:", "keys are of a provider"}},
      {R"("7s")", R"("7")", {"mine.json:7:", "/ready_within"}},
      {R"("/healthz")", R"("healthz")", {"mine.json:6:", "a path begins with /"}},
      {R"(["server", "--port=${port}", "--config", "${config}"])", R"(["server"])", {"mine.json:3:", "nothing tells the target its port"}},
      {R"(["server", "--port=${port}", "--config", "${config}"])", R"([])", {"mine.json:3:", "needs a command"}},
      {R"("yes")", R"("${key.secret}")", {"mine.json:11:", "\"${key.secret}\" means nothing here"}},
      {R"({ "CA": "${ca}" })", R"({ "CA": 7 })", {"mine.json:4:", "text is wanted here"}},
  };
  for (const auto& bad : cases) {
    const auto said = problems_of(changed(bad.from, bad.to));
    for (const auto& words : bad.told) EXPECT_NE(said.find(words), std::string::npos) << bad.to << " was told as:\n" << said;
  }
}

TEST(Profile, AllMistakesAreToldAtOnce) {
  auto text = changed("\"fallback\"]", "\"fallbak\"]");
  text.replace(text.find("${ca}"), 5, "${cat}");

  const auto said = problems_of(text);

  EXPECT_NE(said.find("mine.json:4:"), std::string::npos) << said;
  EXPECT_NE(said.find("mine.json:13:"), std::string::npos) << said;
}

TEST(Profile, AbilitiesMustBeSaid) { EXPECT_NE(problems_of(changed(",\n  \"abilities\": [\"stream\", \"fallback\"]", "")).find("abilities"), std::string::npos); }

TEST(Target, AScenarioThatNeedsMoreIsToldWhatIsLacking) {
  const auto target = parse_profile(kGood, "mine.json").value();
  const auto scenario = scenario_of(R"({"routes":{"default":["acme/gpt-test","spare/gem"]},"config":{"deadline":"30s"}})");

  const auto missing = lacking(target, scenario);

  EXPECT_EQ(missing, (std::vector<std::string>{"credential-pool", "gemini-upstream", "own-config"}));
  EXPECT_EQ(lacking_words(target, missing), "the target mine cannot: credential-pool, gemini-upstream, own-config");
}

TEST(Target, ARequestTakesTheRouteItAsksForAlongInItsHeaders) {
  const auto target = parse_profile(kGood, "mine.json").value();
  const auto scenario = scenario_of(R"({"routes":{"default":["acme/gpt-test","spare/gem"],"cheap":["spare/small"]}})");
  Places places;
  places.providers = {{"acme", {{"dialect", "openai-chat"}, {"credentials", {{"key-a", "sk-1"}}}}}, {"spare", {{"dialect", "gemini"}, {"credentials", {{"key-s", "sk-2"}}}}}};

  EXPECT_EQ(request_headers(target, scenario, places, "").find("x-route"), R"(["acme:gpt-test","spare:gem"])");
  EXPECT_EQ(request_headers(target, scenario, places, "cheap").find("x-route"), R"(["spare:small"])");
  EXPECT_EQ(request_headers(target, scenario, places, "cheap").find("x-plain"), "yes");
}

TEST(Target, UnknownNamesListWhatThereIs) {
  const auto library = std::filesystem::path(::testing::TempDir()) / "target-test-library";
  std::filesystem::create_directories(library / "targets");
  std::ofstream(library / "targets/mine.json") << kGood;
  Paths paths;
  paths.library = library;

  const auto typo = find_target("mime", paths), far = find_target("something-else", paths);

  ASSERT_TRUE(typo.has_error() && far.has_error());
  EXPECT_NE(base::render(typo.error()).find("did you mean \"mine\"?"), std::string::npos) << base::render(typo.error());
  EXPECT_NE(base::render(far.error()).find("one of gateway, mine; mutant:NAME"), std::string::npos) << base::render(far.error());
  EXPECT_TRUE(find_target("mine", paths).has_value());
  std::filesystem::remove_all(library);
}

TEST(Target, AProgramThatIsNotInstalledSaysHowToInstallIt) {
  const auto file = std::filesystem::path(::testing::TempDir()) / "not-installed.json";
  std::ofstream(file) << R"({"program":{"file":"server.js","in":["${env:NO_SUCH_VARIABLE_HERE}","${here}/nowhere"],"install":"npm install it"},
    "command":["node","${program}","${port}"],"abilities":[]})";

  const auto target = load_profile(file);

  ASSERT_TRUE(target.has_error());
  const auto said = base::render(target.error());
  EXPECT_NE(said.find("is not installed here; looked for " + file.parent_path().string() + "/nowhere/server.js"), std::string::npos) << said;
  EXPECT_NE(said.find("to install it: npm install it"), std::string::npos) << said;
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace harness
