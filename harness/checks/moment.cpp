// Moments of a scenario found in a history.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "harness/checks/outcome.h"

namespace harness::checks {
namespace {

/// The n-th of a list, from 1, or from the end when negative.
template <class List>
auto nth(const List& list, std::int64_t n) -> const typename List::value_type* {
  const auto size = static_cast<std::int64_t>(list.size());
  const auto index = n < 0 ? size + n : n - 1;
  return index < 0 || index >= size || n == 0 ? nullptr : &list[static_cast<std::size_t>(index)];
}

const Entry* reply_mark(const View& view, const std::string& name, std::string_view what) {
  for (const auto* exchange : view.named(name)) {
    if (what == "request") return exchange->request;
    if (what == "first-content") {
      if (exchange->first) return exchange->first;
    } else if (exchange->reply()) {
      return exchange->reply();
    }
  }
  return nullptr;
}

const Entry* attempt_mark(const View& view, const Json& moment, std::string_view what) {
  AttemptFilter filter;
  filter.provider = base::string_or(moment, "provider");
  filter.credential = base::string_or(moment, "credential");
  filter.model = base::string_or(moment, "model");
  if (moment.contains("fault")) filter.fault = base::string_or(moment, "fault");
  auto list = view.attempts(filter);
  if (what == "answer") std::erase_if(list, [](const auto* attempt) { return !attempt->answer; });
  const auto* found = nth(list, base::integer_or(moment, what, 1));
  if (!found) return nullptr;
  return what == "answer" ? (*found)->answer : (*found)->seen;
}

const Entry* state_mark(const View& view, const Json& moment) {
  auto left = base::integer_or(moment, "nth", 1);
  const auto wanted = base::string_or(moment, "state");
  std::string before;
  for (const auto* entry : view.of("manager", "state")) {
    const auto active = base::string_or(entry->data, "active");
    const bool reached = base::string_or(entry->data, "to") == wanted || (active == wanted && before != wanted);
    before = active;
    if (reached && --left == 0) return entry;
  }
  return nullptr;
}

const Entry* first_matching(const View& view, std::string_view lane, std::string_view kind, std::string_view member, const std::string& pattern) {
  for (const auto* entry : view.of(lane, kind)) {
    if (base::glob_match(pattern, base::string_or(entry->data, member))) return entry;
  }
  return nullptr;
}

const Entry* command_mark(const View& view, const std::string& name, bool exit) {
  for (const auto* command : view.commands_named(name)) {
    if (!exit) return command->start;
    if (command->exit) return command->exit;
  }
  return nullptr;
}

const Entry* anchor(const View& view, const Json& moment) {
  for (const auto* key : {"request", "reply", "first-content"}) {
    if (moment.contains(key)) return reply_mark(view, base::string_or(moment, key), key);
  }
  for (const auto* key : {"attempt", "answer"}) {
    if (moment.contains(key)) return attempt_mark(view, moment, key);
  }
  if (moment.contains("spawn")) {
    const auto* found = nth(view.spawns(), base::integer_or(moment, "spawn", 1));
    return found ? *found : nullptr;
  }
  if (moment.contains("exit")) {
    const auto* found = nth(view.exits(), base::integer_or(moment, "exit", 1));
    return found ? *found : nullptr;
  }
  if (moment.contains("state")) return state_mark(view, moment);
  if (moment.contains("log")) return first_matching(view, "gateway", "log", "event", base::string_or(moment, "log"));
  if (moment.contains("notify")) return first_matching(view, "manager", "notify", "text", base::string_or(moment, "notify"));
  if (moment.contains("manager-fault")) return first_matching(view, "manager", "fault", "fault", base::string_or(moment, "manager-fault"));
  if (moment.contains("cli")) return command_mark(view, base::string_or(moment, "cli"), false);
  if (moment.contains("cli-exit")) return command_mark(view, base::string_or(moment, "cli-exit"), true);
  if (moment.contains("step")) {
    const auto pattern = base::string_or(moment, "step");
    const auto* by_words = first_matching(view, "harness", "step", "what", pattern);
    return by_words ? by_words : first_matching(view, "harness", "step", "note", pattern);
  }
  return nullptr;
}

}  // namespace

std::optional<Moment> moment_at(const View& view, const Json& moment) {
  if (moment.is_string()) {
    const auto text = moment.get<std::string>();
    if (text == "start") return Moment{};
    if (text == "end") return Moment{.at = view.length()};
    const auto at = base::parse_duration(text);
    return at ? std::optional(Moment{.at = *at}) : std::nullopt;
  }
  const auto* entry = anchor(view, moment);
  if (!entry) return std::nullopt;
  Moment found{.at = entry->at, .entry = entry};
  if (const auto plus = base::parse_duration(base::string_or(moment, "plus"))) found.at += *plus;
  if (const auto minus = base::parse_duration(base::string_or(moment, "minus"))) found.at -= *minus;
  return found;
}

std::string moment_words(const Json& moment) {
  if (moment.is_string()) return moment.get<std::string>();
  std::string words, more;
  for (const auto& [key, value] : moment.items()) {
    const auto text = value.is_string() ? value.get<std::string>() : base::dump(value);
    if (key == "plus") more += " + " + text;
    else if (key == "minus") more += " - " + text;
    else words += fmt::format("{}{} {}", words.empty() ? "" : ", ", key, text);
  }
  return words + more;
}

}  // namespace harness::checks
