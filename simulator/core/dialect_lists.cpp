#include <cmath>

#include "base/random.h"
#include "simulator/core/dialect_content.h"
#include "simulator/core/dialect_route.h"

namespace simulator {
namespace {

using base::Json;

constexpr int kDimensionsDefault = 16;  // short on purpose: a test looks at the shape
constexpr std::int64_t kDimensionsMax = 4096;

std::vector<float> vector_of(std::string_view text, std::uint64_t seed, int size) {
  std::vector<float> values(static_cast<std::size_t>(size));
  double square = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto bits = base::hash_mix({seed, base::hash_text(text), i});
    values[i] = static_cast<float>(static_cast<double>(bits >> 11U) / 9007199254740992.0 * 2 - 1);
    square += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  }
  // A unit vector, as the real ones are.
  for (auto& value : values) value = static_cast<float>(static_cast<double>(value) / std::sqrt(square > 0 ? square : 1));
  return values;
}

std::string base64_of(const std::vector<float>& values) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8U | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : kLetters[group >> (18U - 6U * k) & 63U];
  }
  return out;
}

std::string embeddings(const ProviderRequest& request, std::uint64_t seed) {
  static const Json kNothing = Json::object();
  const auto* tree = request.json();
  const auto& json = tree ? *tree : kNothing;
  const auto* input = base::find(json, "input");
  Json items = Json::array();
  // An array of numbers is one input, already in tokens.
  if (input && input->is_array() && !input->empty() && !(*input)[0].is_number()) items = *input;
  else items.push_back(input ? *input : Json(""));
  const auto size = std::clamp<std::int64_t>(base::integer_or(json, "dimensions", kDimensionsDefault), 1, kDimensionsMax);
  const bool packed = base::string_or(json, "encoding_format") == "base64";
  Json data = Json::array();
  int tokens = 0;
  for (const auto& item : items) {
    const auto text = item.is_string() ? item.get<std::string>() : base::dump(item);
    tokens += token_estimate_of(text);
    const auto values = vector_of(text, seed, static_cast<int>(size));
    data.push_back({{"object", "embedding"}, {"index", data.size()}, {"embedding", packed ? Json(base64_of(values)) : Json(values)}});
  }
  return base::dump(Json{{"object", "list"}, {"data", std::move(data)}, {"model", request.model}, {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}});
}

Json model_of(const std::string& id, Family family) {
  switch (family) {
    case Family::anthropic: return {{"type", "model"}, {"id", id}, {"display_name", id}, {"created_at", "2025-09-29T00:00:00Z"}};
    case Family::gemini:
      return {{"name", "models/" + id}, {"version", "001"}, {"displayName", id}, {"inputTokenLimit", 1048576}, {"outputTokenLimit", 65536},
              {"supportedGenerationMethods", {"generateContent", "countTokens"}}};
    default: return {{"id", id}, {"object", "model"}, {"created", 1686935002}, {"owned_by", "openai"}};
  }
}

std::string models(const ProviderSpec& spec, Family family) {
  auto ids = spec.models;
  if (ids.empty()) ids = {family == Family::anthropic ? "claude-sonnet-4-5-20250929" : family == Family::gemini ? "gemini-2.5-flash" : "gpt-4.1-nano"};
  Json data = Json::array();
  for (const auto& id : ids) data.push_back(model_of(id, family));
  if (family == Family::gemini) return base::dump(Json{{"models", std::move(data)}});
  if (family == Family::anthropic) return base::dump(Json{{"data", std::move(data)}, {"has_more", false}, {"first_id", ids.front()}, {"last_id", ids.back()}});
  return base::dump(Json{{"object", "list"}, {"data", std::move(data)}});
}

}  // namespace

std::string list_reply(const ProviderSpec& spec, const ProviderRequest& request, const Route& route, const ReplyContext& context) {
  const auto tokens = token_estimate_of(request.body);
  switch (route.call) {
    case Call::models: return models(spec, route.family);
    case Call::model: return base::dump(model_of(request.model, route.family));
    case Call::embeddings: return embeddings(request, context.seed);
    case Call::gemini_embed: return base::dump(Json{{"embedding", {{"values", vector_of(request.body, context.seed, kDimensionsDefault)}}}});
    case Call::gemini_count_tokens: return base::dump(Json{{"totalTokens", tokens}, {"promptTokensDetails", Json::array({{{"modality", "TEXT"}, {"tokenCount", tokens}}})}});
    default: return base::dump(Json{{"input_tokens", tokens}});
  }
}

}  // namespace simulator
