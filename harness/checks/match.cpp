#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "harness/checks/outcome.h"

namespace harness::checks {
namespace {

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : base::dump(value); }

void collect(const Json& at, std::span<const std::string> path, std::vector<const Json*>& out) {
  if (path.empty()) return out.push_back(&at);
  const auto& segment = path.front();
  const auto rest = path.subspan(1);
  if (at.is_object()) {
    if (segment == "*") {
      for (const auto& [key, value] : at.items()) collect(value, rest, out);
    } else if (const auto* value = base::find(at, segment)) {
      collect(*value, rest, out);
    }
    return;
  }
  if (!at.is_array()) return;
  const auto equals = segment.find('=');
  for (std::size_t i = 0; i < at.size(); ++i) {
    const bool any = segment == "*";
    const bool here = segment == std::to_string(i) || (segment == "-1" && i + 1 == at.size());
    const auto* member = equals == std::string::npos ? nullptr : base::find(at[i], segment.substr(0, equals));
    if (any || here || (member && text_of(*member) == segment.substr(equals + 1))) collect(at[i], rest, out);
  }
}

}  // namespace

bool value_matches(const Json& wanted, const Json* seen) {
  const bool there = seen && !seen->is_null();
  if (wanted.is_boolean()) {
    if (there && seen->is_boolean()) return *seen == wanted;
    return there == wanted.get<bool>();
  }
  if (wanted.is_null()) return !there;
  if (!there) return false;
  if (wanted.is_string()) return base::glob_match(wanted.get<std::string>(), text_of(*seen));
  if (wanted.is_number()) {
    const auto number = base::number_of(*seen);
    return number && *number == wanted.get<double>();
  }
  return *seen == wanted;
}

std::vector<const Json*> at_pointer(const Json& root, std::string_view pointer) {
  std::vector<const Json*> out;
  std::vector<std::string> path;
  if (pointer.starts_with("/")) pointer.remove_prefix(1);
  if (!pointer.empty()) {
    for (auto& segment : base::split(pointer, '/')) path.push_back(base::replace_all(base::replace_all(segment, "~1", "/"), "~0", "~"));
  }
  collect(root, path, out);
  return out;
}

bool status_matches(const Json& wanted, std::int64_t status) {
  if (wanted.is_array()) return std::any_of(wanted.begin(), wanted.end(), [&](const Json& each) { return status_matches(each, status); });
  if (wanted.is_string()) {
    const auto text = wanted.get<std::string>();
    return !text.empty() && status / 100 == text[0] - '0';
  }
  return wanted.is_number() && wanted.get<double>() == static_cast<double>(status);
}

bool code_matches(const Json& wanted, const std::string& word) {
  if (wanted.is_array()) return std::any_of(wanted.begin(), wanted.end(), [&](const Json& each) { return code_matches(each, word); });
  return text_of(wanted) == word;
}

std::string wanted_words(const Json& wanted) {
  if (!wanted.is_array()) return text_of(wanted);
  std::vector<std::string> words;
  for (const auto& each : wanted) words.push_back(text_of(each));
  return base::join(words, " or ");
}

}  // namespace harness::checks
