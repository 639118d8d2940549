// Whatever form the evidence has, a scenario comes out that loads, plays the same reply, and holds no secret.
#include "harness/import/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "harness/scenario/loader.h"
#include "tests/support/golden.h"

namespace harness {
namespace {

using base::Json;
using testing::HasSubstr;
using testing::Not;

Imported import_of(std::string_view text) {
  auto made = import_evidence(text, {});
  if (made.has_error()) {
    ADD_FAILURE() << base::render(made.error()) << "\nfrom: " << text;
    return {};
  }
  return std::move(made.value());
}
/// The value of a plan step of the first rule, such as "status".
Json planned(const Imported& made, std::string_view step, std::size_t rule = 0) {
  const auto json = base::parse_wire_json(made.scenario);
  const auto* plan = json ? base::find_path(*json, fmt::format("providers.acme.script.{}.plan", rule)) : nullptr;
  if (!plan) return {};
  for (const auto& each : *plan) {
    if (const auto* value = base::find(each, step)) return *value;
  }
  return {};
}
std::string fault_of(const Imported& made) {
  const auto json = base::parse_wire_json(made.scenario);
  const auto* fault = json ? base::find_path(*json, "providers.acme.script.0.fault") : nullptr;
  return fault ? fault->get<std::string>() : "";
}

constexpr std::string_view kCurl = R"(* Host openrouter.ai:443 was resolved.
* Connected to openrouter.ai (104.18.2.115) port 443
> POST /api/v1/chat/completions HTTP/2
> Host: openrouter.ai
> User-Agent: curl/8.5.0
> Authorization: Bearer sk-or-v1-0123456789abcdef0123456789abcdef
> content-type: application/json
> Content-Length: 76
>
} [76 bytes data]
< HTTP/2 402
< content-type: application/json
< retry-after: 20
< set-cookie: session=abcdefghijkl; Path=/
< cf-ray: 8a1b2c3d4e5f6789-FRA
<
{ [118 bytes data]
{"error":{"code":402,"message":"Insufficient credits. Key sk-or-v1-0123456789abcdef0123456789abcdef is empty"}}* Connection #0 to host openrouter.ai left intact
)";

TEST(Import, CurlBecomesAScenario) {
  auto made = import_of(kCurl);
  EXPECT_EQ(made.kind, "curl -v output");
  EXPECT_EQ(made.name, "imported-402");
  support::expect_golden("import/curl.json", made.scenario);
}

TEST(Import, NoSecretOfTheEvidenceIsLeft) {
  const auto made = import_of(kCurl);
  for (const char* secret : {"0123456789abcdef", "abcdefghijkl", "Bearer sk", "set-cookie"}) EXPECT_THAT(made.scenario, Not(HasSubstr(secret)));
  EXPECT_THAT(made.notes, testing::Contains(HasSubstr("headers of the connection or of an account were left out")));
}

TEST(Import, ARawReplyBecomesAScenario) {
  const auto made = import_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nX-RateLimit-Remaining-Requests: 0\r\n\r\n{\"error\":{\"message\":\"slow\"}}\r\n");
  EXPECT_EQ(made.kind, "a raw HTTP reply");
  EXPECT_EQ(planned(made, "status"), 429);
  EXPECT_EQ(planned(made, "headers")["retry-after"], "7");
  EXPECT_EQ(planned(made, "headers")["x-ratelimit-remaining-requests"], "0");
  EXPECT_EQ(planned(made, "body"), base::parse_wire_json(R"({"error":{"message":"slow"}})"));
}

TEST(Import, AHarKeepsTheOrderAndTheWaits) {
  const auto made = import_of(R"({"log":{"version":"1.2","entries":[
    {"request":{"method":"GET","url":"https://api.anthropic.com/favicon.ico","headers":[]},"response":{"status":200,"headers":[],"content":{"text":""}}},
    {"request":{"method":"POST","url":"https://api.anthropic.com/v1/messages","headers":[{"name":"x-api-key","value":"sk-ant-secretsecretsecret"}],"postData":{"text":"{\"model\":\"claude-x\",\"messages\":[{\"content\":\"my private words\"}]}"}},
     "response":{"status":529,"headers":[{"name":"content-type","value":"application/json"}],"content":{"encoding":"base64","text":"eyJ0eXBlIjoiZXJyb3IifQ=="}},"timings":{"wait":2500}},
    {"request":{"method":"POST","url":"https://api.anthropic.com/v1/messages","headers":[]},"response":{"status":0,"headers":[],"content":{},"_error":"net::ERR_CONNECTION_RESET"}},
    {"request":{"method":"POST","url":"https://stats.example/beacon","headers":[]},"response":{"status":204,"headers":[],"content":{}}}]}})");
  EXPECT_EQ(made.kind, "HAR");
  EXPECT_EQ(planned(made, "status"), 529);
  EXPECT_EQ(planned(made, "wait"), "2.5s");
  EXPECT_EQ(planned(made, "body"), base::parse_wire_json(R"({"type":"error"})"));
  EXPECT_THAT(made.scenario, HasSubstr("cut-before-headers-rst"));
  EXPECT_THAT(made.scenario, HasSubstr("\"like\": \"anthropic\""));
  EXPECT_THAT(made.scenario, HasSubstr("acme/claude-x"));
  for (const char* absent : {"secretsecret", "private words", "stats.example", "204"}) EXPECT_THAT(made.scenario, Not(HasSubstr(absent)));
}

TEST(Import, LogLinesOfSdksAreUnderstood) {
  struct Case {
    const char* line;
    int status;
    const char* message;
  };
  for (const auto& [line, status, message] : {
           Case{R"(openai.APIStatusError: Error code: 402 - {'error': {'message': "You're out of credits", 'code': None, 'ok': True}})", 402, "You're out of credits"},
           Case{R"(2026-01-05 12:00:03,402 ERROR gateway: provider returned status=429 body={"error":{"message":"Rate limit"}})", 429, "Rate limit"},
           Case{R"(anthropic.InternalServerError: Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error', 'message': 'Overloaded'}})", 529, "Overloaded"},
           Case{R"(INFO httpx: HTTP Request: POST https://api.deepseek.com/chat/completions "HTTP/1.1 402 Payment Required")", 402, nullptr},
           Case{"Request failed: 503 Service Unavailable", 503, nullptr},
           Case{R"({"status":401,"body":{"error":{"message":"bad key"}}})", 401, "bad key"},
           Case{R"({"error":{"message":"Overloaded","type":"overloaded_error"}})", 529, "Overloaded"},
           Case{"AI_APICallError: Too many\n  statusCode: 429,\n  responseBody: '{}'", 429, nullptr},
       }) {
    const auto made = import_of(line);
    EXPECT_EQ(planned(made, "status"), status) << line;
    if (message) {
      EXPECT_EQ(base::string_or(planned(made, "body")["error"], "message"), message) << line;
    }
  }
}

TEST(Import, ABodyOverSeveralLinesIsOneBody) {
  const auto made = import_of("ERROR 2026 http 400:\nstatus code: 400 {\n  \"error\": {\n    \"message\": \"prompt is too long\"\n  }\n}\nat foo()\n");
  EXPECT_EQ(base::string_or(planned(made, "body")["error"], "message"), "prompt is too long");
}

TEST(Import, BrokenConnectionsBecomeFaults) {
  EXPECT_EQ(fault_of(import_of("curl: (7) Failed to connect to api.acme.example port 443: Connection refused")), "refused");
  EXPECT_EQ(fault_of(import_of("httpx.ReadTimeout: The read operation timed out")), "hang-before-headers");
  EXPECT_EQ(fault_of(import_of("Error: read ECONNRESET")), "cut-before-headers-rst");
  EXPECT_EQ(fault_of(import_of("curl: (52) Empty reply from server")), "cut-before-headers-fin");
  EXPECT_EQ(fault_of(import_of("ssl.SSLCertVerificationError: certificate verify failed: self-signed certificate")), "tls-unknown-ca");
}

TEST(Import, AStatusInALogWinsOverCurlsLastWords) {
  const auto made = import_of("Error code: 503 - {\"error\":{\"message\":\"busy\"}}\ncurl: (7) Failed to connect: Connection refused\n");
  EXPECT_EQ(made.kind, "log lines");
  EXPECT_EQ(planned(made, "status"), 503);
}

TEST(Import, AStreamThatBreaksOffBreaksOffAgain) {
  const auto made = import_of("> POST /v1/chat/completions HTTP/1.1\n> Host: api.openai.com\n>\n< HTTP/1.1 200 OK\n< content-type: text/event-stream\n<\n"
                              "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\ndata: {\"cho\n"
                              "* transfer closed with outstanding read data remaining\ncurl: (18) transfer closed with outstanding read data remaining\n");
  EXPECT_EQ(planned(made, "framing"), "chunked");
  EXPECT_EQ(planned(made, "fin"), true);
  EXPECT_THAT(made.scenario, HasSubstr("\"stream\": true"));
  EXPECT_EQ(made.name, "imported-200-cut");
}

TEST(Import, MarkdownAndColoursAreSeenThrough) {
  const auto made = import_of("It fails like this:\n```\n\033[31mHTTP/1.1 500 Internal Server Error\033[0m\n\nboom\n```\n");
  EXPECT_EQ(planned(made, "status"), 500);
  EXPECT_EQ(planned(made, "body"), "boom");
}

TEST(Import, RepetitionsBecomeOneAndManyAreBounded) {
  std::string text;
  for (int i = 0; i < 5; ++i) text += "HTTP/1.1 503 Service Unavailable\n\nbusy\n";
  auto made = import_of(text);
  EXPECT_EQ(planned(made, "status", 1), Json());
  EXPECT_THAT(made.notes, testing::Contains(HasSubstr("4 repetitions")));

  for (int i = 0; i < 20; ++i) text += fmt::format("HTTP/1.1 {} X\n\nbody {}\n", 500 + i, i);
  made = import_of(text);
  EXPECT_THAT(made.notes, testing::Contains(HasSubstr("only the first 7 of 21")));
}

TEST(Import, NothingToImportSaysWhatCanBe) {
  const auto made = import_evidence("It does not work. Please help!\n", {.file = "report.txt"});
  ASSERT_TRUE(made.has_error());
  support::expect_golden("import/nothing.txt", base::render(made.error()));
}

TEST(Import, ATextOverTheLimitIsRefused) {
  EXPECT_TRUE(import_evidence(std::string(kEvidenceTextMax + 1, 'x'), {}).has_error());
}

TEST(Import, DamagedEvidenceNeverBreaksIt) {
  base::Random random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string text(round % 3 == 0 ? kCurl : round % 3 == 1 ? R"({"log":{"entries":[{"request":{"method":"POST","url":"https://x/v1/messages"},"response":{"status":500,"content":{"text":"a"}}}]}})"
                                                             : R"(Error code: 402 - {'error': {'message': "it's", 'code': None}} HTTP/1.1 429)");
    for (std::uint64_t i = random.below(6); i > 0 && !text.empty(); --i) {
      const auto at = random.below(text.size());
      if (random.chance(0.5)) text[at] = static_cast<char>(random.below(256));
      else text.erase(at, random.below(12));
    }
    const auto made = import_evidence(text, {});
    if (made.has_value()) {
      EXPECT_TRUE(parse_scenario(made.value().scenario, "x.json").has_value());
    } else {
      EXPECT_THAT(base::render(made.error()), HasSubstr("no exchange with a provider")) << text;
    }
  }
}

}  // namespace
}  // namespace harness
