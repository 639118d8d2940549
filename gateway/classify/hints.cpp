// The hint table: the exact sentences people see, and which reason shows which. Knows nothing of dialects.
#include "gateway/classify/classify.h"

namespace gateway {
namespace {

struct HintText {
  HintId id;
  std::string_view text;
};

// The texts are a contract, byte for byte: scenarios and checks compare with them.
constexpr std::array<HintText, 20> kHints{{
    {HintId::none, ""},
    {HintId::auth, "Check your API key or sign in again to refresh its credentials."},
    {HintId::billing, "Your API balance or quota is exhausted. Check your provider dashboard."},
    {HintId::rate_limit, "You are being rate-limited. Please wait a moment and try again."},
    {HintId::usage_limit_reset, "Your plan's usage limit has been reached. It resets in ~{}."},
    {HintId::overloaded, "The API is temporarily overloaded. Please try again shortly."},
    {HintId::rejected, "The request was rejected by the API."},
    {HintId::context_overflow,
     "The conversation is too large for the model's context window. Start a new session or shorten it."},
    {HintId::server_error, "The provider had an internal error. Please try again shortly."},
    {HintId::forbidden, "The provider refused this key or region. Check the key's permissions."},
    {HintId::model_not_found, "The model is not available at this provider. Check the model name and your plan."},
    {HintId::timeout, "The provider did not answer in time. Please try again shortly."},
    {HintId::payload_too_large, "The request is too large for the provider. Shorten it or remove attachments."},
    {HintId::content_policy, "The provider's safety system declined this request. Rephrase it."},
    {HintId::unreachable, "The provider cannot be reached. Check its address and your network."},
    {HintId::certificate,
     "The provider's certificate could not be verified. Check its address and the system's certificates."},
    {HintId::stream_cut, "The answer was cut off by the provider. Please try again."},
    {HintId::draining, "The gateway is restarting. Please retry in a moment."},
    {HintId::caller_auth, "The gateway does not know this key. Check the key your client sends to the gateway."},
    {HintId::gateway_limit, "The gateway is at one of its limits. Please try again shortly."},
}};
static_assert([] {
  for (std::size_t i = 0; i < kHints.size(); ++i) {
    if (static_cast<std::size_t>(kHints[i].id) != i) return false;
  }
  return true;
}(), "the table is indexed by id");

/// Rounded up: nobody should come back a minute early. "5h", "12 min".
std::string about(base::Duration reset) {
  using namespace std::chrono_literals;
  const auto units = [&](base::Duration unit) { return std::max<std::int64_t>(1, (reset + unit - 1ns) / unit); };
  return reset < 1h ? fmt::format("{} min", units(1min)) : fmt::format("{}h", units(1h));
}

}  // namespace

std::string hint_text(HintId id, std::optional<base::Duration> reset) {
  if (id == HintId::usage_limit_reset) {
    // Without a reset there is nothing to promise; beyond a year the figure is a provider's slip.
    constexpr base::Duration kBelievable = std::chrono::hours{24 * 366};
    if (!reset || *reset <= base::Duration{0} || *reset > kBelievable) id = HintId::rate_limit;
    else return fmt::format("Your plan's usage limit has been reached. It resets in ~{}.", about(*reset));
  }
  const auto index = static_cast<std::size_t>(id);
  return index < kHints.size() ? std::string(kHints[index].text) : std::string();
}

HintId hint_of(Reason reason) {
  switch (reason) {
    case Reason::none: return HintId::none;
    case Reason::billing: return HintId::billing;
    case Reason::rate_limit:
    case Reason::upstream_rate_limit: return HintId::rate_limit;
    case Reason::overloaded: return HintId::overloaded;
    case Reason::server_error:
    case Reason::empty_response:
    case Reason::unknown: return HintId::server_error;
    case Reason::timeout: return HintId::timeout;
    case Reason::network: return HintId::unreachable;
    case Reason::auth:
    case Reason::auth_permanent: return HintId::auth;
    case Reason::model_not_found: return HintId::model_not_found;
    case Reason::context_overflow:
    case Reason::long_context_tier: return HintId::context_overflow;
    case Reason::payload_too_large:
    case Reason::image_too_large: return HintId::payload_too_large;
    case Reason::content_policy_blocked: return HintId::content_policy;
    case Reason::provider_policy_blocked: return HintId::forbidden;
    case Reason::ssl_cert_verification: return HintId::certificate;
    case Reason::format_error:
    case Reason::thinking_signature:
    case Reason::invalid_encrypted_content:
    case Reason::multimodal_tool_content_unsupported:
    case Reason::llama_cpp_grammar_pattern:
    case Reason::caller_fault: return HintId::rejected;
    case Reason::stream_cut: return HintId::stream_cut;
    case Reason::draining: return HintId::draining;
    case Reason::caller_auth: return HintId::caller_auth;
    case Reason::limit: return HintId::gateway_limit;
  }
  return HintId::none;
}

}  // namespace gateway
