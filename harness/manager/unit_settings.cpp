// The settings that are understood, one row each. What is not here is an unknown key, as in systemd.
#include "harness/manager/unit_settings.h"

#include <algorithm>

#include "base/text.h"
#include "harness/manager/unit_words.h"

namespace harness::manager {
namespace {

using namespace std::chrono_literals;

void bad(Loading& in, std::string_view what, const std::string& value) {
  in.warn("Failed to parse " + std::string{what} + ", ignoring: " + value);
}

template <class Target>
Reader text_into(Target target) {
  return [target](Loading& in, const std::string& value) { target(in.unit) = in.expand(value); };
}
template <class Target>
Reader boolean_into(Target target) {
  return [target](Loading& in, const std::string& value) {
    if (const auto parsed = parse_unit_boolean(value)) target(in.unit) = *parsed;
    else bad(in, "boolean value", value);
  };
}
template <class Target>
Reader span_into(Target target) {
  return [target](Loading& in, const std::string& value) {
    if (const auto parsed = parse_time_span(value)) target(in.unit) = *parsed;
    else bad(in, "time span", value);
  };
}
/// TimeoutStartSec= and its like: 0 means none.
template <class Target>
Reader limit_into(Target target) {
  return [target](Loading& in, const std::string& value) {
    const auto parsed = parse_time_span(value);
    if (!parsed) return bad(in, "time span", value);
    target(in.unit) = *parsed == 0s ? base::kForever : *parsed;
  };
}
template <class Target>
Reader number_into(Target target) {
  return [target](Loading& in, const std::string& value) {
    const auto parsed = base::parse_integer(value);
    if (!parsed || *parsed < 0 || *parsed > 1'000'000'000) return bad(in, "integer", value);
    target(in.unit) = static_cast<std::uint32_t>(*parsed);
  };
}
template <class Target>
Reader signal_into(Target target) {
  return [target](Loading& in, const std::string& value) {
    if (const auto parsed = signal_number(value)) target(in.unit) = *parsed;
    else bad(in, "signal", value);
  };
}
template <class Table_, class Target>
Reader word_into(const Table_& table, Target target) {
  return [&table, target](Loading& in, const std::string& value) {
    if (const auto parsed = value_of(table, value)) target(in.unit) = *parsed;
    else bad(in, "setting", value);
  };
}
template <class Target>
Reader list_into(Target target) {
  return [target](Loading& in, const std::string& value) {
    auto& list = target(in.unit);
    if (value.empty()) return list.clear();
    const auto words = split_unit_words(value);
    if (!words) return bad(in, "list", value);
    for (const auto& word : *words) list.push_back(in.expand(word));
  };
}
template <class Target>
Reader exits_into(Target target) {
  return [target](Loading& in, const std::string& value) {
    ExitSet& set = target(in.unit);
    if (value.empty()) {
      set = {};
      return;
    }
    const auto words = split_unit_words(value);
    if (!words) return bad(in, "exit status list", value);
    for (const auto& word : *words) {
      const auto status = exit_status_number(word);
      const auto signal = status ? std::nullopt : signal_number(word);
      if (status) set.statuses.set(static_cast<std::size_t>(*status));
      else if (signal) set.signals.set(static_cast<std::size_t>(*signal));
      else bad(in, "value", word);
    }
  };
}

Reader commands_into(ExecSlot slot) {
  return [slot](Loading& in, const std::string& value) {
    auto& list = in.unit.service.commands[static_cast<std::size_t>(slot)];
    if (value.empty()) return list.clear();
    const auto words = split_unit_words(value);
    if (!words) {
      in.warn("Unbalanced quoting, ignoring command line: " + value);
      return;
    }
    // A ";" that stands alone separates commands (systemd.service(5), "COMMAND LINES").
    std::vector<std::vector<std::string>> parts(1);
    for (const auto& word : *words) {
      if (word == ";") parts.emplace_back();
      else parts.back().push_back(word == "\\;" ? ";" : word);
    }
    for (auto& part : parts) {
      if (part.empty()) continue;
      ExecCommand command;
      std::string_view first = part[0];
      while (!first.empty() && std::string_view{"-@:+!|"}.find(first[0]) != std::string_view::npos) {
        command.ignore_failure |= first[0] == '-';
        command.argv0_given |= first[0] == '@';
        command.keep_dollar |= first[0] == ':';
        first.remove_prefix(1);
      }
      command.path = in.expand(first);
      if (command.path.empty() || (command.path[0] != '/' && command.path.find('/') != std::string::npos)) {
        in.warn("Executable name in path \"" + value + "\" is not absolute, ignoring.");
        return;
      }
      if (!command.argv0_given) command.argv.push_back(command.path);
      for (std::size_t i = 1; i < part.size(); ++i) command.argv.push_back(in.expand(part[i]));
      if (command.argv.empty()) command.argv.push_back(command.path);
      list.push_back(std::move(command));
    }
  };
}

Reader condition_of(std::string type, bool assertion) {
  return [type = std::move(type), assertion](Loading& in, const std::string& value) {
    auto& list = in.unit.conditions;
    if (value.empty()) {
      std::erase_if(list, [&](const Condition& c) { return c.type == type && c.assertion == assertion; });
      return;
    }
    Condition condition{.type = type, .assertion = assertion};
    std::string_view text = value;
    if (text.starts_with('|')) {
      condition.trigger = true;
      text = base::trim(text.substr(1));
    }
    if (text.starts_with('!')) {
      condition.negate = true;
      text = base::trim(text.substr(1));
    }
    condition.value = in.expand(text);
    list.push_back(std::move(condition));
  };
}

}  // namespace

Table unit_section() {
  Table out{
      {"Description", text_into([](Unit& u) -> auto& { return u.description; })},
      {"Documentation", list_into([](Unit& u) -> auto& { return u.documentation; })},
      {"Requires", list_into([](Unit& u) -> auto& { return u.requires_; })},
      {"Requisite", list_into([](Unit& u) -> auto& { return u.requires_; })},
      {"Wants", list_into([](Unit& u) -> auto& { return u.wants; })},
      {"BindsTo", list_into([](Unit& u) -> auto& { return u.binds_to; })},
      {"PartOf", list_into([](Unit& u) -> auto& { return u.part_of; })},
      {"Before", list_into([](Unit& u) -> auto& { return u.before; })},
      {"After", list_into([](Unit& u) -> auto& { return u.after; })},
      {"Conflicts", list_into([](Unit& u) -> auto& { return u.conflicts; })},
      {"OnFailure", list_into([](Unit& u) -> auto& { return u.on_failure; })},
      {"OnSuccess", list_into([](Unit& u) -> auto& { return u.on_success; })},
      {"RefuseManualStart", boolean_into([](Unit& u) -> auto& { return u.refuse_manual_start; })},
      {"RefuseManualStop", boolean_into([](Unit& u) -> auto& { return u.refuse_manual_stop; })},
      {"StartLimitIntervalSec", span_into([](Unit& u) -> auto& { return u.start_limit_interval; })},
      {"StartLimitInterval", span_into([](Unit& u) -> auto& { return u.start_limit_interval; })},
      {"StartLimitBurst", number_into([](Unit& u) -> auto& { return u.start_limit_burst; })},
  };
  for (const char* type : {"PathExists", "PathExistsGlob", "PathIsDirectory", "FileNotEmpty", "FileIsExecutable", "DirectoryNotEmpty",
                           "PathIsSymbolicLink", "Environment", "User", "Host", "FirstBoot", "Virtualization", "PathIsReadWrite"}) {
    out.emplace(std::string{"Condition"} + type, condition_of(type, false));
    out.emplace(std::string{"Assert"} + type, condition_of(type, true));
  }
  return out;
}

Table install_section() {
  return {{"WantedBy", list_into([](Unit& u) -> auto& { return u.wanted_by; })},
          {"RequiredBy", list_into([](Unit& u) -> auto& { return u.required_by; })},
          {"Also", list_into([](Unit& u) -> auto& { return u.also; })},
          {"Alias", list_into([](Unit& u) -> auto& { return u.alias; })}};
}

namespace {

void read_type(Loading& in, const std::string& value) {
  if (value == "idle") {
    in.unit.service.type = ServiceType::simple;
  } else if (value == "forking" || value == "dbus") {
    in.refuse("Type=" + value + " is not supported by this manager; use notify, exec or simple.");
  } else if (const auto type = value_of(kServiceTypes, value)) {
    in.unit.service.type = *type;
  } else {
    bad(in, "service type", value);
  }
}

void service_timeouts(Table& out) {
  const auto start = limit_into([](Unit& u) -> auto& { return u.service.timeout_start; });
  const auto stop = limit_into([](Unit& u) -> auto& { return u.service.timeout_stop; });
  out.emplace("TimeoutStartSec", [start](Loading& in, const std::string& value) {
    start(in, value);
    in.timeout_start_set = true;
  });
  out.emplace("TimeoutStopSec", stop);
  out.emplace("TimeoutSec", [start, stop](Loading& in, const std::string& value) {
    start(in, value);
    stop(in, value);
    in.timeout_start_set = true;
  });
  out.emplace("TimeoutAbortSec", [](Loading& in, const std::string& value) {
    if (value.empty()) return in.unit.service.timeout_abort.reset();
    const auto parsed = parse_time_span(value);
    if (!parsed) return bad(in, "time span", value);
    in.unit.service.timeout_abort = *parsed == 0s ? base::kForever : *parsed;
  });
  out.emplace("RuntimeMaxSec", limit_into([](Unit& u) -> auto& { return u.service.runtime_max; }));
  out.emplace("WatchdogSec", limit_into([](Unit& u) -> auto& { return u.service.watchdog; }));
  out.emplace("RestartSec", span_into([](Unit& u) -> auto& { return u.service.restart_delay; }));
  out.emplace("TimeoutStartFailureMode", word_into(kFailureModes, [](Unit& u) -> auto& { return u.service.timeout_start_failure; }));
  out.emplace("TimeoutStopFailureMode", word_into(kFailureModes, [](Unit& u) -> auto& { return u.service.timeout_stop_failure; }));
}

void service_commands(Table& out) {
  out.emplace("ExecCondition", commands_into(ExecSlot::condition));
  out.emplace("ExecStartPre", commands_into(ExecSlot::start_pre));
  out.emplace("ExecStart", commands_into(ExecSlot::start));
  out.emplace("ExecStartPost", commands_into(ExecSlot::start_post));
  out.emplace("ExecReload", commands_into(ExecSlot::reload));
  out.emplace("ExecStop", commands_into(ExecSlot::stop));
  out.emplace("ExecStopPost", commands_into(ExecSlot::stop_post));
}

void kill_settings(Table& out) {
  out.emplace("KillMode", word_into(kKillModes, [](Unit& u) -> auto& { return u.kill.mode; }));
  out.emplace("KillSignal", signal_into([](Unit& u) -> auto& { return u.kill.kill_signal; }));
  out.emplace("RestartKillSignal", signal_into([](Unit& u) -> auto& { return u.kill.restart_kill_signal; }));
  out.emplace("FinalKillSignal", signal_into([](Unit& u) -> auto& { return u.kill.final_kill_signal; }));
  out.emplace("WatchdogSignal", signal_into([](Unit& u) -> auto& { return u.kill.watchdog_signal; }));
  out.emplace("SendSIGKILL", boolean_into([](Unit& u) -> auto& { return u.kill.send_sigkill; }));
  out.emplace("SendSIGHUP", boolean_into([](Unit& u) -> auto& { return u.kill.send_sighup; }));
}

void read_environment_file(Loading& in, const std::string& value) {
  auto& list = in.unit.exec.environment_files;
  if (value.empty()) return list.clear();
  EnvironmentFileSetting setting;
  std::string_view path = value;
  if (path.starts_with('-')) {
    setting.optional = true;
    path.remove_prefix(1);
  }
  setting.path = in.expand(path);
  if (!setting.path.starts_with('/')) return in.warn("Path '" + setting.path + "' is not absolute, ignoring.");
  list.push_back(std::move(setting));
}

void exec_settings(Table& out) {
  out.emplace("Environment", list_into([](Unit& u) -> auto& { return u.exec.environment; }));
  out.emplace("PassEnvironment", list_into([](Unit& u) -> auto& { return u.exec.pass_environment; }));
  out.emplace("UnsetEnvironment", list_into([](Unit& u) -> auto& { return u.exec.unset_environment; }));
  out.emplace("EnvironmentFile", read_environment_file);
  out.emplace("WorkingDirectory", [](Loading& in, const std::string& value) {
    std::string_view path = value;
    in.unit.exec.working_directory_optional = path.starts_with('-');
    if (path.starts_with('-')) path.remove_prefix(1);
    in.unit.exec.working_directory = path == "~" ? "" : in.expand(path);
  });
  out.emplace("StandardInput", text_into([](Unit& u) -> auto& { return u.exec.standard_input; }));
  out.emplace("StandardOutput", text_into([](Unit& u) -> auto& { return u.exec.standard_output; }));
  out.emplace("StandardError", text_into([](Unit& u) -> auto& { return u.exec.standard_error; }));
  out.emplace("SyslogIdentifier", text_into([](Unit& u) -> auto& { return u.exec.syslog_identifier; }));
  out.emplace("UMask", [](Loading& in, const std::string& value) {
    std::uint64_t mode = 0;
    for (const char c : value) {
      if (c < '0' || c > '7') return bad(in, "mode", value);
      mode = mode * 8 + static_cast<std::uint64_t>(c - '0');
    }
    in.unit.exec.umask = mode;
  });
  out.emplace("RuntimeDirectory", list_into([](Unit& u) -> auto& { return u.exec.runtime_directories; }));
  out.emplace("StateDirectory", list_into([](Unit& u) -> auto& { return u.exec.state_directories; }));
  out.emplace("CacheDirectory", list_into([](Unit& u) -> auto& { return u.exec.cache_directories; }));
  out.emplace("LogsDirectory", list_into([](Unit& u) -> auto& { return u.exec.logs_directories; }));
  out.emplace("RuntimeDirectoryPreserve",
              [](Loading& in, const std::string& value) { in.unit.exec.runtime_directory_preserve = value != "no"; });
  for (const char* limit : {"NOFILE", "CORE", "NPROC", "AS", "DATA", "STACK", "FSIZE", "CPU", "RSS", "MEMLOCK"}) {
    out.emplace(std::string{"Limit"} + limit, [name = std::string{limit}](Loading& in, const std::string& value) {
      in.unit.exec.limits.emplace_back(name, value);
    });
  }
  out.emplace("MemoryMax", text_into([](Unit& u) -> auto& { return u.memory_max; }));
  out.emplace("MemoryHigh", text_into([](Unit& u) -> auto& { return u.memory_high; }));
  out.emplace("TasksMax", text_into([](Unit& u) -> auto& { return u.tasks_max; }));
}

/// Settings that change nothing here: they parse in silence, as they do in a real user manager without privileges.
void accepted_settings(Table& out) {
  for (const char* key :
       {"User", "Group", "Slice", "Nice", "OOMScoreAdjust", "CPUQuota", "CPUWeight", "IOWeight", "MemorySwapMax", "MemoryLow",
        "MemoryMin", "MemoryAccounting", "CPUAccounting", "TasksAccounting", "IOAccounting", "Delegate", "PrivateTmp",
        "ProtectSystem", "ProtectHome", "NoNewPrivileges", "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "PrivateDevices",
        "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups", "ProtectClock", "ProtectHostname",
        "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "RestrictAddressFamilies", "LockPersonality",
        "MemoryDenyWriteExecute", "SystemCallFilter", "SystemCallArchitectures", "CapabilityBoundingSet", "AmbientCapabilities",
        "PrivateNetwork", "PrivateUsers", "RemoveIPC", "SyslogLevel", "SyslogFacility", "SyslogLevelPrefix", "LogLevelMax",
        "LogRateLimitIntervalSec", "LogRateLimitBurst", "TTYPath", "IgnoreSIGPIPE", "GuessMainPID", "PIDFile", "BusName",
        "RuntimeDirectoryMode", "StateDirectoryMode", "CacheDirectoryMode", "LogsDirectoryMode", "ConfigurationDirectory",
        "ConfigurationDirectoryMode", "LoadCredential", "SetCredential", "RuntimeRandomizedExtraSec", "RootDirectoryStartOnly",
        "NonBlocking", "Sockets", "DynamicUser", "ProtectProc", "ProcSubset", "UtmpIdentifier", "TimeoutCleanSec"}) {
    out.emplace(key, [](Loading&, const std::string&) {});
  }
}

}  // namespace

Table service_section(Compat compat) {
  Table out{
      {"Type", read_type},
      {"Restart", word_into(kRestarts, [](Unit& u) -> auto& { return u.service.restart; })},
      {"RemainAfterExit", boolean_into([](Unit& u) -> auto& { return u.service.remain_after_exit; })},
      {"ExitType", word_into(kExitTypes, [](Unit& u) -> auto& { return u.service.exit_type; })},
      {"OOMPolicy", word_into(kOomPolicies, [](Unit& u) -> auto& { return u.service.oom_policy; })},
      {"NotifyAccess",
       [](Loading& in, const std::string& value) {
         word_into(kNotifyAccesses, [](Unit& u) -> auto& { return u.service.notify_access; })(in, value);
         in.notify_access_set = true;
       }},
      {"FileDescriptorStoreMax", number_into([](Unit& u) -> auto& { return u.service.fd_store_max; })},
      {"SuccessExitStatus", exits_into([](Unit& u) -> auto& { return u.service.success; })},
      {"RestartPreventExitStatus", exits_into([](Unit& u) -> auto& { return u.service.restart_prevent; })},
      {"RestartForceExitStatus", exits_into([](Unit& u) -> auto& { return u.service.restart_force; })},
      {"StartLimitInterval", span_into([](Unit& u) -> auto& { return u.start_limit_interval; })},
      {"StartLimitBurst", number_into([](Unit& u) -> auto& { return u.start_limit_burst; })},
  };
  if (compat == Compat::v257) {
    out.emplace("RestartSteps", number_into([](Unit& u) -> auto& { return u.service.restart_steps; }));
    out.emplace("RestartMaxDelaySec", limit_into([](Unit& u) -> auto& { return u.service.restart_delay_max; }));
    out.emplace("RestartMode", word_into(kRestartModes, [](Unit& u) -> auto& { return u.service.restart_mode; }));
    out.emplace("ReloadSignal", signal_into([](Unit& u) -> auto& { return u.service.reload_signal; }));
    out.emplace("FileDescriptorStorePreserve",
                [](Loading& in, const std::string& value) { in.unit.service.fd_store_preserve = value == "yes"; });
    for (const char* key : {"MemoryPressureWatch", "MemoryPressureThresholdSec", "SurviveFinalKillSignal"}) {
      out.emplace(key, [](Loading&, const std::string&) {});
    }
  }
  service_timeouts(out);
  service_commands(out);
  kill_settings(out);
  exec_settings(out);
  accepted_settings(out);
  return out;
}

namespace {

Reader listen_into(Listener::Kind kind) {
  return [kind](Loading& in, const std::string& value) {
    auto& list = in.unit.socket.listeners;
    if (value.empty()) return list.clear();
    list.push_back({kind, in.expand(value)});
  };
}

}  // namespace

Table socket_section() {
  Table out{
      {"ListenStream", listen_into(Listener::Kind::stream)},
      {"ListenDatagram", listen_into(Listener::Kind::datagram)},
      {"ListenSequentialPacket", listen_into(Listener::Kind::sequential)},
      {"ListenFIFO", listen_into(Listener::Kind::fifo)},
      {"Service", text_into([](Unit& u) -> auto& { return u.socket.service; })},
      {"FileDescriptorName", text_into([](Unit& u) -> auto& { return u.socket.fd_name; })},
      {"Backlog",
       [](Loading& in, const std::string& value) {
         const auto parsed = base::parse_integer(value);
         if (!parsed || *parsed < 0 || *parsed > 1'000'000'000) return bad(in, "integer", value);
         in.unit.socket.backlog = static_cast<int>(*parsed);
       }},
      {"RemoveOnStop", boolean_into([](Unit& u) -> auto& { return u.socket.remove_on_stop; })},
      {"SocketMode",
       [](Loading& in, const std::string& value) {
         unsigned mode = 0;
         for (const char c : value) {
           if (c < '0' || c > '7') return bad(in, "mode", value);
           mode = mode * 8 + static_cast<unsigned>(c - '0');
         }
         in.unit.socket.mode = mode;
       }},
      {"Accept",
       [](Loading& in, const std::string& value) {
         in.unit.socket.accept = parse_unit_boolean(value).value_or(false);
         if (in.unit.socket.accept) in.refuse("Accept=yes is not supported by this manager.");
       }},
      {"TriggerLimitIntervalSec", span_into([](Unit& u) -> auto& { return u.socket.trigger_limit_interval; })},
      {"TriggerLimitBurst", number_into([](Unit& u) -> auto& { return u.socket.trigger_limit_burst; })},
  };
  for (const char* key : {"DirectoryMode", "SocketUser", "SocketGroup", "KeepAlive", "NoDelay", "ReusePort", "FreeBind", "DeferAcceptSec",
                          "ReceiveBuffer", "SendBuffer", "PassCredentials", "BindIPv6Only", "MaxConnections", "Symlinks", "Priority"}) {
    out.emplace(key, [](Loading&, const std::string&) {});
  }
  return out;
}

}  // namespace harness::manager
