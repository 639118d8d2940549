// Every recorded reply to every front, streamed and not, in any slicing; and each translated stream read back by the front's own decoder.
#include <gtest/gtest.h>

#include "gateway/classify/classify.h"
#include "gateway/wire/decoder.h"
#include "tests/gateway/wire/support.h"
#include "tests/support/golden.h"

namespace gateway {
namespace {

using wiretest::events_of;
using wiretest::run;
using wiretest::Run;
using wiretest::sample;

struct Case {
  const char* sample;
  Dialect upstream;
  const char* text;
  const char* tool;       ///< arguments of get_weather; empty: no call
  const char* reasoning;
  std::int64_t input, output;
};
const Case kCases[] = {
    {"openai-chat.json", Dialect::openai_chat, "Hello there", "", "", 16, 5},
    {"openai-chat-tool.json", Dialect::openai_chat, "", R"({"city":"Paris"})", "", 16, 5},
    {"openai-chat.sse", Dialect::openai_chat, "Hello there", "", "", 16, 5},
    {"openai-chat-tool.sse", Dialect::openai_chat, "", R"({"city":"Paris"})", "", 16, 5},
    {"openai-responses.json", Dialect::openai_responses, "Hello there", R"({"city":"Paris"})", "", 134, 28},
    {"openai-responses.sse", Dialect::openai_responses, "Hello there", R"({"city":"Paris"})", "", 134, 28},
    {"anthropic.json", Dialect::anthropic_messages, "Hello there", R"({"city":"Paris"})", "", 12, 30},
    {"anthropic.sse", Dialect::anthropic_messages, "Hello there", R"({"city":"Paris"})", "", 12, 30},
    {"anthropic-thinking.sse", Dialect::anthropic_messages, "Hello there", "", "Let me see", 12, 30},
    {"gemini.json", Dialect::gemini, "Hello there", R"({"city":"Paris"})", "", 9, 272},
    {"gemini.sse", Dialect::gemini, "Hello there", R"({"city":"Paris"})", "", 9, 272},
};
constexpr Dialect kFronts[] = {Dialect::openai_chat, Dialect::openai_responses, Dialect::anthropic_messages, Dialect::chat};

RelayOptions options(Dialect front, Dialect upstream, bool stream) {
  return {.front = front, .upstream = upstream, .stream = stream, .include_usage = true, .model_shown = "", .id = "1", .created = 1};
}
bool is_sse(const Case& one) { return std::string_view(one.sample).ends_with(".sse"); }
std::string type_of(const Case& one) { return is_sse(one) ? "text/event-stream" : "application/json"; }

/// What a reply of the front says, by the decoder of that dialect.
Gathered read_back(Dialect front, bool stream, const std::string& bytes) {
  auto decoder = make_decoder(front);
  std::vector<ReplyEvent> events;
  if (stream) {
    SseDecoder sse(kFrameMax);
    sse.push(bytes);
    SseFrame frame;
    while (sse.next(frame)) {
      if (frame.data == "[DONE]") continue;
      EXPECT_TRUE(decoder->frame(frame, events)) << frame.data;
    }
  } else {
    EXPECT_TRUE(decoder->body(base::parse_wire_json(bytes).value(), events)) << bytes;
  }
  Gathered all;
  for (const auto& event : events) all.add(event);
  return all;
}

void expect_says(const Gathered& said, const Case& one, const std::string& where) {
  EXPECT_EQ(said.text(), one.text) << where;
  std::string reasoning, arguments, name, id;
  for (const auto& block : said.blocks) {
    if (block.kind == ReplyEvent::Kind::reasoning) reasoning += block.text;
    if (block.kind != ReplyEvent::Kind::tool_start) continue;
    arguments += block.text;
    name += block.name;
    id += block.id;
  }
  EXPECT_EQ(reasoning, one.reasoning) << where;
  EXPECT_EQ(arguments, one.tool) << where;
  EXPECT_EQ(name, *one.tool ? "get_weather" : "") << where;
  EXPECT_EQ(id.empty(), !*one.tool) << where;
  EXPECT_EQ(said.finish, *one.tool ? Finish::tool_calls : Finish::stop) << where;
  EXPECT_EQ(said.usage.input, one.input) << where;
  EXPECT_EQ(said.usage.output, one.output) << where;
}

TEST(RelayPairs, EveryReplyReachesEveryFrontWithAllItSays) {
  for (const auto& one : kCases) {
    for (const auto front : kFronts) {
      // The chat front shows text alone.
      if (front == Dialect::chat && !*one.text) continue;
      for (const bool stream : {false, true}) {
        const auto where = std::string(one.sample) + " to " + std::string(kDialectNames(front)) + (stream ? " streamed" : "");
        const auto result = run(options(front, one.upstream, stream), type_of(one), sample(one.sample));

        ASSERT_FALSE(result.fault) << where << ": " << result.fault->what;
        EXPECT_TRUE(result.terminated && result.content && result.finish) << where;
        EXPECT_EQ(result.text, one.text) << where;
        ASSERT_TRUE(result.usage) << where;
        EXPECT_EQ(result.usage->input, one.input) << where;
        if (stream) {
          EXPECT_EQ(result.pieces.back().kind, RelayPiece::Kind::terminal) << where;
        } else {
          EXPECT_EQ(result.kinds(), "b") << where;
        }
        if (front != Dialect::chat) expect_says(read_back(front, stream, result.bytes()), one, where);
      }
    }
  }
}

TEST(RelayPairs, AnySlicingGivesTheSamePieces) {
  base::Random random(20);
  for (const auto& one : kCases) {
    const auto bytes = sample(one.sample);
    for (const auto front : kFronts) {
      for (const bool stream : {false, true}) {
        const auto opts = options(front, one.upstream, stream);
        const auto whole = run(opts, type_of(one), bytes);
        EXPECT_TRUE(run(opts, type_of(one), bytes, wiretest::every_byte(bytes.size())) == whole) << one.sample;
        for (int i = 0; i < 20; ++i) ASSERT_TRUE(run(opts, type_of(one), bytes, wiretest::random_cuts(random, bytes.size())) == whole) << one.sample;
      }
    }
  }
}

TEST(RelayPairs, AStreamCutAnywhereIsNeverTakenForWhole) {
  for (const auto& one : kCases) {
    if (!is_sse(one)) continue;
    const auto bytes = sample(one.sample);
    for (const auto front : kFronts) {
      for (std::size_t size = 0; size < bytes.size(); size += 7) {
        const auto result = run(options(front, one.upstream, true), type_of(one), std::string_view(bytes).substr(0, size));
        // Whole without its last bytes: only when the finish reason was there.
        if (result.terminated) {
          EXPECT_TRUE(result.finish) << one.sample << size;
        }
        const auto seen = result.kinds();
        EXPECT_EQ(seen.find('t') != std::string::npos, result.terminated) << one.sample << size;
        // Without content nothing may pass the commit point.
        if (!result.content) {
          EXPECT_EQ(seen.find_first_not_of("sp"), std::string::npos) << one.sample << size << seen;
        }
      }
    }
  }
}

TEST(RelayPairs, TranslatedStreamsAreWordForWordAsReviewed) {
  for (const auto& one : kCases) {
    if (!is_sse(one)) continue;
    for (const auto front : kFronts) {
      if (front == one.upstream) continue;
      const auto result = run(options(front, one.upstream, true), type_of(one), sample(one.sample));
      support::expect_golden("wire/" + std::string(one.sample) + "-to-" + std::string(kDialectNames(front)) + ".txt", result.bytes());
    }
  }
}

TEST(RelayPairs, PlainRepliesAreWordForWordAsReviewed) {
  for (const auto& one : kCases) {
    if (is_sse(one)) continue;
    for (const auto front : kFronts) {
      if (front == one.upstream) continue;
      const auto result = run(options(front, one.upstream, false), type_of(one), sample(one.sample));
      const auto json = base::parse_wire_json(result.bytes());
      support::expect_golden("wire/" + std::string(one.sample) + "-to-" + std::string(kDialectNames(front)) + ".txt", json ? base::dump_pretty(*json) + "\n" : "no body\n");
    }
  }
}

TEST(RelayPairs, SequenceNumbersOfResponsesRiseByOneAndItemsOpenAndClose) {
  for (const auto& one : kCases) {
    const auto result = run(options(Dialect::openai_responses, one.upstream == Dialect::openai_responses ? Dialect::gemini : one.upstream, true), type_of(one), sample(one.sample));
    if (one.upstream == Dialect::openai_responses) continue;
    std::int64_t number = 0;
    int open = 0;
    for (const auto& event : events_of(result.bytes())) {
      EXPECT_EQ(event.data["sequence_number"], number++) << one.sample;
      EXPECT_EQ(event.data["type"], event.name);
      if (event.name == "response.output_item.added") {
        EXPECT_EQ(open++, 0);
      }
      if (event.name == "response.output_item.done") {
        EXPECT_EQ(open--, 1);
      }
    }
    EXPECT_EQ(open, 0);
  }
}

TEST(RelayPairs, TheModelShownIsTheOneAskedFor) {
  auto opts = options(Dialect::anthropic_messages, Dialect::openai_chat, true);
  opts.model_shown = "shown";
  const auto result = run(opts, "text/event-stream", sample("openai-chat.sse"));

  EXPECT_EQ(events_of(result.bytes())[0].data["message"]["model"], "shown");
  EXPECT_EQ(result.model, "gpt-4.1-nano-2025-04-14");
}

TEST(RelayPairs, UsageChunksComeOnlyWhereAskedFor) {
  auto opts = options(Dialect::openai_chat, Dialect::anthropic_messages, true);
  EXPECT_NE(run(opts, "text/event-stream", sample("anthropic.sse")).bytes().find("prompt_tokens"), std::string::npos);
  opts.include_usage = false;
  EXPECT_EQ(run(opts, "text/event-stream", sample("anthropic.sse")).bytes().find("usage"), std::string::npos);
}

TEST(RelayPairs, PingsStayPings) {
  const auto result = run(options(Dialect::openai_chat, Dialect::anthropic_messages, true), "text/event-stream", sample("anthropic.sse"));
  const auto passed = run(options(Dialect::anthropic_messages, Dialect::anthropic_messages, true), "text/event-stream", sample("anthropic.sse"));

  EXPECT_EQ(result.kinds().find('p'), 1U);
  EXPECT_EQ(passed.kinds(), "sspccscsccsft");
}

TEST(RelayPairs, OddAnthropicStreamsPassRepaired) {
  const auto stream = sample("anthropic.sse");
  std::string nameless, doubled = stream;
  for (const auto& event : events_of(stream)) nameless += "data: " + base::dump(event.data) + "\n\n";
  doubled.insert(0, stream.substr(0, stream.find("\n\n") + 2));
  const auto opts = options(Dialect::anthropic_messages, Dialect::anthropic_messages, true);
  const auto wanted = run(opts, "text/event-stream", stream).bytes();

  EXPECT_EQ(run(opts, "text/event-stream", nameless).bytes(), wanted);
  EXPECT_EQ(run(opts, "text/event-stream", doubled).bytes(), wanted);
  EXPECT_EQ(run(opts, "text/event-stream", stream.substr(0, stream.find("event: message_stop"))).bytes(), wanted);
}

TEST(RelayPairs, BlockedAndFailedRepliesOfEveryDialectAreFaults) {
  const struct { Dialect upstream; std::string bytes; RelayFault::Kind kind; } cases[] = {
      {Dialect::gemini, R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}})", RelayFault::Kind::error_event},
      {Dialect::gemini, R"({"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS","index":0}],"usageMetadata":{"promptTokenCount":9}})", RelayFault::Kind::empty},
      {Dialect::gemini, R"([{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}])", RelayFault::Kind::error_event},
      {Dialect::gemini, R"({"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}})", RelayFault::Kind::error_event},
      {Dialect::openai_responses, "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":1,\"response\":{\"id\":\"r\",\"status\":\"failed\",\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"slow\"}}}\n\n", RelayFault::Kind::error_event},
      {Dialect::openai_responses, "event: error\ndata: {\"type\":\"error\",\"sequence_number\":0,\"code\":\"permission-denied\",\"message\":\"out of resources\",\"param\":null}\n\n", RelayFault::Kind::error_event},
      {Dialect::openai_responses, R"({"id":"r","object":"response","status":"failed","error":{"code":"server_error","message":"x"},"output":[]})", RelayFault::Kind::error_event},
      {Dialect::openai_responses, R"({"id":"r","object":"response","status":"completed","error":null,"output":[]})", RelayFault::Kind::empty},
      {Dialect::anthropic_messages, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"c\",\"content\":[]}}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\nevent: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"x\"}}\n\n", RelayFault::Kind::error_event},
      {Dialect::anthropic_messages, R"({"id":"m","type":"message","role":"assistant","model":"c","content":[],"stop_reason":"refusal","usage":{"input_tokens":1,"output_tokens":0}})", RelayFault::Kind::error_event},
      {Dialect::anthropic_messages, R"({"id":"m","type":"message","role":"assistant","model":"c","content":[],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":0}})", RelayFault::Kind::empty}};
  for (const auto& one : cases) {
    for (const auto front : kFronts) {
      for (const bool stream : {false, true}) {
        const auto result = run(options(front, one.upstream, stream), "", one.bytes);
        ASSERT_TRUE(result.fault) << one.bytes;
        EXPECT_EQ(result.fault->kind, one.kind) << one.bytes;
        EXPECT_FALSE(result.fault->body.empty()) << one.bytes;
        EXPECT_TRUE(base::parse_wire_json(result.fault->body)) << result.fault->body;
        EXPECT_FALSE(result.terminated);
      }
    }
  }
}

TEST(RelayPairs, ARefusalWithoutContentIsContentPolicyToTheClassifier) {
  const std::pair<Dialect, std::string> cases[] = {
      {Dialect::gemini, R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}})"},
      {Dialect::gemini, "data: {\"candidates\":[{\"finishReason\":\"PROHIBITED_CONTENT\",\"index\":0}]}\r\n\r\n"},
      {Dialect::openai_chat, R"({"id":"c","choices":[{"index":0,"message":{"content":null},"finish_reason":"content_filter"}]})"},
      {Dialect::openai_responses, R"({"id":"r","object":"response","status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]})"},
      {Dialect::anthropic_messages, "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"},\"usage\":{\"output_tokens\":0}}\n\n"}};
  for (const auto& [upstream, bytes] : cases) {
    const auto result = run(options(Dialect::openai_chat, upstream, true), "", bytes);
    ASSERT_TRUE(result.fault) << bytes;
    const auto verdict = classify({.dialect = std::string(kDialectNames(upstream)), .status = 200, .body = result.fault->body, .error_event = true});
    EXPECT_EQ(kReasonNames(verdict.reason), "content_policy_blocked") << bytes;
  }
}

TEST(RelayPairs, ContentThatTheFrontCannotShowIsNoReply) {
  const std::string picture = R"({"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA=="}}]},"finishReason":"STOP"}]})";
  const std::string searching = R"({"id":"r","object":"response","status":"completed","output":[{"type":"web_search_call","id":"w","status":"completed"}]})";

  EXPECT_EQ(run(options(Dialect::openai_chat, Dialect::gemini, false), "", picture).fault->kind, RelayFault::Kind::empty);
  EXPECT_EQ(run(options(Dialect::openai_chat, Dialect::openai_responses, false), "", searching).fault->kind, RelayFault::Kind::empty);
  EXPECT_EQ(run(options(Dialect::openai_responses, Dialect::openai_responses, false), "", searching).bytes(), searching);
}

TEST(RelayPairs, CountTokensAndEmbeddingsPassAsTheyAre) {
  EXPECT_EQ(run(options(Dialect::anthropic_messages, Dialect::anthropic_messages, false), "application/json", R"({"input_tokens":14})").bytes(), R"({"input_tokens":14})");
  const std::string vectors = R"({"object":"list","data":[{"object":"embedding","embedding":[0.1,2],"index":0}],"model":"e","usage":{"prompt_tokens":3,"total_tokens":3}})";
  const auto passed = run(options(Dialect::openai_embeddings, Dialect::openai_chat, false), "application/json", vectors);
  EXPECT_EQ(passed.bytes(), vectors);
  EXPECT_EQ(passed.usage->input, 3);
  EXPECT_EQ(run(options(Dialect::openai_embeddings, Dialect::openai_chat, false), "application/json", R"({"data":[]})").fault->kind, RelayFault::Kind::empty);
}

/// The same body with a member that no quick reader knows.
std::string with_more(const std::string& body) { return body.substr(0, body.rfind('}')) + R"(,"unheard_of":1})"; }

std::string nested(std::size_t levels, std::string_view open) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += open;
  return text + "1" + std::string(levels, '}');
}

TEST(QuickBodies, SayWhatTheirTreesSay) {
  const std::string chat = R"({"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Caf\u00e9 \"au\" lait","refusal":null},"finish_reason":"stop"}])";
  const std::string claude = R"({"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Caf\u00e9 \"au\" lait"}],"stop_sequence":null)";
  struct { Dialect upstream; std::string body; bool quick; } const kBodies[] = {
      {Dialect::openai_chat, chat + "}", true},
      {Dialect::openai_chat, chat + R"(,"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":2}}})", true},
      {Dialect::openai_chat, chat + R"(,"usage":{"prompt_tokens":9,"completion_tokens":1,"cached_tokens":5,"completion_tokens_details":{"cached_tokens":5,"prompt_tokens":77,"reasoning_tokens":1},"prompt_tokens_details":null}})", true},
      {Dialect::openai_chat, chat + R"(,"usage":{}})", false},
      {Dialect::openai_chat, chat + R"(,"usage":{"prompt_tokens":5},"usage":{"completion_tokens":6}})", false},
      {Dialect::openai_chat, chat + R"(,"usage":{"prompt_\u0074okens":5}})", false},
      {Dialect::openai_chat, chat + R"(,"usage":{"prompt_tokens":1.5}})", false},
      {Dialect::openai_chat, chat + R"(,"service_tier":1e999})", false},
      {Dialect::openai_chat, chat + R"(,"provider":"\ud800"})", false},
      {Dialect::openai_chat, chat + R"(,"usage":)" + nested(300'000, R"({"prompt_tokens_details":)") + "}", false},
      {Dialect::openai_chat, R"({"id":"c","model":"m","choices":[{"index":0,"message":{"content":"hi","content":null},"finish_reason":"stop"}]})", false},
      {Dialect::openai_chat, R"({"id":"c","model":"m","choices":[{"index":0,"message":{"content":"hi"},"message":{"role":"x"},"finish_reason":"stop"}]})", false},
      {Dialect::anthropic_messages, claude + R"(,"stop_reason":"end_turn"})", true},
      {Dialect::anthropic_messages, claude + R"(,"stop_reason":"end_turn","usage":{"input_\u0074okens":9}})", false},
      {Dialect::anthropic_messages, claude + R"(,"stop_reason":"end_turn","usage":{"x":1e999}})", false},
      {Dialect::anthropic_messages, claude + R"(,"stop_reason":"max_tokens","usage":{"input_tokens":3,"cache_read_input_tokens":5,"cache_creation_input_tokens":7,"output_tokens":9,"service_tier":"standard"}})", true},
      {Dialect::anthropic_messages, claude + R"(,"stop_reason":"refusal"})", false},
      {Dialect::anthropic_messages, claude + R"(,"stop_reason":"end_turn","content":[]})", false},
      {Dialect::anthropic_messages, claude + R"(,"stop_reason":"end_turn","error":{"message":"no"}})", false},
      {Dialect::anthropic_messages, claude + R"(,"stop_reason":null})", false},
  };
  for (const auto& [upstream, body, quick] : kBodies) {
    std::vector<ReplyEvent> events;
    EXPECT_EQ(upstream == Dialect::openai_chat ? fast_plain_openai_chat(body, events) : fast_plain_anthropic(body, events), quick) << body;
    EXPECT_EQ(events.empty(), !quick);
    for (const auto front : kFronts) {
      for (const bool stream : {false, true}) {
        const auto seen = run(options(front, upstream, stream), "application/json", body);
        const auto wanted = run(options(front, upstream, stream), "application/json", with_more(body));

        if (front != upstream || stream) {  // else it passes as it is
          EXPECT_EQ(seen.bytes(), wanted.bytes()) << body;
        }
        EXPECT_EQ(seen.kinds(), wanted.kinds());
        EXPECT_EQ(seen.text, wanted.text);
        EXPECT_EQ(seen.model, wanted.model);
        EXPECT_EQ(seen.fault.has_value(), wanted.fault.has_value());
        ASSERT_EQ(seen.usage.has_value(), wanted.usage.has_value());
        if (seen.usage) {
          EXPECT_EQ(seen.usage->input, wanted.usage->input);
          EXPECT_EQ(seen.usage->cached, wanted.usage->cached);
          EXPECT_EQ(seen.usage->output, wanted.usage->output);
        }
      }
    }
  }
}

}  // namespace
}  // namespace gateway
