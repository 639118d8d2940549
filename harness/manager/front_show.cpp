// `systemctl show`: every property in the manager's own order, whatever the order of the request.
#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "harness/manager/front_show_table.h"
#include "harness/manager/manager_impl.h"

namespace harness::manager {
namespace {

std::string yes_no(bool value) { return value ? "yes" : "no"; }
std::string text_of(std::string_view value) { return std::string{value}; }

std::string exits(const ExitSet& set) {
  std::string out;
  const auto add = [&](const std::string& word) { out += (out.empty() ? "" : " ") + word; };
  for (std::size_t i = 0; i < 256; ++i) {
    if (set.statuses.test(i)) add(std::to_string(i));
  }
  for (std::size_t i = 1; i < 65; ++i) {
    if (set.signals.test(i)) add(signal_name(static_cast<int>(i)));
  }
  return out;
}

std::string limit(base::Duration span) { return span == base::kForever ? "infinity" : format_time_span(span); }

/// Values with blanks are quoted, as in Environment=A=x "B=two words".
std::string list(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) {
    const bool quote = word.find_first_of(" \t\n\"\\'") != std::string::npos;
    out += out.empty() ? "" : " ";
    out += quote ? "\"" + base::replace_all(base::replace_all(word, "\\", "\\\\"), "\"", "\\\"") + "\"" : word;
  }
  return out;
}

std::string size_of(const std::string& text) {
  const auto size = parse_unit_size(text);
  return !size || *size == std::numeric_limits<std::uint64_t>::max() ? "infinity" : std::to_string(*size);
}

std::optional<ExecSlot> slot_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, ExecSlot>, kExecSlots> kNames{
      {{"ExecCondition", ExecSlot::condition}, {"ExecStartPre", ExecSlot::start_pre}, {"ExecStart", ExecSlot::start},
       {"ExecStartPost", ExecSlot::start_post}, {"ExecReload", ExecSlot::reload}, {"ExecStop", ExecSlot::stop},
       {"ExecStopPost", ExecSlot::stop_post}}};
  for (const auto& [word, slot] : kNames) {
    if (word == name) return slot;
  }
  return std::nullopt;
}

using UnitReader = std::string (*)(const Unit&);

/// Properties that follow from the settings alone.
const std::unordered_map<std::string_view, UnitReader>& setting_readers() {
  static const std::unordered_map<std::string_view, UnitReader> kReaders{
      {"Type", [](const Unit& u) { return text_of(to_string(u.service.type)); }},
      {"ExitType", [](const Unit& u) { return text_of(to_string(u.service.exit_type)); }},
      {"Restart", [](const Unit& u) { return text_of(to_string(u.service.restart)); }},
      {"RestartMode", [](const Unit& u) { return text_of(to_string(u.service.restart_mode)); }},
      {"RestartUSec", [](const Unit& u) { return format_time_span(u.service.restart_delay); }},
      {"RestartSteps", [](const Unit& u) { return std::to_string(u.service.restart_steps); }},
      {"RestartMaxDelayUSec", [](const Unit& u) { return limit(u.service.restart_delay_max); }},
      {"TimeoutStartUSec", [](const Unit& u) { return limit(u.service.timeout_start); }},
      {"TimeoutStopUSec", [](const Unit& u) { return limit(u.service.timeout_stop); }},
      {"TimeoutAbortUSec", [](const Unit& u) { return limit(u.service.timeout_abort.value_or(u.service.timeout_stop)); }},
      {"TimeoutStartFailureMode", [](const Unit& u) { return text_of(to_string(u.service.timeout_start_failure)); }},
      {"TimeoutStopFailureMode", [](const Unit& u) { return text_of(to_string(u.service.timeout_stop_failure)); }},
      {"RuntimeMaxUSec", [](const Unit& u) { return limit(u.service.runtime_max); }},
      {"RemainAfterExit", [](const Unit& u) { return yes_no(u.service.remain_after_exit); }},
      {"RestartPreventExitStatus", [](const Unit& u) { return exits(u.service.restart_prevent); }},
      {"RestartForceExitStatus", [](const Unit& u) { return exits(u.service.restart_force); }},
      {"SuccessExitStatus", [](const Unit& u) { return exits(u.service.success); }},
      {"FileDescriptorStoreMax", [](const Unit& u) { return std::to_string(u.service.fd_store_max); }},
      {"FileDescriptorStorePreserve", [](const Unit& u) { return std::string{u.service.fd_store_preserve ? "yes" : "restart"}; }},
      {"OOMPolicy", [](const Unit& u) { return text_of(to_string(u.service.oom_policy)); }},
      {"ReloadSignal", [](const Unit& u) { return std::to_string(u.service.reload_signal); }},
      {"MemoryMax", [](const Unit& u) { return size_of(u.memory_max); }},
      {"MemoryHigh", [](const Unit& u) { return size_of(u.memory_high); }},
      {"TasksMax", [](const Unit& u) { return u.tasks_max.empty() ? std::string{"28909"} : size_of(u.tasks_max); }},
      {"Environment", [](const Unit& u) { return list(u.exec.environment); }},
      {"PassEnvironment", [](const Unit& u) { return list(u.exec.pass_environment); }},
      {"UnsetEnvironment", [](const Unit& u) { return list(u.exec.unset_environment); }},
      {"EnvironmentFiles",
       [](const Unit& u) {
         std::string out;
         for (const auto& file : u.exec.environment_files) {
           out += (out.empty() ? "" : " ") + file.path + " (ignore_errors=" + yes_no(file.optional) + ")";
         }
         return out;
       }},
      {"StandardInput", [](const Unit& u) { return u.exec.standard_input; }},
      {"StandardOutput", [](const Unit& u) { return u.exec.standard_output; }},
      {"StandardError", [](const Unit& u) { return u.exec.standard_error; }},
      {"RuntimeDirectoryPreserve", [](const Unit& u) { return yes_no(u.exec.runtime_directory_preserve); }},
      {"KillMode", [](const Unit& u) { return text_of(to_string(u.kill.mode)); }},
      {"KillSignal", [](const Unit& u) { return std::to_string(u.kill.kill_signal); }},
      {"RestartKillSignal",
       [](const Unit& u) { return std::to_string(u.kill.restart_kill_signal != 0 ? u.kill.restart_kill_signal : u.kill.kill_signal); }},
      {"FinalKillSignal", [](const Unit& u) { return std::to_string(u.kill.final_kill_signal); }},
      {"WatchdogSignal", [](const Unit& u) { return std::to_string(u.kill.watchdog_signal); }},
      {"SendSIGKILL", [](const Unit& u) { return yes_no(u.kill.send_sigkill); }},
      {"SendSIGHUP", [](const Unit& u) { return yes_no(u.kill.send_sighup); }},
  };
  return kReaders;
}

}  // namespace

std::string Manager::Impl::service_property(const UnitEntry& entry, std::string_view name, bool& known) const {
  known = true;
  const auto& service = *entry.service;
  const Unit& unit = *entry.unit;
  const auto& main = service.main_status();
  const auto monotonic = [](const std::optional<base::Instant>& at) {
    return at ? std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(at->since_start).count()) : std::string{"0"};
  };
  if (const auto reader = setting_readers().find(name); reader != setting_readers().end()) return reader->second(unit);
  if (name == "NotifyAccess") return text_of(to_string(service.notify_access()));
  if (name == "RestartUSecNext") return format_time_span(service.next_restart_delay());
  if (name == "WatchdogUSec") {
    // Off is "infinity" unless WatchdogSec= was written as 0, or the service ran: then it is 0.
    const auto period = service.watchdog();
    if (period != base::kForever) return format_time_span(period);
    return service.invocation_id().empty() ? "infinity" : "0";
  }
  if (name == "WatchdogTimestamp") return timestamp(service.watchdog() == base::kForever ? std::nullopt : service.watchdog_at());
  if (name == "WatchdogTimestampMonotonic") return monotonic(service.watchdog() == base::kForever ? std::nullopt : service.watchdog_at());
  if (name == "MainPID") {
    const bool stale = entry.stale_main_pid != 0 && entry.stale_until > now_ && service.main_pid() == 0;
    return std::to_string(stale ? entry.stale_main_pid : service.main_pid());
  }
  if (name == "ControlPID") return std::to_string(service.control_pid());
  if (name == "NFileDescriptorStore") return std::to_string(service.stored_fds().size());
  if (name == "StatusText") return service.status_text();
  if (name == "StatusErrno") return std::to_string(service.status_errno());
  if (name == "Result") return text_of(to_string(service.result()));
  if (name == "ReloadResult") return text_of(to_string(service.reload_result()));
  if (name == "NRestarts") return std::to_string(service.n_restarts());
  if (name == "ExecMainStartTimestamp") return timestamp(main.started);
  if (name == "ExecMainStartTimestampMonotonic") return monotonic(main.started);
  if (name == "ExecMainExitTimestamp") return timestamp(main.exited);
  if (name == "ExecMainExitTimestampMonotonic") return monotonic(main.exited);
  if (name == "ExecMainPID") return std::to_string(main.pid);
  if (name == "ExecMainCode") return std::to_string(static_cast<int>(main.code));
  if (name == "ExecMainStatus") return std::to_string(main.status);
  if (name == "InvocationID") return service.invocation_id();
  if (name == "UMask") {
    std::string octal;
    for (auto mode = unit.exec.umask.value_or(022); mode > 0; mode /= 8) octal.insert(octal.begin(), static_cast<char>('0' + mode % 8));
    return octal.insert(0, 4 - std::min<std::size_t>(4, octal.size()), '0');
  }
  if (name == "WorkingDirectory") {
    const bool given = !unit.exec.working_directory.empty();
    return std::string{!given || unit.exec.working_directory_optional ? "!" : ""} + (given ? unit.exec.working_directory : settings.identity.home);
  }
  if (name == "WantsMountsFor") return unit.exec.working_directory.empty() ? settings.identity.home : unit.exec.working_directory;
  if (name == "ControlGroup") {
    const std::string uid = std::to_string(settings.identity.uid);
    if (host_ref.processes(unit.name).empty()) return "";
    return "/user.slice/user-" + uid + ".slice/user@" + uid + ".service/app.slice/" + unit.name;
  }
  if (name == "CPUUsageNSec") {
    const auto used = host_ref.cpu_used(unit.name);
    return used == base::Duration{0} || main.pid == 0 ? "[not set]" : std::to_string(used.count());
  }
  if (name == "TasksCurrent") return "[not set]";
  if (name.starts_with("Limit")) {
    const bool soft = name.ends_with("Soft");
    const auto key = name.substr(5, name.size() - 5 - (soft ? 4 : 0));
    for (const auto& [limit_name, value] : unit.exec.limits) {
      if (limit_name == key) return soft ? value.substr(0, value.find(':')) : value.substr(value.find(':') + 1);
    }
    if (key == "NOFILE") return soft ? "1024" : "20000";
    return soft ? "0" : "infinity";
  }
  const bool extended = name.ends_with("Ex");
  if (const auto slot = slot_of(extended ? name.substr(0, name.size() - 2) : name)) {
    std::string out;
    const auto& commands = unit.service.of(*slot);
    const auto& statuses = service.command_status(*slot);
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const ProcessStatus status = i < statuses.size() ? statuses[i] : ProcessStatus{};
      const auto time = [&](const std::optional<base::Instant>& at) { return "[" + (at ? timestamp(at) : std::string{"n/a"}) + "]"; };
      const char* code = status.code == ExitCode::none ? "(null)" : status.code == ExitCode::exited ? "exited" : status.code == ExitCode::killed ? "killed" : "dumped";
      std::string number = std::to_string(status.status) + "/0";
      if (status.code == ExitCode::exited) number = std::to_string(status.status);
      else if (status.code != ExitCode::none) number = std::to_string(status.status) + "/" + signal_name(status.status);
      out += (out.empty() ? "{ path=" : "\n" + std::string{name} + "={ path=") + commands[i].path + " ; argv[]=" + base::join(commands[i].argv, " ") +
             (extended ? " ; flags=" + std::string{commands[i].ignore_failure ? "ignore-failure" : ""}
                       : " ; ignore_errors=" + yes_no(commands[i].ignore_failure)) +
             " ; start_time=" + time(status.started) + " ; stop_time=" + time(status.exited) + " ; pid=" + std::to_string(status.pid) +
             " ; code=" + code + " ; status=" + number + " }";
    }
    return out;
  }
  known = false;
  return "";
}

std::string Manager::Impl::unit_property(const UnitEntry& entry, std::string_view name, bool& known) const {
  known = true;
  const Unit& unit = *entry.unit;
  const auto joined = [](const std::vector<std::string>& names) { return base::join(names, " "); };
  const auto with = [&](std::vector<std::string> names, std::initializer_list<const char*> implied) {
    for (const char* more : implied) names.emplace_back(more);
    return base::join(names, " ");
  };
  if (name == "Id" || name == "Names") return unit.name;
  const bool old = settings.compat == Compat::v252;
  if (name == "Requires") return old ? with(unit.requires_, {"basic.target", "app.slice"}) : with(unit.requires_, {"app.slice", "basic.target"});
  if (name == "Wants") return joined(unit.wants);
  if (name == "BindsTo") return joined(unit.binds_to);
  if (name == "PartOf") return joined(unit.part_of);
  if (name == "Requisite") return "";
  if (name == "Conflicts") return with(unit.conflicts, {"shutdown.target"});
  if (name == "Before") return with(unit.before, {"shutdown.target"});
  if (name == "After") return old ? with(unit.after, {"basic.target", "app.slice"}) : with(unit.after, {"-.mount", "basic.target", "app.slice"});
  if (name == "OnFailure") return joined(unit.on_failure);
  if (name == "OnSuccess") return joined(unit.on_success);
  if (name == "Triggers") return unit.kind == UnitKind::socket ? unit.socket.service : "";
  if (name == "TriggeredBy") return joined(triggers_of(unit.name));
  if (name == "Description") return unit.description;
  if (name == "LoadState") return text_of(to_string(unit.load_state));
  if (name == "ActiveState") return text_of(to_string(entry.active()));
  if (name == "SubState") return text_of(entry.sub());
  if (name == "FragmentPath") return unit.fragment_path;
  if (name == "DropInPaths") return joined(unit.drop_in_paths);
  if (name == "UnitFileState") return unit_file_state(unit);
  if (name == "UnitFilePreset") return unit.load_state == LoadState::not_found ? "" : "enabled";
  if (name == "CanStart" || name == "CanStop") {
    const bool refuse = name == "CanStart" ? unit.refuse_manual_start : unit.refuse_manual_stop;
    return yes_no(unit.load_state == LoadState::loaded && !refuse);
  }
  if (name == "CanReload") return yes_no(entry.service && entry.service->can_reload());
  if (name == "RefuseManualStart") return yes_no(unit.refuse_manual_start);
  if (name == "RefuseManualStop") return yes_no(unit.refuse_manual_stop);
  if (name == "NeedDaemonReload") return yes_no(needs_reload(entry));
  if (name == "Job") return entry.job ? std::to_string(entry.job->id) : "";
  if (name == "ConditionResult") return yes_no(entry.condition_result);
  if (name == "StartLimitIntervalUSec") return format_time_span(unit.start_limit_interval);
  if (name == "StartLimitBurst") return std::to_string(unit.start_limit_burst);
  if (name == "LoadError") {
    if (unit.load_state == LoadState::bad_setting) {
      return "org.freedesktop.systemd1.BadUnitSetting \"Unit " + unit.name + " has a bad unit file setting.\"";
    }
    if (unit.load_state == LoadState::not_found) return "org.freedesktop.systemd1.NoSuchUnit \"Unit " + unit.name + " not found.\"";
    if (unit.load_state == LoadState::masked) return "org.freedesktop.systemd1.UnitMasked \"Unit " + unit.name + " is masked.\"";
    return "";
  }
  using Stamp = std::optional<base::Instant> UnitEntry::*;
  constexpr std::array<std::pair<std::string_view, Stamp>, 6> kStamps{{{"StateChangeTimestamp", &UnitEntry::state_change},
                                                                      {"InactiveExitTimestamp", &UnitEntry::inactive_exit},
                                                                      {"ActiveEnterTimestamp", &UnitEntry::active_enter},
                                                                      {"ActiveExitTimestamp", &UnitEntry::active_exit},
                                                                      {"InactiveEnterTimestamp", &UnitEntry::inactive_enter},
                                                                      {"ConditionTimestamp", &UnitEntry::condition_at}}};
  for (const auto& [word, member] : kStamps) {
    const auto& at = entry.*member;
    if (name == word) return timestamp(at);
    if (name.size() == word.size() + 9 && name.starts_with(word) && name.ends_with("Monotonic")) {
      return at ? std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(at->since_start).count()) : "0";
    }
  }
  known = false;
  return "";
}

std::string Manager::Impl::socket_property(const UnitEntry& entry, std::string_view name, bool& known) const {
  known = true;
  const auto& socket = entry.unit->socket;
  if (name == "Listen") {
    std::string out;
    for (const auto& listener : socket.listeners) {
      constexpr std::array<const char*, 4> kKinds{"Stream", "Datagram", "SequentialPacket", "FIFO"};
      out += (out.empty() ? "" : "\nListen=") + listener.address + " (" + kKinds[static_cast<std::size_t>(listener.kind)] + ")";
    }
    return out;
  }
  if (name == "Backlog") return std::to_string(socket.backlog);
  if (name == "Accept") return "no";
  if (name == "SocketMode") {
    std::string octal;
    for (auto mode = socket.mode; mode > 0; mode /= 8) octal.insert(octal.begin(), static_cast<char>('0' + mode % 8));
    return "0" + octal;
  }
  if (name == "RemoveOnStop") return yes_no(socket.remove_on_stop);
  if (name == "FileDescriptorName") return socket.fd_name;
  if (name == "Result") return entry.socket_result;
  known = false;
  return "";
}

std::optional<std::string> Manager::Impl::property(const UnitEntry& entry, std::string_view name) const {
  bool known = false;
  std::string value;
  if (entry.unit->kind == UnitKind::socket) value = socket_property(entry, name, known);
  else if (entry.service) value = service_property(entry, name, known);
  if (!known) value = unit_property(entry, name, known);
  return known ? std::optional{std::move(value)} : std::nullopt;
}

ClientCall Manager::Impl::show(const SystemctlArgs& args) {
  ClientCall out;
  if (take_fault(FaultKind::show_empty, "") != nullptr) return out;
  const bool old = settings.compat == Compat::v252;
  const auto asked = [&](std::string_view name) {
    return std::any_of(args.properties.begin(), args.properties.end(), [&](const std::string& p) { return p == name; });
  };
  const auto print = [&](std::string_view name, const std::string& value) {
    if (args.properties.empty() && value.empty() && !args.all) return;
    if (!args.value) out.out += std::string{name} + "=";
    out.out += value + "\n";
  };
  if (args.names.empty()) {
    std::size_t failed = 0;
    for (const auto& [name, entry] : units) failed += entry.active() == ActiveState::failed ? 1 : 0;
    const std::vector<std::pair<std::string_view, std::string>> rows{
        {"Version", old ? "252.39-1~deb12u1" : "257.13-1~deb13u1"}, {"NNames", std::to_string(units.size())}, {"NFailedUnits", std::to_string(failed)},
        {"Environment", list(settings.environment)}, {"SystemState", system_state()}, {"DefaultTimeoutStartUSec", "1min 30s"},
        {"DefaultTimeoutStopUSec", "1min 30s"}, {"DefaultRestartUSec", "100ms"}};
    for (const auto& [name, value] : rows) {
      if (args.properties.empty() || asked(name)) print(name, value);
    }
    return out;
  }
  bool first = true;
  for (const auto& written : args.names) {
    const std::string name = with_suffix(written);
    const auto& entry = load(name);
    if (!first) out.out += "\n";
    first = false;
    const bool service = entry.service != nullptr;
    for (const auto& row : show_rows()) {
      if (row.where == (old ? Where::only_257 : Where::only_252)) continue;
      if (!args.properties.empty() && !asked(row.name)) continue;
      const auto value = property(entry, row.name);
      if (value) print(row.name, *value);
      else if (service && !row.modelled) print(row.name, std::string{old || row.value_257.empty() ? row.value_252 : row.value_257});
    }
  }
  return out;
}

}  // namespace harness::manager
