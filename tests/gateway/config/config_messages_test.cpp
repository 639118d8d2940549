// What a person reads when a configuration is wrong: golden text, one case each, and never a secret.
#include <gmock/gmock.h>

#include "gateway/core/config_loader.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string messages(const std::string& text, const LoadOptions& options = {}) {
  const Environment environment{{"HOME", "/home/ann"}, {"KEY", "sk-live-0123456789abcdef"}, {"EMPTY", ""}};
  auto loaded = load_config_text(text, "gateway.json", environment, options);
  return loaded.has_value() ? "" : base::render(loaded.error());
}

/// A configuration that is right but for what stands at the marks.
std::string with(const std::string& root = "", const std::string& provider = "", const std::string& credential = "", const std::string& routes = R"({"default":["acme/m"]})") {
  return "{" + root + "\n\"providers\":{\"acme\":{\"dialect\":\"openai-chat\",\"url\":\"https://a.example\"" + provider +
         ",\n\"credentials\":[{\"label\":\"k\",\"secret\":\"${KEY}\"" + credential + "}]}},\n\"routes\":" + routes + "}";
}

struct Case {
  const char* name;
  std::string text;
  std::string golden;
};
void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }
class ConfigMessages : public testing::TestWithParam<Case> {};

TEST_P(ConfigMessages, AreExact) { EXPECT_EQ(messages(GetParam().text), GetParam().golden); }

INSTANTIATE_TEST_SUITE_P(
    All, ConfigMessages,
    testing::Values(
        Case{"fine", with(), ""},
        Case{"missing_variable", with("", R"(,"headers":{"x-k":"${NOPE}"})"),
             "gateway.json:2: /providers/acme/headers/x-k: the environment has no variable NOPE\n"
             "     2 | \"providers\":{\"acme\":{\"dialect\":\"openai-chat\",\"url\":\"https://a.example\",\"headers\":{\"x-k\":\"${NOPE}\"},\n"
             "       |                                                                                         ^^^^^^^^^ set it before the start; under the "
             "service manager: in the unit's EnvironmentFile\n"},
        Case{"empty_variable", with(R"("caller_keys":["${EMPTY}"],)"),
             "gateway.json:1: /caller_keys/0: the environment variable EMPTY is empty\n"
             "     1 | {\"caller_keys\":[\"${EMPTY}\"],\n"
             "       |                 ^^^^^^^^^^ set it before the start; under the service manager: in the unit's EnvironmentFile\n"},
        Case{"unknown_key", with("\"lisen\":\"127.0.0.1:1\","),
             "gateway.json:1: /lisen: no key is called \"lisen\"\n     1 | {\"lisen\":\"127.0.0.1:1\",\n       |  ^^^^^^^ did you mean \"listen\"?\n"},
        Case{"duplicate_key", with("\"deadline\":\"1m\",\"deadline\":\"2m\","),
             "gateway.json:1: /deadline: \"deadline\" stands here a second time\n     1 | {\"deadline\":\"1m\",\"deadline\":\"2m\",\n"
             "       |                  ^^^^^^^^^^ the first is on line 1\n"},
        Case{"bare_duration", with("\"deadline\":300,"),
             "gateway.json:1: /deadline: a duration is text with a unit, not a bare number\n     1 | {\"deadline\":300,\n"
             "       |             ^^^ \"300s\" or \"300ms\"?\n"},
        Case{"duration_out_of_range", with("\"deadline\":\"2d\","),
             "gateway.json:1: /deadline: out of range: 1ms to 1d\n     1 | {\"deadline\":\"2d\",\n       |             ^^^^\n"},
        Case{"nested_unknown", with("\"retry\":{\"backoff\":{\"bse\":\"1s\"}},"),
             "gateway.json:1: /retry/backoff/bse: no key is called \"bse\"\n     1 | {\"retry\":{\"backoff\":{\"bse\":\"1s\"}},\n"
             "       |                      ^^^^^ did you mean \"base\"?\n"},
        Case{"attempts", with("\"retry\":{\"attempts\":11},"),
             "gateway.json:1: /retry/attempts: out of range: 1 to 10\n     1 | {\"retry\":{\"attempts\":11},\n       |                      ^^\n"},
        Case{"address", with("\"listen\":\"127.0.0.1:99999\","),
             "gateway.json:1: /listen: \"127.0.0.1:99999\" is no address\n     1 | {\"listen\":\"127.0.0.1:99999\",\n"
             "       |           ^^^^^^^^^^^^^^^^^ such as 127.0.0.1:8642\n"},
        Case{"level", with("\"log_level\":\"inof\","),
             "gateway.json:1: /log_level: no log_level is called \"inof\"\n     1 | {\"log_level\":\"inof\",\n       |              ^^^^^^ did you mean \"info\"?\n"},
        Case{"dialect", "{\"providers\":{\"a\":{\"dialect\":\"openai\",\"url\":\"http://x\"}},\"routes\":{\"r\":[\"a/m\"]}}",
             "gateway.json:1: /providers/a/dialect: no dialect is called \"openai\"\n"
             "     1 | {\"providers\":{\"a\":{\"dialect\":\"openai\",\"url\":\"http://x\"}},\"routes\":{\"r\":[\"a/m\"]}}\n"
             "       |                              ^^^^^^^^ did you mean \"openai-chat\"?\n"},
        Case{"url_with_user", "{\"providers\":{\"a\":{\"dialect\":\"gemini\",\"url\":\"http://me@x\"}},\"routes\":{\"r\":[\"a/m\"]}}",
             "gateway.json:1: /providers/a/url: no user or password here: a key belongs into \"credentials\"\n"
             "     1 | {\"providers\":{\"a\":{\"dialect\":\"gemini\",\"url\":\"http://me@x\"}},\"routes\":{\"r\":[\"a/m\"]}}\n"
             "       |                                             ^^^^^^^^^^^^^ such as https://api.acme.example/v1\n"},
        Case{"route_to_nobody", with("", "", "", "{\"default\":[\"acmee/m\"]}"),
             "gateway.json:4: /routes/default/0: no provider is called \"acmee\"\n     4 | \"routes\":{\"default\":[\"acmee/m\"]}}\n"
             "       |                      ^^^^^^^^^ did you mean \"acme\"?\n"},
        Case{"target_without_model", with("", "", "", "{\"default\":[\"acme\"]}"),
             "gateway.json:4: /routes/default/0: a target is \"provider/model\"\n     4 | \"routes\":{\"default\":[\"acme\"]}}\n       |                      ^^^^^^\n"},
        Case{"no_route", with("", "", "", "{}"),
             "gateway.json:4: /routes: there is no route: which provider and model should requests go to?\n     4 | \"routes\":{}}\n"
             "       |          ^ such as \"routes\": {\"default\": [\"acme/gpt-x\"]}\n"},
        Case{"nothing_at_all", "{}",
             "gateway.json:1: /: \"providers\" is missing\n     1 | {}\n       | ^\n"
             "gateway.json:1: /: there is no route: which provider and model should requests go to?\n     1 | {}\n"
             "       | ^ such as \"routes\": {\"default\": [\"acme/gpt-x\"]}\n"},
        Case{"same_label", with("", "", "},{\"label\":\"k\",\"secret\":\"other-key-1\""),
             "gateway.json:3: /providers/acme/credentials/1/label: a second credential is called \"k\"\n"
             "     3 | \"credentials\":[{\"label\":\"k\",\"secret\":\"${KEY}\"},{\"label\":\"k\",\"secret\":\"***********\"}]}},\n"
             "       |                                                         ^^^\n"},
        Case{"caller_hash", with("\"caller_keys\":[\"sha256:12\"],"),
             "gateway.json:1: /caller_keys: sha256: is followed by 64 small hex digits\n     1 | {\"caller_keys\":[\"sha256:12\"],\n"
             "       |                ^ printf %s KEY | sha256sum\n"},
        Case{"same_address", with("\"listen\":\"127.0.0.1:1\",\"admin\":\"127.0.0.1:1\","),
             "gateway.json:1: /admin: \"admin\" and \"listen\" are the same address\n     1 | {\"listen\":\"127.0.0.1:1\",\"admin\":\"127.0.0.1:1\",\n"
             "       |                                 ^^^^^^^^^^^^^\n"}),
    [](const auto& each) { return each.param.name; });

TEST(ConfigSecrets, AreMaskedWhereverALineIsShown) {
  const auto text = messages("{\"providers\":{\"a\":{\"dialect\":\"openai-chat\",\"url\":\"http://x\",\"credentials\":[{\"label\":\"k\",\"secret\":\"sk-plain-abcdefgh\",\"wieght\":1}]}},"
                             "\"routes\":{\"r\":[\"a/m\"]}}");

  EXPECT_THAT(text, HasSubstr("did you mean \"weight\"?"));
  EXPECT_THAT(text, Not(HasSubstr("plain")));
}

TEST(ConfigSecrets, AreMaskedInASyntaxErrorToo) {
  const auto text = messages("{\"providers\":{\"a\":{\"credentials\":[{\"secret\": \"sk-plain-abcdefgh\" \"label\":\"k\"}]}}}");

  EXPECT_THAT(text, HasSubstr("gateway.json:1:"));
  EXPECT_THAT(text, Not(HasSubstr("plain")));
}

TEST(ConfigSecrets, AValueFromTheEnvironmentIsNeverShownEvenInTheWrongPlace) {
  const auto text = messages(with("\"deadline\":\"${KEY}\",\"log_level\":\"${KEY}\",\"listen\":\"${KEY}\",", R"(,"strategy":"${KEY}")", "", "{\"default\":[\"${KEY}/m\"]}"));

  EXPECT_THAT(text, HasSubstr("is no duration"));
  EXPECT_THAT(text, HasSubstr("no provider is called"));
  EXPECT_THAT(text, Not(HasSubstr("sk-live-0")));
}

TEST(ConfigMessages, AllProblemsComeAtOnce) {
  const auto text = messages(with("\"deadline\":1,\"lisen\":1,", ",\"dialect\":\"gemini\"", ",\"weight\":-1", "{\"default\":[\"b/m\"]}"));

  for (const auto* part : {"/deadline:", "/lisen:", "/providers/acme/dialect: \"dialect\" stands here a second time", "/weight:", "\"b\""}) EXPECT_THAT(text, HasSubstr(part));
}

TEST(ConfigOverrides, SayWhichFlagIsWrong) {
  EXPECT_THAT(messages(with(), {.overrides = {"listen"}}), HasSubstr("--set: listen: path=value is wanted here"));
  EXPECT_THAT(messages(with(), {.overrides = {"retry.attempts=99"}}), HasSubstr("--set: /retry/attempts: out of range: 1 to 10"));
  EXPECT_THAT(messages(with(), {.overrides = {"retry.attemps=2"}}), HasSubstr("--set: /retry/attemps: no key is called \"attemps\""));
  EXPECT_THAT(messages(with(), {.overrides = {"providers.acme.credentials.7.label=x"}}), HasSubstr("there is no \"7\" on this path"));
}

}  // namespace
}  // namespace gateway
