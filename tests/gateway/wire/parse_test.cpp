// Callers' bodies: what is refused at once, and what passes to a target of the same dialect.
#include <gtest/gtest.h>

#include "gateway/wire/dialect.h"

namespace gateway {
namespace {

ClientRequest good(Dialect front, std::string_view body) {
  auto parsed = parse_request(front, body);
  if (auto* wrong = std::get_if<RequestProblem>(&parsed)) ADD_FAILURE() << wrong->what;
  return std::get<ClientRequest>(parsed);
}

TEST(ParseRequest, WhatNoTargetCouldServeIsRefusedWithItsPlace) {
  const struct { Dialect front; std::string body, param, what; } cases[] = {
      {Dialect::openai_chat, "", "", "no body"}, {Dialect::openai_chat, "{", "", "no JSON"}, {Dialect::openai_chat, "[]", "", "must be a JSON object"},
      {Dialect::openai_chat, R"({"messages":[{"role":"user","content":"x"}]})", "model", "names no model"}, {Dialect::openai_chat, R"({"model":3,"messages":[]})", "model", "string"},
      {Dialect::openai_chat, R"({"model":"m"})", "messages", "no messages"}, {Dialect::openai_chat, R"({"model":"m","messages":{}})", "messages", "list"}, {Dialect::openai_chat, R"({"model":"m","messages":[]})", "messages", "empty"},
      {Dialect::openai_chat, R"({"model":"m","messages":[{"role":"user","content":"x"},{"content":"x"}]})", "messages[1].role", "role"},
      {Dialect::anthropic_messages, R"({"model":"m","messages":[{"role":"user","content":4}]})", "messages[0].content", "string or a list"},
      {Dialect::openai_chat, R"({"model":"m","stream":"yes","messages":[{"role":"user","content":"x"}]})", "stream", "true or false"},
      {Dialect::openai_responses, R"({"model":"m"})", "input", "no input"}, {Dialect::openai_embeddings, R"({"model":"m","input":4})", "input", "input"},
      {Dialect::openai_chat, std::string(300, '['), "", "no JSON"}};
  for (const auto& one : cases) {
    const auto parsed = parse_request(one.front, one.body);
    const auto* wrong = std::get_if<RequestProblem>(&parsed);
    ASSERT_TRUE(wrong) << one.body;
    EXPECT_EQ(wrong->status, 400);
    EXPECT_EQ(wrong->param, one.param) << one.body;
    EXPECT_NE(wrong->what.find(one.what), std::string::npos) << wrong->what;
  }
}

TEST(ParseRequest, TellsWhatTheCoreMustKnow) {
  const auto request = good(Dialect::openai_chat, R"({"model":"m","stream":true,"stream_options":{"include_usage":true},"tools":[{"type":"function","function":{"name":"f"}}],
    "messages":[{"role":"user","content":[{"type":"text","text":")" + std::string(4000, 'x') + R"("},{"type":"image_url","image_url":{"url":"data:image/png;base64,)" + std::string(9000, 'A') + R"("}}]}]})");

  EXPECT_TRUE(request.stream && request.include_usage && request.tools && request.images);
  EXPECT_EQ(request.messages, 1);
  EXPECT_GT(request.approx_tokens, 2500);
  EXPECT_LT(request.approx_tokens, 2600);
}

TEST(ParseRequest, TheQuickReaderTellsWhatTheFullOneTells) {
  const std::string bodies[] = {R"({"model":"m","messages":[{"role":"user","content":"hello there"}],"stream":true,"temperature":0.1})", R"({"messages":[{"content":"x","role":"assistant"},{"role":"user","content":""},{"role":"user","content":"y"}],"model":"a\u00e9"})"};
  for (const auto front : {Dialect::openai_chat, Dialect::anthropic_messages}) {
    for (const auto& body : bodies) {
      // "stream_options" sends a request the full way.
      auto slow = body;
      slow.insert(1, R"("stream_options":{},)");
      const auto a = good(front, body), b = good(front, slow);
      EXPECT_TRUE(a.body.is_null() && b.body.is_object());
      EXPECT_EQ(a.model, b.model);
      EXPECT_EQ(a.stream, b.stream);
      EXPECT_EQ(a.messages, b.messages);
      EXPECT_EQ(a.approx_tokens, b.approx_tokens);
      EXPECT_FALSE(cannot_carry(a, Dialect::gemini));
    }
  }
}

TEST(BuildUpstream, TheSameDialectKeepsEveryByteButTheModel) {
  const std::string text = R"({ "x_vendor" : {"b":1.50}, "model":"route", "seed": 12345678901234567890123, "messages":[{"role":"user","content":"h\u00e9"}]})";
  const std::pair<Dialect, const char*> fronts[] = {{Dialect::openai_chat, "/chat/completions"}, {Dialect::anthropic_messages, "/messages"}};
  for (const auto& [front, path] : fronts) {
    const auto built = build_upstream(good(front, text), front, "gpt-x");
    const auto& body = std::get<UpstreamBody>(built);

    EXPECT_EQ(body.path, path);
    EXPECT_EQ(body.body, R"({ "x_vendor" : {"b":1.50}, "model":"gpt-x", "seed": 12345678901234567890123, "messages":[{"role":"user","content":"h\u00e9"}]})");
    EXPECT_EQ(body.headers.get("content-type"), "application/json");
    EXPECT_EQ(body.headers.has("anthropic-version"), front == Dialect::anthropic_messages);
  }
}

TEST(BuildUpstream, EmbeddingsGoToOpenAiCompatibleProvidersOnly) {
  const auto request = good(Dialect::openai_embeddings, R"({"model":"m","input":"x"})");

  EXPECT_EQ(std::get<UpstreamBody>(build_upstream(request, Dialect::openai_chat, "e")).path, "/embeddings");
  EXPECT_FALSE(cannot_carry(request, Dialect::openai_responses));
  EXPECT_TRUE(cannot_carry(request, Dialect::anthropic_messages));
  EXPECT_TRUE(cannot_carry(request, Dialect::gemini));
}

TEST(ChatRequest, IsAChatCompletionsRequestOfTheGatewaysOwn) {
  const auto request = chat_request({{"user", "a"}, {"assistant", "b"}, {"user", "c"}}, "m", true);

  EXPECT_EQ(request.front, Dialect::chat);
  EXPECT_EQ(request.messages, 3);
  EXPECT_EQ(std::get<UpstreamBody>(build_upstream(request, Dialect::openai_chat, "g")).body,
            R"({"model":"g","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}],"stream":true})");
}

}  // namespace
}  // namespace gateway
