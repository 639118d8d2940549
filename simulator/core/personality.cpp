#include "simulator/core/personality.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/random.h"
#include "base/text.h"

namespace simulator {
namespace {

using base::Json;

enum class Envelope { openai, flat, string_error, xai, anthropic, gemini, numeric_code, azure, page, detail };

Envelope envelope_of(const std::string& personality, Family family) {
  if (personality == "cloudflare" || personality == "nginx") return Envelope::page;
  if (family == Family::anthropic) return Envelope::anthropic;
  if (family == Family::gemini) return Envelope::gemini;
  if (personality == "openrouter" || personality == "gemini") return Envelope::numeric_code;
  if (personality == "azure") return Envelope::azure;
  if (personality == "mistral") return Envelope::flat;
  if (personality == "xai") return Envelope::xai;
  if (personality == "generic-proxy") return Envelope::detail;
  return Envelope::openai;
}

std::string_view gemini_status(int status) {
  switch (status) {
    case 400: return "INVALID_ARGUMENT";
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 402:
    case 429: return "RESOURCE_EXHAUSTED";
    case 503:
    case 529: return "UNAVAILABLE";
    case 408:
    case 504: return "DEADLINE_EXCEEDED";
    default: return status < 500 ? "FAILED_PRECONDITION" : "INTERNAL";
  }
}

std::string page(const Refusal& refusal, const std::string& server) {
  const auto phrase = reason_phrase(refusal.status);
  return fmt::format("<html>\n<head><title>{0} {1}</title></head>\n<body>\n<center><h1>{0} {1}</h1></center>\n<hr><center>{2}</center>\n</body>\n</html>\n", refusal.status,
                     phrase, server);
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json gemini_body(const Refusal& refusal, std::optional<base::Duration> retry_after) {
  Json error{{"code", refusal.status}, {"message", refusal.message}, {"status", gemini_status(refusal.status)}};
  if (refusal.code == "API_KEY_INVALID") {
    error["details"].push_back({{"@type", "type.googleapis.com/google.rpc.ErrorInfo"}, {"reason", "API_KEY_INVALID"}, {"domain", "googleapis.com"}});
  }
  // Gemini says how long to wait in the body only.
  if (retry_after) {
    error["details"].push_back({{"@type", "type.googleapis.com/google.rpc.RetryInfo"}, {"retryDelay", fmt::format("{}s", (base::milliseconds(*retry_after) + 999) / 1000)}});
  }
  return {{"error", std::move(error)}};
}

void append_member(std::string& out, std::string_view key, const std::string& value) {
  out += key;
  if (value.empty()) out += "null";
  else base::append_json_string(out, value);
}

// The two commonest are written as text: a fault is answered as fast as anything else.

/// vLLM repeats the status as a number.
std::string openai_body(const Refusal& refusal, bool status_as_code) {
  std::string out = R"({"error":{"message":)";
  out.reserve(refusal.message.size() + 128);
  base::append_json_string(out, refusal.message);
  out += R"(,"type":)";
  base::append_json_string(out, refusal.type);
  append_member(out, R"(,"param":)", refusal.param);
  if (status_as_code) base::append_json_integer(out += R"(,"code":)", refusal.status);
  else append_member(out, R"(,"code":)", refusal.code);
  return out += "}}";
}

std::string anthropic_body(const Refusal& refusal, std::string_view request_id) {
  std::string out = R"({"type":"error","error":{"type":)";
  out.reserve(refusal.message.size() + 128);
  base::append_json_string(out, refusal.type);
  base::append_json_string(out += R"(,"message":)", refusal.message);
  base::append_json_string(out += R"(},"request_id":)", request_id);
  return out += '}';
}

std::string body_of(Envelope envelope, const ProviderSpec& spec, const Refusal& refusal, std::optional<base::Duration> retry_after, const std::string& request_id) {
  switch (envelope) {
    case Envelope::anthropic: return anthropic_body(refusal, request_id);
    case Envelope::gemini: return base::dump(gemini_body(refusal, retry_after));
    case Envelope::numeric_code: return base::dump(Json{{"error", {{"message", refusal.message}, {"code", refusal.status}}}});
    case Envelope::azure: return base::dump(Json{{"error", {{"code", refusal.code.empty() ? std::to_string(refusal.status) : refusal.code}, {"message", refusal.message}}}});
    case Envelope::flat:
      return base::dump(Json{{"object", "error"}, {"message", refusal.message}, {"type", refusal.type}, {"param", text_or_null(refusal.param)},
                             {"code", text_or_null(refusal.code)}, {"raw_status_code", refusal.status}});
    case Envelope::xai: return base::dump(Json{{"code", refusal.type}, {"error", refusal.message}});
    case Envelope::string_error: return base::dump(Json{{"error", refusal.message}});
    case Envelope::detail: return base::dump(Json{{"detail", refusal.message}});
    case Envelope::page: return page(refusal, spec.personality);
    case Envelope::openai: break;
  }
  return openai_body(refusal, spec.personality == "vllm");
}

std::string request_id_of(Family family, const ProviderRequest& request, const ReplyContext& context) {
  const auto number = base::hash_mix({context.seed, request.attempt, 1});
  std::string out = family == Family::anthropic ? "req_011C" : "req_";
  base::append_hex(out, number);
  return out;
}

}  // namespace

void add_identity_headers(base::Headers& headers, const ProviderSpec& spec, const Route& route, const ProviderRequest& request, const ReplyContext& context) {
  const auto number = base::hash_mix({context.seed, request.attempt, 1});
  if (spec.personality == "cloudflare") headers.add("server", "cloudflare");
  if (spec.personality == "nginx") headers.add("server", "nginx");
  if (spec.personality == "cloudflare" || spec.personality == "openrouter") headers.add("cf-ray", fmt::format("{:016x}-FRA", number));
  if (route.family == Family::anthropic) {
    headers.add("request-id", request_id_of(route.family, request, context));
    headers.add("anthropic-organization-id", "00000000-0000-4000-8000-000000000000");
  } else if (route.family == Family::openai) {
    headers.add("x-request-id", request_id_of(route.family, request, context));
    if (spec.personality == "openai") {
      headers.add("openai-organization", "org-sim");
      headers.add("openai-version", "2020-10-01");
      headers.add("openai-processing-ms", "12");
    }
    if (spec.personality == "azure") headers.add("apim-request-id", fmt::format("{:016x}", number));
  }
}

HealthyReply wrap_refusal(const ProviderSpec& spec, const ProviderRequest& request, const Route& route, const Refusal& refusal,
                          std::optional<base::Duration> retry_after, const ReplyContext& context) {
  HealthyReply reply{.status = refusal.status};
  const auto envelope = envelope_of(spec.personality, route.family);
  reply.headers.add("content-type", envelope == Envelope::page ? "text/html" : "application/json");
  add_identity_headers(reply.headers, spec, route, request, context);
  if (refusal.status == 405 && route.family == Family::openai) reply.headers.add("allow", "POST");
  if (retry_after && envelope != Envelope::gemini) {
    const auto ms = base::milliseconds(*retry_after);
    reply.headers.add("retry-after", fmt::format("{}", (ms + 999) / 1000));
    if (spec.personality == "azure") reply.headers.add("retry-after-ms", std::to_string(ms));
  }
  reply.parts.push_back(body_of(envelope, spec, refusal, retry_after, request_id_of(route.family, request, context)));
  return reply;
}

}  // namespace simulator
