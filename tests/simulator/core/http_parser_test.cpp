#include "simulator/core/http_parser.h"

#include "base/random.h"

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

/// Requests that must be refused, each with a named 4xx or 5xx. Built from parts: more than 200.
std::vector<std::string> malformed() {
  std::vector<std::string> list;
  const std::string line = "POST / HTTP/1.1\r\n";
  for (int c = 0; c < 256; ++c) {  // a byte that may not begin, stand in a method, a target, a name, or a value
    const char byte = static_cast<char>(c);
    const bool control = c < 0x20 || c == 0x7F;
    if (control && c != '\r' && c != '\n') {
      list.push_back(std::string("GET /") + byte + " HTTP/1.1\r\n" + kHost + "\r\n");
      list.push_back(std::string("G") + byte + "T / HTTP/1.1\r\n" + kHost + "\r\n");
      list.push_back(line + kHost + "A" + byte + "B: 1\r\n\r\n");
      if (c != '\t') list.push_back(line + kHost + "A: x" + byte + "y\r\n\r\n");
    }
    if (c >= 0x80 && c % 8 == 0) {
      list.push_back(std::string("G") + byte + "T / HTTP/1.1\r\n" + kHost + "\r\n");
      list.push_back(std::string("GET /") + byte + " HTTP/1.1\r\n" + kHost + "\r\n");
    }
  }
  for (const auto* version : {"HTTP/2.0", "HTTP/0.9", "HTTP/9.9", "http/1.1", "HTTP/1", "HTTP/1.", "HTTP/1.1x", "HTP/1.1", "1.1", "HTTP/11", "HTTP-1.1", "HTTP/a.b"}) {
    list.push_back(std::string("GET / ") + version + "\r\n" + kHost + "\r\n");
  }
  for (const auto* length : {"-1", "+1", "1.0", "0x10", "a", "1a", "", " ", "1,1", "1 1", "99999999999999999999", "999999999999", "1e3"}) {
    list.push_back(line + kHost + "Content-Length: " + length + "\r\n\r\n");
  }
  for (const auto* coding : {"gzip", "chunked, chunked", "gzip, chunked", "identity", "xchunked", "chunked\r\nTransfer-Encoding: chunked", "chunked\r\nContent-Length: 3"}) {
    list.push_back(line + kHost + "Transfer-Encoding: " + coding + "\r\n\r\n");
  }
  for (const auto* size : {"g", "-1", "+1", " ", "0x1", "fffffffff", "1 1", "\t", ";", "1\n"}) {
    list.push_back(line + kHost + "Transfer-Encoding: chunked\r\n\r\n" + size + "\r\nabc\r\n0\r\n\r\n");
  }
  for (const auto* text : {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\r\nHost: a\r\n\r\n",
                           "GET\r\nHost: a\r\n\r\n", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
                           "GET / HTTP/1.1\r\nHost: a\r\n b: folded\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
                           "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n", "\x16\x03\x01\x02 hello\r\n\r\n",
                           "{\"json\":true}\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                           "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
                           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nbroken trailer\r\n\r\n"}) {
    list.emplace_back(text);
  }
  list.push_back(std::string(40, 'M') + " / HTTP/1.1\r\n" + kHost + "\r\n");
  return list;
}

TEST(HttpParser, EveryMalformedRequestIsRefusedByName) {
  const auto corpus = malformed();
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
