#include "simulator/core/personality_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace simulator {

std::string go_duration(base::Duration duration) {
  const auto all = base::milliseconds(duration);
  if (all == 0) return "0s";
  if (all < 1000) return fmt::format("{}ms", all);
  std::string seconds = fmt::format("{}", all / 1000 % 60);
  if (all % 1000 != 0) {
    seconds += fmt::format(".{:03}", all % 1000);
    while (seconds.back() == '0') seconds.pop_back();
  }
  const auto minutes = all / 60'000;
  if (minutes >= 60) return fmt::format("{}h{}m{}s", minutes / 60, minutes % 60, seconds);
  return minutes > 0 ? fmt::format("{}m{}s", minutes, seconds) : seconds + "s";
}

void add_limit_headers(base::Headers& headers, std::string_view personality, const WindowNow& window, base::WallTime wall) {
  constexpr std::array<std::string_view, 7> kSilent{"gemini", "vertex", "deepseek", "vllm", "ollama", "lmstudio", "llama.cpp"};
  if (std::find(kSilent.begin(), kSilent.end(), personality) != kSilent.end()) return;
  const auto limit = std::to_string(window.limit), remaining = std::to_string(window.remaining);
  if (personality == "anthropic") {
    headers.add(fmt::format("anthropic-ratelimit-{}-limit", window.word), limit);
    headers.add(fmt::format("anthropic-ratelimit-{}-remaining", window.word), remaining);
    headers.add(fmt::format("anthropic-ratelimit-{}-reset", window.word), base::format_rfc3339(wall + window.full_in));
    return;
  }
  if (personality == "openrouter") {
    // Requests only, and the reset is a point in time in milliseconds.
    if (window.word != "requests") return;
    headers.add("X-RateLimit-Limit", limit);
    headers.add("X-RateLimit-Remaining", remaining);
    headers.add("X-RateLimit-Reset", std::to_string(base::milliseconds((wall + window.full_in).since_epoch)));
    return;
  }
  headers.add(fmt::format("x-ratelimit-limit-{}", window.word), limit);
  headers.add(fmt::format("x-ratelimit-remaining-{}", window.word), remaining);
  headers.add(fmt::format("x-ratelimit-reset-{}", window.word), go_duration(window.full_in));
}

}  // namespace simulator
