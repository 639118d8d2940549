// The INI dialect of systemd.syntax(7): sections, continuation lines, comments.
#include "harness/manager/unit_file.h"

#include "base/text.h"

namespace harness::manager {
namespace {

bool is_comment(std::string_view line) { return line.starts_with('#') || line.starts_with(';'); }

struct LineReader {
  std::string_view text;
  int line = 0;

  bool next(std::string_view& out) {
    if (text.empty()) return false;
    const auto end = text.find('\n');
    out = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (out.ends_with('\r')) out.remove_suffix(1);
    ++line;
    return true;
  }
};

}  // namespace

void UnitFile::append(UnitFile other) {
  for (auto& assignment : other.assignments) assignments.push_back(std::move(assignment));
  for (auto& warning : other.warnings) warnings.push_back(std::move(warning));
}

UnitFile parse_unit_file(std::string_view text, std::string_view file) {
  UnitFile out;
  const auto warn = [&](int line, std::string_view what) {
    out.warnings.push_back(std::string{file} + ":" + std::to_string(line) + ": " + std::string{what});
  };
  LineReader reader{text};
  std::string section;
  std::string_view raw;
  while (reader.next(raw)) {
    const int first = reader.line;
    auto line = base::trim(raw);
    if (line.empty() || is_comment(line)) continue;
    // A trailing backslash joins the next line with one space; comment lines in between are skipped (systemd.syntax(7)).
    std::string joined;
    while (line.ends_with('\\')) {
      joined += line.substr(0, line.size() - 1);
      joined += ' ';
      line = {};
      while (reader.next(raw)) {
        if (is_comment(base::trim(raw))) continue;
        line = base::trim(raw);
        break;
      }
    }
    joined += line;
    const auto whole = base::trim(joined);
    if (whole.starts_with('[')) {
      if (!whole.ends_with(']')) {
        warn(first, "Invalid section header '" + std::string{whole} + "'");
        section.clear();
        continue;
      }
      section = whole.substr(1, whole.size() - 2);
      continue;
    }
    const auto equals = whole.find('=');
    if (equals == std::string_view::npos) {
      warn(first, "Missing '=', ignoring line.");
      continue;
    }
    if (section.empty()) {
      warn(first, "Assignment outside of section. Ignoring.");
      continue;
    }
    out.assignments.push_back({section, std::string{base::trim(whole.substr(0, equals))},
                               std::string{base::trim(whole.substr(equals + 1))}, std::string{file}, first});
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> parse_environment_file(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  std::size_t at = 0;
  const auto skip_line = [&] {
    const auto end = text.find('\n', at);
    at = end == std::string_view::npos ? text.size() : end + 1;
  };
  while (at < text.size()) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n')) ++at;
    if (at >= text.size()) break;
    if (text[at] == '#' || text[at] == ';') {
      skip_line();
      continue;
    }
    const auto end = text.find('\n', at);
    const auto equals = text.find('=', at);
    if (equals == std::string_view::npos || (end != std::string_view::npos && equals > end)) {
      skip_line();
      continue;
    }
    const auto name = base::trim(text.substr(at, equals - at));
    at = equals + 1;
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
    // Quotes may open anywhere; outside of them blanks at the end are dropped and a backslash joins lines.
    std::string value;
    std::size_t keep = 0;
    char quote = 0;
    for (; at < text.size(); ++at) {
      const char c = text[at];
      if (quote == 0 && c == '\n') break;
      if (c == '\\' && quote != '\'' && at + 1 < text.size()) {
        ++at;
        if (text[at] == '\n') continue;
        if (quote == '"' && std::string_view{"\"\\`$"}.find(text[at]) == std::string_view::npos) value += '\\';
        value += text[at];
        keep = value.size();
        continue;
      }
      if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
        keep = value.size();
        continue;
      }
      if (quote != 0 && c == quote) {
        quote = 0;
        keep = value.size();
        continue;
      }
      value += c;
      if (quote != 0 || (c != ' ' && c != '\t' && c != '\r')) keep = value.size();
    }
    value.resize(keep);
    const bool named = !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
                       name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
                           std::string_view::npos;
    if (named) out.emplace_back(std::string{name}, std::move(value));
  }
  return out;
}

}  // namespace harness::manager
