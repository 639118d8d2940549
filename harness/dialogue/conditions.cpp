#include "harness/dialogue/conditions.h"

#include "base/text.h"

namespace harness {
namespace {

using base::Json;

bool entry_matches(const Entry& entry, const Json& params) {
  for (const auto& [key, wanted] : params.items()) {
    if (key == "count" || key == "text") continue;
    const auto* value = base::find(entry.data, key);
    if (value == nullptr) return false;
    if (wanted.is_string() && value->is_string() ? !base::glob_match(wanted.get<std::string>(), value->get<std::string>()) : *value != wanted) return false;
  }
  const auto contains = base::string_or(params, "text");
  return contains.empty() || base::dump(entry.data).find(contains) != std::string::npos;
}

std::int64_t count_entries(const WaitFacts& facts, std::string_view lane, std::string_view kind, const Json& params) {
  std::int64_t found = 0;
  facts.entries([&](const std::vector<Entry>& entries) {
    found = std::count_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.lane == lane && entry.kind == kind && entry_matches(entry, params); });
  });
  return found;
}

/// JSON pointer → value; text may hold * and ?.
bool json_has(const Json& json, const Json& wanted, std::string& seen) {
  for (const auto& [pointer, value] : wanted.items()) {
    const Json::json_pointer place(pointer.starts_with("/") || pointer.empty() ? pointer : "/" + pointer);
    const Json found = json.contains(place) ? json.at(place) : Json(nullptr);
    seen = pointer + " is " + base::dump(found);
    if (value.is_string() && found.is_string() ? !base::glob_match(value.get<std::string>(), found.get<std::string>()) : found != value) return false;
  }
  return true;
}

bool state_holds(const WaitStep& step, const WaitFacts& facts, std::string& seen) {
  if (step.until == "pid-new") {
    seen = facts.property("MainPID");
    return seen != "0" && !seen.empty() && seen != facts.pid_before;
  }
  if (step.until == "state") {
    const auto wanted = base::string_or(step.params, "is");
    const auto active = facts.property("ActiveState"), sub = facts.property("SubState");
    seen = active + " (" + sub + ")";
    return wanted == active || wanted == sub;
  }
  seen = facts.property("ActiveState");
  return seen == step.until;
}

bool health_holds(const WaitStep& step, const WaitFacts& facts, std::string& seen) {
  const auto word = facts.health();
  seen = word.empty() ? "no answer" : word;
  if (step.until == "gateway-answers") return !word.empty();
  return word == (step.until == "draining" ? "draining" : "running");
}

/// The conditions that ask the history: how many entries of that kind fit.
struct HistoryQuestion {
  std::string_view word, lane, kind;
};
constexpr std::array kHistoryQuestions{
    HistoryQuestion{"reply", "client", "reply"}, HistoryQuestion{"first-content", "client", "first-event"}, HistoryQuestion{"attempts", "provider", "attempt"},
    HistoryQuestion{"log", "gateway", "log"}, HistoryQuestion{"journal", "manager", "journal"}, HistoryQuestion{"exited", "manager", "exit"}};

bool cli_holds(const WaitStep& step, const WaitFacts& facts, std::string& seen) {
  const auto name = base::string_or(step.params, "cli"), text = base::string_or(step.params, "text");
  bool found = false;
  facts.entries([&](const std::vector<Entry>& entries) {
    found = std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
      if (entry.lane != "cli" || base::string_or(entry.data, "as") != name) return false;
      return text.empty() ? entry.kind == "exit" : entry.kind == "line" && base::string_or(entry.data, "line").find(text) != std::string::npos;
    });
  });
  seen = text.empty() ? "still running" : "not printed";
  return found;
}

}  // namespace

bool wait_holds(const WaitStep& step, const WaitFacts& facts, std::string& seen) {
  const auto& word = step.until;
  if (word == "background") {
    const int open = facts.background();
    seen = fmt::format("{} still running", open);
    return open == 0;
  }
  if (word == "cli") return cli_holds(step, facts, seen);
  if (word == "status") {
    const auto json = facts.status();
    const auto* has = base::find(step.params, "has");
    seen = "no answer";
    return json && has != nullptr && json_has(*json, *has, seen);
  }
  if (word == "gateway-running" || word == "gateway-answers" || word == "draining") return health_holds(step, facts, seen);
  for (const auto& question : kHistoryQuestions) {
    if (word != question.word) continue;
    const auto count = base::integer_or(step.params, "count", 1);
    const auto found = count_entries(facts, question.lane, question.kind, step.params);
    seen = fmt::format("{} of {}", found, count);
    return found >= count;
  }
  return state_holds(step, facts, seen);
}

}  // namespace harness
