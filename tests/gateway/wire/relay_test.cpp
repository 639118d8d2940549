// One reply through the relay in the dialect it came in: what passes unchanged, what is held, and what counts as a failure.
#include "gateway/wire/relay.h"

#include <gtest/gtest.h>

#include "tests/gateway/wire/support.h"

namespace gateway {
namespace {

using wiretest::run;
using wiretest::sample;

constexpr std::string_view kSse = "text/event-stream; charset=utf-8", kJson = "application/json";
RelayOptions chat(bool stream) { return {.front = Dialect::openai_chat, .upstream = Dialect::openai_chat, .stream = stream, .id = "7", .created = 1}; }
std::string chunk(const std::string& delta, const std::string& finish = "null") {
  return R"(data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":)" + delta + R"(,"finish_reason":)" + finish + "}]}\n\n";
}
const std::string kHead = chunk(R"({"role":"assistant","content":""})"), kHello = chunk(R"({"content":"Hello"})"), kStop = chunk("{}", "\"stop\""), kDone = "data: [DONE]\n\n";

TEST(Relay, AStreamOfTheSameDialectPassesByteForByte) {
  const auto text = sample("openai-chat.sse");

  const auto result = run(chat(true), kSse, text);

  EXPECT_EQ(result.bytes(), text);
  EXPECT_EQ(result.kinds(), "sccfst");
  EXPECT_EQ(result.text, "Hello there");
  EXPECT_EQ(result.model, "gpt-4.1-nano-2025-04-14");
  EXPECT_TRUE(result.terminated);
  ASSERT_TRUE(result.usage);
  EXPECT_EQ(result.usage->input, 16);
  EXPECT_EQ(result.usage->output, 5);
}

TEST(Relay, APlainReplyOfTheSameDialectPassesByteForByte) {
  for (const auto* name : {"openai-chat.json", "openai-chat-tool.json"}) {
    const auto result = run(chat(false), kJson, sample(name));

    EXPECT_EQ(result.kinds(), "b");
    EXPECT_EQ(result.bytes(), sample(name));
    EXPECT_TRUE(result.terminated);
  }
}

TEST(Relay, AMissingTerminatorIsAddedAfterAFinishReasonAndOnlyThen) {
  const auto whole = run(chat(true), kSse, kHead + kHello + kStop);
  const auto cut = run(chat(true), kSse, kHead + kHello);

  EXPECT_EQ(whole.bytes(), kHead + kHello + kStop + kDone);
  EXPECT_TRUE(whole.terminated);
  EXPECT_EQ(cut.bytes(), kHead + kHello);
  EXPECT_FALSE(cut.terminated);
  EXPECT_FALSE(cut.fault);
}

TEST(Relay, ABrokenFrameIsAFailureBeforeContentAndSkippedAfterIt) {
  const auto before = run(chat(true), kSse, "data: {unparsable}\n\n" + kDone);
  const auto after = run(chat(true), kSse, kHead + kHello + "data: {\"id\":\"c\",\"choi\n\n" + kHello + kStop + kDone);

  ASSERT_TRUE(before.fault);
  EXPECT_EQ(before.fault->kind, RelayFault::Kind::malformed);
  EXPECT_TRUE(before.pieces.empty());
  EXPECT_FALSE(after.fault);
  EXPECT_EQ(after.bytes(), kHead + kHello + kHello + kStop + kDone);
  EXPECT_TRUE(after.terminated);
}

TEST(Relay, AnErrorInsideATwoHundredIsAFaultWithItsJson) {
  const std::string error = R"({"error":{"message":"no credit","code":402}})";
  const std::string with_choices = R"({"error":{"code":429},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]})";
  const struct { std::string bytes, body; bool content; } cases[] = {
      {"data: " + error + "\n\n" + kDone, error, false},
      {kHead + kHello + "data: " + with_choices + "\n\n", with_choices, true},
      {kHead + "event: error\ndata: " + error + "\n\n", error, false},
      {error, error, false},
      {kHead + error + "\n\n", error, false},
      {R"({"id":"1","choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}})", "", false},
      {R"({"detail":"no such model"})", "", false},
      {"[" + error + "]", error, false}};
  for (const auto& one : cases) {
    const auto result = run(chat(true), kSse, one.bytes);
    ASSERT_TRUE(result.fault) << one.bytes;
    EXPECT_EQ(result.fault->kind, RelayFault::Kind::error_event) << one.bytes;
    if (!one.body.empty()) {
      EXPECT_EQ(result.fault->body, one.body);
    }
    EXPECT_EQ(result.content, one.content) << one.bytes;
    EXPECT_FALSE(result.terminated);
    EXPECT_EQ(result.bytes().find("error"), std::string::npos);
  }
}

TEST(Relay, EmptyAndMalformedSuccessesAreFailures) {
  using Kind = RelayFault::Kind;
  const auto plain = [](const std::string& message, const std::string& finish) { return R"({"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":)" + message + R"(,"finish_reason":)" + finish + "}]}"; };
  const struct { std::string bytes; Kind kind; bool stream; } cases[] = {
      {"", Kind::empty, false}, {"  \n\n", Kind::empty, false}, {"<!DOCTYPE html><html></html>", Kind::malformed, false}, {R"({"id":"c","choices":[)", Kind::malformed, false},
      {R"({"id":"c","choices":[]})", Kind::empty, false}, {plain(R"({"content":""})", "\"stop\""), Kind::empty, false}, {plain(R"({"content":""})", "\"length\""), Kind::empty, false},
      {plain(R"({"content":null})", "\"model_context_window_exceeded\""), Kind::empty, false}, {R"("text")", Kind::malformed, false}, {R"({"hello":1})", Kind::malformed, false},
      {plain(R"({"content":null})", "\"content_filter\""), Kind::error_event, false},
      {"", Kind::empty, true}, {kHead + kStop + kDone, Kind::empty, true}, {kHead + kStop, Kind::empty, true}, {kDone, Kind::empty, true}, {": wait\n\n", Kind::empty, true}, {"<html>", Kind::malformed, true},
      {"data: {\"id\":\"c\"", Kind::malformed, true}};
  for (const auto& one : cases) {
    const auto result = run(chat(one.stream), one.stream ? kSse : kJson, one.bytes);
    ASSERT_TRUE(result.fault) << one.bytes;
    EXPECT_EQ(result.fault->kind, one.kind) << one.bytes;
    EXPECT_FALSE(result.terminated);
    // Nothing of it may pass the commit point.
    EXPECT_EQ(result.kinds().find_first_not_of("sp"), std::string::npos) << one.bytes;
  }
}

TEST(Relay, QuirksOfLineEndsAreEvenedOutAndCommentsArePings) {
  auto crlf = kHead + kHello + kStop + kDone, cr = crlf;
  for (std::size_t at = 0; (at = crlf.find('\n', at)) != std::string::npos; at += 2) crlf.replace(at, 1, "\r\n");
  for (auto& c : cr) c = c == '\n' ? '\r' : c;
  const auto wanted = kHead + kHello + kStop + kDone;

  EXPECT_EQ(run(chat(true), kSse, crlf).bytes(), wanted);
  EXPECT_EQ(run(chat(true), kSse, cr).bytes(), wanted);
  EXPECT_EQ(run(chat(true), kSse, "\xEF\xBB\xBF" + wanted).bytes(), wanted);
  const auto pings = run(chat(true), kSse, ": keep-alive\n\n" + kHead + ": OPENROUTER PROCESSING\n\n\n\n" + kHello + kStop + kDone);
  EXPECT_EQ(pings.kinds(), "pspcft");
  EXPECT_EQ(pings.bytes(), wanted);
}

TEST(Relay, AStreamCutInsideItsLastFrameKeepsWhatIsWhole) {
  EXPECT_TRUE(run(chat(true), kSse, kHead + kHello + kStop + "data: [DONE]").terminated);
  const auto cut = run(chat(true), kSse, kHead + kHello + kStop.substr(0, 40));
  EXPECT_FALSE(cut.terminated);
  EXPECT_EQ(cut.bytes(), kHead + kHello);
}

TEST(Relay, JsonForAStreamAndAStreamForJsonAreUnderstood) {
  const auto streamed = run(chat(true), kJson, sample("openai-chat.json"));
  const auto gathered = run(chat(false), kSse, sample("openai-chat-tool.sse"));

  EXPECT_EQ(streamed.kinds(), "scft");
  const auto events = wiretest::events_of(streamed.bytes());
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[1].data["choices"][0]["delta"]["content"], "Hello there");
  EXPECT_EQ(events[2].data["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(events[3].data, "[DONE]");
  EXPECT_EQ(gathered.kinds(), "b");
  const auto body = base::parse_wire_json(gathered.bytes()).value();
  EXPECT_EQ(body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], R"({"city":"Paris"})");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "tool_calls");
  EXPECT_EQ(body["usage"]["total_tokens"], 21);
}

TEST(Relay, AByteOrderMarkInPiecesIsStillOne) {
  const std::string bom = "\xEF\xBB\xBF";
  const auto json = sample("openai-chat.json");
  // Under a promise of a stream too, what opens with a brace or a bracket is a plain body; half a mark decides nothing.
  for (const auto& text : {bom + "[data\r:{\n", bom + json, bom + kHead + kHello + kStop + kDone, bom + " ", std::string("\xEF\xBB"), std::string("\xEF\xBBx: {}\n\n")}) {
    for (const bool stream : {false, true}) {
      const auto whole = run(chat(stream), kSse, text);
      EXPECT_TRUE(run(chat(stream), kSse, text, wiretest::every_byte(text.size())) == whole) << text;
      for (std::size_t cut = 1; cut < text.size(); ++cut) EXPECT_TRUE(run(chat(stream), kSse, text, {cut}) == whole) << text << " cut at " << cut;
    }
  }
  EXPECT_EQ(run(chat(false), kSse, bom + json, {1}).bytes(), json);
}

TEST(Relay, TheQuickReaderAndTheFullOneSeeTheSame) {
  // An unknown member sends a frame the full way; its reading must not differ.
  const std::string deltas[] = {R"({"content":"a\n\u00e9\"b"})", R"({"content":""})", R"({"content":null})", R"({"role":"assistant","content":"x","refusal":null})", R"({})", R"({"content":"\ud83d\ude00"})"};
  for (const auto& delta : deltas) {
    auto slow = chunk(delta);
    slow.insert(slow.find("\"created\""), "\"vendor\":1,");
    const auto a = run(chat(true), kSse, kHead + chunk(delta) + kHello), b = run(chat(true), kSse, kHead + slow + kHello);
    EXPECT_EQ(a.text, b.text) << delta;
    EXPECT_EQ(a.kinds(), b.kinds()) << delta;
  }
}

TEST(Relay, AFrameLikeTheLastButForItsTextIsReadTheSameAndADifferentOneIsNot) {
  const auto padded = [](const std::string& text, const std::string& tail) {
    return R"(data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":")" + text + R"("},"finish_reason":null}],"obfuscation":")" + tail + "\"}\n\n";
  };
  const std::string odd[] = {R"(a","role":"x)", R"(a\"b)", R"(\ud83d\ude00)", R"(\q)", "\x01", "\xC3", "", "x\\"};
  for (const auto& text : odd) {
    for (const auto& pad : {std::string("zz"), text}) {
      auto frame = padded(text, pad);
      const auto json = base::parse_wire_json(std::string_view(frame).substr(6));
      const auto result = run(chat(true), kSse, kHead + padded("one", "p") + padded("two", "pp") + frame + kStop + kDone);

      // What is no JSON is skipped; all else says what the real parser reads.
      const auto* content = json ? base::find_path(*json, "choices.0.delta.content") : nullptr;
      EXPECT_EQ(result.text, "onetwo" + (content ? content->get<std::string>() : std::string())) << frame;
      EXPECT_EQ(result.bytes().find(frame) != std::string::npos, json.has_value()) << frame;
    }
  }
}

TEST(Relay, TheQuickReaderOfWholeBodiesSeesWhatTheFullOneSees) {
  const std::string bodies[] = {sample("openai-chat.json"), sample("openai-chat-tool.json"),
                                R"({"id":"c","choices":[{"index":0,"message":{"content":"a\nb"},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":2}}})",
                                R"({"id":"c","model":"m","choices":[{"index":0,"message":{"content":"a"},"finish_reason":"content_filter"}],"usage":null})"};
  for (const auto& body : bodies) {
    auto slow = body;
    slow.insert(1, R"("vendor":1,)");
    const auto a = run(chat(false), kJson, body), b = run(chat(false), kJson, slow);
    EXPECT_EQ(a.text, b.text);
    EXPECT_EQ(a.model, b.model);
    EXPECT_EQ(a.finish, b.finish);
    EXPECT_TRUE(a.terminated && b.terminated);
    EXPECT_EQ(a.usage.has_value(), b.usage.has_value());
    if (!a.usage || !b.usage) continue;
    EXPECT_EQ(a.usage->input, b.usage->input);
    EXPECT_EQ(a.usage->output, b.usage->output);
    EXPECT_EQ(a.usage->cached, b.usage->cached);
    EXPECT_EQ(a.usage->reasoning, b.usage->reasoning);
  }
}

}  // namespace
}  // namespace gateway
