// The command lines of systemctl and journalctl, read the way the real ones read them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace harness::manager {

struct SystemctlArgs {
  std::string verb = "list-units";
  std::vector<std::string> names;       ///< units or patterns, as written
  std::vector<std::string> properties;  ///< -p, in the order given
  bool user = false, value = false, quiet = false, no_block = false, all = false, plain = false, no_legend = false, full = false;
  bool now = false, help = false, version = false;
  std::vector<std::string> states;      ///< --state, --failed
  std::vector<std::string> types;       ///< -t
  std::string kill_whom = "all";
  std::string signal = "SIGTERM";
  int lines = 10;
  std::string error;                    ///< not empty: print it and exit 1
};

struct JournalctlArgs {
  std::vector<std::string> units;
  std::string output = "short";
  std::optional<int> lines;             ///< -n; −1 is "all"
  std::optional<std::string> since, until, grep;
  std::optional<int> priority;
  bool user = false, follow = false, reverse = false, quiet = false, no_hostname = false, utc = false, help = false, no_tail = false;
  std::string error;
};

SystemctlArgs parse_systemctl(std::span<const std::string> args);
JournalctlArgs parse_journalctl(std::span<const std::string> args);

}  // namespace harness::manager
