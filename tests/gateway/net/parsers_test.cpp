// The pure half: requests, replies, chunks, compression, URLs.
#include <gtest/gtest.h>
#include <zlib.h>

#include "gateway/wire/inflate.h"
#include "gateway/wire/reply_parser.h"
#include "gateway/net/request_parser.h"
#include "gateway/net/url.h"
#include "tests/gateway/net/malformed_requests.h"

namespace gateway::net {
namespace {

/// Feeds in pieces of `step` bytes; the state after the last.
RequestParser::State feed(RequestParser& parser, std::string_view text, std::size_t step, std::string* rest = nullptr) {
  auto state = RequestParser::State::more;
  while (!text.empty() && state == RequestParser::State::more) {
    auto piece = text.substr(0, step);
    const auto size = piece.size();
    state = parser.feed(piece, {});
    text.remove_prefix(size - piece.size());
  }
  if (rest) *rest = text;
  return state;
}

struct WholeReply {
  ReplyParser::State state;
  std::string body, rest;
};
WholeReply feed_reply(ReplyParser& parser, std::string_view text, std::size_t step, bool head_only = false) {
  parser.begin(head_only);
  WholeReply out{ReplyParser::State::more, "", ""};
  while (!text.empty() && out.state == ReplyParser::State::more) {
    auto piece = text.substr(0, step);
    const auto size = piece.size();
    out.state = parser.feed(piece, out.body);
    text.remove_prefix(size - piece.size());
  }
  out.rest = text;
  return out;
}

std::string deflated(std::string_view text, int bits) {
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(text.size() + 1000, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - z.avail_out);
  deflateEnd(&z);
  return out;
}

TEST(RequestParser, ReadsTheSameInOnePieceAndByteByByte) {
  const std::string text = "\r\nPOST /v1/chat?x=1 HTTP/1.1\r\nHost: h:1\r\nX-Empty:\r\nContent-Length: 5\r\nAuthorization:  Bearer a b \r\n\r\nhelloGET /next";
  for (const std::size_t step : {1U, 2U, 3U, 7U, 1000U}) {
    RequestParser parser;
    std::string rest;

    ASSERT_EQ(feed(parser, text, step, &rest), RequestParser::State::ready) << step;
    const auto request = parser.take();

    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/v1/chat?x=1");
    EXPECT_EQ(request.body, "hello");
    EXPECT_EQ(request.headers.get("authorization"), "Bearer a b");
    EXPECT_EQ(request.headers.get("x-empty", "?"), "");
    EXPECT_EQ(rest, "GET /next");
    EXPECT_TRUE(parser.keep_alive());
  }
}

TEST(RequestParser, ReadsChunksWithExtensionsAndTrailers) {
  const std::string text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=\"b\"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n";
  for (const std::size_t step : {1U, 4U, 1000U}) {
    RequestParser parser;

    ASSERT_EQ(feed(parser, text, step), RequestParser::State::ready) << step;

    EXPECT_EQ(parser.take().body, "hello0123456789");
  }
}

TEST(RequestParser, RefusesEveryMalformedRequestHoweverItIsCut) {
  const auto corpus = malformed_requests();
  EXPECT_GE(corpus.size(), 200U);
  for (const auto& [name, text] : corpus) {
    for (const std::size_t step : {1U, 13U, 1U << 20}) {
      RequestParser parser;

      const auto state = feed(parser, text, step);

      ASSERT_EQ(state, RequestParser::State::refused) << name << " in pieces of " << step;
      const auto status = parser.refusal().status;
      EXPECT_TRUE(status == 400 || status == 413 || status == 417 || status == 431 || status == 505) << name << " " << status;
    }
  }
}

TEST(RequestParser, HoldsItsLimitsExactly) {
  const RequestLimits limits{.head = 100, .body = 10};
  const auto state_of = [&](std::string text) {
    RequestParser parser;
    std::string_view view = text;
    const auto state = parser.feed(view, limits);
    return state == RequestParser::State::refused ? parser.refusal().status : state == RequestParser::State::ready ? 200 : 0;
  };
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
  const auto padded = [&](std::size_t size) { return head + "X: " + std::string(size - head.size() - 7, 'x') + "\r\n\r\n"; };

  EXPECT_EQ(padded(100).size(), 100U);
  EXPECT_EQ(state_of(padded(100)), 200);
  EXPECT_EQ(state_of(padded(101)), 431);
  EXPECT_EQ(state_of(head + "Content-Length: 10\r\n\r\n0123456789"), 200);
  EXPECT_EQ(state_of(head + "Content-Length: 11\r\n\r\n"), 413);
  EXPECT_EQ(state_of(head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n"), 200);
  EXPECT_EQ(state_of(head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n"), 413);
}

TEST(RequestParser, ABodyOverTheLimitLeavesTheRestOfTheRequestToBeAnswered) {
  const RequestLimits limits{.head = 1000, .body = 10};
  RequestParser parser;
  std::string_view text = "POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 4711\r\n\r\nabc";

  EXPECT_EQ(parser.feed(text, limits), RequestParser::State::refused);
  EXPECT_EQ(parser.refusal().body_over, 4711U);
  const auto request = parser.take();

  EXPECT_EQ(request.target, "/v1/messages");
  EXPECT_EQ(request.body_over, 4711U);
  EXPECT_EQ(request.body, "");
}

TEST(RequestParser, KnowsWhenAConnectionGoesOn) {
  const auto keeps = [](const std::string& text) {
    RequestParser parser;
    EXPECT_EQ(feed(parser, text, 1000), RequestParser::State::ready) << text;
    return parser.keep_alive();
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(RequestParser, TakesTheAbsoluteFormForItsPath) {
  RequestParser parser;
  ASSERT_EQ(feed(parser, "GET http://h:80/a?b HTTP/1.1\r\nHost: h\r\n\r\n", 1000), RequestParser::State::ready);
  EXPECT_EQ(parser.take().target, "/a?b");
}

TEST(ReplyParser, ReadsEachFramingInOnePieceAndByteByByte) {
  for (const std::size_t step : {1U, 5U, 1000U}) {
    ReplyParser parser;
    auto length = feed_reply(parser, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", step);
    EXPECT_EQ(length.state, ReplyParser::State::done);
    EXPECT_EQ(length.body, "hello");
    EXPECT_TRUE(parser.keep_alive());

    auto chunked = feed_reply(parser, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 402\r\nTransfer-Encoding: chunked\r\nX: a\r\n b\r\n\r\n3\r\nabc\r\n0\r\n\r\n", step);
    EXPECT_EQ(chunked.state, ReplyParser::State::done);
    EXPECT_EQ(chunked.body, "abc");
    EXPECT_EQ(parser.status(), 402);
    EXPECT_EQ(parser.headers().get("x"), "a b");
    EXPECT_FALSE(parser.headers().has("link"));

    auto close = feed_reply(parser, "HTTP/1.0 200 OK\n\nhello", step);
    EXPECT_EQ(close.state, ReplyParser::State::more);
    EXPECT_EQ(close.body, "hello");
    EXPECT_TRUE(parser.end_of_file_is_end());
    EXPECT_FALSE(parser.keep_alive());
  }
}

TEST(ReplyParser, HasNoBodyWhereThereCanBeNone) {
  ReplyParser parser;
  EXPECT_EQ(feed_reply(parser, "HTTP/1.1 204 No Content\r\n\r\n", 1000).state, ReplyParser::State::done);
  EXPECT_EQ(feed_reply(parser, "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 1000).state, ReplyParser::State::done);
  EXPECT_EQ(feed_reply(parser, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", 1000, true).state, ReplyParser::State::done);
}

TEST(ReplyParser, LeavesWhatFollowsTheReply) {
  ReplyParser parser;
  const auto seen = feed_reply(parser, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK", 1000);
  EXPECT_EQ(seen.state, ReplyParser::State::done);
  EXPECT_EQ(seen.rest, "HTTP/1.1 200 OK");
}

TEST(ReplyParser, TellsGarbageFromAReply) {
  for (const std::string text : {"garbage\r\n", "HTTP/2 200 OK\r\n", "HTTP/1.1 OK\r\n", "HTTP/1.1 2000\r\n", "HTTP/1.1 20 OK\r\n", "\r\n", "SSH-2.0-x\r\n", "HTTP/1.1 099 x\r\n",
                                 "HTTP/1.1 200 OK\r\nno colon\r\n", "HTTP/1.1 200 OK\r\nX : y\r\n", "HTTP/1.1 200 OK\r\n folded first\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n"}) {
    for (const std::size_t step : {1U, 1000U}) {
      ReplyParser parser;
      EXPECT_EQ(feed_reply(parser, text, step).state, ReplyParser::State::malformed) << text;
      EXPECT_FALSE(parser.problem().empty());
    }
  }
}

TEST(ReplyParser, BoundsTheHeadAndTheInterimHeads) {
  ReplyParser parser;
  const std::string open = "HTTP/1.1 200 OK\r\nX: ";
  EXPECT_EQ(feed_reply(parser, open + std::string(kReplyHeadMax, 'x') + "\r\n\r\n", 4096).state, ReplyParser::State::too_large);
  EXPECT_EQ(feed_reply(parser, open + std::string(kReplyHeadMax - open.size() - 22, 'x') + "\r\nContent-Length:0\r\n\r\n", 1 << 20).state, ReplyParser::State::done);
  std::string many;
  for (int i = 0; i <= kInterimMax; ++i) many += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(feed_reply(parser, many, 4096).state, ReplyParser::State::malformed);
}

TEST(Inflate, ReadsGzipAndBothKindsOfDeflateInPieces) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
  for (const auto& [name, bits] : {std::pair{"gzip", 15 + 16}, {"deflate", 15}, {"deflate", -15}, {" X-GZIP ", 15 + 16}}) {
    const auto packed = deflated(text, bits);
    for (const std::size_t step : {std::size_t{1}, std::size_t{1000}, packed.size()}) {
      auto inflater = Inflater::make(name);
      ASSERT_TRUE(inflater);
      std::string out;
      for (std::size_t at = 0; at < packed.size(); at += step) {
        const auto piece = inflater->feed(std::string_view(packed).substr(at, step));
        ASSERT_TRUE(piece) << inflater->problem();
        out += *piece;
      }
      EXPECT_EQ(out, text);
      EXPECT_TRUE(inflater->finished());
    }
  }
}

TEST(Inflate, TellsACutFromAnEndAndDamageFromBoth) {
  const auto packed = deflated(std::string(5000, 'x') + "end", 15 + 16);
  auto cut = Inflater::make("gzip");
  ASSERT_TRUE(cut->feed(packed.substr(0, packed.size() - 9)));
  EXPECT_FALSE(cut->finished());

  auto damaged = Inflater::make("gzip");
  auto bytes = packed;
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 0x55);  // the checksum
  EXPECT_FALSE(damaged->feed(bytes));
  EXPECT_EQ(damaged->problem(), "the compressed body of the reply is damaged");

  EXPECT_TRUE(Inflater::make("gzip")->finished());  // an empty body
}

TEST(Inflate, PassesWhatIsNotCompressedAtAll) {
  auto inflater = Inflater::make("gzip");
  EXPECT_EQ(inflater->feed("{"), "");
  EXPECT_EQ(inflater->feed("\"error\":1}"), "{\"error\":1}");
  EXPECT_TRUE(inflater->finished());
  EXPECT_FALSE(Inflater::make("br"));
  EXPECT_FALSE(Inflater::make("identity"));
}

TEST(Inflate, StopsABomb) {
  const auto bomb = deflated(std::string(kInflatedMax + 1, '\0'), 15 + 16);
  auto inflater = Inflater::make("gzip");
  EXPECT_FALSE(inflater->feed(bomb));
  EXPECT_TRUE(inflater->over_limit());
}

TEST(Url, TakesProvidersUrlsApart) {
  const auto acme = parse_url("https://api.acme.example/v1/");
  ASSERT_TRUE(acme);
  EXPECT_TRUE(acme->tls);
  EXPECT_EQ(acme->host, "api.acme.example");
  EXPECT_EQ(acme->port, 443);
  EXPECT_EQ(acme->path, "/v1");
  EXPECT_EQ(acme->host_header, "api.acme.example");

  const auto local = parse_url("HTTP://[::1]:8080");
  ASSERT_TRUE(local);
  EXPECT_FALSE(local->tls);
  EXPECT_EQ(local->host, "::1");
  EXPECT_EQ(local->port, 8080);
  EXPECT_EQ(local->path, "");
  EXPECT_EQ(local->host_header, "[::1]:8080");
  EXPECT_EQ(parse_url("http://h:80")->host_header, "h");
}

TEST(Url, SaysWhatIsWrong) {
  for (const auto* bad : {"", "acme", "ftp://h", "http://", "http://:80", "http://h:0", "http://h:65536", "http://h:x", "http://u:p@h/", "http://h/?q", "http://h#f", "http://a b/", "http://h/a b",
                          "http://[::1", "https:///v1"}) {
    const auto url = parse_url(bad);
    ASSERT_FALSE(url) << bad;
    EXPECT_NE(base::render(url.error()).find("is no URL of a provider"), std::string::npos);
  }
  EXPECT_FALSE(parse_host_port("host"));
  EXPECT_EQ(parse_host_port("[::1]:5")->host, "::1");
}

}  // namespace
}  // namespace gateway::net
