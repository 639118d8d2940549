// libFuzzer target: any bytes as a caller's request; what is written for a target must be a request of its dialect.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "gateway/wire/dialect.h"

using namespace gateway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto front : {Dialect::openai_chat, Dialect::openai_responses, Dialect::anthropic_messages, Dialect::openai_embeddings}) {
    const auto parsed = parse_request(front, bytes);
    const auto* request = std::get_if<ClientRequest>(&parsed);
    if (!request) {
      ASSERT(!std::get<RequestProblem>(parsed).what.empty());
      continue;
    }
    for (const auto upstream : {Dialect::openai_chat, Dialect::openai_responses, Dialect::anthropic_messages, Dialect::gemini}) {
      const auto built = build_upstream(*request, upstream, "m");
      const auto* body = std::get_if<UpstreamBody>(&built);
      if (!body) {
        const auto& wrong = std::get<RequestProblem>(built);
        ASSERT(!wrong.what.empty() && wrong.status == 400);
        continue;
      }
      if (upstream == Dialect::gemini) {
        const auto json = base::parse_wire_json(body->body);
        ASSERT(json && base::find(*json, "contents"));
      } else {
        const auto again = parse_request(front == Dialect::openai_embeddings ? front : upstream, body->body);
        ASSERT_NOTE(std::holds_alternative<ClientRequest>(again), body->body);
        ASSERT(std::get<ClientRequest>(again).model == "m");
      }
    }
  }
  return 0;
}
