// The small grammars inside a setting: spans of time, booleans, sizes, words, specifiers, signals and exit statuses.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "harness/manager/unit_file.h"

namespace harness::manager {
namespace {

using namespace std::chrono_literals;

struct SpanUnit {
  std::string_view name;
  base::Duration length;
};
constexpr base::Duration kDay = std::chrono::hours{24};
// systemd.time(7); a year is 365.25 days, a month a twelfth of it.
constexpr std::array kSpanUnits{
    SpanUnit{"seconds", 1s}, SpanUnit{"second", 1s},   SpanUnit{"sec", 1s},     SpanUnit{"s", 1s},
    SpanUnit{"minutes", 1min}, SpanUnit{"minute", 1min}, SpanUnit{"min", 1min},   SpanUnit{"months", 30 * kDay + 10h + 30min},
    SpanUnit{"month", 30 * kDay + 10h + 30min}, SpanUnit{"M", 30 * kDay + 10h + 30min}, SpanUnit{"msec", 1ms}, SpanUnit{"ms", 1ms},
    SpanUnit{"m", 1min},     SpanUnit{"hours", 1h},    SpanUnit{"hour", 1h},    SpanUnit{"hr", 1h},
    SpanUnit{"h", 1h},       SpanUnit{"days", kDay},   SpanUnit{"day", kDay},   SpanUnit{"d", kDay},
    SpanUnit{"weeks", 7 * kDay}, SpanUnit{"week", 7 * kDay}, SpanUnit{"w", 7 * kDay}, SpanUnit{"years", 365 * kDay + 6h},
    SpanUnit{"year", 365 * kDay + 6h}, SpanUnit{"y", 365 * kDay + 6h}, SpanUnit{"usec", 1us}, SpanUnit{"us", 1us},
    SpanUnit{"µs", 1us},     SpanUnit{"nsec", 1ns},    SpanUnit{"ns", 1ns}};

struct Named {
  std::string_view name;
  int number;
};
constexpr std::array kSignals{
    Named{"HUP", 1},   Named{"INT", 2},   Named{"QUIT", 3},  Named{"ILL", 4},    Named{"TRAP", 5},  Named{"ABRT", 6},
    Named{"BUS", 7},   Named{"FPE", 8},   Named{"KILL", 9},  Named{"USR1", 10},  Named{"SEGV", 11}, Named{"USR2", 12},
    Named{"PIPE", 13}, Named{"ALRM", 14}, Named{"TERM", 15}, Named{"STKFLT", 16}, Named{"CHLD", 17}, Named{"CONT", 18},
    Named{"STOP", 19}, Named{"TSTP", 20}, Named{"TTIN", 21}, Named{"TTOU", 22},  Named{"URG", 23},  Named{"XCPU", 24},
    Named{"XFSZ", 25}, Named{"VTALRM", 26}, Named{"PROF", 27}, Named{"WINCH", 28}, Named{"IO", 29}, Named{"PWR", 30},
    Named{"SYS", 31}};
// sysexits.h, the LSB and systemd's own (systemd.exec(5), "Process Exit Codes").
constexpr std::array kExits{
    Named{"SUCCESS", 0}, Named{"FAILURE", 1}, Named{"INVALIDARGUMENT", 2}, Named{"NOTIMPLEMENTED", 3}, Named{"NOPERMISSION", 4},
    Named{"NOTINSTALLED", 5}, Named{"NOTCONFIGURED", 6}, Named{"NOTRUNNING", 7}, Named{"USAGE", 64}, Named{"DATAERR", 65},
    Named{"NOINPUT", 66}, Named{"NOUSER", 67}, Named{"NOHOST", 68}, Named{"UNAVAILABLE", 69}, Named{"SOFTWARE", 70},
    Named{"OSERR", 71}, Named{"OSFILE", 72}, Named{"CANTCREAT", 73}, Named{"IOERR", 74}, Named{"TEMPFAIL", 75},
    Named{"PROTOCOL", 76}, Named{"NOPERM", 77}, Named{"CONFIG", 78}, Named{"CHDIR", 200}, Named{"NICE", 201}, Named{"FDS", 202},
    Named{"EXEC", 203}, Named{"MEMORY", 204}, Named{"LIMITS", 205}, Named{"OOM_ADJUST", 206}, Named{"SIGNAL_MASK", 207},
    Named{"STDIN", 208}, Named{"STDOUT", 209}, Named{"CHROOT", 210}, Named{"IOPRIO", 211}, Named{"TIMERSLACK", 212},
    Named{"SECUREBITS", 213}, Named{"SETSCHEDULER", 214}, Named{"CPUAFFINITY", 215}, Named{"GROUP", 216}, Named{"USER", 217},
    Named{"CAPABILITIES", 218}, Named{"CGROUP", 219}, Named{"SETSID", 220}, Named{"CONFIRM", 221}, Named{"STDERR", 222},
    Named{"PAM", 224}, Named{"NETWORK", 225}, Named{"NAMESPACE", 226}, Named{"NO_NEW_PRIVILEGES", 227}, Named{"SECCOMP", 228},
    Named{"SELINUX_CONTEXT", 229}, Named{"PERSONALITY", 230}, Named{"APPARMOR_PROFILE", 231}, Named{"ADDRESS_FAMILIES", 232},
    Named{"RUNTIME_DIRECTORY", 233}, Named{"CHOWN", 235}, Named{"SMACK_PROCESS_LABEL", 236}, Named{"KEYRING", 237},
    Named{"STATE_DIRECTORY", 238}, Named{"CACHE_DIRECTORY", 239}, Named{"LOGS_DIRECTORY", 240},
    Named{"CONFIGURATION_DIRECTORY", 241}, Named{"EXCEPTION", 255}};

bool space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// One C escape after a backslash at text[at]; advances `at` past it. False when it is none.
bool unescape(std::string_view text, std::size_t& at, std::string& out) {
  constexpr std::string_view kFrom = "abfnrtv\\\"'s";
  constexpr std::string_view kTo = "\a\b\f\n\r\t\v\\\"' ";
  const char c = text[at];
  if (const auto found = kFrom.find(c); found != std::string_view::npos) {
    out += kTo[found];
    ++at;
    return true;
  }
  const auto digits = [&](std::size_t from, std::size_t count, int number_base) -> int {
    if (from + count > text.size()) return -1;
    int value = 0;
    for (std::size_t i = from; i < from + count; ++i) {
      const char d = text[i];
      const int digit = d >= '0' && d <= '9' ? d - '0' : d >= 'a' && d <= 'f' ? d - 'a' + 10 : d >= 'A' && d <= 'F' ? d - 'A' + 10 : 99;
      if (digit >= number_base) return -1;
      value = value * number_base + digit;
    }
    return value;
  };
  const bool hex = c == 'x';
  const int value = hex ? digits(at + 1, 2, 16) : digits(at, 3, 8);
  if (value <= 0 || value > 255) return false;
  out += static_cast<char>(value);
  at += 3;
  return true;
}

template <std::size_t N>
std::string_view name_of(const std::array<Named, N>& table, int number) {
  for (const auto& [name, value] : table) {
    if (value == number) return name;
  }
  return {};
}

}  // namespace

std::optional<base::Duration> parse_time_span(std::string_view text) {
  text = base::trim(text);
  if (text == "infinity") return base::kForever;
  if (text.empty()) return std::nullopt;
  double total = 0;  // nanoseconds; 2^53 of them are 104 days, beyond that microseconds stay exact enough
  while (!text.empty()) {
    std::size_t end = 0;
    while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
    const auto number = base::parse_number(text.substr(0, end));
    if (end == 0 || !number) return std::nullopt;
    text = base::trim(text.substr(end));
    const SpanUnit* unit = nullptr;
    for (const auto& candidate : kSpanUnits) {
      if (text.starts_with(candidate.name) && (unit == nullptr || candidate.name.size() > unit->name.size())) unit = &candidate;
    }
    const bool bare = text.empty() || (text[0] >= '0' && text[0] <= '9');
    if (unit == nullptr && !bare) return std::nullopt;
    total += *number * static_cast<double>((unit != nullptr ? unit->length : base::Duration{1s}).count());
    if (unit != nullptr) text = base::trim(text.substr(unit->name.size()));
  }
  if (total >= static_cast<double>(base::kForever.count())) return base::kForever;
  return base::Duration{std::llround(total)};
}

std::string format_time_span(base::Duration span, base::Duration accuracy) {
  if (span == base::kForever) return "infinity";
  const auto microseconds = [](base::Duration d) { return std::chrono::duration_cast<std::chrono::microseconds>(d).count(); };
  auto left = microseconds(span);
  const auto fine = microseconds(accuracy);
  if (left <= 0) return "0";
  struct Part {
    std::string_view name;
    std::int64_t length;
  };
  constexpr std::array kParts{Part{"y", 31557600000000}, Part{"month", 2629800000000}, Part{"w", 604800000000}, Part{"d", 86400000000},
                              Part{"h", 3600000000}, Part{"min", 60000000}, Part{"s", 1000000}, Part{"ms", 1000}, Part{"us", 1}};
  constexpr std::int64_t kMinute = 60000000;
  std::string out;
  for (const auto& [name, length] : kParts) {
    if (left <= 0 || (left < fine && !out.empty())) break;
    if (left < length) continue;
    if (!out.empty()) out += ' ';
    auto rest = left % length;
    out += std::to_string(left / length);
    // Below a minute the rest becomes a fraction with as many digits as the accuracy leaves: "1.500000s", "1.234s".
    if (left < kMinute && rest > 0) {
      std::size_t digits = 0;
      for (auto step = length; step > 1; step /= 10) ++digits;
      for (auto step = fine; step > 1 && digits > 0; step /= 10, --digits) rest /= 10;
      if (digits > 0) {
        std::string fraction = std::to_string(rest);
        fraction.insert(0, digits - std::min(digits, fraction.size()), '0');
        return out + '.' + fraction + std::string{name};
      }
    }
    out += name;
    left %= length;
  }
  return out;
}

std::optional<bool> parse_unit_boolean(std::string_view text) {
  const auto word = base::lower(text);
  for (const std::string_view yes : {"1", "yes", "y", "true", "t", "on"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"0", "no", "n", "false", "f", "off"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_unit_size(std::string_view text) {
  text = base::trim(text);
  if (text == "infinity") return std::numeric_limits<std::uint64_t>::max();
  std::size_t end = 0;
  while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
  const auto number = base::parse_number(text.substr(0, end));
  if (!number || end == 0) return std::nullopt;
  const auto suffix = base::trim(text.substr(end));
  double factor = 1;
  if (!suffix.empty() && suffix != "B") {
    const auto power = std::string_view{"KMGTPE"}.find(suffix[0]);
    if (power == std::string_view::npos || suffix.size() > 1) return std::nullopt;
    factor = std::pow(1024.0, static_cast<double>(power + 1));
  }
  return static_cast<std::uint64_t>(*number * factor);
}

std::optional<std::vector<std::string>> split_unit_words(std::string_view text) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while (true) {
    while (at < text.size() && space(text[at])) ++at;
    if (at >= text.size()) return out;
    std::string word;
    char quote = 0;
    while (at < text.size() && (quote != 0 || !space(text[at]))) {
      const char c = text[at];
      if (c == '\\' && at + 1 < text.size()) {
        ++at;
        if (!unescape(text, at, word)) word += '\\';
      } else if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
        ++at;
      } else if (quote != 0 && c == quote) {
        quote = 0;
        ++at;
      } else {
        word += c;
        ++at;
      }
    }
    if (quote != 0) return std::nullopt;
    out.push_back(std::move(word));
  }
}

std::optional<std::string> expand_specifiers(std::string_view text, const Specifiers& specifiers) {
  const std::string& unit = specifiers.unit;
  const std::string bare = unit.substr(0, unit.rfind('.'));
  const auto at_sign = bare.find('@');
  const std::string prefix = bare.substr(0, at_sign);
  const std::string instance = at_sign == std::string::npos ? "" : bare.substr(at_sign + 1);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (++i >= text.size()) return std::nullopt;
    const char letter = text[i];
    switch (letter) {
      case '%': out += '%'; break;
      case 'n': out += unit; break;
      case 'N': out += bare; break;
      case 'p': case 'P': out += prefix; break;
      case 'i': case 'I': out += instance; break;
      case 'j': case 'J': out += prefix.substr(prefix.rfind('-') + 1); break;
      case 'f': out += "/" + (instance.empty() ? prefix : instance); break;
      default: {
        const auto found = specifiers.values.find(letter);
        if (found == specifiers.values.end()) return std::nullopt;
        out += found->second;
      }
    }
  }
  return out;
}

std::optional<int> signal_number(std::string_view name) {
  if (const auto number = base::parse_integer(name)) {
    return *number >= 1 && *number <= 64 ? std::optional<int>{static_cast<int>(*number)} : std::nullopt;
  }
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (const auto& [word, number] : kSignals) {
    if (word == name) return number;
  }
  return std::nullopt;
}

std::string signal_name(int signal) {
  const auto name = name_of(kSignals, signal);
  if (!name.empty()) return std::string{name};
  return signal >= 34 && signal <= 64 ? "RTMIN+" + std::to_string(signal - 34) : std::to_string(signal);
}

std::optional<int> exit_status_number(std::string_view name) {
  if (const auto number = base::parse_integer(name)) {
    return *number >= 0 && *number <= 255 ? std::optional<int>{static_cast<int>(*number)} : std::nullopt;
  }
  for (const auto& [word, number] : kExits) {
    if (word == name) return number;
  }
  return std::nullopt;
}

std::string exit_status_name(int status) { return std::string{name_of(kExits, status)}; }

}  // namespace harness::manager
