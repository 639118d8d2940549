#include "gateway/core/unit_state.h"

#include "base/text.h"

namespace gateway {

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

DrainBudget effective_drain(base::Duration drain, base::Duration settle, std::optional<base::Duration> timeout_stop) {
  if (!timeout_stop || *timeout_stop == base::kForever || *timeout_stop == base::Duration{0}) return {drain, false};
  const auto room = std::max(base::Duration{0}, *timeout_stop - settle - kCleanUp);
  return {std::min(drain, room), drain > room};
}

}  // namespace gateway
