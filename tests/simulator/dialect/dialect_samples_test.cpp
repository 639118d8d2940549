// Every dialect against recorded shapes: the same keys in the same order, the same values but ids and times.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "base/text.h"
#include "simulator/core/provider_reply.h"

namespace simulator {
namespace {

using base::Json;

/// Ids and times differ by nature; obfuscation is random padding; thinking tokens are no part of this reply.
Json plain(const Json& value) {
  static const std::set<std::string> kOpaque{"id", "item_id", "call_id", "responseId", "created", "created_at"};
  static const std::set<std::string> kDropped{"obfuscation", "thoughtsTokenCount", "totalTokenCount"};
  if (value.is_array()) {
    Json out = Json::array();
    for (const auto& item : value) out.push_back(plain(item));
    return out;
  }
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (const auto& [key, item] : value.items()) {
    if (!kDropped.contains(key)) out[key] = kOpaque.contains(key) ? Json("*") : plain(item);
  }
  return out;
}

/// One line for each frame: the event's name and the plain data.
std::string frames_of(const std::string& stream) {
  std::string out;
  for (const auto& line : base::split(base::replace_all(stream, "\r\n", "\n"), '\n')) {
    if (!line.starts_with("data: ")) {
      if (!line.empty()) out += line + "\n";
      continue;
    }
    const auto json = base::parse_wire_json(line.substr(6));
    out += "data: " + (json ? base::dump(plain(*json)) : line.substr(6)) + "\n";
  }
  return out;
}

struct Sample {
  std::string name;
  DialectKind dialect;
  std::string method, path, query, body;
  std::optional<std::string> text;
  bool tool = false;
  std::string reasoning;
  int prompt = 0, completion = 0;
  std::vector<std::pair<std::string, std::string>> headers;
};

const std::vector<Sample>& samples() {
  static const std::string chat = R"({"model":"gpt-4.1-nano-2025-04-14","messages":[{"role":"user","content":"hi"}])";
  static const std::string stream = R"(,"stream":true,"stream_options":{"include_usage":true}})";
  static const std::string claude = R"({"model":"claude-sonnet-4-5-20250929","max_tokens":99,"messages":[{"role":"user","content":"hi"}])";
  static const std::string google = R"({"contents":[{"parts":[{"text":"hi"}]}]})";
  static const std::string input = R"({"model":"gpt-5-nano-2025-08-07","input":"hi")";
  static const std::vector<std::pair<std::string, std::string>> version{{"anthropic-version", "2023-06-01"}};
  using enum DialectKind;
  static const std::vector<Sample> all{
      {"openai-chat.json", openai_chat, "POST", "/v1/chat/completions", "", chat + "}", "Hello there", false, "", 16, 5, {}},
      {"openai-chat-tool.json", openai_chat, "POST", "/v1/chat/completions", "", chat + "}", std::nullopt, true, "", 16, 5, {}},
      {"openai-chat.sse", openai_chat, "POST", "/v1/chat/completions", "", chat + stream, "Hello there", false, "", 16, 5, {}},
      {"openai-chat-tool.sse", openai_chat, "POST", "/v1/chat/completions", "", chat + stream, std::nullopt, true, "", 16, 5, {}},
      {"openai-responses.json", openai_responses, "POST", "/v1/responses", "", input + "}", "Hello there", true, "", 134, 28, {}},
      {"openai-responses.sse", openai_responses, "POST", "/v1/responses", "", input + R"(,"stream":true})", "Hello there", true, "", 134, 28, {}},
      {"anthropic.json", anthropic_messages, "POST", "/v1/messages", "", claude + "}", "Hello there", true, "", 12, 30, version},
      {"anthropic.sse", anthropic_messages, "POST", "/v1/messages", "", claude + R"(,"stream":true})", "Hello there", true, "", 12, 30, version},
      {"gemini.json", DialectKind::gemini, "POST", "/v1beta/models/gemini-3-pro-preview:generateContent", "", google, "Hello there", true, "", 9, 28, {}},
      {"gemini.sse", DialectKind::gemini, "POST", "/v1/models/gemini-3-pro-preview:streamGenerateContent", "alt=sse", google, "Hello there", true, "", 9, 28, {}},
      {"models-openai.json", any, "GET", "/v1/models", "", "", std::nullopt, false, "", 0, 0, {}},
      {"models-anthropic.json", any, "GET", "/v1/models", "", "", std::nullopt, false, "", 0, 0, version},
      {"models-gemini.json", any, "GET", "/v1/models", "", "", std::nullopt, false, "", 0, 0, {{"x-goog-api-key", "k"}}},
  };
  return all;
}

class Samples : public testing::TestWithParam<Sample> {};

TEST_P(Samples, AreWhatTheProviderSends) {
  const auto& sample = GetParam();
  std::ifstream file(BROWNOUT_SOURCE_DIR "/tests/data/provider_success_samples.json");
  const Json recorded = Json::parse(file).at(sample.name);
  ProviderSpec spec{.dialect = sample.dialect, .personality = "openai"};
  ProviderRequest request{.method = sample.method, .path = sample.path, .query = sample.query, .body = sample.body, .attempt = 1};
  for (const auto& [name, value] : sample.headers) request.headers.add(name, value);
  interpret(request);
  ReplyScript script{.text = sample.text, .reasoning = sample.reasoning, .prompt_tokens = sample.prompt, .completion_tokens = sample.completion};
  if (sample.tool) script.tool_calls.push_back({"get_weather", R"({"city":"Paris"})", ""});

  const auto reply = make_healthy_reply(spec, request, script, {.seed = 1});

  std::string body;
  for (const auto& part : reply.parts) body += part;
  ASSERT_EQ(reply.status, 200) << body;
  if (recorded.is_string()) {
    EXPECT_TRUE(reply.stream);
    EXPECT_EQ(frames_of(body), frames_of(recorded.get<std::string>()));
  } else {
    auto want = plain(recorded), got = plain(Json::parse(body));
    // The display name is marketing: ours is the id.
    for (auto* each : {&want, &got}) {
      if (each->contains("data")) (*each)["data"][0].erase("display_name");
      if (each->contains("models")) (*each)["models"][0].erase("displayName");
    }
    EXPECT_EQ(base::dump_pretty(got), base::dump_pretty(want));
  }
}
INSTANTIATE_TEST_SUITE_P(Recorded, Samples, testing::ValuesIn(samples()), [](const auto& each) {
  return base::replace_all(base::replace_all(each.param.name, ".", "_"), "-", "_");
});

}  // namespace
}  // namespace simulator
