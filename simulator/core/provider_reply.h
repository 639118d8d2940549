// What a healthy provider answers, and how it words its errors, by dialect and personality.
#pragma once

#include <optional>

#include "simulator/core/providers_loader.h"
#include "simulator/core/request.h"
#include "simulator/core/wire_plan.h"

namespace simulator {

struct ReplyContext {
  std::uint64_t seed = 0;
  base::WallTime wall{};  ///< for `created` and `date`
};

/// The reply of a healthy provider to this request: content from the script or made up from the request, the same for
/// the same request and seed. A request the provider refuses (unknown path, bad JSON, unknown model) gets its refusal.
HealthyReply make_healthy_reply(const ProviderSpec& spec, const ProviderRequest& request, const ReplyScript& script,
                                const ReplyContext& context);

struct ErrorWords {
  int status = 500;
  std::string kind;          ///< the family: "402", "429", "429-billing", "401", "403-region", "404-model", "400-context", "500", "529", …
  std::string message;       ///< empty: the provider's own words
  std::optional<base::Duration> retry_after;
};
/// The error reply of this provider: status, headers and body as it words them.
HealthyReply error_reply(const ProviderSpec& spec, const ProviderRequest& request, const ErrorWords& words,
                         const ReplyContext& context);

/// The families error_reply knows.
std::span<const std::string_view> error_families();

}  // namespace simulator
