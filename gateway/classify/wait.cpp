#include "gateway/classify/wait.h"

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace gateway {
namespace {

using base::Duration;
using base::WallTime;
using namespace std::chrono_literals;

// A number above it is an epoch, not a length: 1e9 s are 31 years, 1e12 ms are 2001.
constexpr double kEpochSeconds = 1e9;
constexpr double kEpochMilliseconds = 1e12;

Duration not_negative(Duration wait) { return std::max(wait, Duration{0}); }

std::optional<Duration> until(WallTime at, WallTime now) {
  if (now.since_epoch == Duration{0}) return {};
  return not_negative(at - now);
}

std::optional<Duration> from_number(double number, WallTime now) {
  if (number >= kEpochMilliseconds) return until(WallTime{base::from_seconds(number / 1000)}, now);
  if (number >= kEpochSeconds) return until(WallTime{base::from_seconds(number)}, now);
  return not_negative(base::from_seconds(number));
}

/// A date and a time in one token or two: "2026-03-06 22:19:54", "2026-08-01 at 00:00 utc", RFC 3339.
std::optional<WallTime> parse_date(std::string_view text, Duration zone) {
  text = base::trim(text);
  std::string copy(text.substr(0, 40));
  for (auto& c : copy) c = c == 't' ? 'T' : c == 'z' ? 'Z' : c;
  if (copy.size() < 16 || copy[4] != '-' || copy[7] != '-') return {};
  if (copy.compare(10, 4, " aT ") == 0) copy.replace(10, 4, "T");
  std::size_t end = 11;
  while (end < copy.size() && (copy[end] == ':' || copy[end] == '.' || (copy[end] >= '0' && copy[end] <= '9'))) ++end;
  std::string core = copy.substr(0, end);
  while (!core.empty() && core.back() == '.') core.pop_back();  // the end of the sentence
  if (core.size() == 16) core += ":00";
  const auto rest = std::string_view(copy).substr(end);
  bool zoned = false;
  if (rest.starts_with("Z") || base::lower(rest).starts_with(" utc") || base::lower(rest).starts_with(" gmt")) {
    zoned = true;
  } else if (rest.size() >= 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':') {
    core += rest.substr(0, 6);
    zoned = true;
  }
  const auto at = base::parse_rfc3339(core);
  if (!at) return {};
  return zoned ? *at : *at + (-zone);
}

struct TextUnit {
  std::string_view name;
  Duration size;
};
// Longest first: "min" before "m", "ms" before "m".
constexpr TextUnit kTextUnits[] = {
    {"milliseconds", 1ms}, {"millisecond", 1ms}, {"seconds", 1s}, {"minutes", 1min}, {"second", 1s}, {"minute", 1min},
    {"hours", 1h}, {"weeks", 24h * 7}, {"hour", 1h}, {"secs", 1s}, {"mins", 1min}, {"days", 24h}, {"week", 24h * 7}, {"sec", 1s},
    {"min", 1min}, {"hrs", 1h}, {"day", 24h}, {"hr", 1h}, {"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}, {"d", 24h},
};

/// "9m38.016s", "5 hours", "4hr 5min", "an hour", "30" (seconds): from the start of `text`.
std::optional<Duration> spoken_duration(std::string_view text) {
  text = text.substr(text.find_first_not_of(" :~\"'") == std::string_view::npos ? text.size() : text.find_first_not_of(" :~\"'"));
  for (const std::string_view filler : {"about ", "approximately ", "another ", "at least "}) {
    if (text.starts_with(filler)) text.remove_prefix(filler.size());
  }
  double total = 0;
  bool any = false;
  while (true) {
    double number = 0;
    if (!any && (text.starts_with("an ") || text.starts_with("a "))) {
      number = 1;
      text.remove_prefix(text.find(' '));
    } else {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
      if (error != std::errc{} || !std::isfinite(number) || number < 0) break;
      text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    }
    auto rest = text.starts_with(' ') ? text.substr(1) : text;
    const TextUnit* unit = nullptr;
    for (const auto& candidate : kTextUnits) {
      if (!rest.starts_with(candidate.name)) continue;
      const char after = rest.size() > candidate.name.size() ? rest[candidate.name.size()] : ' ';
      if (after >= 'a' && after <= 'z') continue;
      unit = &candidate;
      break;
    }
    if (!unit) {
      // A bare number is seconds, but "in 3 requests" is no wait: only the end of the text or of the sentence may follow.
      const char after = rest.empty() ? ' ' : rest.front();
      if (!any && (rest.empty() || after == '.' || after == ',' || after == '\n' || after == ')')) return base::from_seconds(number);
      break;
    }
    total += number * base::seconds(unit->size);
    any = true;
    text = rest.substr(unit->name.size());
    for (const std::string_view glue : {", ", " and ", " "}) {
      if (text.starts_with(glue)) { text.remove_prefix(glue.size()); break; }
    }
  }
  if (!any) return {};
  return base::from_seconds(total);
}

struct Anchor {
  std::string_view words;
  bool date;  ///< a date may follow; otherwise a length
};
constexpr Anchor kAnchors[] = {
    {"try again in", false}, {"try again after", false}, {"retry in", false}, {"retry after", false}, {"resets in", false},
    {"reset in", false}, {"reset after", false}, {"resets after", false}, {"available in", false}, {"available again in", false},
    {"please wait", false}, {"wait for", false}, {"quotaresetdelay:", false}, {"retry-after:", false}, {"resets at", true},
    {"reset at", true}, {"reset on", true}, {"resets on", true}, {"regain access on", true}, {"available at", true}, {"until", true},
    {"try again at", true},
};

std::optional<double> number_of(std::string_view text) { return base::parse_number(base::trim(text)); }

std::optional<Duration> body_wait(const WaitSources& sources, WallTime now) {
  for (const auto& [key, text] : sources.body) {
    std::optional<Duration> wait;
    const auto number = number_of(text);
    switch (key) {
      case WaitKey::seconds: wait = number ? from_number(*number, now) : base::parse_duration(text); break;
      case WaitKey::milliseconds:
        if (number) wait = base::from_seconds(*number / 1000);
        break;
      case WaitKey::duration: wait = number ? from_number(*number, now) : base::parse_duration(text); break;
      case WaitKey::instant: wait = parse_reset(text, now, sources.zone); break;
    }
    if (wait) return not_negative(*wait);
  }
  return {};
}

}  // namespace

std::optional<Duration> parse_retry_after(std::string_view value, WallTime now) {
  value = base::trim(value);
  if (const auto number = base::parse_number(value)) return from_number(*number, now);
  if (const auto date = base::parse_http_date(value)) return until(*date, now);
  return parse_reset(value, now);
}

std::optional<Duration> parse_reset(std::string_view value, WallTime now, Duration zone) {
  value = base::trim(value);
  if (value.empty() || value.size() > 64) return {};
  if (const auto number = base::parse_number(value)) return from_number(*number, now);
  if (const auto length = base::parse_duration(value)) return not_negative(*length);
  if (const auto date = parse_date(value, zone)) return until(*date, now);
  if (const auto date = base::parse_http_date(value)) return until(*date, now);
  return {};
}

std::optional<Duration> parse_wait_text(std::string_view lower_text, WallTime now, Duration zone) {
  for (const auto& anchor : kAnchors) {
    for (auto at = lower_text.find(anchor.words); at != std::string_view::npos; at = lower_text.find(anchor.words, at + 1)) {
      const auto rest = lower_text.substr(at + anchor.words.size(), 80);
      if (!anchor.date) {
        if (const auto wait = spoken_duration(rest)) return wait;
      } else if (const auto date = parse_date(rest, zone)) {
        if (const auto wait = until(*date, now)) return wait;
      }
    }
  }
  return {};
}

std::optional<Duration> exhausted_window(const base::Headers& headers, WallTime now) {
  std::optional<Duration> longest;
  const auto consider = [&](const std::string& name) {
    const auto value = headers.find(name);
    const auto wait = value ? parse_reset(*value, now) : std::nullopt;
    if (wait && (!longest || *wait > *longest)) longest = wait;
  };
  for (const auto& [raw_name, value] : headers.list) {
    if (raw_name.size() > 64) continue;
    const auto name = base::lower(raw_name);
    if (name.find("limit") == std::string::npos) continue;
    if (const auto at = name.find("remaining"); at != std::string::npos) {
      const auto left = number_of(value);
      // "x-ratelimit-remaining-tokens" → "x-ratelimit-reset-tokens"; "anthropic-ratelimit-tokens-remaining" → "…-reset".
      if (left && *left <= 0) consider(name.substr(0, at) + "reset" + name.substr(at + 9));
    } else if (name.ends_with("-status") && base::iequals(base::trim(value), "rejected")) {
      consider(name.substr(0, name.size() - 6) + "reset");
    }
  }
  return longest;
}

std::optional<Duration> wait_of(const WaitSources& sources) {
  const auto& headers = *sources.headers;
  auto now = sources.now;
  if (now.since_epoch == Duration{0}) {
    if (const auto date = headers.find("date")) now = base::parse_http_date(*date).value_or(WallTime{});
  }
  if (!headers.list.empty()) {
    if (const auto value = headers.find("retry-after-ms")) {
      if (const auto number = number_of(*value)) return not_negative(base::from_seconds(*number / 1000));
    }
    if (const auto value = headers.find("retry-after")) {
      if (const auto wait = parse_retry_after(*value, now)) return wait;
    }
  }
  if (const auto wait = body_wait(sources, now)) return wait;
  if (!sources.windows) return {};
  if (!headers.list.empty()) {
    if (const auto wait = exhausted_window(headers, now)) return wait;
  }
  return parse_wait_text(sources.lower_text, now, sources.zone);
}

}  // namespace gateway
