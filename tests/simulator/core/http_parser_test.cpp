#include "simulator/core/http_parser.h"

#include "base/random.h"
#include "tests/simulator/malformed_requests.h"

namespace simulator {
namespace {

using State = HttpParser::State;
const std::string kHost = "Host: x\r\n";

TEST(HttpParser, AWholeRequestInOnePiece) {
  HttpParser parser;

  ASSERT_EQ(parser.feed("POST /v1/x?a=b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"), State::ready);
  const auto request = parser.take();

  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/v1/x");
  EXPECT_EQ(request.query, "a=b");
  EXPECT_EQ(request.body, "abc");
  EXPECT_TRUE(parser.keep_alive());
}

TEST(HttpParser, EveryCutOfARequestGivesTheSameRequest) {
  const std::string text = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n";
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    HttpParser parser;
    ASSERT_EQ(parser.feed(text.substr(0, cut)), State::more) << cut;
    ASSERT_EQ(parser.feed(text.substr(cut)), State::ready) << cut;
    EXPECT_EQ(parser.take().body, "abcde");
  }
}

TEST(HttpParser, PipelinedRequestsComeOneByOne) {
  HttpParser parser;

  ASSERT_EQ(parser.feed("GET /a HTTP/1.1\r\n" + kHost + "\r\nGET /b HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n"), State::ready);
  EXPECT_EQ(parser.take().path, "/a");
  ASSERT_EQ(parser.resume(), State::ready);
  EXPECT_EQ(parser.take().path, "/b");
  EXPECT_FALSE(parser.keep_alive());
  EXPECT_EQ(parser.resume(), State::more);
}

TEST(HttpParser, ExpectContinueIsAskedOnce) {
  HttpParser parser;

  EXPECT_EQ(parser.feed("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"), State::continue_wanted);
  EXPECT_EQ(parser.feed("ab"), State::ready);
}

TEST(HttpParser, EachLimitHoldsAtItsMaximumAndNotBeyond) {
  const HttpLimits limits{.line_max = 40, .head_max = 200, .headers_max = 3, .body_max = 10};
  const auto status = [&](const std::string& text) {
    HttpParser parser(limits);
    return parser.feed(text) == State::refused ? parser.status() : 0;
  };
  const auto line = [](std::size_t size) { return "GET /" + std::string(size - 14, 'a') + " HTTP/1.1\r\n"; };

  EXPECT_EQ(status(line(40) + kHost + "\r\n"), 0);
  EXPECT_EQ(status(line(41) + kHost + "\r\n"), 414);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nB: 1\r\n\r\n"), 0);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nB: 1\r\nC: 1\r\n\r\n"), 431);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789"), 0);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n"), 413);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n"), 0);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n"), 413);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: " + std::string(300, 'x')), 431);
}

TEST(HttpParser, EveryMalformedRequestIsRefusedByName) {
  const auto corpus = malformed_requests();
  ASSERT_GE(corpus.size(), 200U);
  for (const auto& text : corpus) {
    HttpParser parser;
    EXPECT_EQ(parser.feed(text), State::refused) << testing::PrintToString(text);
    EXPECT_GE(parser.status(), 400) << testing::PrintToString(text);
    EXPECT_FALSE(parser.problem().empty());
  }
}

TEST(HttpParser, RandomDamageNeverBreaksIt) {
  const std::string good = "POST /v1/chat/completions?x=1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n";
  base::Random random(1);
  for (int round = 0; round < 20'000; ++round) {
    auto text = good;
    for (int i = 0; i < 3; ++i) text[random.below(text.size())] = static_cast<char>(random.below(256));
    HttpParser parser;
    const auto cut = random.below(text.size());
    parser.feed(text.substr(0, cut));
    const auto state = parser.feed(text.substr(cut));
    EXPECT_TRUE(state != State::refused || (parser.status() >= 400 && parser.status() < 600));
  }
}

}  // namespace
}  // namespace simulator
