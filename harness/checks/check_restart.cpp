// Restarts: the old process out, the new one ready, in time, and nobody lost.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "harness/checks/outcome.h"

namespace harness::checks {
namespace {

struct Restart {
  const Entry* asked = nullptr;  ///< what set it off; the exit itself when nothing did
  const Entry* exit = nullptr;
  const Entry* spawn = nullptr;
  const Entry* ready = nullptr;
};

bool asks_for_restart(const Entry& entry) {
  if (entry.lane == "cli" && entry.kind == "start") {
    const auto* args = base::find(entry.data, "args");
    if (!args || !args->is_array()) return false;
    return std::any_of(args->begin(), args->end(), [](const Json& each) { return each == "restart" || each == "stop" || each == "reload-or-restart" || each == "try-restart"; });
  }
  if (entry.lane == "harness" && entry.kind == "step") {
    const auto what = base::string_or(entry.data, "what");
    return what.starts_with("signal") && what.find("CONT") == std::string::npos && what.find("HUP") == std::string::npos;
  }
  if (entry.lane == "manager" && entry.kind == "notify") return base::string_or(entry.data, "text").starts_with("STOPPING=1");
  return entry.lane == "manager" && entry.kind == "state" && (base::string_or(entry.data, "active") == "deactivating");
}

bool says_ready(const Entry& entry, std::int64_t pid) {
  if (entry.lane != "manager") return false;
  if (entry.kind == "state") return base::string_or(entry.data, "to") == "running";
  const auto from = base::integer_or(entry.data, "pid", 0);
  return entry.kind == "notify" && (from == pid || from == 0) && ("\n" + base::string_or(entry.data, "text")).find("\nREADY=1") != std::string::npos;
}

std::vector<Restart> restarts_of(const View& view) {
  std::vector<Restart> list;
  Duration ready_before{0};
  for (const auto* exit : view.exits()) {
    Restart restart{.exit = exit};
    for (const auto* spawn : view.spawns()) {
      if (spawn->at >= exit->at && !restart.spawn && base::integer_or(spawn->data, "pid", 0) != base::integer_or(exit->data, "pid", -1)) restart.spawn = spawn;
    }
    const auto pid = restart.spawn ? base::integer_or(restart.spawn->data, "pid", 0) : 0;
    for (const auto* entry : view.entries()) {
      if (entry->at > ready_before && entry->at <= exit->at && !restart.asked && asks_for_restart(*entry)) restart.asked = entry;
      if (restart.spawn && entry->at >= restart.spawn->at && entry->at <= view.teardown() && !restart.ready && says_ready(*entry, pid)) restart.ready = entry;
    }
    if (!restart.asked) restart.asked = exit;
    if (restart.ready) ready_before = restart.ready->at;
    list.push_back(restart);
  }
  return list;
}

void judge(Outcome& out, const Restart& restart) {
  const auto pid = base::integer_or(restart.exit->data, "pid", 0);
  const auto what = fmt::format("the exit of pid {}", pid);
  if (const auto* code = base::find(out.params(), "code"); code && !code_matches(*code, exit_word(*restart.exit))) {
    out.fail(fmt::format("pid {} exits with {}", pid, wanted_words(*code)), exit_word(*restart.exit), restart.exit);
  }
  if (const auto limit = out.duration("drain")) out.within(what, restart.asked->at, restart.exit->at, *limit, restart.exit);
  const auto ready = out.duration("ready");
  const auto total = out.duration("total");
  if (!restart.ready) {
    const auto seen = restart.spawn ? fmt::format("pid {} was started at {}, but never ready", base::integer_or(restart.spawn->data, "pid", 0), time_words(restart.spawn->at)) : "no new process was started";
    return out.never_within(fmt::format("a new process ready after {}", what), restart.exit->at, ready ? *ready : total.value_or(Duration::max()), seen, restart.spawn ? restart.spawn : restart.exit);
  }
  if (ready) out.within(fmt::format("a new process ready after {}", what), restart.exit->at, restart.ready->at, *ready, restart.ready);
  if (total) out.within("the whole restart", restart.asked->at, restart.ready->at, *total, restart.ready);
}

}  // namespace

void check_restart(Outcome& out) {
  const auto list = restarts_of(out.view());
  const auto wanted = out.count("count", {1, kNoMaximum});
  if (list.empty() && wanted.first > 0) {
    return out.fail("a restart", out.view().spawns().empty() ? "the gateway was never started" : fmt::format("pid {} ran to the end", base::integer_or(out.view().spawns().back()->data, "pid", 0)),
                    out.view().spawns().empty() ? nullptr : out.view().spawns().back());
  }
  for (const auto& restart : list) judge(out, restart);
  out.count_fits("restarts", static_cast<std::int64_t>(list.size()), wanted, list.empty() ? nullptr : list.back().exit);
  if (out.failed() || list.empty()) return;
  const auto& last = list.back();
  out.tell(fmt::format("restart: out in {}, ready {} later", base::human_duration(last.exit->at - last.asked->at), base::human_duration(last.ready->at - last.exit->at)));
}

void check_loses_nothing(Outcome& out) {
  const Json wanted = out.has("status") ? out.params()["status"] : Json("2xx");
  std::size_t answered = 0, asked = 0;
  for (const auto& exchange : out.view().exchanges()) {
    if (out.has("reply") && !name_meant(out.text("reply"), exchange.as)) continue;
    if (exchange.left()) continue;
    ++asked;
    if (!exchange.reply()) {
      out.fail("every request answered in full", exchange.as + " has no reply", exchange.request);
      continue;
    }
    const auto status = base::integer_or(exchange.reply()->data, "status", 0);
    const bool good = status_matches(wanted, status) && (status / 100 != 2 || whole(exchange));
    if (good) ++answered;
    else out.fail("every request answered in full", fmt::format("{}: {}, ended {}", exchange.as, status == 0 ? "no reply" : std::to_string(status), base::string_or(exchange.reply()->data, "ended", "complete")), exchange.reply());
  }
  if (asked == 0) return out.unknown("requests around the restart", "none was made");
  if (!out.failed()) out.tell(fmt::format("{} of {} answered", answered, asked));
}

}  // namespace harness::checks
