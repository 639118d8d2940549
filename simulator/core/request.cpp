#include "simulator/core/request.h"

#include "base/text.h"

namespace simulator {
namespace {

std::string_view query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') return pair.substr(name.size() + 1);
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return {};
}

/// "…/models/gemini-2.5-pro:streamGenerateContent" and "/openai/deployments/D/…".
std::string model_in_path(std::string_view path) {
  if (const auto at = path.find("/deployments/"); at != std::string_view::npos) {
    const auto rest = path.substr(at + 13);
    return std::string(rest.substr(0, rest.find('/')));
  }
  if (const auto at = path.rfind("/models/"); at != std::string_view::npos) {
    const auto rest = path.substr(at + 8);
    return std::string(rest.substr(0, rest.find(':')));
  }
  return {};
}

}  // namespace

std::string credential_of(const ProviderRequest& request) {
  if (const auto value = request.headers.find("authorization")) {
    constexpr std::string_view kBearer = "Bearer ";
    if (value->size() > kBearer.size() && base::iequals(value->substr(0, kBearer.size()), kBearer)) {
      return std::string(base::trim(value->substr(kBearer.size())));
    }
  }
  for (const auto* name : {"x-api-key", "api-key", "x-goog-api-key"}) {
    if (const auto value = request.headers.find(name); value && !value->empty()) return std::string(*value);
  }
  return std::string(query_value(request.query, "key"));
}

void interpret(ProviderRequest& request) {
  request.secret = credential_of(request);
  request.model = model_in_path(request.path);
  if (!request.body.empty()) request.json = base::parse_wire_json(request.body);
  if (request.json && request.json->is_object()) {
    const auto& json = *request.json;
    if (request.model.empty()) request.model = base::string_or(json, "model");
    request.stream = base::bool_or(json, "stream", false);
    for (const auto* key : {"user", "metadata.user_id", "prompt_cache_key"}) {
      const auto* value = base::find_path(json, key);
      if (value && value->is_string() && request.session.empty()) request.session = value->get<std::string>();
    }
  }
  if (request.path.ends_with(":streamGenerateContent")) request.stream = true;
  if (request.session.empty()) request.session = request.headers.get("x-session-id");
}

}  // namespace simulator
