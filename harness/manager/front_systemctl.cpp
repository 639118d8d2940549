// systemctl's verbs: what they ask of the manager, what they print and how they exit. Words and codes as recorded from 252 and 257.
#include <algorithm>

#include "base/text.h"
#include "harness/manager/manager_impl.h"

namespace harness::manager {
namespace {

bool has_glob(std::string_view name) { return name.find_first_of("*?[") != std::string_view::npos; }

std::string_view reason_of(ServiceResult result) {
  switch (result) {
    case ServiceResult::resources: return "of unavailable resources or another system error";
    case ServiceResult::protocol: return "the service did not take the steps required by its unit configuration";
    case ServiceResult::timeout: return "a timeout was exceeded";
    case ServiceResult::exit_code: return "the control process exited with error code";
    case ServiceResult::signal: return "a fatal signal was delivered to the control process";
    case ServiceResult::core_dump: return "a fatal signal was delivered causing the control process to dump core";
    case ServiceResult::watchdog: return "the service failed to send watchdog ping";
    case ServiceResult::start_limit_hit: return "start of the service was attempted too often";
    case ServiceResult::oom_kill: return "of an out-of-memory (OOM) siutation";  // sic
    case ServiceResult::success: case ServiceResult::exec_condition: break;
  }
  return "";
}

std::string job_failed(const UnitEntry& entry) {
  const std::string& name = entry.unit->name;
  const auto result = entry.service ? entry.service->result() : ServiceResult::success;
  const auto reason = reason_of(result);
  std::string out = "Job for " + name + " failed" + (reason.empty() ? "" : " because " + std::string{reason}) + ".\n";
  out += "See \"systemctl --user status " + name + "\" and \"journalctl --user -xeu " + name + "\" for details.\n";
  if (result == ServiceResult::start_limit_hit) {
    out += "To force a start use \"systemctl --user reset-failed " + name + "\"\nfollowed by \"systemctl --user start " + name + "\" again.\n";
  }
  return out;
}

}  // namespace

void Manager::Impl::reply(ClientCall call) {
  Reply out{call.id, std::move(call.out), std::move(call.err), call.rc};
  if (!faults.empty()) {
    if (const auto* fault = take_fault(FaultKind::front_hangs, "")) {
      later_actions.emplace(now_ + fault->by, std::move(out));
      return;
    }
  }
  emit(std::move(out));
}

void Manager::Impl::notify_client(ClientId client, const UnitEntry& entry, JobResult result) {
  const auto found = clients.find(client);
  if (found == clients.end()) return;
  auto& call = found->second;
  const std::string& name = entry.unit->name;
  if (result != JobResult::done && result != JobResult::skipped) {
    call.rc = 1;
    if (!call.quiet) {
      if (result == JobResult::canceled) call.err += "Job for " + name + " canceled.\n";
      else if (result == JobResult::dependency) call.err += "A dependency job for " + name + " failed. See 'journalctl -xe' for details.\n";
      else if (result == JobResult::invalid) call.err += name + " is not active, cannot reload.\n";
      else if (result == JobResult::assertion) call.err += "Assertion failed on job for " + name + ".\n";
      else call.err += job_failed(entry);
    }
  }
  if (--call.waits > 0) return;
  ClientCall done = std::move(call);
  clients.erase(found);
  if (take_fault(FaultKind::lose_job_reply, name) != nullptr) return;
  reply(std::move(done));
}

std::string Manager::Impl::changed_on_disk(const UnitEntry& entry) const {
  if (!needs_reload(entry)) return "";
  return "Warning: The unit file, source configuration file or drop-ins of " + entry.unit->name +
         " changed on disk. Run 'systemctl --user daemon-reload' to reload units.\n";
}

void Manager::Impl::job_verb(ClientId client, const SystemctlArgs& args, JobType type) {
  ClientCall call{.id = client, .quiet = args.quiet};
  const std::string verb = args.verb == "reload-or-restart" && type == JobType::reload_or_start ? "reload-or-restart" : args.verb;
  const std::string action = type == JobType::stop ? "stop" : type == JobType::reload || type == JobType::try_reload ? "reload" : verb;
  if (args.names.empty()) {
    call.err = "Too few arguments.\n";
    call.rc = 1;
    return reply(std::move(call));
  }
  std::vector<std::pair<std::string, std::uint64_t>> queued;
  for (const auto& written : args.names) {
    const std::string name = with_suffix(written);
    auto& entry = load(name);
    const Unit& unit = *entry.unit;
    const auto fail = [&](int rc, const std::string& why) {
      call.err += "Failed to " + action + " " + name + ": " + why + "\n";
      call.rc = std::max(call.rc, rc);
    };
    const bool down = type == JobType::stop;
    if (unit.load_state == LoadState::not_found) {
      fail(5, "Unit " + name + (down ? " not loaded." : " not found."));
      continue;
    }
    if (unit.load_state == LoadState::bad_setting && !down) {
      fail(1, "Unit " + name + " has a bad unit file setting.");
      call.err += "See user logs and 'systemctl --user status " + name + "' for details.\n";
      continue;
    }
    if (unit.load_state == LoadState::masked && !down) {
      fail(1, "Unit " + name + " is masked.");
      continue;
    }
    if ((unit.refuse_manual_start && !down) || (unit.refuse_manual_stop && (down || type == JobType::restart))) {
      fail(1, "Operation refused, unit " + name + " may be requested by dependency only (it is configured to refuse manual start/stop).");
      call.err += "See system logs and 'systemctl --user status " + name + "' for details.\n";
      continue;
    }
    JobType asked = type;
    const bool reloads = entry.service && entry.service->can_reload();
    if (asked == JobType::reload && !reloads) {
      fail(3, "Job type reload is not applicable for unit " + name + ".");
      continue;
    }
    if (asked == JobType::reload_or_start && !reloads) asked = JobType::restart;
    if (asked == JobType::try_reload && !reloads) asked = JobType::try_restart;
    call.err += changed_on_disk(entry);
    std::string error;
    Job* job = add_job(entry, asked, error);
    if (job == nullptr && !error.empty()) {
      fail(5, error);
      continue;
    }
    if (job == nullptr) continue;
    queued.emplace_back(name, job->id);
    if (!args.no_block) job->waiters.push_back(client);
    std::vector<std::string> sockets;
    for (const auto& socket : triggers_of(name)) {
      if (down && find(socket)->active() == ActiveState::active) sockets.push_back(socket);
    }
    if (sockets.empty() || args.quiet) continue;
    if (settings.compat == Compat::v252) {
      call.err += "Warning: Stopping " + name + ", but it can still be activated by:\n";
      for (const auto& socket : sockets) call.err += "  " + socket + "\n";
    } else {
      call.err += "Stopping '" + name + "', but its triggering units are still active:\n" + base::join(sockets, ", ") + "\n";
    }
  }
  // A job named twice is waited for once.
  call.waits = 0;
  for (const auto& [name, id] : queued) {
    auto& job = find(name)->job;
    if (job) call.waits += static_cast<std::size_t>(std::count(job->waiters.begin(), job->waiters.end(), client));
  }
  if (call.waits == 0) return reply(std::move(call));
  clients.emplace(client, std::move(call));
}

ClientCall Manager::Impl::is_state(const SystemctlArgs& args, bool failed) const {
  ClientCall out{.rc = failed ? 1 : 3};
  bool any_known = false;
  bool met = false;
  const auto judge = [&](ActiveState state) {
    met |= failed ? state == ActiveState::failed : state == ActiveState::active || state == ActiveState::reloading;
  };
  for (const auto& written : args.names) {
    if (has_glob(written)) {
      for (const auto& [name, entry] : units) {
        if (!base::glob_match(with_suffix(written), name)) continue;
        any_known = true;
        judge(entry.active());
        if (!args.quiet) out.out += std::string{to_string(entry.active())} + "\n";
      }
      continue;
    }
    const std::string name = with_suffix(written);
    const auto* entry = find(name);
    std::map<std::string, std::optional<std::int64_t>> versions;
    any_known |= entry != nullptr || read_unit(name, versions)->load_state != LoadState::not_found;
    const auto state = entry != nullptr ? entry->active() : ActiveState::inactive;
    judge(state);
    if (!args.quiet) out.out += std::string{to_string(state)} + "\n";
  }
  if (met) out.rc = 0;
  else if (!any_known && settings.compat == Compat::v257) out.rc = 4;
  return out;
}

ClientCall Manager::Impl::is_enabled(const SystemctlArgs& args) {
  ClientCall out{.rc = 1};
  for (const auto& written : args.names) {
    const std::string name = with_suffix(written);
    const auto& entry = load(name);
    const std::string state = unit_file_state(*entry.unit);
    if (state.empty()) {
      if (settings.compat == Compat::v257) {
        out.rc = 4;
        out.out += "not-found\n";
      } else {
        out.err += "Failed to get unit file state for " + name + ": No such file or directory\n";
      }
      continue;
    }
    if (state == "enabled" || state == "static") out.rc = 0;
    if (!args.quiet) out.out += state + "\n";
  }
  return out;
}

ClientCall Manager::Impl::enable(const SystemctlArgs& args, bool on) {
  ClientCall out;
  const bool old = settings.compat == Compat::v252;
  const std::string folder = settings.identity.config_home + "/systemd/user";
  const std::string mark = old ? "" : "'";
  for (const auto& written : args.names) {
    const std::string name = with_suffix(written);
    const auto unit = load(name).unit;
    if (unit->load_state == LoadState::not_found) {
      out.err += std::string{"Failed to "} + (on ? "enable" : "disable") + " unit: Unit " + (old ? "file " : "") + name + " does not exist\n";
      out.rc = 1;
      continue;
    }
    if (!on) {
      for (const auto& link : links_to(name)) {
        if (!host_ref.remove_file(link)) continue;
        out.err += old ? "Removed \"" + link + "\".\n" : "Removed '" + link + "'.\n";
      }
      continue;
    }
    if (!unit->has_install) {
      out.err += "The unit files have no installation config (WantedBy=, RequiredBy=, UpheldBy=,\nAlso=, or Alias= settings in the [Install] "
                 "section, and DefaultInstance= for\ntemplate units). This means they are not meant to be enabled or disabled using systemctl.\n";
      continue;
    }
    const auto make = [&](const std::vector<std::string>& targets, const char* kind) {
      for (const auto& target : targets) {
        const std::string link = folder + "/" + target + kind + name;
        if (host_ref.link_target(link) == unit->fragment_path) continue;
        if (!host_ref.make_link(link, unit->fragment_path)) {
          out.err += "Failed to enable unit: Cannot make " + link + "\n";
          out.rc = 1;
          continue;
        }
        out.err += "Created symlink " + mark + link + mark + " → " + mark + unit->fragment_path + mark + ".\n";
      }
    };
    make(unit->wanted_by, ".wants/");
    make(unit->required_by, ".requires/");
  }
  if (args.quiet) out.err.clear();
  daemon_reload();
  return out;
}

ClientCall Manager::Impl::mask(const SystemctlArgs& args, bool on) {
  ClientCall out;
  const bool old = settings.compat == Compat::v252;
  const std::string mark = old ? "" : "'";
  for (const auto& written : args.names) {
    const std::string link = settings.identity.config_home + "/systemd/user/" + with_suffix(written);
    const bool masked = host_ref.link_target(link) == "/dev/null";
    if (on && masked) continue;
    if (on && host_ref.exists(link)) {
      out.err += "Failed to mask unit: File " + mark + link + mark + " already exists.\n";
      out.rc = 1;
    } else if (on && host_ref.make_link(link, "/dev/null")) {
      out.err += "Created symlink " + mark + link + mark + " → " + mark + "/dev/null" + mark + ".\n";
    } else if (!on && masked && host_ref.remove_file(link)) {
      out.err += old ? "Removed \"" + link + "\".\n" : "Removed '" + link + "'.\n";
    }
  }
  daemon_reload();
  return out;
}

ClientCall Manager::Impl::kill_verb(const SystemctlArgs& args) {
  ClientCall out;
  const auto signal = signal_number(args.signal);
  if (!signal) {
    out.err = "Failed to parse signal string \"" + args.signal + "\".\n";
    out.rc = 1;
    return out;
  }
  for (const auto& written : args.names) {
    const std::string name = with_suffix(written);
    auto* entry = find(name);
    const auto fail = [&](const std::string& why) {
      out.err += "Failed to kill unit " + name + ": " + why + "\n";
      out.rc = 1;
    };
    if (entry == nullptr || entry->unit->load_state == LoadState::not_found) {
      std::map<std::string, std::optional<std::int64_t>> versions;
      if (read_unit(name, versions)->load_state == LoadState::not_found) {
        fail("Unit " + name + " not loaded.");
        continue;
      }
      entry = &load(name);
    }
    if (!entry->service) {
      fail("Operation not supported");
      continue;
    }
    const bool main = args.kill_whom == "main" || args.kill_whom == "main-fail";
    const bool control = args.kill_whom == "control" || args.kill_whom == "control-fail";
    if (main && entry->service->main_pid() <= 0) fail("No main process to kill");
    else if (control && entry->service->control_pid() <= 0) fail("No control process to kill");
    else entry->service->kill(!control, !main, !main && !control, *signal);
  }
  return out;
}

ClientCall Manager::Impl::reset_failed_verb(const SystemctlArgs& args) {
  ClientCall out;
  const auto reset = [&](UnitEntry& entry) {
    if (entry.service) entry.service->reset_failed();
    if (entry.socket == SocketState::failed) set_socket(entry, SocketState::dead, "reset-failed");
    entry.limiter = {};
    entry.start_limit_hit = false;
    collect_queue.insert(entry.unit->name);
  };
  if (args.names.empty()) {
    for (auto& [name, entry] : units) reset(entry);
    return out;
  }
  for (const auto& written : args.names) {
    bool any = false;
    for (auto& [name, entry] : units) {
      if (!base::glob_match(with_suffix(written), name) || entry.unit->load_state == LoadState::not_found) continue;
      reset(entry);
      any = true;
    }
    if (any || has_glob(written)) continue;
    out.err += "Failed to reset failed state of unit " + with_suffix(written) + ": Unit " + with_suffix(written) + " not loaded.\n";
    out.rc = 1;
  }
  return out;
}

ClientCall Manager::Impl::cat_verb(const SystemctlArgs& args) {
  ClientCall out;
  bool first = true;
  for (const auto& written : args.names) {
    const auto& entry = load(with_suffix(written));
    const Unit& unit = *entry.unit;
    if (unit.load_state == LoadState::not_found) {
      out.err += "No files found for " + unit.name + ".\n";
      out.rc = 1;
      continue;
    }
    const auto print = [&](const std::string& path, const std::string& text) {
      out.out += std::string{first ? "" : "\n"} + "# " + path + "\n" + text;
      if (!out.out.ends_with('\n')) out.out += '\n';
      first = false;
    };
    print(unit.fragment_path, unit.text);
    for (std::size_t i = 0; i < unit.drop_in_paths.size(); ++i) print(unit.drop_in_paths[i], unit.drop_in_texts[i]);
    out.err += changed_on_disk(entry);
  }
  return out;
}

std::string Manager::Impl::system_state() const {
  if (shutting_down) return "stopping";
  for (const auto& [name, entry] : units) {
    if (entry.active() == ActiveState::failed) return "degraded";
  }
  return "running";
}

void Manager::Impl::systemctl(const Call& call) {
  const auto args = parse_systemctl(call.args);
  const std::string& verb = args.verb;
  ClientCall out{.id = call.client};
  const auto answer = [&](ClientCall made) {
    made.id = call.client;
    reply(std::move(made));
  };
  if (!args.error.empty()) {
    out.err = args.error;
    out.rc = 1;
    return answer(std::move(out));
  }
  if (args.version) {
    out.out = settings.compat == Compat::v252 ? "systemd 252 (252.39-1~deb12u1)\n" : "systemd 257 (257.13-1~deb13u1)\n";
    return answer(std::move(out));
  }
  if (!args.user) {
    out.err = "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down\n";
    out.rc = 1;
    return answer(std::move(out));
  }
  constexpr std::array<std::pair<std::string_view, JobType>, 9> kJobVerbs{{{"start", JobType::start},
                                                                          {"stop", JobType::stop},
                                                                          {"restart", JobType::restart},
                                                                          {"try-restart", JobType::try_restart},
                                                                          {"condrestart", JobType::try_restart},
                                                                          {"reload", JobType::reload},
                                                                          {"reload-or-restart", JobType::reload_or_start},
                                                                          {"try-reload-or-restart", JobType::try_reload},
                                                                          {"reload-or-try-restart", JobType::try_reload}}};
  for (const auto& [word, type] : kJobVerbs) {
    if (word == verb) return job_verb(call.client, args, type);
  }
  if (verb == "show") return answer(show(args));
  if (verb == "status") return answer(status(args));
  if (verb == "is-active") return answer(is_state(args, false));
  if (verb == "is-failed") return answer(is_state(args, true));
  if (verb == "is-enabled") return answer(is_enabled(args));
  if (verb == "list-units") return answer(list_units(args));
  if (verb == "list-unit-files") return answer(list_unit_files(args));
  if (verb == "cat") return answer(cat_verb(args));
  if (verb == "kill") return answer(kill_verb(args));
  if (verb == "reset-failed") return answer(reset_failed_verb(args));
  if (verb == "mask" || verb == "unmask") return answer(mask(args, verb == "mask"));
  if (verb == "enable" || verb == "disable") {
    auto made = enable(args, verb == "enable");
    if (!args.now || made.rc != 0) return answer(std::move(made));
    job_verb(call.client, args, verb == "enable" ? JobType::start : JobType::stop);
    if (const auto waiting = clients.find(call.client); waiting != clients.end()) waiting->second.err = made.err + waiting->second.err;
    return;
  }
  if (verb == "daemon-reload" || verb == "daemon-reexec") {
    daemon_reload();
    return answer(std::move(out));
  }
  if (verb == "is-system-running") {
    const auto state = system_state();
    if (!args.quiet) out.out = state + "\n";
    out.rc = state == "running" ? 0 : 1;
    return answer(std::move(out));
  }
  if (verb == "show-environment") {
    for (const auto& pair : settings.environment) out.out += pair + "\n";
    return answer(std::move(out));
  }
  if (verb == "set-environment" || verb == "import-environment" || verb == "unset-environment") {
    for (const auto& pair : args.names) {
      const auto name = pair.substr(0, pair.find('='));
      if (verb != "import-environment") std::erase_if(settings.environment, [&](const std::string& old) { return old.starts_with(name + "="); });
      if (verb == "set-environment") settings.environment.push_back(pair);
    }
    return answer(std::move(out));
  }
  out.err = "Unknown command verb '" + verb + "'.\n";
  if (settings.compat == Compat::v252) out.err = "Unknown command verb " + verb + ".\n";
  out.rc = 1;
  answer(std::move(out));
}

}  // namespace harness::manager
