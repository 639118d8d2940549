#include "simulator/core/provider_reply.h"

#include "simulator/core/dialect_content.h"
#include "simulator/core/dialect_route.h"
#include "simulator/core/personality.h"

namespace simulator {

HealthyReply make_healthy_reply(const ProviderSpec& spec, const ProviderRequest& request, const ReplyScript& script,
                                const ReplyContext& context) {
  const auto route = route_of(spec, request);
  if (const auto refusal = refusal_of(spec, request, route)) return wrap_refusal(spec, request, route, *refusal, std::nullopt, context);
  HealthyReply reply{.first_token = script.first_token, .gap = script.gap};
  const bool talks = route.call == Call::chat || route.call == Call::responses || route.call == Call::messages || route.call == Call::generate || route.call == Call::unknown;
  reply.stream = talks && request.stream;
  const bool array = route.call == Call::generate && ("&" + request.query + "&").find("&alt=sse&") == std::string::npos;
  reply.headers.add("content-type", !reply.stream || array ? "application/json" : route.call == Call::generate ? "text/event-stream" : "text/event-stream; charset=utf-8");
  add_identity_headers(reply.headers, spec, route, request, context);
  if (!talks) {
    reply.parts.push_back(list_reply(spec, request, route, context));
    return reply;
  }
  const auto content = make_content(request, script, context);
  switch (route.call) {
    case Call::responses: openai_responses_reply(reply, request, content); break;
    case Call::messages: anthropic_reply(reply, request, content); break;
    case Call::generate: gemini_reply(reply, request, content); break;
    default: openai_chat_reply(reply, request, content);
  }
  return reply;
}

HealthyReply error_reply(const ProviderSpec& spec, const ProviderRequest& request, const ErrorWords& words, const ReplyContext& context) {
  const auto route = route_of(spec, request);
  auto refusal = words_of_family(spec, request, route, words.kind);
  if (!words.message.empty()) refusal.message = words.message;
  return wrap_refusal(spec, request, route, refusal, words.retry_after, context);
}

}  // namespace simulator
