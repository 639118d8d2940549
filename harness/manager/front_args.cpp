// getopt_long(3) as systemctl and journalctl use it: long options in any place, values after "=" or as the next word, -abc groups.
#include "harness/manager/front_args.h"

#include <functional>
#include <map>

#include "base/text.h"

namespace harness::manager {
namespace {

struct Option {
  bool takes_value = false;
  std::function<void(const std::string&)> set;
};

struct Options {
  std::string program;
  std::map<std::string, Option> by_name;  // "p", "property"

  void flag(std::initializer_list<const char*> names, std::function<void()> set) {
    for (const char* name : names) by_name[name] = {false, [set](const std::string&) { set(); }};
  }
  void value(std::initializer_list<const char*> names, std::function<void(const std::string&)> set) {
    for (const char* name : names) by_name[name] = {true, set};
  }
};

std::string read(const Options& options, std::span<const std::string> args, std::vector<std::string>& rest) {
  const auto unknown = [&](const std::string& what) { return options.program + ": " + what + "\n"; };
  bool only_names = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& word = args[i];
    if (only_names || word.size() < 2 || word[0] != '-') {
      rest.push_back(word);
      continue;
    }
    if (word == "--") {
      only_names = true;
      continue;
    }
    if (word.starts_with("--")) {
      const auto equals = word.find('=');
      const std::string name = word.substr(2, equals == std::string::npos ? std::string::npos : equals - 2);
      // An unambiguous beginning of a long option stands for it.
      auto found = options.by_name.find(name);
      if (found == options.by_name.end() || name.size() < 2) {
        found = options.by_name.end();
        for (auto candidate = options.by_name.begin(); candidate != options.by_name.end(); ++candidate) {
          if (candidate->first.size() > 1 && candidate->first.starts_with(name) && found == options.by_name.end()) found = candidate;
        }
      }
      if (found == options.by_name.end()) return unknown("unrecognized option '" + word + "'");
      if (!found->second.takes_value) {
        if (equals != std::string::npos) return unknown("option '--" + found->first + "' doesn't allow an argument");
        found->second.set("");
      } else if (equals != std::string::npos) {
        found->second.set(word.substr(equals + 1));
      } else if (i + 1 < args.size()) {
        found->second.set(args[++i]);
      } else {
        return unknown("option '--" + found->first + "' requires an argument");
      }
      continue;
    }
    for (std::size_t k = 1; k < word.size(); ++k) {
      const auto found = options.by_name.find(std::string{word[k]});
      if (found == options.by_name.end()) return unknown("invalid option -- '" + std::string{word[k]} + "'");
      if (!found->second.takes_value) {
        found->second.set("");
        continue;
      }
      if (k + 1 < word.size()) found->second.set(word.substr(k + 1));
      else if (i + 1 < args.size()) found->second.set(args[++i]);
      else return unknown("option requires an argument -- '" + std::string{word[k]} + "'");
      break;
    }
  }
  return "";
}

void split_into(std::vector<std::string>& list, const std::string& text) {
  for (const auto& part : base::split(text, ',')) {
    if (!part.empty()) list.emplace_back(base::trim(part));
  }
}

}  // namespace

SystemctlArgs parse_systemctl(std::span<const std::string> args) {
  SystemctlArgs out;
  Options options{"systemctl", {}};
  options.flag({"user"}, [&] { out.user = true; });
  options.flag({"system"}, [&] { out.user = false; });
  options.flag({"value"}, [&] { out.value = true; });
  options.flag({"quiet", "q"}, [&] { out.quiet = true; });
  options.flag({"no-block"}, [&] { out.no_block = true; });
  options.flag({"all", "a"}, [&] { out.all = true; });
  options.flag({"plain"}, [&] { out.plain = true; });
  options.flag({"full", "l"}, [&] { out.full = true; });
  options.flag({"now"}, [&] { out.now = true; });
  options.flag({"failed"}, [&] { out.states.emplace_back("failed"); });
  options.flag({"no-legend"}, [&] { out.no_legend = true; });
  options.value({"legend"}, [&](const std::string& text) { out.no_legend = text == "no" || text == "false" || text == "0"; });
  options.flag({"help", "h"}, [&] { out.help = true; });
  options.flag({"version"}, [&] { out.version = true; });
  options.flag({"no-pager", "no-ask-password", "no-wall", "no-reload", "force", "f", "runtime", "global", "wait", "r", "recursive",
                "reverse", "after", "before", "show-types", "dry-run", "i", "no-warn", "T", "show-transaction", "with-dependencies"}, [] {});
  options.value({"property", "p"}, [&](const std::string& text) { split_into(out.properties, text); });
  options.value({"P"}, [&](const std::string& text) {
    split_into(out.properties, text);
    out.value = true;
  });
  options.value({"state"}, [&](const std::string& text) { split_into(out.states, text); });
  options.value({"type", "t"}, [&](const std::string& text) { split_into(out.types, text); });
  options.value({"kill-whom", "kill-who"}, [&](const std::string& text) { out.kill_whom = text; });
  options.value({"signal", "s"}, [&](const std::string& text) { out.signal = text; });
  options.value({"lines", "n"}, [&](const std::string& text) {
    const auto number = base::parse_integer(text);
    if (number && *number >= 0) out.lines = static_cast<int>(*number);
    else out.error = "Failed to parse lines '" + text + "'\n";
  });
  options.value({"job-mode", "output", "o", "root", "host", "H", "machine", "M", "timestamp", "what", "preset-mode", "check-inhibitors", "kill-value"},
                [](const std::string&) {});
  std::vector<std::string> rest;
  const auto error = read(options, args, rest);
  if (!error.empty()) out.error = error;
  if (!rest.empty()) {
    out.verb = rest[0];
    out.names.assign(rest.begin() + 1, rest.end());
  }
  return out;
}

JournalctlArgs parse_journalctl(std::span<const std::string> args) {
  JournalctlArgs out;
  Options options{"journalctl", {}};
  // -n may stand without a number; getopt then takes none from the next word unless it is one.
  std::vector<std::string> words;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const bool bare = args[i] == "-n" || args[i] == "--lines";
    words.push_back(args[i]);
    if (!bare) continue;
    const bool number = i + 1 < args.size() && (base::parse_integer(args[i + 1]) || args[i + 1] == "all");
    if (number) words.back() = "--lines=" + args[++i];
    else words.back() = "--lines=10";
  }
  options.flag({"user"}, [&] { out.user = true; });
  options.flag({"system"}, [&] { out.user = false; });
  options.flag({"follow", "f"}, [&] { out.follow = true; });
  options.flag({"reverse", "r"}, [&] { out.reverse = true; });
  options.flag({"quiet", "q"}, [&] { out.quiet = true; });
  options.flag({"no-hostname"}, [&] { out.no_hostname = true; });
  options.flag({"utc"}, [&] { out.utc = true; });
  options.flag({"no-tail"}, [&] { out.no_tail = true; });
  options.flag({"help", "h"}, [&] { out.help = true; });
  options.flag({"pager-end", "e"}, [&] {
    if (!out.lines) out.lines = 1000;
  });
  options.flag({"no-pager", "full", "l", "all", "a", "catalog", "x", "merge", "m", "no-full", "dmesg", "k", "boot", "b"}, [] {});
  options.value({"unit", "u", "user-unit"}, [&](const std::string& text) { out.units.push_back(text); });
  options.value({"output", "o"}, [&](const std::string& text) { out.output = text; });
  options.value({"since", "S"}, [&](const std::string& text) { out.since = text; });
  options.value({"until", "U"}, [&](const std::string& text) { out.until = text; });
  options.value({"grep", "g"}, [&](const std::string& text) { out.grep = text; });
  options.value({"priority", "p"}, [&](const std::string& text) {
    constexpr std::array<std::string_view, 8> kNames{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if (text == kNames[i] || text == std::to_string(i)) out.priority = static_cast<int>(i);
    }
    if (!out.priority) out.error = "Unknown log level " + text + "\n";
  });
  options.value({"lines", "n"}, [&](const std::string& text) {
    const auto number = base::parse_integer(text.starts_with('+') ? text.substr(1) : text);
    if (text == "all") out.lines = -1;
    else if (number && *number >= 0) out.lines = static_cast<int>(*number);
    else out.error = "Failed to parse lines '" + text + "'\n";
  });
  options.value({"identifier", "t", "cursor", "c", "directory", "D", "facility", "output-fields", "case-sensitive"}, [](const std::string&) {});
  std::vector<std::string> rest;
  const auto error = read(options, words, rest);
  if (!error.empty()) out.error = error;
  return out;
}

}  // namespace harness::manager
