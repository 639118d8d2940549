// The words of systemd 252 to 257 (src/core/service.c, unit.c, manager.c), read back.
#include "harness/manager/real_journal.h"

#include <array>
#include <optional>

#include "base/text.h"

namespace harness::manager {
namespace {

base::Json entry(double t, std::string_view lane, std::string_view kind, const std::string& unit) {
  return {{"t", t}, {"lane", lane}, {"kind", kind}, {"unit", unit}};
}

/// What follows `start` in `text`; nullopt when it does not begin with it.
std::optional<std::string_view> after(std::string_view text, std::string_view start) {
  if (!text.starts_with(start)) return std::nullopt;
  return text.substr(start.size());
}
std::int64_t leading_number(std::string_view text) {
  return base::parse_integer(text.substr(0, text.find_first_not_of("0123456789"))).value_or(0);
}

// systemd's table from sub-states to active states (src/core/service.c, state_translation_table, and those of sockets and targets).
std::string_view active_of(std::string_view sub) {
  for (const auto word : {"dead", "dead-before-auto-restart", "dead-resources-pinned"}) if (sub == word) return "inactive";
  for (const auto word : {"failed", "failed-before-auto-restart"}) if (sub == word) return "failed";
  for (const auto word : {"running", "exited", "listening", "active", "mounted"}) if (sub == word) return "active";
  if (sub.starts_with("reload")) return "reloading";
  if (sub.starts_with("start") || sub == "condition" || sub.starts_with("auto-restart")) return "activating";
  return "deactivating";
}

}  // namespace

std::string RealJournal::unit_of(std::int64_t pid) const {
  for (const auto& [name, unit] : units_) {
    if (pid != 0 && (unit.main_pid == pid || unit.control_pid == pid || unit.child == pid)) return name;
  }
  return {};
}

std::vector<base::Json> RealJournal::read(std::string_view json_line) {
  std::vector<base::Json> out;
  const auto line = base::parse_wire_json(json_line);
  if (!line || !line->is_object()) return out;
  auto stamp = base::string_or(*line, "_SOURCE_REALTIME_TIMESTAMP");
  if (stamp.empty()) stamp = base::string_or(*line, "__REALTIME_TIMESTAMP");
  const auto wall_us = base::parse_integer(stamp);
  if (!wall_us) return out;
  const double since_zero = static_cast<double>(*wall_us * 1000 - clock_.wall_zero) * clock_.factor;
  const double t = (static_cast<double>(clock_.monotonic_zero) + since_zero) / 1e9;
  const auto text = base::string_or(*line, "MESSAGE");
  const auto pid = base::parse_integer(base::string_or(*line, "_PID")).value_or(0);
  auto own_unit = base::string_or(*line, "_SYSTEMD_USER_UNIT");
  // journald remembers the cgroup in which a stream was opened, which is the manager's own; the writer's PID tells whose it is.
  if (own_unit == "init.scope" && base::string_or(*line, "_TRANSPORT") == "stdout") own_unit = unit_of(pid);
  const auto about = base::string_or(*line, "USER_UNIT");
  const auto identifier = base::string_or(*line, "SYSLOG_IDENTIFIER");
  // The manager itself lives in init.scope; "(probe)" is a child of it that has not executed its program yet.
  if (own_unit == "init.scope" || (!about.empty() && identifier == "systemd")) {
    if (!about.empty() && identifier == "systemd") {
      manager_line(about, text, base::parse_integer(base::string_or(*line, "PRIORITY")).value_or(6), t, out);
    }
    return out;
  }
  if (own_unit.empty() || own_unit.ends_with(".scope")) return out;
  base::Json said = entry(t, "gateway", "stderr", own_unit);
  said["pid"] = pid;
  const auto parsed = text.starts_with('{') ? base::parse_wire_json(text) : std::nullopt;
  if (parsed && parsed->is_object()) {
    said["kind"] = "log";
    for (const auto& [key, value] : parsed->items()) {
      if (!said.contains(key) && key != "seq") said[key] = value;
    }
  } else {
    said["line"] = text;
  }
  out.push_back(std::move(said));
  return out;
}

void RealJournal::manager_line(const std::string& unit, const std::string& text, std::int64_t priority, double t, std::vector<base::Json>& out) {
  Unit& known = units_[unit];
  const auto own = after(text, unit + ": ").value_or(std::string_view(text));
  if (const auto change = after(own, "Changed ")) {
    const auto arrow = change->find(" -> ");
    if (arrow == std::string_view::npos) return;
    const auto from = std::string(change->substr(0, arrow)), to = std::string(change->substr(arrow + 4));
    if (to == "start" || to == "start-pre" || to == "condition") known.result = "success";
    base::Json line = entry(t, "manager", "state", unit);
    line["from"] = from;
    line["to"] = to;
    line["active"] = active_of(to);
    line["result"] = known.result;
    line["n_restarts"] = known.n_restarts;
    line["pid"] = known.main_pid;
    line["reason"] = std::exchange(known.reason, {});
    out.push_back(std::move(line));
    return;
  }
  if (const auto spawning = after(own, "Will spawn child (")) known.spawning = spawning->substr(0, spawning->find(')'));
  if (const auto forked = after(own, "Forked ")) {
    const auto as = forked->rfind(" as ");
    if (as == std::string_view::npos) return;
    const bool main = known.spawning == "service_enter_start" || known.spawning.empty();
    const auto pid = leading_number(forked->substr(as + 4));
    (main ? known.main_pid : known.control_pid) = pid;
    if (main) known.result = "success";
    base::Json line = entry(t, "manager", "spawn", unit);
    line["pid"] = pid;
    line["role"] = main ? "main" : "control";
    line["command"] = std::string(forked->substr(0, as));
    out.push_back(std::move(line));
    return;
  }
  if (const auto child = after(own, "Child ")) known.child = leading_number(*child);
  for (const auto start : {"Main process exited, ", "Control process exited, "}) {
    if (after(own, start)) exit_line(unit, own, t, out);
  }
  if (const auto notified = after(own, "Got notification message from PID ")) {
    // 252: "84 (READY=1, STATUS=hi)"; 257: "84: READY=1, STATUS=hi"
    auto said = std::string(notified->substr(std::min(notified->find_first_of(" :"), notified->size())));
    said = std::string(base::trim(said.starts_with(':') ? said.substr(1) : said));
    if (said.starts_with('(') && said.ends_with(')')) said = said.substr(1, said.size() - 2);
    base::Json line = entry(t, "manager", "notify", unit);
    line["pid"] = leading_number(*notified);
    line["text"] = base::replace_all(said, ", ", "\n");
    out.push_back(std::move(line));
    return;
  }
  if (const auto failed = after(own, "Failed with result '")) known.result = failed->substr(0, failed->find('\''));
  if (const auto at = own.find("restart counter is at "); at != std::string_view::npos) known.n_restarts = leading_number(own.substr(at + 22));
  if (priority > 6) return;  // the rest of level debug is for systemd's own developers
  base::Json line = entry(t, "manager", "journal", unit);
  line["line"] = text;
  out.push_back(std::move(line));
}

// "Main process exited, code=killed, status=15/TERM (success)"
void RealJournal::exit_line(const std::string& unit, std::string_view text, double t, std::vector<base::Json>& out) {
  Unit& known = units_[unit];
  const bool main = text.starts_with("Main");
  const auto word = [&](std::string_view key, std::string_view end) {
    const auto at = text.find(key);
    if (at == std::string_view::npos) return std::string();
    const auto rest = text.substr(at + key.size());
    return std::string(rest.substr(0, rest.find_first_of(end)));
  };
  std::int64_t& pid = main ? known.main_pid : known.control_pid;
  base::Json line = entry(t, "manager", "exit", unit);
  line["pid"] = known.child != 0 ? known.child : pid;
  line["role"] = main ? "main" : "control";
  line["code"] = word("code=", ",");
  // "75/TEMPFAIL" of an exit is a number, "15/TERM" of a signal a name.
  if (line["code"] == "exited") {
    line["status"] = leading_number(word("status=", "/ "));
  } else {
    const auto both = word("status=", " ");
    line["status"] = both.substr(both.find('/') + 1);
  }
  out.push_back(std::move(line));
  known.reason = base::lower(text.substr(0, 1)) + std::string(text.substr(1));
  known.child = 0;
  pid = 0;
}

}  // namespace harness::manager
