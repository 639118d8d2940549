// Bodies of every shape: pages, gzip, cut, not UTF-8, odd types. Never a crash, never dumped on a person.
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/text.h"
#include "gateway/classify/classify.h"

namespace gateway {
namespace {

using namespace std::chrono_literals;

Failure failure(int status, std::string body) {
  Failure made;
  made.status = status;
  made.body = std::move(body);
  return made;
}

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string in(text), out(in.size() + 200, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

constexpr std::string_view kQuota = R"({"error":{"message":"You exceeded your current quota, please check your plan.","code":"insufficient_quota"}})";

TEST(Shapes, AGzippedErrorIsReadLikeAPlainOne) {
  EXPECT_EQ(classify(failure(429, gzip(kQuota))).reason, Reason::billing);
}

TEST(Shapes, DamagedGzipStillDecidesByStatus) {
  auto body = gzip(kQuota);
  body.resize(12);
  EXPECT_EQ(classify(failure(429, body)).reason, Reason::rate_limit);
}

TEST(Shapes, AGzipBombCostsNoMoreThanItsBound) {
  auto bomb = gzip(std::string(50'000'000, 'a'));
  const auto verdict = classify(failure(500, bomb));
  EXPECT_EQ(verdict.reason, Reason::server_error);
  EXPECT_LE(verdict.message.size(), 300U);
}

TEST(Shapes, AnErrorCutAnywhereAfterItsMessageBeganKeepsItsReasonOrFallsBackToTheStatus) {
  for (std::size_t length = 0; length <= kQuota.size(); ++length) {
    const auto reason = classify(failure(429, std::string(kQuota.substr(0, length)))).reason;
    EXPECT_TRUE(reason == Reason::billing || reason == Reason::rate_limit) << length;
    if (length >= kQuota.find("quota,") + 5) {
      EXPECT_EQ(reason, Reason::billing) << length;
    }
  }
}

TEST(Shapes, APageShowsItsTitleAndRayOnly) {
  std::string page = "<!DOCTYPE html><html><head><title>Web server is down | example.com | Cloudflare</title></head><body>";
  for (int i = 0; i < 1000; ++i) page += "<div class=\"secret-looking-markup\">padding to sixty kilobytes, as Cloudflare does</div>";
  page += "<span>Cloudflare Ray ID: <strong>8a1b2c3d4e5f6789</strong></span></body></html>";
  ASSERT_GT(page.size(), 60'000U);

  const auto verdict = classify(failure(521, page));

  EXPECT_EQ(verdict.reason, Reason::server_error);
  EXPECT_EQ(verdict.message, "Web server is down | example.com | Cloudflare" + std::string(page.size() < 65536 ? " (ray 8a1b2c3d4e5f6789)" : ""));
}

TEST(Shapes, TheRayOfAPageComesFromTheHeaderToo) {
  auto blocked = failure(403, "<html><head><title>Just a moment...</title></head></html>");
  blocked.headers.add("CF-Ray", "8a1b2c3d4e5f6789-FRA");

  const auto verdict = classify(blocked);

  EXPECT_EQ(verdict.reason, Reason::provider_policy_blocked);
  EXPECT_EQ(verdict.message, "Just a moment... (ray 8a1b2c3d4e5f6789-FRA)");
  EXPECT_FALSE(verdict.rotate) << "another key would meet the same page";
}

TEST(Shapes, APageInsideAJsonMessageIsNotShown) {
  const auto verdict = classify(failure(502, R"({"error":{"message":"upstream said <html><head><title>502 Bad Gateway</title></head><body>x</body></html>"}})"));
  EXPECT_EQ(verdict.message, "502 Bad Gateway");
}

TEST(Shapes, AKeyEchoedByTheProviderIsNotShown) {
  const auto verdict = classify(failure(401, R"({"error":{"message":"Incorrect API key provided: sk-proj-abcdefghijklmnop1234. Find it there."}})"));
  EXPECT_EQ(verdict.message, "Incorrect API key provided: [secret] Find it there.");
}

TEST(Shapes, AMessageIsOneLineOfAtMost300Bytes) {
  const auto verdict = classify(failure(400, R"({"error":{"message":"a\nb\u0000c )" + std::string(1000, 'x') + R"("}})"));
  EXPECT_LE(verdict.message.size(), 300U);
  EXPECT_EQ(verdict.message.find('\n'), std::string::npos);
  EXPECT_TRUE(verdict.message.starts_with("a b"));
}

TEST(Shapes, BytesThatAreNotUtf8AreHarmless) {
  const auto verdict = classify(failure(429, "{\"error\":{\"message\":\"\xFF\xFE insufficient credits \xC3\"}}"));
  EXPECT_EQ(verdict.reason, Reason::billing);
  EXPECT_TRUE(base::valid_utf8(verdict.message));
}

TEST(Shapes, OddJsonTypesAreHarmless) {
  for (const auto* body : {R"({"error":null})", R"({"error":42})", R"({"error":[]})", R"({"error":{"message":{"detail":[1,2,{"x":null}]}}})",
                           R"({"error":{"code":[1],"type":{"a":1}}})", "[]", "[[[[]]]]", "null", "true", "42", "\"\"", "{", "[", "{\"error\":",
                           "{\"a\":\"\\u12", "{\"a\":\"\\", "]]]]", "}{", "{,,,}", "{\"error\" \"message\"}"}) {
    EXPECT_EQ(classify(failure(500, body)).reason, Reason::server_error) << body;
  }
  EXPECT_EQ(classify(failure(500, std::string(100'000, '['))).reason, Reason::server_error);
  std::string deep;
  for (int i = 0; i < 20'000; ++i) deep += "{\"error\":";
  EXPECT_EQ(classify(failure(500, deep)).reason, Reason::server_error);
}

TEST(Shapes, NestedAndWrappedErrorsAreFound) {
  EXPECT_EQ(classify(failure(429, R"([{"error":{"message":"insufficient credits"}}])")).reason, Reason::billing);
  EXPECT_EQ(classify(failure(429, R"({"error":"You have used all available credits"})")).reason, Reason::billing);
  EXPECT_EQ(classify(failure(429, R"("Your account balance is too low")")).reason, Reason::billing);
  EXPECT_EQ(classify(failure(400, R"({"error":{"message":"Provider returned error","metadata":{"raw":"{\"error\":{\"message\":\"prompt is too long: 3 > 2\"}}"}}})")).reason,
            Reason::context_overflow);
  EXPECT_EQ(classify(failure(429, R"({"error":{"message":"{\"error\":{\"message\":\"{\\\"error\\\":{\\\"message\\\":\\\"out of funds\\\"}}\"}}"}})")).reason,
            Reason::billing);
  EXPECT_EQ(classify(failure(429, "data: not json at all, insufficient balance")).reason, Reason::billing);
}

TEST(Shapes, UnicodeEscapesAreRead) {
  EXPECT_EQ(classify(failure(429, R"({"error":{"message":"\u4f59\u989d\u4e0d\u8db3"}})")).reason, Reason::billing);
}

TEST(Shapes, WordsOfTheConversationDecideNothing) {
  // A content filter's or a proxy's echo of the request must not be taken for the error.
  const auto verdict = classify(failure(500, R"({"error":{"message":"boom","failed_generation":"insufficient credits","input":"rate limit","messages":[{"content":"invalid api key"}]}})"));
  EXPECT_EQ(verdict.reason, Reason::server_error);
  auto fine = failure(200, R"({"choices":[{"index":0,"message":{"content":"error: insufficient credits, 429 rate limit"},"finish_reason":"stop"}]})");
  EXPECT_EQ(classify(fine).reason, Reason::none);
}

TEST(Shapes, AnErrorInsideA200HasItsOwnStatus) {
  EXPECT_EQ(classify(failure(200, R"({"error":{"code":502,"message":"Upstream error from Google"}})")).reason, Reason::server_error);
  EXPECT_EQ(classify(failure(200, R"({"error":{"code":429,"message":"slow down"}})")).reason, Reason::rate_limit);
}

TEST(Shapes, AnErrorEventIsJudgedByItself) {
  Failure event;
  event.dialect = "anthropic-messages";
  event.status = 200;
  event.error_event = true;
  event.body = R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})";
  auto verdict = classify(event);
  EXPECT_EQ(verdict.reason, Reason::overloaded);
  EXPECT_TRUE(verdict.retry);

  event.after_output = true;
  verdict = classify(event);
  EXPECT_EQ(verdict.reason, Reason::overloaded);
  EXPECT_TRUE(verdict.abort && !verdict.retry && !verdict.fallback && !verdict.rotate) << "part of an answer is out";
}

TEST(Shapes, A200ThatSaysNothingIsAFailure) {
  EXPECT_EQ(classify(failure(200, "")).reason, Reason::empty_response);
  EXPECT_EQ(classify(failure(200, "\n\n\n")).reason, Reason::empty_response);
  EXPECT_EQ(classify(failure(200, "{}")).reason, Reason::empty_response);
  EXPECT_EQ(classify(failure(200, R"({"choices":[]})")).reason, Reason::empty_response);
  EXPECT_EQ(classify(failure(200, std::string("\0\1\2\3", 4))).reason, Reason::empty_response);
}

TEST(Shapes, ATruncatedStreamIsNotACompleteOne) {
  const std::string start = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";
  EXPECT_EQ(classify(failure(200, start)).reason, Reason::stream_cut);
  EXPECT_EQ(classify(failure(200, start + "data: {\"choi")).reason, Reason::stream_cut);
  EXPECT_EQ(classify(failure(200, start + "data: [DONE]\n\n")).reason, Reason::none);
  EXPECT_EQ(classify(failure(200, start + "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n")).reason, Reason::none);
}

TEST(Shapes, ABrokenTransportAfterOutputIsACut) {
  Failure cut;
  cut.status = 200;
  cut.transport = TransportError::reset;
  cut.after_output = true;
  const auto verdict = classify(cut);
  EXPECT_EQ(verdict.reason, Reason::stream_cut);
  EXPECT_EQ(verdict.hint, HintId::stream_cut);
  EXPECT_TRUE(verdict.abort);
}

TEST(Shapes, AnErrorReplyThatBreaksOffKeepsItsStatus) {
  auto cut = failure(402, R"({"error":{"message":"Insufficient cre)");
  cut.transport = TransportError::reset;
  EXPECT_EQ(classify(cut).reason, Reason::billing);
}

}  // namespace
}  // namespace gateway
