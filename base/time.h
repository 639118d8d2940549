// Time with units. Nothing here reads a clock: `now` is always an argument of pure code.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

using namespace std::chrono_literals;

/// A length of time, in nanoseconds (292 years either way).
using Duration = std::chrono::nanoseconds;
inline constexpr Duration kForever = Duration::max();

/// A point on the monotonic clock of one run. `Instant{0s}` is the run's beginning in tests and the virtual
/// world, the machine's boot in the live one.
struct Instant {
  Duration since_start{0};
  auto operator<=>(const Instant&) const = default;
};
inline constexpr Instant kNever{Duration::max()};

/// Saturates at kNever instead of overflowing.
constexpr Instant operator+(Instant at, Duration by) {
  if (at == kNever || by == kForever || (by > 0ns && at.since_start > Duration::max() - by)) return kNever;
  return Instant{at.since_start + by};
}
constexpr Instant operator-(Instant at, Duration by) { return Instant{at.since_start - by}; }
constexpr Duration operator-(Instant a, Instant b) {
  if (a == kNever) return kForever;
  return a.since_start - b.since_start;
}

/// A point of civil time: nanoseconds since 1970-01-01 UTC. For Retry-After dates, stored deadlines and logs only.
struct WallTime {
  Duration since_epoch{0};
  auto operator<=>(const WallTime&) const = default;
};
constexpr WallTime operator+(WallTime at, Duration by) { return WallTime{at.since_epoch + by}; }
constexpr Duration operator-(WallTime a, WallTime b) { return a.since_epoch - b.since_epoch; }

constexpr double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
constexpr std::int64_t milliseconds(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}
/// Rounds to the nearest nanosecond; clamps to +-kForever; NaN is zero.
Duration from_seconds(double value);

/// "250ms", "1.5s", "1m30s", "2h", "7d", "10us", "90" is refused: a duration carries its unit.
/// Units: ns us ms s m min h d. nullopt when it does not parse or overflows.
std::optional<Duration> parse_duration(std::string_view text);

/// The shortest text that parse_duration reads back: "1m30s", "250ms", "1.5s", "0s".
std::string format_duration(Duration d);
/// For people: "1.84 s", "312 ms", "2 min 5 s", "3 h".
std::string human_duration(Duration d);

/// RFC 3339, UTC, milliseconds: "2026-11-23T20:48:00.123Z".
std::string format_rfc3339(WallTime at);
/// RFC 3339 with any offset and any fraction; nullopt when it is none.
std::optional<WallTime> parse_rfc3339(std::string_view text);
/// RFC 9110 section 5.6.7 (all three forms); nullopt when it is none.
std::optional<WallTime> parse_http_date(std::string_view text);
/// IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string format_http_date(WallTime at);

}  // namespace base
