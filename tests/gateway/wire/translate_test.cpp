// Requests from every front to every upstream: golden texts of what is carried, tables of what is refused, and round trips.
#include <gtest/gtest.h>

#include "gateway/wire/dialect.h"
#include "tests/support/golden.h"

namespace gateway {
namespace {

using base::Json;

ClientRequest parsed(Dialect front, std::string_view body) {
  auto result = parse_request(front, body);
  if (auto* wrong = std::get_if<RequestProblem>(&result)) {
    ADD_FAILURE() << wrong->what;
    return {};
  }
  return std::get<ClientRequest>(std::move(result));
}

Json built(const ClientRequest& request, Dialect upstream, std::string_view model = "m-1") {
  const auto result = build_upstream(request, upstream, model);
  if (const auto* wrong = std::get_if<RequestProblem>(&result)) {
    ADD_FAILURE() << kDialectNames(upstream) << ": " << wrong->what << " (" << wrong->param << ")";
    return {};
  }
  return base::parse_wire_json(std::get<UpstreamBody>(result).body).value();
}

const char* const kTool = R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"]})";
const std::string kChat = std::string(R"({"model":"route","stream":true,"stream_options":{"include_usage":true},"temperature":0.5,"top_p":0.9,"max_completion_tokens":4000,"stop":["END"],"user":"u-1",
 "metadata":{"a":"b"},"seed":7,"parallel_tool_calls":true,"tool_choice":"required",
 "tools":[{"type":"function","function":{"name":"get_weather","description":"the weather","parameters":)") + kTool + R"(}}],
 "messages":[{"role":"system","content":"Be brief."},{"role":"developer","content":[{"type":"text","text":"Be kind."}]},
  {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw==","detail":"low"}},
    {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}]},
  {"role":"assistant","content":"Let me look.","reasoning_content":"hm","tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Paris\"}"}},
    {"id":"functions.get_weather:1","type":"function","function":{"name":"get_weather","arguments":""}}]},
  {"role":"tool","tool_call_id":"call_1","content":"{\"sky\":\"clear\"}"},{"role":"tool","tool_call_id":"functions.get_weather:1","content":[{"type":"text","text":"rain"}]},
  {"role":"user","content":"And now?"}]})";
const std::string kAnthropic = std::string(R"({"model":"route","max_tokens":9000,"stream":true,"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],"temperature":0.2,
 "stop_sequences":["END"],"metadata":{"user_id":"u-1"},"thinking":{"type":"enabled","budget_tokens":4000},"tool_choice":{"type":"tool","name":"get_weather"},
 "tools":[{"name":"get_weather","description":"the weather","input_schema":)") + kTool + R"(}],
 "messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw=="}},{"type":"text","text":"Look."}]},
  {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"abc"},{"type":"text","text":"Looking."},{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"city":"Paris"}}]},
  {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":[{"type":"text","text":"no such city"}]},{"type":"text","text":"Try again."}]}]})";
const std::string kResponses = std::string(R"({"model":"route","instructions":"Be brief.","max_output_tokens":3000,"reasoning":{"effort":"high","summary":"auto"},"store":false,"include":["reasoning.encrypted_content"],
 "text":{"format":{"type":"json_schema","name":"w","strict":true,"schema":)") + kTool + R"(}},"tool_choice":"auto","tools":[{"type":"function","name":"get_weather","strict":true,"parameters":)" + kTool + R"(}],
 "input":[{"role":"user","content":[{"type":"input_text","text":"Hi"},{"type":"input_image","image_url":"data:image/jpeg;base64,/9j/","detail":"auto"}]},
  {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"},{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Wait.","annotations":[]}]},
  {"type":"function_call","id":"fc_1","call_id":"call_1","name":"get_weather","arguments":"{\"city\":\"Paris\"}"},{"type":"function_call_output","call_id":"call_1","output":"clear"}]})";

TEST(Translate, RichRequestsAreCarriedWordForWordAsReviewed) {
  const struct { Dialect front; const std::string* body; } fronts[] = {{Dialect::openai_chat, &kChat}, {Dialect::anthropic_messages, &kAnthropic}, {Dialect::openai_responses, &kResponses}};
  const std::pair<Dialect, const char*> upstreams[] = {{Dialect::openai_chat, "gpt-4.1"}, {Dialect::openai_responses, "gpt-5.1"}, {Dialect::anthropic_messages, "claude-sonnet-4-5"}, {Dialect::gemini, "gemini-3-pro"}};
  for (const auto& [front, body] : fronts) {
    for (const auto& [upstream, model] : upstreams) {
      if (front == upstream) continue;
      auto request = parsed(front, *body);
      // These three cannot hold stop sequences, nor a forced tool beside reasoning: the table below has them.
      if (upstream == Dialect::openai_responses) request.body.erase(front == Dialect::openai_chat ? "stop" : "stop_sequences");
      support::expect_golden("wire/request-" + std::string(kDialectNames(front)) + "-to-" + std::string(kDialectNames(upstream)) + ".txt", base::dump_pretty(built(request, upstream, model)) + "\n");
    }
  }
}

TEST(Translate, PathsAndHeadersAreTheTargets) {
  const auto request = parsed(Dialect::openai_chat, R"({"model":"r","stream":true,"messages":[{"role":"user","content":"x"}]})");
  const auto gemini = std::get<UpstreamBody>(build_upstream(request, Dialect::gemini, "models/gemini 2/pro"));
  const auto anthropic = std::get<UpstreamBody>(build_upstream(request, Dialect::anthropic_messages, "c"));

  EXPECT_EQ(gemini.path, "/models/gemini%202%2Fpro:streamGenerateContent?alt=sse");
  EXPECT_EQ(anthropic.path, "/messages");
  EXPECT_EQ(anthropic.headers.get("anthropic-version"), "2023-06-01");
  EXPECT_EQ(anthropic.headers.get("accept"), "text/event-stream");
}

struct Refusal {
  Dialect front, upstream;
  const char* member;  ///< added to a small good request
  const char* param;
};

std::string with(Dialect front, const std::string& member) {
  auto body = front == Dialect::openai_responses ? base::parse_wire_json(R"({"model":"r","input":"x"})").value() : base::parse_wire_json(R"({"model":"r","max_tokens":2000,"messages":[{"role":"user","content":"x"}]})").value();
  body.update(base::parse_wire_json("{" + member + "}").value());
  return base::dump(body);
}

TEST(Translate, WhatCannotBeCarriedIsRefusedByName) {
  constexpr auto C = Dialect::openai_chat, R = Dialect::openai_responses, A = Dialect::anthropic_messages, G = Dialect::gemini;
  const Refusal table[] = {
      {C, A, R"("n":2)", "n"}, {C, G, R"("n":3)", "n"}, {C, R, R"("n":2)", "n"}, {C, A, R"("logprobs":true)", "logprobs"}, {C, G, R"("top_logprobs":4)", "top_logprobs"},
      {C, A, R"("logit_bias":{"50256":-100})", "logit_bias"}, {C, A, R"("store":true)", "store"}, {C, A, R"("modalities":["text","audio"])", "modalities"}, {C, A, R"("audio":{"voice":"alloy"})", "audio"},
      {C, A, R"("web_search_options":{})", "web_search_options"}, {C, A, R"("functions":[])", "functions"}, {C, A, R"("frequency_penalty":0.5)", "frequency_penalty"}, {C, R, R"("presence_penalty":1)", "presence_penalty"},
      {C, A, R"("temperature":1.5)", "temperature"}, {C, A, R"("temperature":"hot")", "temperature"}, {C, A, R"("response_format":{"type":"json_object"})", "response_format"}, {C, R, R"("stop":"x")", "stop"},
      {C, G, R"("stop":["1","2","3","4","5","6"])", "stop"}, {C, A, R"("vendor_thing":1)", "vendor_thing"}, {C, A, R"("verbosity":"low")", "verbosity"}, {C, G, R"("seed":3000000000)", "seed"},
      {C, A, R"("reasoning_effort":"extreme")", "reasoning_effort"}, {C, A, R"("reasoning_effort":"high","temperature":0.5)", "reasoning_effort"},
      {C, A, R"("tools":[{"type":"custom","custom":{"name":"x"}}])", "tools[0].type"}, {C, A, R"("tools":[{"type":"function","function":{}}])", "tools[0].function.name"},
      {C, A, R"("tool_choice":{"type":"allowed_tools"})", "tool_choice"}, {C, G, R"("parallel_tool_calls":false,"tools":[{"type":"function","function":{"name":"f"}}])", "parallel_tool_calls"},
      {C, A, R"("messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"","format":"wav"}}]}])", "messages[0].content[0]"},
      {C, G, R"("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}])", "messages[0].content[0]"},
      {C, A, R"("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/bmp;base64,AA=="}}]}])", "messages[0].content[0]"},
      {C, A, R"("messages":[{"role":"user","name":"bob","content":"x"}])", "messages[0].name"}, {C, A, R"("messages":[{"role":"function","name":"f","content":"x"}])", "messages[0].role"},
      {C, A, R"("messages":[{"role":"user","content":"x"},{"role":"assistant","content":"so"}])", "messages[1]"}, {C, A, R"("messages":[{"role":"system","content":"x"}])", "messages"},
      {C, G, R"("messages":[{"role":"tool","tool_call_id":"c","content":"x"}])", "messages[0]"}, {C, A, R"("messages":[{"role":"tool","content":"x"}])", "messages[0].tool_call_id"},
      {C, A, R"("messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{cut"}}]},{"role":"tool","tool_call_id":"c","content":"x"}])", "messages[0].tool_calls[0]"},
      {A, C, R"("top_k":5)", "top_k"}, {A, R, R"("stop_sequences":["x"])", "stop_sequences"}, {A, C, R"("stop_sequences":["1","2","3","4","5"])", "stop_sequences"},
      {A, C, R"("mcp_servers":[{"url":"x"}])", "mcp_servers"}, {A, C, R"("container":"c")", "container"}, {A, C, R"("tools":[{"type":"web_search_20250305","name":"web_search"}])", "tools[0].type"},
      {A, C, R"("messages":[{"role":"user","content":"x"},{"role":"assistant","content":"{"}])", "messages[1]"}, {A, G, R"("messages":[{"role":"user","content":"x"},{"role":"assistant","content":"{"}])", "messages[1]"},
      {A, C, R"("messages":[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}])", "messages[0].content[0].source.type"},
      {A, G, R"("messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x/y.png"}}]}])", "messages[0].content[0]"},
      {A, C, R"("messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}]}]}])", "messages[0].content[0].content[0]"},
      {A, C, R"("messages":[{"role":"user","content":[{"type":"search_result","source":"x"}]}])", "messages[0].content[0]"},
      {A, C, R"("messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"x"},"citations":{"enabled":true}}]}])", "messages[0].content[0].citations"},
      {R, C, R"("previous_response_id":"resp_1")", "previous_response_id"}, {R, A, R"("conversation":"c")", "conversation"}, {R, C, R"("prompt":{"id":"p"})", "prompt"}, {R, C, R"("store":true)", "store"},
      {R, C, R"("background":true)", "background"}, {R, C, R"("truncation":"auto")", "truncation"}, {R, C, R"("include":["file_search_call.results"])", "include"}, {R, A, R"("tools":[{"type":"web_search"}])", "tools[0].type"},
      {R, A, R"("text":{"format":{"type":"json_object"}})", "text.format"}, {R, C, R"("input":[{"type":"item_reference","id":"x"}])", "input[0]"}, {R, C, R"("input":[{"type":"computer_call"}])", "input[0]"},
      {R, C, R"("input":[{"role":"user","content":[{"type":"input_image","file_id":"f"}]}])", "input[0].content[0].file_id"}};
  for (const auto& one : table) {
    const auto request = parsed(one.front, with(one.front, one.member));
    const auto result = build_upstream(request, one.upstream, "claude-sonnet-4-5");
    const auto* wrong = std::get_if<RequestProblem>(&result);
    const auto where = std::string(kDialectNames(one.front)) + " to " + std::string(kDialectNames(one.upstream)) + ": " + one.member;
    ASSERT_TRUE(wrong) << where;
    EXPECT_EQ(wrong->param, one.param) << where << wrong->what;
    EXPECT_EQ(wrong->status, 400) << where;
    EXPECT_FALSE(wrong->what.empty()) << where;
    EXPECT_TRUE(cannot_carry(request, one.upstream)) << where;
    // The caller's own dialect can hold it.
    EXPECT_FALSE(cannot_carry(request, one.front)) << where;
  }
}

TEST(Translate, HintsAndDefaultsAreNoReasonToRefuse) {
  const std::pair<Dialect, const char*> table[] = {
      {Dialect::openai_chat, R"("n":1,"logprobs":false,"top_logprobs":0,"logit_bias":{},"store":false,"modalities":["text"],"presence_penalty":0,"frequency_penalty":0.0,"verbosity":"medium","seed":1,"user":"u","metadata":{},"service_tier":"auto","safety_identifier":"s","prompt_cache_key":"k","audio":null,"response_format":{"type":"text"},"stop":null)"},
      {Dialect::anthropic_messages, R"("service_tier":"auto","metadata":{"user_id":"u"},"thinking":{"type":"disabled"},"tool_choice":{"type":"auto"})"},
      {Dialect::openai_responses, R"("metadata":{},"truncation":"disabled","background":false,"top_logprobs":0,"max_tool_calls":4,"service_tier":"auto","text":{"verbosity":"medium"},"parallel_tool_calls":true)"}};
  for (const auto& [front, members] : table) {
    for (const auto upstream : {Dialect::openai_chat, Dialect::openai_responses, Dialect::anthropic_messages, Dialect::gemini}) {
      const auto problem = cannot_carry(parsed(front, with(front, members)), upstream);
      EXPECT_FALSE(problem) << kDialectNames(front) << " to " << kDialectNames(upstream) << ": " << (problem ? problem->what : "");
    }
  }
}

TEST(Translate, ATripThroughAnotherDialectAndBackLosesNothing) {
  const auto original = parsed(Dialect::openai_chat, R"({"model":"r","temperature":0.5,"max_tokens":100,"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}],"tool_choice":"auto","messages":[
    {"role":"system","content":"s"},{"role":"user","content":"héllo 😀"},{"role":"assistant","content":"t","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
    {"role":"tool","tool_call_id":"call_1","content":"out"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]})");
  for (const auto through : {Dialect::anthropic_messages, Dialect::openai_responses}) {
    const auto there = base::dump(built(original, through));
    auto back = built(parsed(through, there), Dialect::openai_chat);

    auto wanted = base::parse_wire_json(original.raw).value();
    if (through == Dialect::anthropic_messages) {
      // The user's turn follows the tool's there: one message, which comes back as two. Nothing else may differ.
      EXPECT_EQ(back["messages"].size(), wanted["messages"].size());
    }
    auto& image = back["messages"][4]["content"][1]["image_url"];
    image.erase("detail");  // "auto" is what no detail means
    if (through == Dialect::openai_responses) back["tools"][0]["function"].erase("strict");  // false is what none means
    EXPECT_EQ(back["messages"], wanted["messages"]) << base::dump(back["messages"]);
    EXPECT_EQ(back["tools"], wanted["tools"]);
    EXPECT_EQ(back["temperature"], wanted["temperature"]);
    EXPECT_EQ(back["max_tokens"], wanted["max_tokens"]);
    EXPECT_EQ(back["tool_choice"], "auto");
  }
}

TEST(Translate, TheChatFrontReachesEveryDialect) {
  const auto request = chat_request({{"system", "s"}, {"user", "a"}, {"assistant", "b"}, {"user", "c"}}, "r", true);
  EXPECT_EQ(built(request, Dialect::anthropic_messages)["messages"].size(), 3U);
  EXPECT_EQ(built(request, Dialect::gemini)["contents"][1]["role"], "model");
  EXPECT_EQ(built(request, Dialect::openai_responses)["input"].size(), 4U);
}

TEST(Translate, ReasoningIsAskedForInTheWordsOfTheModel) {
  const auto request = parsed(Dialect::openai_chat, R"({"model":"r","max_tokens":20000,"reasoning_effort":"medium","messages":[{"role":"user","content":"x"}]})");

  const auto tight = build_upstream(parsed(Dialect::openai_responses, R"({"model":"r","input":"x","max_output_tokens":500,"reasoning":{"effort":"low"}})"), Dialect::anthropic_messages, "claude-sonnet-4-5");
  EXPECT_EQ(std::get<RequestProblem>(tight).param, "max_output_tokens");
  EXPECT_EQ(base::dump(built(request, Dialect::anthropic_messages, "claude-sonnet-4-5")["thinking"]), R"({"type":"enabled","budget_tokens":8192})");
  EXPECT_EQ(base::dump(built(request, Dialect::anthropic_messages, "claude-opus-5")["output_config"]), R"({"effort":"medium"})");
  EXPECT_EQ(built(request, Dialect::gemini)["generationConfig"]["thinkingConfig"]["thinkingBudget"], 8192);
  EXPECT_EQ(built(request, Dialect::openai_responses)["reasoning"]["effort"], "medium");
}

TEST(Translate, ASignatureOfGeminisGoesBackWithItsCall) {
  const auto request = parsed(Dialect::openai_chat, R"({"model":"r","messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[
    {"id":"c","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"SIG="}}},{"id":"d","type":"function","function":{"name":"f","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"c","content":"1"},{"role":"tool","tool_call_id":"d","content":"2"}]})");
  const auto contents = built(request, Dialect::gemini, "gemini-3-pro")["contents"];

  EXPECT_EQ(contents[1]["parts"][0]["thoughtSignature"], "SIG=");
  EXPECT_EQ(contents[1]["parts"][1]["thoughtSignature"], "skip_thought_signature_validator");
  EXPECT_EQ(contents[2]["parts"].size(), 2U);  // both results in one turn
  EXPECT_FALSE(built(request, Dialect::gemini, "gemini-2.5-pro")["contents"][1]["parts"][1].contains("thoughtSignature"));
}

TEST(CountTokens, IsAskedOfAnthropicAndEstimatedForOthers) {
  const auto request = parsed(Dialect::anthropic_messages, R"({"model":"r","messages":[{"role":"user","content":"four words of text"}]})");

  const auto asked = build_count_tokens(request, "claude-x");
  EXPECT_EQ(asked.path, "/messages/count_tokens");
  EXPECT_EQ(asked.body, R"({"model":"claude-x","messages":[{"role":"user","content":"four words of text"}]})");
  EXPECT_EQ(count_tokens_estimate(request), R"({"input_tokens":9})");
}

TEST(ForwardedHeaders, GoToTheSameDialectOnly) {
  const base::Headers caller{{{"Anthropic-Version", "2026-10-21"}, {"anthropic-beta", "x"}, {"authorization", "secret"}}};

  EXPECT_EQ(forwarded_headers(Dialect::anthropic_messages, Dialect::anthropic_messages, caller).list.size(), 2U);
  EXPECT_TRUE(forwarded_headers(Dialect::anthropic_messages, Dialect::openai_chat, caller).list.empty());
  EXPECT_TRUE(forwarded_headers(Dialect::openai_chat, Dialect::openai_chat, caller).list.empty());
}

}  // namespace
}  // namespace gateway
