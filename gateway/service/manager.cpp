#include "gateway/service/manager.h"

#include "base/text.h"

namespace gateway {
namespace {

std::string with_suffix(const std::string& unit) { return unit.find('.') == std::string::npos ? unit + ".service" : unit; }

constexpr std::string_view kProperties =
    "LoadState,ActiveState,SubState,Result,Job,MainPID,ExecMainStatus,ExecMainCode,RestartUSec,TimeoutStopUSec,TimeoutStartUSec,StatusText,"
    "ActiveEnterTimestamp,UnitFileState";

}  // namespace

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

}  // namespace gateway
