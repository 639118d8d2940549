// What is read of a request without a tree must be what its tree says.
#include "simulator/core/request.h"

#include "simulator/core/dialect_route.h"
#include "simulator/core/provider_reply.h"

namespace simulator {
namespace {

/// The same body with one more member, which only the tree takes.
std::string with_more(const std::string& body) {
  const auto end = body.rfind('}');
  return body.substr(0, end) + R"(,"zz":1)" + body.substr(end);
}

ProviderRequest interpreted(const std::string& path, std::string body) {
  ProviderRequest request{.method = "POST", .path = path, .body = std::move(body), .attempt = 1};
  request.headers.add("anthropic-version", "2023-06-01");  // missing, it is what would be refused first
  interpret(request);
  return request;
}

ProviderSpec spec_of(DialectKind dialect) {
  return {.name = "acme", .dialect = dialect, .personality = dialect == DialectKind::anthropic_messages ? "anthropic" : "openai", .keys_any = true};
}

/// The message of a refusal; empty: none.
std::string refused(const ProviderRequest& request, DialectKind dialect) {
  const auto spec = spec_of(dialect);
  const auto refusal = refusal_of(spec, request, route_of(spec, request));
  return refusal ? refusal->message : "";
}

HealthyReply reply_to(const ProviderRequest& request, DialectKind dialect) {
  const auto spec = spec_of(dialect);
  ReplyScript script;
  script.prompt_tokens = 7;  // else made from the body's size
  return make_healthy_reply(spec, request, script, {});
}

const std::vector<std::string> kPlain{
    R"({"model":"m","messages":[{"role":"user","content":"ping"}]})",
    R"( {"model": "m", "stream": true, "messages": [ {"role":"user","content":"[a \"quoted\"] word\n"} ] } )",
    R"({"messages":[{"role":"user","content":[{"type":"text","text":"ping"}]}],"model":"m","max_tokens":3,"temperature":0.5,"top_p":1})",
    R"({"model":"m","messages":[{"content":"x"}],"max_completion_tokens":2,"user":"u-1"})",
    R"({"model":"m","messages":[{"content":"x"}],"prompt_cache_key":"k","stream":false})",
    R"({"model":"m","messages":[{"content":"caf\u00e9 \ud83d\ude00"}],"temperature":1e-3})",
};

TEST(PlainBody, SaysWhatTheTreeSays) {
  for (const auto& [path, dialect] : {std::pair{"/v1/chat/completions", DialectKind::openai_chat}, {"/v1/messages", DialectKind::anthropic_messages}}) {
    for (const auto& body : kPlain) {
      const auto quick = interpreted(path, body), slow = interpreted(path, with_more(body));

      EXPECT_EQ(quick.plain.has_value(), body.front() == '{') << body;
      EXPECT_FALSE(slow.plain) << body;
      EXPECT_EQ(quick.model, slow.model);
      EXPECT_EQ(quick.session, slow.session);
      EXPECT_EQ(quick.stream, slow.stream);
      EXPECT_EQ(refused(quick, dialect), refused(slow, dialect)) << body;
      const auto a = reply_to(quick, dialect), b = reply_to(slow, dialect);
      EXPECT_EQ(a.status, b.status) << body;
      EXPECT_EQ(a.parts, b.parts) << body;
      EXPECT_EQ(a.headers, b.headers) << body;
    }
  }
}

TEST(PlainBody, LeavesWhatMattersOrIsOddToTheTree) {
  const std::string start = R"({"model":"m","messages":[{"content":"x"}])";
  for (const auto& body : std::vector<std::string>{
           start + R"(,"tools":[{"name":"t"}]})", start + R"(,"stream_options":{"include_usage":true}})", start + R"(,"metadata":{"user_id":"u"}})",
           start + R"(,"model":"n"})", start + R"(,"stream":"yes"})", start + R"(,"max_tokens":0})", start + R"(,"max_tokens":1.5})", start + R"(,"max_tokens":"9"})",
           start + R"(,"max_tokens":1,"max_completion_tokens":2})", start + R"(,"user":1})", start + R"(,"user":"a\nb"})", start + R"(,"temperature":1e999})", std::string(R"({"model":"m","messages":[1e999]})"), start + R"(,"us\u0065r":"u"})", start + "}x", start,
           std::string(R"({"model":"m","messages":[]})"), std::string(R"({"model":"m","messages":[ ]})"), std::string(R"({"model":"m","messages":"x"})"),
           std::string(R"({"model":"m"})"), std::string(R"({"model":"","messages":[1]})"), std::string(R"({"model":4,"messages":[1]})"),
           std::string(R"({"model":"m","messages":["\ud800"]})"), std::string("{\"model\":\"m\",\"messages\":[\"\xFF\"]}"), std::string("[]"), std::string()}) {
    EXPECT_FALSE(read_plain_body(body)) << body;
  }
}

TEST(PlainBody, WhatTheTreeRefusesIsRefusedOnEveryPath) {
  for (const auto& body : std::vector<std::string>{R"({"model":"m","messages":[1e999]})", R"({"model":"m","messages":[1],"temperature":1e309})", R"({"model":"m","messages":["\ud800"]})"}) {
    EXPECT_THAT(refused(interpreted("/v1/embeddings", body), DialectKind::openai_chat), testing::HasSubstr("could not parse the JSON body"));
    EXPECT_THAT(refused(interpreted("/v1/messages", body), DialectKind::anthropic_messages), testing::HasSubstr("not valid JSON"));
  }
}

TEST(BodyTree, IsReadOnceAndSaysWhenThereIsNone) {
  EXPECT_EQ(interpreted("/v1/chat/completions", "").json(), nullptr);
  EXPECT_EQ(interpreted("/v1/chat/completions", "{").json(), nullptr);
  const auto request = interpreted("/v1/chat/completions", kPlain[0]);
  ASSERT_NE(request.json(), nullptr);
  EXPECT_EQ(request.json(), request.json());
  EXPECT_EQ((*request.json())["messages"][0]["content"], "ping");
}

}  // namespace
}  // namespace simulator
