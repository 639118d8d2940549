// How bytes are cut never changes what is read: requests and replies in pieces of every size.
#include <gtest/gtest.h>

#include "gateway/wire/reply_parser.h"
#include "gateway/net/request_parser.h"

namespace gateway::net {
namespace {

constexpr RequestLimits kLimits{.head = 200, .body = 10};

/// All requests of the text in pieces of `step` bytes, and how it ended.
std::string requests(std::string_view text, std::size_t step) {
  RequestParser parser;
  std::string seen;
  while (!text.empty()) {
    auto piece = text.substr(0, step);
    const auto size = piece.size();
    const auto state = parser.feed(piece, kLimits);
    text.remove_prefix(size - piece.size());
    if (state == RequestParser::State::refused) return seen + std::to_string(parser.refusal().status);
    if (state == RequestParser::State::more) continue;
    const auto request = parser.take();
    seen += request.method + " " + request.target + " " + request.body + "\n";
    parser.reset();
  }
  return seen + (parser.begun() ? "begun" : "idle");
}

std::string reply(std::string_view text, std::size_t step) {
  ReplyParser parser;
  parser.begin(false);
  std::string body;
  auto state = ReplyParser::State::more;
  while (!text.empty() && state == ReplyParser::State::more) {
    auto piece = text.substr(0, step);
    const auto size = piece.size();
    state = parser.feed(piece, body);
    text.remove_prefix(size - piece.size());
  }
  // What is left over means something only after a whole reply.
  return std::to_string(static_cast<int>(state)) + " " + std::to_string(parser.status()) + " " + body + (state == ReplyParser::State::done ? " " + std::string(text) : "");
}

TEST(Slicing, RequestsAreReadAlikeInPiecesOfEverySize) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n", chunked = head + "Transfer-Encoding: chunked\r\n\r\n", get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::pair<std::string, std::string> cases[] = {
      {chunked + "5\r\nhello\r\n6\r\nworld!\r\nzz\r\n", "413"},  // damaged, but only after it was too large
      {chunked + "5\r\nhello\r\nzz\r\n6\r\nworld!\r\n", "400"},
      {chunked + "5\r\nhello\r\n0\r\nX: y\r\n\r\n" + get, "POST / hello\nGET /a \nidle"},
      {get + "\r\n", "GET /a \nidle"},  // the empty line that some callers send after a request begins no other one
      {get + "\r\nG", "GET /a \nbegun"},
      {get + "\r\n\r", "GET /a \nbegun"},
      {"d /d# HTTP/1.0\r\nno field\n", "400"},
      {"d /d# HTTP/1.0\r\n" + std::string(200, ' '), "431"},
      {head + "Content-Length: 11\r\n\r\n", "413"}};
  for (const auto& [text, wanted] : cases) {
    for (std::size_t step = 1; step <= text.size(); ++step) EXPECT_EQ(requests(text, step), wanted) << text << " in pieces of " << step;
  }
}

TEST(Slicing, RepliesAreReadAlikeInPiecesOfEverySize) {
  for (const std::string text : {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\nrest", "HTTP/1.1 200 OK\nContent-Length: 2\n\nabc", "HTTP/1.1 100 x\r\n\r\nHTTP/1.0 402\r\nX: a\r\n b\r\n\r\nabc",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc", "HTTP/1.1 200 OK\r\n\r"}) {
    const auto whole = reply(text, text.size());
    for (std::size_t step = 1; step < text.size(); ++step) EXPECT_EQ(reply(text, step), whole) << text << " in pieces of " << step;
  }
}

}  // namespace
}  // namespace gateway::net
