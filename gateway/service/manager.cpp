#include "gateway/service/manager.h"

#include "base/text.h"

namespace gateway {
namespace {

std::string with_suffix(const std::string& unit) { return unit.find('.') == std::string::npos ? unit + ".service" : unit; }

constexpr std::string_view kProperties =
    "LoadState,ActiveState,SubState,Result,Job,MainPID,ExecMainStatus,ExecMainCode,RestartUSec,TimeoutStopUSec,TimeoutStartUSec,StatusText,"
    "ActiveEnterTimestamp,UnitFileState";

}  // namespace

std::optional<base::Duration> parse_time_span(std::string_view text) {
  text = base::trim(text);
  if (text == "infinity") return base::kForever;
  if (text == "0") return base::Duration{0};
  std::string joined;
  for (const auto& part : base::split(text, ' ')) {
    // systemd.time(7) also has w, month and y; a stop time-out that long is none.
    if (part.ends_with("w") || part.ends_with("month") || part.ends_with("y")) return base::kForever;
    joined += part;
  }
  return base::parse_duration(joined);
}

UnitState parse_unit_state(std::string_view show_output) {
  UnitState state;
  for (const auto& line : base::split(show_output, '\n')) {
    const auto equals = line.find('=');
    if (equals == std::string::npos) continue;
    const auto key = line.substr(0, equals);
    auto value = line.substr(equals + 1);
    if (key == "LoadState") state.load = value;
    else if (key == "ActiveState") state.active = value;
    else if (key == "SubState") state.sub = value;
    else if (key == "Result") state.result = value;
    else if (key == "Job") state.job = value;
    else if (key == "MainPID") state.main_pid = base::parse_integer(value).value_or(0);
    else if (key == "ExecMainStatus") state.exec_status = base::parse_integer(value).value_or(0);
    else if (key == "ExecMainCode") state.exec_code = value;
    else if (key == "RestartUSec") state.restart_sec = parse_time_span(value);
    else if (key == "TimeoutStopUSec") state.timeout_stop = parse_time_span(value);
    else if (key == "TimeoutStartUSec") state.timeout_start = parse_time_span(value);
    else if (key == "StatusText") state.status_text = value;
    else if (key == "ActiveEnterTimestamp") state.since = value;
    else if (key == "UnitFileState") state.enabled = value;
  }
  return state;
}

bool stop_is_planned(const UnitState& state, std::int64_t own_pid) {
  if (state.main_pid != own_pid && state.main_pid != 0) return false;
  const bool stopping = state.active == "deactivating" && (state.sub == "stop" || state.sub == "stop-sigterm");
  return stopping && (state.result == "success" || state.result.empty());
}

std::optional<UnitState> Manager::show(std::string& failure) const {
  const auto result = run_command({"systemctl", "--user", "show", with_suffix(unit_), "--no-pager", "--property", std::string(kProperties)}, bound_);
  auto state = parse_unit_state(result.out);
  if (result.ok() && !state.active.empty()) return state;
  failure = result.ok() ? "its answer was empty" : result.reason();
  return std::nullopt;
}

CommandResult Manager::verb(std::vector<std::string> words, std::optional<base::Duration> bound) const {
  words.insert(words.begin(), {"systemctl", "--user"});
  words.push_back(with_suffix(unit_));
  return run_command(words, bound.value_or(bound_));
}

CommandResult Manager::journal(const std::string& since, int lines) const {
  // No -n: on systemd 252 it prints the first lines since then, not the last ones.
  auto result = run_command({"journalctl", "--user", "-u", unit_, "--no-pager", "-o", "cat", "--since", since}, bound_);
  auto all = base::split(base::trim(result.out), '\n');
  if (all.size() > static_cast<std::size_t>(lines)) all.erase(all.begin(), all.end() - lines);
  result.out = base::join(all, "\n");
  return result;
}

DrainBudget effective_drain(base::Duration drain, base::Duration settle, std::optional<base::Duration> timeout_stop) {
  if (!timeout_stop || *timeout_stop == base::kForever || *timeout_stop == base::Duration{0}) return {drain, false};
  const auto room = std::max(base::Duration{0}, *timeout_stop - settle - kCleanUp);
  return {std::min(drain, room), drain > room};
}

}  // namespace gateway
