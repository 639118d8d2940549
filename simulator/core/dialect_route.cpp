#include "simulator/core/dialect_route.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"
#include "base/text.h"

namespace simulator {
namespace {

using base::Json;

Family family_by_headers(const ProviderRequest& request) {
  if (request.headers.has("x-goog-api-key") || ("&" + request.query).find("&key=") != std::string::npos) return Family::gemini;
  if (request.headers.has("anthropic-version") || request.headers.has("x-api-key")) return Family::anthropic;
  return Family::openai;
}

Call call_by_path(const std::string& path) {
  if (path.ends_with("/chat/completions")) return Call::chat;
  if (path.ends_with("/responses")) return Call::responses;
  if (path.ends_with("/messages/count_tokens")) return Call::count_tokens;
  if (path.ends_with("/messages")) return Call::messages;
  if (path.ends_with("/embeddings")) return Call::embeddings;
  if (path.ends_with(":generateContent") || path.ends_with(":streamGenerateContent")) return Call::generate;
  if (path.ends_with(":countTokens")) return Call::gemini_count_tokens;
  if (path.ends_with(":embedContent") || path.ends_with(":batchEmbedContents")) return Call::gemini_embed;
  if (path.ends_with("/models")) return Call::models;
  if (path.find("/models/") != std::string::npos && path.find(':') == std::string::npos) return Call::model;
  return Call::unknown;
}

std::optional<Family> family_of(Call call) {
  switch (call) {
    case Call::chat:
    case Call::responses:
    case Call::embeddings: return Family::openai;
    case Call::messages:
    case Call::count_tokens: return Family::anthropic;
    case Call::generate:
    case Call::gemini_count_tokens:
    case Call::gemini_embed: return Family::gemini;
    default: return std::nullopt;
  }
}

bool known(const ProviderSpec& spec, const std::string& model) {
  if (spec.models.empty()) return true;
  return std::any_of(spec.models.begin(), spec.models.end(), [&](const std::string& each) { return base::glob_match(each, model); });
}

Refusal bad(std::string message, std::string param = "", std::string code = "") {
  return {.status = 400, .type = "invalid_request_error", .code = std::move(code), .param = std::move(param), .message = std::move(message)};
}

Refusal no_path(const ProviderRequest& request, Family family) {
  if (family == Family::anthropic) return {.status = 404, .type = "not_found_error", .message = "Not Found"};
  if (family == Family::gemini) return {.status = 404, .type = "NOT_FOUND", .message = "Requested entity was not found."};
  return {.status = 404, .type = "invalid_request_error", .message = fmt::format("Invalid URL ({} {})", request.method, base::printable(request.path, 200))};
}

Refusal no_method(const ProviderRequest& request, Family family) {
  if (family == Family::anthropic) return {.status = 405, .type = "invalid_request_error", .message = "Method Not Allowed"};
  if (family == Family::gemini) return {.status = 404, .type = "NOT_FOUND", .message = "Requested entity was not found."};
  return {.status = 405, .type = "invalid_request_error", .code = "method_not_supported",
          .message = fmt::format("Not allowed to {} on {}. (HINT: Perhaps you meant to use a different HTTP method?)", request.method, base::printable(request.path, 200))};
}

Refusal no_model(const ProviderRequest& request, Family family) {
  const auto model = base::printable(request.model, 200);
  if (family == Family::anthropic) return {.status = 404, .type = "not_found_error", .message = "model: " + model};
  if (family == Family::gemini) {
    const auto version = request.path.starts_with("/v1/") ? "v1" : "v1beta";
    return {.status = 404, .type = "NOT_FOUND",
            .message = fmt::format("models/{} is not found for API version {}, or is not supported for generateContent. Call ListModels to see the list of "
                                   "available models and their supported methods.", model, version)};
  }
  return {.status = 404, .type = "invalid_request_error", .code = "model_not_found", .message = fmt::format("The model `{}` does not exist or you do not have access to it.", model)};
}

std::optional<Refusal> missing(const Json& json, std::string_view key, Json::value_t kind, Family family) {
  const auto* value = base::find(json, key);
  if (value && !value->is_null()) {
    const bool fits = value->type() == kind || (kind == Json::value_t::number_integer && value->is_number_integer());
    if (fits) return std::nullopt;
    const auto want = kind == Json::value_t::string ? "a string" : kind == Json::value_t::array ? "an array" : "an integer";
    if (family == Family::anthropic) return bad(fmt::format("{}: Input should be a valid {}", key, kind == Json::value_t::array ? "list" : want + 2 + (want[1] == 'n')));
    return bad(fmt::format("Invalid type for '{}': expected {}, but got {} instead.", key, want, value->is_string() ? "a string" : value->is_object() ? "an object" : value->is_array() ? "an array" : "another type"),
               std::string(key), "invalid_type");
  }
  if (family == Family::anthropic) return bad(fmt::format("{}: Field required", key));
  if (key == "model") return bad("you must provide a model parameter");
  return bad(fmt::format("Missing required parameter: '{}'.", key), std::string(key), "missing_required_parameter");
}

std::optional<Refusal> empty_list(const Json& json, std::string_view key, Family family) {
  const auto* value = base::find(json, key);
  if (!value || !value->is_array() || !value->empty()) return std::nullopt;
  if (family == Family::anthropic) return bad("messages: at least one message is required");
  return bad(fmt::format("Invalid '{}': empty array. Expected an array with minimum length 1, but got an empty array instead.", key), std::string(key), "empty_array");
}

/// The members a call cannot do without.
std::optional<Refusal> members(const ProviderRequest& request, const Route& route) {
  // A plain body has a model and messages; Anthropic wants a limit too.
  if (request.plain && (route.call == Call::chat || (route.call == Call::messages && request.plain->tokens_max > 0))) return std::nullopt;
  const auto* tree = request.json();
  ASSERT(tree != nullptr);  // body_refusal has seen to it
  const auto& json = *tree;
  using kind = Json::value_t;
  std::optional<Refusal> refusal;
  const auto need = [&](std::string_view key, kind type) {
    if (!refusal) refusal = missing(json, key, type, route.family);
  };
  switch (route.call) {
    case Call::chat:
      if (request.model.empty() || json.contains("model")) need("model", kind::string);
      need("messages", kind::array);
      return refusal ? refusal : empty_list(json, "messages", route.family);
    case Call::responses:
    case Call::embeddings:
      if (request.model.empty() || json.contains("model")) need("model", kind::string);
      if (!refusal && route.call == Call::embeddings && !json.contains("input")) need("input", kind::string);
      if (!refusal && route.call == Call::responses && !json.contains("input") && !json.contains("prompt") && !json.contains("previous_response_id")) need("input", kind::string);
      return refusal;
    case Call::messages:
    case Call::count_tokens:
      need("model", kind::string);
      if (route.call == Call::messages) need("max_tokens", kind::number_integer);
      need("messages", kind::array);
      return refusal ? refusal : empty_list(json, "messages", route.family);
    case Call::generate: {
      const auto* contents = base::find(json, "contents");
      if (!contents || (contents->is_array() && contents->empty())) return bad("* GenerateContentRequest.contents: contents is not specified\n");
      return std::nullopt;
    }
    default: return std::nullopt;
  }
}

std::optional<Refusal> body_refusal(const ProviderRequest& request, const Route& route) {
  if (request.body.size() > kRequestBytesMax) {
    if (route.family == Family::anthropic) return Refusal{.status = 413, .type = "request_too_large", .message = "Request exceeds the maximum allowed number of bytes."};
    return Refusal{.status = 413, .type = "invalid_request_error", .code = "request_too_large", .message = "Request entity too large."};
  }
  const auto type = request.headers.get("content-type");
  if (!type.empty() && !base::icontains(type, "json")) {
    if (route.family == Family::openai) {
      return Refusal{.status = 415, .type = "invalid_request_error", .code = "unsupported_content_type",
                     .message = fmt::format("Unsupported content type: '{}'. This API method only accepts 'application/json' requests, but you specified the "
                                            "header 'Content-Type: {}'. Please try again with a supported content type.", base::printable(type, 100), base::printable(type, 100))};
    }
    if (route.family == Family::anthropic) return Refusal{.status = 415, .type = "invalid_request_error", .message = "Content-Type must be application/json"};
  }
  if (request.plain || (request.json() && request.json()->is_object())) return std::nullopt;
  if (route.family == Family::anthropic) return bad("The request body is not valid JSON: unexpected end of data");
  if (route.family == Family::gemini) return bad("Invalid JSON payload received. Unexpected token.");
  return bad("We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API "
             "expects a JSON payload, but what was sent was not valid JSON.)");
}

}  // namespace

Route route_of(const ProviderSpec& spec, const ProviderRequest& request) {
  Route route{.call = call_by_path(request.path)};
  const auto by_path = family_of(route.call);
  switch (spec.dialect) {
    case DialectKind::anthropic_messages: route.family = Family::anthropic; break;
    case DialectKind::gemini:
      // Gemini's own OpenAI-compatible endpoint lies under /v1beta/openai.
      route.family = request.path.find("/openai/") != std::string::npos ? Family::openai : Family::gemini;
      break;
    case DialectKind::any: route.family = by_path.value_or(family_by_headers(request)); break;
    default: route.family = Family::openai;
  }
  if (by_path && *by_path != route.family) route.call = Call::unknown;
  return route;
}

std::optional<Refusal> refusal_of(const ProviderSpec& spec, const ProviderRequest& request, const Route& route) {
  if (!base::bool_or(spec.options, "validate", true)) return std::nullopt;
  if (route.call == Call::unknown) return no_path(request, route.family);
  const bool reads = route.call == Call::models || route.call == Call::model;
  if (request.method != (reads ? "GET" : "POST")) return no_method(request, route.family);
  if (route.family == Family::anthropic) {
    const auto version = request.headers.get("anthropic-version");
    if (version.empty()) return bad("anthropic-version: header is required");
    if (version != "2023-06-01" && version != "2023-01-01" && version != "2026-10-21") {
      return bad(fmt::format("anthropic-version: \"{}\" is not a valid version. Please use \"2023-06-01\".", base::printable(version, 40)));
    }
  }
  if (route.call == Call::models) return std::nullopt;
  if (!reads) {
    if (auto refusal = body_refusal(request, route)) return refusal;
    if (auto refusal = members(request, route)) {
      // FastAPI servers answer 422 where OpenAI answers 400.
      if (spec.personality == "mistral") refusal->status = 422;
      return refusal;
    }
  }
  if (!known(spec, request.model)) return no_model(request, route.family);
  return std::nullopt;
}

}  // namespace simulator
