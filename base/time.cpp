#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/text.h"

namespace base {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
// "m" is minutes, as in systemd.time(7) and Go; "ms" must be tried first, hence the longest name wins below.
constexpr std::array<Unit, 9> kUnits{{{"ns", 1},
                                      {"us", 1'000},
                                      {"ms", 1'000'000},
                                      {"min", 60'000'000'000},
                                      {"s", 1'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"h", 3'600'000'000'000},
                                      {"d", 86'400'000'000'000},
                                      {"w", 604'800'000'000'000}}};

const Unit* unit_at(std::string_view text) {
  const Unit* best = nullptr;
  for (const auto& unit : kUnits) {
    if (text.substr(0, unit.name.size()) == unit.name && (!best || unit.name.size() > best->name.size())) {
      best = &unit;
    }
  }
  return best;
}

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct Civil {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

std::optional<WallTime> from_civil(const Civil& c, Duration fraction, Duration offset) {
  using namespace std::chrono;
  const year_month_day date{year{c.year}, month{static_cast<unsigned>(c.month)}, day{static_cast<unsigned>(c.day)}};
  if (!date.ok() || c.hour > 23 || c.minute > 59 || c.second > 60 || c.year < 1900 || c.year > 2200) return {};
  const auto at = sys_days{date}.time_since_epoch() + hours{c.hour} + minutes{c.minute} + std::chrono::seconds{c.second};
  return WallTime{duration_cast<Duration>(at) + fraction - offset};
}

Civil to_civil(WallTime at) {
  using namespace std::chrono;
  const auto whole = floor<std::chrono::seconds>(at.since_epoch);
  const auto days_part = floor<days>(whole);
  const year_month_day date{sys_days{days_part}};
  const hh_mm_ss time{whole - days_part};
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(time.hours().count()),
          static_cast<int>(time.minutes().count()),
          static_cast<int>(time.seconds().count())};
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return {};
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return {};
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

int month_number(std::string_view name) {
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (iequals(kMonths[i], name)) return static_cast<int>(i) + 1;
  }
  return 0;
}

}  // namespace

Duration from_seconds(double value) {
  if (std::isnan(value)) return Duration{0};
  const double ns = value * 1e9;
  if (ns >= 9.2e18) return kForever;
  if (ns <= -9.2e18) return -kForever;
  return Duration{static_cast<std::int64_t>(std::llround(ns))};
}

std::optional<Duration> parse_duration(std::string_view text) {
  text = trim(text);
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty()) return {};
  double total = 0;
  std::int64_t exact = 0;
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || text.front() == '-') return {};
    const std::string_view digits_part = text.substr(0, static_cast<std::size_t>(end - text.data()));
    text.remove_prefix(digits_part.size());
    const Unit* unit = unit_at(text);
    if (!unit) return {};
    text.remove_prefix(unit->name.size());
    const double add = number * static_cast<double>(unit->nanoseconds);
    total += add;
    if (!(total < 9.2e18)) return {};
    exact += static_cast<std::int64_t>(std::llround(add));
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  }
  return Duration{negative ? -exact : exact};
}

std::string format_duration(Duration d) {
  if (d == kForever) return "forever";
  if (d < 0ns) return "-" + format_duration(-d);
  if (d == 0ns) return "0s";
  const auto ns = d.count();
  if (ns < 1'000) return fmt::format("{}ns", ns);
  if (ns < 1'000'000) return ns % 1'000 == 0 ? fmt::format("{}us", ns / 1'000) : fmt::format("{}ns", ns);
  if (ns < 1'000'000'000) {
    return ns % 1'000'000 == 0 ? fmt::format("{}ms", ns / 1'000'000) : fmt::format("{}us", ns / 1'000);
  }
  std::string out;
  auto left = ns;
  for (const auto& [name, size] : {Unit{"d", 86'400'000'000'000}, Unit{"h", 3'600'000'000'000}, Unit{"m", 60'000'000'000}}) {
    if (left >= size) {
      out += fmt::format("{}{}", left / size, name);
      left %= size;
    }
  }
  if (left > 0) {
    if (left % 1'000'000'000 == 0) {
      out += fmt::format("{}s", left / 1'000'000'000);
    } else {
      auto fraction = fmt::format("{:.9f}", static_cast<double>(left) / 1e9);
      while (fraction.back() == '0') fraction.pop_back();
      out += fraction + "s";
    }
  }
  return out;
}

std::string human_duration(Duration d) {
  if (d == kForever) return "for ever";
  if (d < 0ns) return "-" + human_duration(-d);
  const double s = seconds(d);
  if (s < 0.0000005) return "0 s";
  if (s < 0.001) return fmt::format("{:.0f} us", s * 1e6);
  if (s < 1) return fmt::format("{:.0f} ms", s * 1e3);
  if (s < 60) {
    auto text = fmt::format("{:.2f}", s);
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text + " s";
  }
  const auto whole = static_cast<std::int64_t>(std::llround(s));
  if (whole < 3600) return whole % 60 ? fmt::format("{} min {} s", whole / 60, whole % 60) : fmt::format("{} min", whole / 60);
  if (whole < 172'800) return whole % 3600 / 60 ? fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60) : fmt::format("{} h", whole / 3600);
  return fmt::format("{} d", whole / 86'400);
}

std::string format_rfc3339(WallTime at) {
  const auto c = to_civil(at);
  auto ms = at.since_epoch.count() / 1'000'000 % 1'000;
  if (ms < 0) ms += 1'000;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", c.year, c.month, c.day, c.hour, c.minute, c.second, ms);
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  text = trim(text);
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || text.size() < 19) return {};
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' ||
      text[16] != ':') {
    return {};
  }
  text.remove_prefix(19);
  Duration fraction{0};
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    std::int64_t scale = 100'000'000;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      fraction += Duration{(text.front() - '0') * scale};
      scale /= 10;
      text.remove_prefix(1);
    }
  }
  Duration offset{0};
  if (text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':') {
    const auto h = digits(text, 1, 2), m = digits(text, 4, 2);
    if (!h || !m) return {};
    offset = std::chrono::hours{*h} + std::chrono::minutes{*m};
    if (text[0] == '-') offset = -offset;
  } else if (!text.empty() && text != "Z" && text != "z") {
    return {};
  }
  return from_civil({*year, *month, *day, *hour, *minute, *second}, fraction, offset);
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  const std::string copy{trim(text)};
  std::array<char, 32> day_name{};
  std::array<char, 4> month{};
  Civil c;
  // IMF-fixdate, then the two obsolete forms that RFC 9110 still requires a recipient to accept.
  if (std::sscanf(copy.c_str(), "%31[A-Za-z], %d %3s %d %d:%d:%d", day_name.data(), &c.day, month.data(), &c.year, &c.hour,
                  &c.minute, &c.second) == 7) {
  } else if (std::sscanf(copy.c_str(), "%31[A-Za-z], %d-%3[A-Za-z]-%d %d:%d:%d", day_name.data(), &c.day, month.data(),
                         &c.year, &c.hour, &c.minute, &c.second) == 7) {
    if (c.year < 100) c.year += c.year < 70 ? 2000 : 1900;
  } else if (std::sscanf(copy.c_str(), "%31[A-Za-z] %3s %d %d:%d:%d %d", day_name.data(), month.data(), &c.day, &c.hour,
                         &c.minute, &c.second, &c.year) != 7) {
    return {};
  }
  c.month = month_number(month.data());
  if (c.month == 0 || c.day < 1 || c.hour < 0 || c.minute < 0 || c.second < 0) return {};
  return from_civil(c, Duration{0}, Duration{0});
}

std::string format_http_date(WallTime at) {
  const auto c = to_civil(at);
  const auto day_count = std::chrono::floor<std::chrono::days>(at.since_epoch).count();
  const auto weekday = static_cast<std::size_t>(((day_count % 7) + 7 + 4) % 7);  // 1970-01-01 was a Thursday
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday], c.day,
                     kMonths[static_cast<std::size_t>(c.month - 1)], c.year, c.hour, c.minute, c.second);
}

}  // namespace base
