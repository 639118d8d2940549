// The table of settings and what is made of it agree with the loader.
#include "gateway/core/settings.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "gateway/core/config_loader.h"

namespace gateway {
namespace {

using testing::HasSubstr;

TEST(Settings, EveryOneHasATypeAndASentence) {
  for (const auto& info : all_settings()) {
    EXPECT_FALSE(info.type.empty()) << info.path;
    EXPECT_THAT(info.doc, testing::EndsWith(".")) << info.path;
    const bool number = info.type == "duration" || info.type == "whole number" || info.type == "number";
    EXPECT_EQ(info.range.find(" to ") != std::string::npos, number || info.type == "map of whole numbers") << info.path;
  }
}

TEST(Settings, ExplainShowsUnitRangeAndDefault) {
  EXPECT_EQ(explain_settings("retry.backoff.base"), "retry.backoff.base\n    duration, 1ms to 1h, default: 2s\n    The first wait; it doubles.\n");
  EXPECT_THAT(explain_settings("limits.body"), HasSubstr("whole number, 1024 to 1000000000 bytes, default: 33554432"));
}

TEST(Settings, EveryDefaultIsAcceptedByTheLoader) {
  LoadOptions options;
  for (const auto& info : all_settings()) {
    if (info.required || info.otherwise.empty() || info.path.find(".N.") != std::string::npos) continue;
    options.overrides.push_back(base::replace_all(base::replace_all(info.path, "routes.NAME", "routes.r"), "NAME", "a") + "=" + info.otherwise);
  }

  const auto loaded = load_config_text(R"({"providers":{"a":{"dialect":"gemini","url":"http://localhost"}},"routes":{"r":{"targets":["a/m"]}}})", "f",
                                       {{"HOME", "/h"}}, options);

  EXPECT_GT(options.overrides.size(), 30U);
  EXPECT_TRUE(loaded.has_value()) << base::render(loaded.error());
}

TEST(Settings, TheSchemaKnowsEverySettingAndNothingElse) {
  const auto schema = config_schema();

  EXPECT_EQ(schema["additionalProperties"], false);
  const auto& provider = schema["properties"]["providers"]["additionalProperties"];
  EXPECT_EQ(provider["additionalProperties"], false);
  EXPECT_EQ(provider["properties"]["timeouts"]["properties"]["connect"]["default"], "10s");
  EXPECT_EQ(provider["properties"]["dialect"]["enum"].size(), kUpstreamDialects);
  EXPECT_EQ(provider["properties"]["credentials"]["items"]["required"], base::Json({"label", "secret"}));
  EXPECT_EQ(schema["properties"]["retry"]["properties"]["backoff"]["properties"]["jitter"]["type"], "number");
  EXPECT_EQ(schema["properties"]["routes"]["additionalProperties"]["anyOf"][1]["required"], base::Json({"targets"}));
  EXPECT_EQ(schema["required"], base::Json({"providers", "routes"}));
}

}  // namespace
}  // namespace gateway
