// libFuzzer target: bytes from the wire through the gateway's own HTTP, both directions. How they are cut must not change what is read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "gateway/wire/inflate.h"
#include "gateway/wire/reply_parser.h"
#include "gateway/net/request_parser.h"

namespace {

using namespace gateway::net;

/// All requests of the text, fed in pieces: what was read, and how it ended.
std::string read_requests(std::string_view text, std::size_t step) {
  RequestParser parser;
  std::string seen;
  std::string_view piece;
  // No bound on the rounds: a bound would itself depend on the pieces. Each round must take bytes instead.
  for (;;) {
    if (piece.empty()) {
      if (text.empty()) return seen + "more";
      piece = text.substr(0, step);
      text.remove_prefix(piece.size());
    }
    const auto before = piece.size();
    const auto state = parser.feed(piece, {.head = 4096, .body = 4096});
    if (piece.size() == before && state != RequestParser::State::refused) std::abort();
    if (state == RequestParser::State::refused) return seen + std::to_string(parser.refusal().status);
    if (state == RequestParser::State::more) continue;
    const auto request = parser.take();
    seen += request.method + " " + request.target + " " + std::to_string(request.headers.list.size()) + " " + request.body + "\n";
    parser.reset();
  }
}

std::string read_reply(std::string_view text, std::size_t step) {
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
  return std::to_string(static_cast<int>(state)) + " " + std::to_string(parser.status()) + " " + body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (read_requests(text, 1) != read_requests(text, 1U << 20)) std::abort();
  if (read_reply(text, 1) != read_reply(text, 1U << 20)) std::abort();
  for (const auto* coding : {"gzip", "deflate"}) {
    auto inflater = Inflater::make(coding);
    if (inflater->feed(text.substr(0, size / 2))) inflater->feed(text.substr(size / 2));
  }
  return 0;
}
