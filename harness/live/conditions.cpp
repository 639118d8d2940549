// `wait`: conditions before times. Each is a question about the world or the history, asked until it is true or the deadline is over.
#include "base/text.h"
#include "harness/live/steps.h"

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

std::int64_t count_entries(World& world, std::string_view lane, std::string_view kind, const Json& params) {
  return world.recorder().look([&](const std::vector<Entry>& entries) {
    return static_cast<std::int64_t>(std::count_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.lane == lane && entry.kind == kind && entry_matches(entry, params); }));
  });
}

std::optional<Json> health(World& world) {
  const auto reply = plain_call(world.port(), "GET", world.spec().target.health, "", std::chrono::seconds{5});
  if (!reply) return std::nullopt;
  auto json = base::parse_wire_json(reply->body);
  if (!json || !json->is_object()) json = Json::object();
  (*json)["http_status"] = reply->status;
  return json;
}

/// What was true when the wait began.
struct Before {
  std::string pid;
};

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

std::optional<Json> status(World& world) {
  const auto reply = plain_call(world.admin_port(), "GET", "/status", "", std::chrono::seconds{5});
  return reply ? base::parse_wire_json(reply->body) : std::nullopt;
}

bool state_holds(World& world, const WaitStep& step, const Before& before, std::string& seen) {
  const auto& word = step.until;
  if (word == "pid-new") {
    seen = world.property("MainPID");
    return seen != "0" && !seen.empty() && seen != before.pid;
  }
  if (word == "state") {
    const auto wanted = base::string_or(step.params, "is");
    const auto active = world.property("ActiveState"), sub = world.property("SubState");
    seen = active + " (" + sub + ")";
    return wanted == active || wanted == sub;
  }
  seen = world.property("ActiveState");
  return seen == word;
}

bool health_holds(World& world, const WaitStep& step, std::string& seen) {
  const auto json = health(world);
  seen = json ? base::string_or(*json, "status", std::to_string(base::integer_or(*json, "http_status", 0))) : "no answer";
  if (step.until == "gateway-answers") return json.has_value();
  if (step.until == "gateway-running" && !world.spec().target.can("health")) return json && base::integer_or(*json, "http_status", 0) < 500;
  return seen == (step.until == "draining" ? "draining" : "running");
}

/// The conditions that ask the history: how many entries of that kind fit.
struct HistoryQuestion {
  std::string_view word, lane, kind;
};
constexpr std::array kHistoryQuestions{
    HistoryQuestion{"reply", "client", "reply"}, HistoryQuestion{"first-content", "client", "first-event"}, HistoryQuestion{"attempts", "provider", "attempt"},
    HistoryQuestion{"log", "gateway", "log"}, HistoryQuestion{"journal", "manager", "journal"}, HistoryQuestion{"exited", "manager", "exit"}};

bool cli_holds(World& world, const WaitStep& step, std::string& seen) {
  const auto name = base::string_or(step.params, "cli"), text = base::string_or(step.params, "text");
  const auto found = world.recorder().look([&](const std::vector<Entry>& entries) {
    return std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
      if (entry.lane != "cli" || base::string_or(entry.data, "as") != name) return false;
      return text.empty() ? entry.kind == "exit" : entry.kind == "line" && base::string_or(entry.data, "line").find(text) != std::string::npos;
    });
  });
  seen = text.empty() ? "still running" : "not printed";
  return found;
}

/// True when the condition holds; `seen` says what was there instead.
bool holds(World& world, const WaitStep& step, const Before& before, const std::function<int()>& background_open, std::string& seen) {
  const auto& word = step.until;
  if (word == "background") {
    const int open = background_open();
    seen = fmt::format("{} still running", open);
    return open == 0;
  }
  if (word == "cli") return cli_holds(world, step, seen);
  if (word == "status") {
    const auto json = status(world);
    seen = "no answer";
    return json && json_has(*json, step.params["has"], seen);
  }
  if (word == "gateway-running" || word == "gateway-answers" || word == "draining") return health_holds(world, step, seen);
  for (const auto& question : kHistoryQuestions) {
    if (word != question.word) continue;
    const auto count = base::integer_or(step.params, "count", 1);
    const auto found = count_entries(world, question.lane, question.kind, step.params);
    seen = fmt::format("{} of {}", found, count);
    return found >= count;
  }
  return state_holds(world, step, before, seen);
}

}  // namespace

std::optional<std::string> wait_until(World& world, const WaitStep& step, const std::function<int()>& background_open) {
  if (step.time) {
    std::this_thread::sleep_for(*step.time);
    return std::nullopt;
  }
  const auto until = std::chrono::steady_clock::now() + world.patience(step.deadline);
  std::string seen;
  const Before before{.pid = step.until == "pid-new" ? world.property("MainPID") : std::string{}};
  for (;;) {
    if (holds(world, step, before, background_open, seen)) return std::nullopt;
    if (std::chrono::steady_clock::now() >= until) {
      return fmt::format("waited {} for \"{}\"; seen last: {}", base::format_duration(step.deadline), step.until, seen.empty() ? "nothing" : seen);
    }
    // Real milliseconds, whatever the speed: a nominal pause shrinks with it.
    std::this_thread::sleep_for(base::from_seconds(0.003 * world.spec().speed));
  }
}

}  // namespace harness
