// libFuzzer target: any bytes as a provider's reply, to every front; slicing must not matter, and a fault must end it.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "gateway/wire/relay.h"

namespace {

using namespace gateway;

struct Seen {
  std::string bytes, text;
  bool terminated = false, content = false, fault = false;
  bool operator==(const Seen&) const = default;
};

Seen run(const RelayOptions& options, std::string_view bytes, std::size_t step) {
  Relay relay(options);
  std::vector<RelayPiece> pieces;
  relay.begin("text/event-stream");
  for (std::size_t at = 0; at < bytes.size(); at += step) relay.feed(bytes.substr(at, step), pieces);
  relay.end(pieces);
  Seen seen{.bytes = {}, .text = relay.text(), .terminated = relay.terminated(), .content = relay.content_seen(), .fault = relay.fault().has_value()};
  for (const auto& piece : pieces) {
    // Before content nothing may commit the caller's reply.
    ASSERT(seen.content || piece.kind == RelayPiece::Kind::startup || piece.kind == RelayPiece::Kind::ping);
    seen.bytes += piece.bytes + "|" + std::to_string(static_cast<int>(piece.kind));
  }
  ASSERT(!(seen.terminated && seen.fault));
  ASSERT(!seen.terminated || seen.content);
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto upstream : {Dialect::openai_chat, Dialect::openai_responses, Dialect::anthropic_messages, Dialect::gemini}) {
    for (const auto front : {Dialect::openai_chat, Dialect::openai_responses, Dialect::anthropic_messages, Dialect::chat}) {
      const RelayOptions options{.front = front, .upstream = upstream, .stream = (size + static_cast<std::size_t>(front)) % 3 != 0, .include_usage = true, .id = "1"};
      ASSERT(run(options, bytes, bytes.size() + 1) == run(options, bytes, 1 + size % 7));
    }
  }
  return 0;
}
