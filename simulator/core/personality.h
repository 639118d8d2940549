// How each provider words an error and names its headers. Data and envelopes; pure; inside simulator/core only.
#pragma once

#include "simulator/core/dialect_route.h"

namespace simulator {

/// The provider's own words for an error family ("402", "429-billing", …); unknown families are "500".
Refusal words_of_family(const ProviderSpec& spec, const ProviderRequest& request, const Route& route, std::string_view family);

/// The refusal in the envelope of the personality, with its headers.
HealthyReply wrap_refusal(const ProviderSpec& spec, const ProviderRequest& request, const Route& route, const Refusal& refusal,
                          std::optional<base::Duration> retry_after, const ReplyContext& context);

/// Request id, server and what else the provider sends with every answer.
void add_identity_headers(base::Headers& headers, const ProviderSpec& spec, const Route& route, const ProviderRequest& request, const ReplyContext& context);

}  // namespace simulator
