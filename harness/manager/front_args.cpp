// getopt_long(3) as systemctl and journalctl use it: long options in any place, values after "=" or as the next word, -abc groups.
#include "harness/manager/front_args.h"

#include <array>

#include "base/text.h"

namespace harness::manager {
namespace {

enum class Opt {
  ignored, ignored_value, user, system, value, quiet, no_block, all, plain, full, now, failed, no_legend, legend, help, version, property,
  property_value, state, type, kill_whom, signal, lines, follow, reverse, no_hostname, no_tail, pager_end, unit, output, since, until, grep,
  priority
};
struct Row {
  std::string_view name;  ///< one letter, or the long form without its dashes
  Opt opt;
  bool takes_value = false;
};

constexpr std::array kSystemctl{
    Row{"user", Opt::user}, Row{"system", Opt::system}, Row{"value", Opt::value}, Row{"quiet", Opt::quiet}, Row{"q", Opt::quiet},
    Row{"no-block", Opt::no_block}, Row{"all", Opt::all}, Row{"a", Opt::all}, Row{"plain", Opt::plain}, Row{"full", Opt::full},
    Row{"l", Opt::full}, Row{"now", Opt::now}, Row{"failed", Opt::failed}, Row{"no-legend", Opt::no_legend},
    Row{"legend", Opt::legend, true}, Row{"help", Opt::help}, Row{"h", Opt::help}, Row{"version", Opt::version},
    Row{"property", Opt::property, true}, Row{"p", Opt::property, true}, Row{"P", Opt::property_value, true},
    Row{"state", Opt::state, true}, Row{"type", Opt::type, true}, Row{"t", Opt::type, true}, Row{"kill-whom", Opt::kill_whom, true},
    Row{"kill-who", Opt::kill_whom, true}, Row{"signal", Opt::signal, true}, Row{"s", Opt::signal, true},
    Row{"lines", Opt::lines, true}, Row{"n", Opt::lines, true}, Row{"no-pager", Opt::ignored}, Row{"no-ask-password", Opt::ignored},
    Row{"no-wall", Opt::ignored}, Row{"no-reload", Opt::ignored}, Row{"force", Opt::ignored}, Row{"f", Opt::ignored},
    Row{"runtime", Opt::ignored}, Row{"global", Opt::ignored}, Row{"wait", Opt::ignored}, Row{"recursive", Opt::ignored},
    Row{"r", Opt::ignored}, Row{"reverse", Opt::ignored}, Row{"after", Opt::ignored}, Row{"before", Opt::ignored},
    Row{"show-types", Opt::ignored}, Row{"dry-run", Opt::ignored}, Row{"no-warn", Opt::ignored}, Row{"show-transaction", Opt::ignored},
    Row{"T", Opt::ignored}, Row{"with-dependencies", Opt::ignored}, Row{"i", Opt::ignored}, Row{"job-mode", Opt::ignored_value, true},
    Row{"output", Opt::ignored_value, true}, Row{"o", Opt::ignored_value, true}, Row{"root", Opt::ignored_value, true},
    Row{"host", Opt::ignored_value, true}, Row{"H", Opt::ignored_value, true}, Row{"machine", Opt::ignored_value, true},
    Row{"M", Opt::ignored_value, true}, Row{"timestamp", Opt::ignored_value, true}, Row{"what", Opt::ignored_value, true},
    Row{"preset-mode", Opt::ignored_value, true}, Row{"check-inhibitors", Opt::ignored_value, true}, Row{"kill-value", Opt::ignored_value, true}};

constexpr std::array kJournalctl{
    Row{"user", Opt::user}, Row{"system", Opt::system}, Row{"follow", Opt::follow}, Row{"f", Opt::follow}, Row{"reverse", Opt::reverse},
    Row{"r", Opt::reverse}, Row{"quiet", Opt::quiet}, Row{"q", Opt::quiet}, Row{"no-hostname", Opt::no_hostname},
    Row{"no-tail", Opt::no_tail}, Row{"help", Opt::help}, Row{"h", Opt::help}, Row{"pager-end", Opt::pager_end}, Row{"e", Opt::pager_end},
    Row{"unit", Opt::unit, true}, Row{"u", Opt::unit, true}, Row{"user-unit", Opt::unit, true}, Row{"output", Opt::output, true},
    Row{"o", Opt::output, true}, Row{"since", Opt::since, true}, Row{"S", Opt::since, true}, Row{"until", Opt::until, true},
    Row{"U", Opt::until, true}, Row{"grep", Opt::grep, true}, Row{"g", Opt::grep, true}, Row{"priority", Opt::priority, true},
    Row{"p", Opt::priority, true}, Row{"lines", Opt::lines, true}, Row{"n", Opt::lines, true}, Row{"no-pager", Opt::ignored},
    Row{"full", Opt::ignored}, Row{"l", Opt::ignored}, Row{"all", Opt::ignored}, Row{"a", Opt::ignored}, Row{"catalog", Opt::ignored},
    Row{"x", Opt::ignored}, Row{"merge", Opt::ignored}, Row{"m", Opt::ignored}, Row{"no-full", Opt::ignored}, Row{"dmesg", Opt::ignored},
    Row{"k", Opt::ignored}, Row{"boot", Opt::ignored}, Row{"b", Opt::ignored}, Row{"utc", Opt::ignored},
    Row{"identifier", Opt::ignored_value, true}, Row{"t", Opt::ignored_value, true}, Row{"cursor", Opt::ignored_value, true},
    Row{"c", Opt::ignored_value, true}, Row{"directory", Opt::ignored_value, true}, Row{"D", Opt::ignored_value, true},
    Row{"facility", Opt::ignored_value, true}, Row{"output-fields", Opt::ignored_value, true}, Row{"case-sensitive", Opt::ignored_value, true}};

const Row* find_row(std::span<const Row> rows, std::string_view name, bool shortened) {
  for (const auto& row : rows) {
    if (row.name == name) return &row;
  }
  // An unambiguous beginning of a long option stands for it; the first that fits is near enough.
  for (const auto& row : rows) {
    if (shortened && row.name.size() > 1 && row.name.starts_with(name)) return &row;
  }
  return nullptr;
}

/// Calls set(opt, value) for each option; what is none goes to `rest`. Returns what getopt would complain of.
template <class Set>
std::string read(std::string_view program, std::span<const Row> rows, std::span<const std::string> args, std::vector<std::string>& rest, Set set) {
  const auto wrong = [&](const std::string& what) { return std::string{program} + ": " + what + "\n"; };
  bool only_names = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& word = args[i];
    if (only_names || word.size() < 2 || word[0] != '-') {
      rest.push_back(word);
    } else if (word == "--") {
      only_names = true;
    } else if (word.starts_with("--")) {
      const auto equals = word.find('=');
      const auto* row = find_row(rows, std::string_view{word}.substr(2, equals == std::string::npos ? equals : equals - 2), true);
      if (row == nullptr) return wrong("unrecognized option '" + word + "'");
      const std::string name{row->name};
      if (!row->takes_value && equals != std::string::npos) return wrong("option '--" + name + "' doesn't allow an argument");
      if (!row->takes_value) set(row->opt, std::string{});
      else if (equals != std::string::npos) set(row->opt, word.substr(equals + 1));
      else if (i + 1 < args.size()) set(row->opt, args[++i]);
      else return wrong("option '--" + name + "' requires an argument");
    } else {
      for (std::size_t k = 1; k < word.size(); ++k) {
        const auto* row = find_row(rows, std::string_view{word}.substr(k, 1), false);
        if (row == nullptr) return wrong("invalid option -- '" + word.substr(k, 1) + "'");
        if (!row->takes_value) {
          set(row->opt, std::string{});
          continue;
        }
        if (k + 1 < word.size()) set(row->opt, word.substr(k + 1));
        else if (i + 1 < args.size()) set(row->opt, args[++i]);
        else return wrong("option requires an argument -- '" + word.substr(k, 1) + "'");
        break;
      }
    }
  }
  return "";
}

void split_into(std::vector<std::string>& list, const std::string& text) {
  for (const auto& part : base::split(text, ',')) {
    if (!part.empty()) list.emplace_back(base::trim(part));
  }
}

void set_systemctl(SystemctlArgs& out, Opt opt, const std::string& text) {
  switch (opt) {
    case Opt::user: out.user = true; break;
    case Opt::system: out.user = false; break;
    case Opt::value: out.value = true; break;
    case Opt::quiet: out.quiet = true; break;
    case Opt::no_block: out.no_block = true; break;
    case Opt::all: out.all = true; break;
    case Opt::plain: out.plain = true; break;
    case Opt::full: out.full = true; break;
    case Opt::now: out.now = true; break;
    case Opt::failed: out.states.emplace_back("failed"); break;
    case Opt::no_legend: out.no_legend = true; break;
    case Opt::legend: out.no_legend = text == "no" || text == "false" || text == "0"; break;
    case Opt::help: out.help = true; break;
    case Opt::version: out.version = true; break;
    case Opt::property_value: out.value = true; [[fallthrough]];
    case Opt::property: split_into(out.properties, text); break;
    case Opt::state: split_into(out.states, text); break;
    case Opt::type: split_into(out.types, text); break;
    case Opt::kill_whom: out.kill_whom = text; break;
    case Opt::signal: out.signal = text; break;
    case Opt::lines: {
      const auto number = base::parse_integer(text);
      if (number && *number >= 0) out.lines = static_cast<int>(*number);
      else out.error = "Failed to parse lines '" + text + "'\n";
      break;
    }
    default: break;
  }
}

void set_journalctl(JournalctlArgs& out, Opt opt, const std::string& text) {
  switch (opt) {
    case Opt::user: out.user = true; break;
    case Opt::system: out.user = false; break;
    case Opt::follow: out.follow = true; break;
    case Opt::reverse: out.reverse = true; break;
    case Opt::quiet: out.quiet = true; break;
    case Opt::no_hostname: out.no_hostname = true; break;
    case Opt::no_tail: out.no_tail = true; break;
    case Opt::help: out.help = true; break;
    case Opt::pager_end: out.lines = out.lines.value_or(1000); break;
    case Opt::unit: out.units.push_back(text); break;
    case Opt::output: out.output = text; break;
    case Opt::since: out.since = text; break;
    case Opt::until: out.until = text; break;
    case Opt::grep: out.grep = text; break;
    case Opt::priority: {
      constexpr std::array<std::string_view, 8> kNames{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
      for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (text == kNames[i] || text == std::to_string(i)) out.priority = static_cast<int>(i);
      }
      if (!out.priority) out.error = "Unknown log level " + text + "\n";
      break;
    }
    case Opt::lines: {
      const auto number = base::parse_integer(text.starts_with('+') ? text.substr(1) : text);
      if (text == "all") out.lines = -1;
      else if (number && *number >= 0) out.lines = static_cast<int>(*number);
      else out.error = "Failed to parse lines '" + text + "'\n";
      break;
    }
    default: break;
  }
}

}  // namespace

SystemctlArgs parse_systemctl(std::span<const std::string> args) {
  SystemctlArgs out;
  std::vector<std::string> rest;
  const auto error = read("systemctl", kSystemctl, args, rest, [&](Opt opt, const std::string& text) { set_systemctl(out, opt, text); });
  if (!error.empty()) out.error = error;
  if (!rest.empty()) {
    out.verb = rest[0];
    out.names.assign(rest.begin() + 1, rest.end());
  }
  return out;
}

JournalctlArgs parse_journalctl(std::span<const std::string> args) {
  JournalctlArgs out;
  // -n may stand without a number; getopt then takes none from the next word unless it is one.
  std::vector<std::string> words;
  for (std::size_t i = 0; i < args.size(); ++i) {
    words.push_back(args[i]);
    if (args[i] != "-n" && args[i] != "--lines") continue;
    const bool number = i + 1 < args.size() && (base::parse_integer(args[i + 1]) || args[i + 1] == "all");
    words.back() = "--lines=" + (number ? args[++i] : std::string{"10"});
  }
  std::vector<std::string> rest;
  const auto error = read("journalctl", kJournalctl, words, rest, [&](Opt opt, const std::string& text) { set_journalctl(out, opt, text); });
  if (!error.empty()) out.error = error;
  return out;
}

}  // namespace harness::manager
