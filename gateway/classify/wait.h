// How long a provider asks to wait: one parser for every dialect's headers, bodies and sentences. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/headers.h"
#include "base/time.h"
#include "gateway/classify/body.h"

namespace gateway {

/// `now` of zero means unknown: dates are then measured from the reply's Date header, or ignored.
struct WaitSources {
  const base::Headers* headers = nullptr;
  std::span<const std::pair<WaitKey, std::string>> body;
  std::string_view lower_text;            ///< the messages, lower case
  base::WallTime now;
  base::Duration zone{0};                 ///< of dates without one (z.ai writes Beijing time)
  bool windows = false;                   ///< rate-limit headers count, and sentences about resets
};

/// The wait, never negative, never clamped. retry-after-ms, retry-after, the body, exhausted windows, the sentence: the first that
/// says something usable decides. Garbage is as good as nothing.
std::optional<base::Duration> wait_of(const WaitSources& sources);

/// Retry-After (RFC 9110, 10.2.3): seconds, also with a fraction; an HTTP-date; and what is sent in its place: Go durations, epochs.
std::optional<base::Duration> parse_retry_after(std::string_view value, base::WallTime now);
/// x-ratelimit-reset-*, anthropic-ratelimit-*-reset, …: Go durations ("6m0s", "120ms"), seconds, epoch s or ms, RFC 3339.
std::optional<base::Duration> parse_reset(std::string_view value, base::WallTime now, base::Duration zone = base::Duration{0});
/// "try again in 20s", "retry after 5 seconds", "resets in 4hr 5min", "resets at 2026-05-15T15:00:00Z", … in lower case.
std::optional<base::Duration> parse_wait_text(std::string_view lower_text, base::WallTime now, base::Duration zone);
/// The longest reset among the windows that are used up (remaining 0, or status "rejected").
std::optional<base::Duration> exhausted_window(const base::Headers& headers, base::WallTime now);

}  // namespace gateway
