// `journalctl --user`: which lines, in which order, in which form.
#include <algorithm>
#include <cstdio>

#include "base/json.h"
#include "base/text.h"
#include "harness/manager/manager_impl.h"

namespace harness::manager {
namespace {

struct Civil {
  int year, month, day, hour, minute, second, weekday;
  std::int64_t microsecond;
};

// Days to civil date after Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
Civil civil_of(base::WallTime at) {
  const auto us = std::chrono::floor<std::chrono::microseconds>(at.since_epoch).count();
  std::int64_t seconds = us / 1'000'000, rest = us % 1'000'000;
  if (rest < 0) {
    rest += 1'000'000;
    --seconds;
  }
  std::int64_t days = seconds / 86400, in_day = seconds % 86400;
  if (in_day < 0) {
    in_day += 86400;
    --days;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  const auto weekday = static_cast<int>(((days % 7) + 11) % 7);  // 1970-01-01 was a Thursday
  return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())), static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(in_day / 3600), static_cast<int>(in_day % 3600 / 60), static_cast<int>(in_day % 60), weekday, rest};
}

template <class... A>
std::string print(const char* format, A... values) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

/// "2 min ago", "10s ago", "-2min", "@1700000000", "today", "yesterday", "now", "2026-11-23", "2026-11-23 20:48:00", "20:48".
std::optional<base::WallTime> parse_journal_time(std::string_view text, base::WallTime now) {
  text = base::trim(text);
  const base::Duration day = std::chrono::hours{24};
  const base::WallTime midnight{now.since_epoch - now.since_epoch % day};
  if (text == "now") return now;
  if (text == "today") return midnight;
  if (text == "yesterday") return midnight + -day;
  if (text == "tomorrow") return midnight + day;
  if (text.starts_with('@')) {
    const auto seconds = base::parse_number(text.substr(1));
    return seconds ? std::optional{base::WallTime{base::from_seconds(*seconds)}} : std::nullopt;
  }
  const bool minus = text.starts_with('-'), plus = text.starts_with('+'), past = text.ends_with(" ago");
  if (minus || plus || past) {
    auto span_text = minus || plus ? text.substr(1) : text.substr(0, text.size() - 4);
    const auto span = parse_time_span(span_text);
    if (!span) return std::nullopt;
    return plus ? now + *span : now + -*span;
  }
  std::string stamp{text};
  std::replace(stamp.begin(), stamp.end(), ' ', 'T');
  if (stamp.ends_with("TUTC")) stamp.resize(stamp.size() - 4);
  if (stamp.find('-') == std::string::npos) stamp = base::format_rfc3339(midnight).substr(0, 11) + stamp;
  if (stamp.find('T') == std::string::npos) stamp += "T00:00:00";
  if (std::count(stamp.begin(), stamp.end(), ':') == 1) stamp += ":00";
  if (!stamp.ends_with('Z')) stamp += 'Z';
  return base::parse_rfc3339(stamp);
}

}  // namespace

std::string Manager::Impl::timestamp(const std::optional<base::Instant>& at) const {
  if (!at) return "";
  const auto t = civil_of(wall(*at));
  return print("%s %04d-%02d-%02d %02d:%02d:%02d UTC", kDays[static_cast<std::size_t>(t.weekday)], t.year, t.month, t.day, t.hour, t.minute, t.second);
}

std::string Manager::Impl::journal_text(const JournalctlArgs& args, const JournalEntry& entry) const {
  if (!args.units.empty()) {
    const bool wanted = std::any_of(args.units.begin(), args.units.end(), [&](const std::string& unit) {
      return base::glob_match(with_suffix(unit), entry.unit);
    });
    if (!wanted) return "";
  }
  if (args.priority && entry.priority > *args.priority) return "";
  if (args.grep && entry.message.find(*args.grep) == std::string::npos) return "";
  if (args.output == "cat") return entry.message + "\n";
  const auto t = civil_of(entry.wall);
  if (args.output == "json" || args.output == "json-pretty") {
    base::Json out = base::Json::object();
    const auto us = [](base::Duration d) { return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(d).count()); };
    out["__REALTIME_TIMESTAMP"] = us(entry.wall.since_epoch);
    out["__MONOTONIC_TIMESTAMP"] = us(entry.at);
    out["_BOOT_ID"] = settings.identity.boot_id;
    out["_MACHINE_ID"] = settings.identity.machine_id;
    out["_HOSTNAME"] = settings.identity.host;
    out["_UID"] = std::to_string(settings.identity.uid);
    out["_PID"] = std::to_string(entry.pid);
    out["PRIORITY"] = std::to_string(entry.priority);
    out["SYSLOG_IDENTIFIER"] = entry.identifier;
    out["MESSAGE"] = entry.message;
    // Lines about a unit name it in USER_UNIT; lines by its own processes in _SYSTEMD_USER_UNIT.
    out[entry.identifier == settings.manager_comm ? "USER_UNIT" : "_SYSTEMD_USER_UNIT"] = entry.unit;
    for (const auto& [name, value] : entry.fields) {
      if (!value.empty()) out[name] = value;
    }
    return (args.output == "json" ? base::dump(out) : base::dump_pretty(out)) + "\n";
  }
  const std::string host = args.no_hostname ? "" : " " + settings.identity.host;
  std::string stamp = print("%s %02d %02d:%02d:%02d", kMonths[static_cast<std::size_t>(t.month - 1)], t.day, t.hour, t.minute, t.second);
  if (args.output == "short-full") stamp = print("%s %04d-%02d-%02d %02d:%02d:%02d UTC", kDays[static_cast<std::size_t>(t.weekday)], t.year, t.month, t.day, t.hour, t.minute, t.second);
  if (args.output == "short-precise") stamp += print(".%06lld", static_cast<long long>(t.microsecond));
  if (args.output == "short-iso" || args.output == "short-iso-precise") {
    stamp = print("%04d-%02d-%02dT%02d:%02d:%02d", t.year, t.month, t.day, t.hour, t.minute, t.second);
    if (args.output == "short-iso-precise") stamp += print(".%06lld", static_cast<long long>(t.microsecond));
    stamp += settings.compat == Compat::v252 ? "+0000" : "+00:00";
  }
  if (args.output == "short-unix") stamp = print("%lld.%06lld", static_cast<long long>(std::chrono::floor<std::chrono::seconds>(entry.wall.since_epoch).count()), static_cast<long long>(t.microsecond));
  if (args.output == "short-monotonic") {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(entry.at).count();
    stamp = print("[%5lld.%06lld]", static_cast<long long>(us / 1'000'000), static_cast<long long>(us % 1'000'000));
  }
  return stamp + host + " " + entry.identifier + "[" + std::to_string(entry.pid) + "]: " + entry.message + "\n";
}

void Manager::Impl::journalctl(const Call& call) {
  const auto args = parse_journalctl(call.args);
  ClientCall out{.id = call.client};
  const auto refuse = [&](const std::string& why) {
    out.err = why;
    out.rc = 1;
    reply(std::move(out));
  };
  if (!args.error.empty()) return refuse(args.error);
  base::Duration hidden{0};
  if (const auto* fault = take_fault(FaultKind::journal_late, "")) hidden = fault->by;
  std::optional<base::WallTime> since, until;
  if (args.since && !(since = parse_journal_time(*args.since, wall(now_)))) return refuse("Failed to parse timestamp: " + *args.since + "\n");
  if (args.until && !(until = parse_journal_time(*args.until, wall(now_)))) return refuse("Failed to parse timestamp: " + *args.until + "\n");
  std::vector<std::string> lines;
  for (const auto& entry : journal) {
    if ((since && entry.wall < *since) || (until && entry.wall > *until) || entry.at > now_.since_start - hidden) continue;
    auto text = journal_text(args, entry);
    if (!text.empty()) lines.push_back(std::move(text));
  }
  std::optional<int> wanted = args.lines;
  if (args.follow && !wanted && !args.no_tail) wanted = 10;
  if (wanted && *wanted >= 0 && lines.size() > static_cast<std::size_t>(*wanted)) {
    const auto surplus = static_cast<std::ptrdiff_t>(lines.size() - static_cast<std::size_t>(*wanted));
    // 252 shows the first N lines since T when both are given; 257 the last N, as everyone expects.
    const bool first = settings.compat == Compat::v252 && since && !args.follow && !args.reverse;
    if (first) lines.resize(static_cast<std::size_t>(*wanted));
    else lines.erase(lines.begin(), lines.begin() + surplus);
  }
  if (args.reverse) std::reverse(lines.begin(), lines.end());
  for (const auto& line : lines) out.out += line;
  if (args.follow) {
    if (!out.out.empty()) emit(Output{call.client, out.out});
    followers.push_back({call.client, args});
    return;
  }
  if (lines.empty() && !args.quiet && !args.grep && !(wanted && *wanted == 0)) out.out = "-- No entries --\n";
  if (lines.empty() && args.grep) out.rc = settings.compat == Compat::v257 ? 1 : 0;
  reply(std::move(out));
}

// The little of loginctl that command lines of gateways ask: does the user's manager outlive the session?
void Manager::Impl::loginctl(const Call& call) {
  auto args = parse_systemctl(call.args);
  ClientCall out{.id = call.client};
  const bool known = args.verb == "show-user" || args.verb == "enable-linger" || args.verb == "disable-linger" || args.verb == "user-status";
  if (!args.error.empty() || !known) {
    out.err = args.error.empty() ? "Unknown command verb " + args.verb + ".\n" : base::replace_all(args.error, "systemctl", "loginctl");
    out.rc = 1;
    return reply(std::move(out));
  }
  const auto& who = settings.identity;
  if (!args.names.empty() && args.names[0] != who.user && args.names[0] != std::to_string(who.uid)) {
    out.err = "Failed to look up user " + args.names[0] + ": No such process\n";
    out.rc = 1;
    return reply(std::move(out));
  }
  if (args.verb == "enable-linger") linger = true;
  if (args.verb == "disable-linger") linger = false;
  if (args.verb == "show-user" || args.verb == "user-status") {
    const std::vector<std::pair<std::string, std::string>> rows{{"UID", std::to_string(who.uid)}, {"GID", std::to_string(who.gid)}, {"Name", who.user},
                                                                {"RuntimePath", who.runtime_dir}, {"State", linger ? "lingering" : "active"},
                                                                {"Linger", linger ? "yes" : "no"}};
    for (const auto& [name, value] : rows) {
      const bool asked = args.properties.empty() || std::find(args.properties.begin(), args.properties.end(), name) != args.properties.end();
      if (asked) out.out += (args.value ? "" : name + "=") + value + "\n";
    }
  }
  reply(std::move(out));
}

}  // namespace harness::manager
