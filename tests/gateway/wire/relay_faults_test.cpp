// Every 200 of the catalogue of real faults: what the relay makes of it, and that no slicing changes it.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/gateway/wire/support.h"

namespace gateway {
namespace {

using base::Json;

const Json& catalogue() {
  static const Json all = [] {
    std::ifstream in(BROWNOUT_SOURCE_DIR "/simulator/catalogue/provider_faults.json");
    return base::parse_wire_json(std::string((std::istreambuf_iterator<char>(in)), {})).value();
  }();
  return all;
}

Dialect dialect_of(const std::string& api) {
  if (api.starts_with("gemini")) return Dialect::gemini;
  return kDialectNames.parse(api).value_or(Dialect::openai_chat);
}

/// What must come of a 200: whole, cut (neither a fault nor whole), or a fault.
std::string outcome(const wiretest::Run& run) {
  if (run.fault) return std::string(std::array{"error", "malformed", "empty", "too large"}[static_cast<std::size_t>(run.fault->kind)]);
  return run.terminated ? "whole" : "cut";
}

/// By the catalogue's meaning; rows that need a word of their own come first.
std::string expected(const std::string& id, const std::string& meaning) {
  const std::pair<std::string, std::string> own[] = {
      {"sse-unparsable", "malformed"}, {"200-html-login", "malformed"}, {"headers-then-stall", "empty"}, {"anthropic-200-model-context-window-exceeded", "whole"},
      {"zai-200-finish-context", "empty"}, {"bedrock-200-stream-model-error", "malformed"}, {"gemini-200-max-tokens-thinking", "empty"}, {"tool-args-truncated", "whole"}};
  for (const auto& [name, wanted] : own) {
    if (id == name) return wanted;
  }
  if (meaning == "benign_stream_quirk") return "whole";
  if (meaning == "stream_truncated") return "cut";
  if (meaning == "empty_response") return "empty";
  return "error";
}

TEST(RelayFaults, EveryTwoHundredOfTheCatalogueIsSeenForWhatItIs) {
  base::Random random(5);
  int seen = 0;
  for (const auto& row : catalogue()) {
    if (base::integer_or(row, "status", 0) != 200) continue;
    ++seen;
    const auto id = base::string_or(row, "id"), meaning = base::string_or(row, "meaning");
    const auto& body = row["body"];
    const auto bytes = body.is_string() ? body.get<std::string>() : base::dump(body);
    const auto type = row.contains("headers") ? base::string_or(row["headers"], "content-type") : std::string();
    const bool stream = type.find("event-stream") != std::string::npos || id == "200-json-for-stream";
    const auto upstream = dialect_of(base::string_or(row, "api"));
    for (const auto front : {Dialect::openai_chat, Dialect::anthropic_messages, Dialect::openai_responses, Dialect::chat}) {
      // A call of a tool is nothing to see on the chat front.
      if (front == Dialect::chat && id == "tool-args-truncated") continue;
      const RelayOptions options{.front = front, .upstream = upstream, .stream = stream, .id = "1", .created = 1};
      const auto whole = wiretest::run(options, type, bytes);
      EXPECT_EQ(outcome(whole), expected(id, meaning)) << id << " to " << kDialectNames(front) << ": " << (whole.fault ? whole.fault->what : "");
      EXPECT_TRUE(wiretest::run(options, type, bytes, wiretest::every_byte(bytes.size())) == whole) << id;
      for (int i = 0; i < 5; ++i) EXPECT_TRUE(wiretest::run(options, type, bytes, wiretest::random_cuts(random, bytes.size())) == whole) << id;
    }
  }
  EXPECT_GT(seen, 30);
}

}  // namespace
}  // namespace gateway
