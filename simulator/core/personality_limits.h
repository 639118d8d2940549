// The rate-limit headers of each provider, from the numbers of one window. Pure; inside simulator/core only.
#pragma once

#include <string_view>

#include "base/headers.h"
#include "base/time.h"

namespace simulator {

struct WindowNow {
  std::string_view word;  ///< "requests" or "tokens"
  std::int64_t limit = 0;
  std::int64_t remaining = 0;
  base::Duration full_in{0};
};

/// Adds nothing for providers that send none (Gemini, DeepSeek, local servers).
void add_limit_headers(base::Headers& headers, std::string_view personality, const WindowNow& window, base::WallTime wall);

/// As Go prints a duration: "174ms", "1.5s", "6m0s", "1h0m0s". Milliseconds are the finest unit.
std::string go_duration(base::Duration duration);

}  // namespace simulator
