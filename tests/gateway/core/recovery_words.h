// Words that the tests of the recovery rules share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/core/rig.h"

namespace gateway::test {

using testing::ElementsAre;
using testing::HasSubstr;

inline const std::string kRateLimit = openai_error("rate_limit_error", "Rate limit reached", "rate_limit_exceeded");
inline const std::string kBilling = openai_error("insufficient_quota", "You have no credits left", "insufficient_quota");
inline const std::string kServerError = openai_error("server_error", "The server had an error");
inline const std::string kOverflow = openai_error("invalid_request_error", "This model's maximum context length is 8192 tokens", "context_length_exceeded");

inline base::Headers retry_after(const std::string& value) { return {{{"retry-after", value}}}; }

inline base::Duration gap(const Rig& rig, std::size_t i) { return rig.started.at(i) - rig.started.at(i - 1); }

}  // namespace gateway::test
