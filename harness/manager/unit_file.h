// Unit files as text: the INI dialect of systemd.syntax(7), its words, spans, booleans and specifiers. Knows no setting by name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace harness::manager {

/// One `Key=value` of a unit file. `value` has its continuation lines joined and is trimmed; it may be empty (a reset).
struct Assignment {
  std::string section;
  std::string key;
  std::string value;
  std::string file;
  int line = 0;
};

/// The assignments of a unit's fragment and its drop-ins, in the order in which they apply.
struct UnitFile {
  std::vector<Assignment> assignments;
  std::vector<std::string> warnings;  ///< "FILE:LINE: text", in the manager's words
  void append(UnitFile other);
};

/// Never fails: what cannot be read is a warning, as in systemd.
UnitFile parse_unit_file(std::string_view text, std::string_view file);

/// "1min 30s", "250ms", "30" (seconds), "infinity" (kForever); nullopt when it does not parse.
std::optional<base::Duration> parse_time_span(std::string_view text);
/// As `systemctl show` prints spans: "30s", "1min 30s", "1.500000s", "infinity", "0"; what is finer than `accuracy` is left out.
std::string format_time_span(base::Duration span, base::Duration accuracy = base::Duration{0});
std::optional<bool> parse_unit_boolean(std::string_view text);
/// "512M" and the like, base 1024; "infinity" is the largest number.
std::optional<std::uint64_t> parse_unit_size(std::string_view text);

/// Splits into words with '…', "…" and C escapes removed. nullopt on an unbalanced quote.
std::optional<std::vector<std::string>> split_unit_words(std::string_view text);

/// What the specifiers stand for. `values` maps the letter to its text; %n %N %p %i %I %j %f %% are derived from `unit`.
struct Specifiers {
  std::string unit;
  std::map<char, std::string> values;
};
/// nullopt on an unknown specifier.
std::optional<std::string> expand_specifiers(std::string_view text, const Specifiers& specifiers);

/// The assignments of an EnvironmentFile: NAME=value in order; what is none is skipped (section 2 of systemd.exec(5)).
std::vector<std::pair<std::string, std::string>> parse_environment_file(std::string_view text);

/// Signals by name, with or without SIG, or by number; nullopt when there is none.
std::optional<int> signal_number(std::string_view name);
std::string signal_name(int signal);  ///< "TERM"
/// Exit statuses by name ("TEMPFAIL" is 75) or number.
std::optional<int> exit_status_number(std::string_view name);
std::string exit_status_name(int status);  ///< "TEMPFAIL", or "" when it has none

}  // namespace harness::manager
