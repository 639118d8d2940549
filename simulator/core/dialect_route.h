// Which call of which API a request is, and what a provider refuses about it. Pure; inside simulator/core only.
#pragma once

#include <optional>
#include <string>

#include "simulator/core/provider_reply.h"

namespace simulator {

enum class Family { openai, anthropic, gemini };
enum class Call { unknown, chat, responses, messages, generate, count_tokens, gemini_count_tokens, embeddings, gemini_embed, models, model };

struct Route {
  Family family = Family::openai;
  Call call = Call::unknown;
};

/// The family decides the error envelope too, so it is known for every path. Where a provider speaks `any` dialect and
/// the path does not tell (GET /v1/models is the same for all three), headers do: x-goog-api-key or ?key= is Gemini,
/// anthropic-version or x-api-key is Anthropic, anything else OpenAI.
Route route_of(const ProviderSpec& spec, const ProviderRequest& request);

/// A refusal in the provider's own words; the envelope is personality.h's work.
struct Refusal {
  int status = 400;
  std::string type;
  std::string code;
  std::string param;
  std::string message;
};
std::optional<Refusal> refusal_of(const ProviderSpec& spec, const ProviderRequest& request, const Route& route);

/// Models, embeddings and token counts: whole JSON bodies.
std::string list_reply(const ProviderSpec& spec, const ProviderRequest& request, const Route& route, const ReplyContext& context);

inline constexpr std::size_t kRequestBytesMax = 32U << 20U;  ///< Anthropic's documented 32 MB, taken for all

}  // namespace simulator
