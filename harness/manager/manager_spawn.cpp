// What a process is given: its command line with variables put in, its environment, its descriptors, its folders.
#include <algorithm>

#include "base/text.h"
#include "harness/manager/manager_impl.h"

namespace harness::manager {
namespace {

using Block = std::vector<std::pair<std::string, std::string>>;

void set(Block& block, std::string_view name, std::string value) {
  for (auto& [key, old] : block) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  block.emplace_back(std::string{name}, std::move(value));
}
void set_pair(Block& block, std::string_view pair) {
  const auto equals = pair.find('=');
  if (equals != std::string_view::npos) set(block, pair.substr(0, equals), std::string{pair.substr(equals + 1)});
}
const std::string* look(const Block& block, std::string_view name) {
  for (const auto& [key, value] : block) {
    if (key == name) return &value;
  }
  return nullptr;
}

bool name_character(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

/// systemd.service(5): "$FOO" as a word of its own splits at blanks, "${FOO}" anywhere is put in as it is, "$$" is a dollar.
void expand_word(const std::string& word, const Block& block, std::vector<std::string>& out) {
  const bool whole = word.size() > 1 && word[0] == '$' && word[1] != '{' && word[1] != '$' &&
                     std::all_of(word.begin() + 1, word.end(), name_character);
  if (whole) {
    const auto* value = look(block, std::string_view{word}.substr(1));
    if (value == nullptr) return;
    if (const auto words = split_unit_words(*value)) out.insert(out.end(), words->begin(), words->end());
    return;
  }
  std::string text;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '$' || i + 1 >= word.size()) {
      text += word[i];
    } else if (word[i + 1] == '$') {
      text += '$';
      ++i;
    } else if (const auto end = word[i + 1] == '{' ? word.find('}', i) : std::string::npos; end != std::string::npos) {
      if (const auto* value = look(block, std::string_view{word}.substr(i + 2, end - i - 2))) text += *value;
      i = end;
    } else {
      text += word[i];
    }
  }
  out.push_back(std::move(text));
}

}  // namespace

void Manager::Impl::add_result_environment(const ServiceMachine& service, Block& block) const {
  const auto& status = service.main_status();
  set(block, "SERVICE_RESULT", std::string{to_string(service.result())});
  if (status.code == ExitCode::none) return;
  set(block, "EXIT_CODE", status.code == ExitCode::exited ? "exited" : status.code == ExitCode::dumped ? "dumped" : "killed");
  set(block, "EXIT_STATUS", status.code == ExitCode::exited ? std::to_string(status.status) : signal_name(status.status));
}

bool Manager::Impl::build_environment(const ServiceMachine& service, const ExecCommand& command, ExecSlot slot, Spawn& spawn) {
  const Unit& unit = service.unit();
  const auto& who = settings.identity;
  const auto& exec = unit.exec;
  const bool control = spawn.role == ProcessRole::control;
  Block block;
  for (const auto& pair : settings.environment) set_pair(block, pair);
  set(block, "HOME", who.home);
  set(block, "LOGNAME", who.user);
  set(block, "USER", who.user);
  set(block, "SHELL", who.shell);
  set(block, "XDG_RUNTIME_DIR", who.runtime_dir);
  if (look(block, "PATH") == nullptr) {
    set(block, "PATH", std::string{"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"} + (settings.compat == Compat::v252 ? ":/sbin:/bin" : ""));
  }
  set(block, "MANAGERPID", std::to_string(who.pid));
  set(block, "INVOCATION_ID", service.invocation_id());

  const auto access = service.notify_access();
  spawn.notify = control ? access == NotifyAccess::exec || access == NotifyAccess::all : access != NotifyAccess::none;
  if (!control && service.watchdog() != base::kForever) {
    set(block, "WATCHDOG_USEC", std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(service.watchdog()).count()));
    spawn.set_watchdog_pid = true;
  }
  if (control && service.main_pid() > 0) set(block, "MAINPID", std::to_string(service.main_pid()));
  if (slot == ExecSlot::stop || slot == ExecSlot::stop_post) add_result_environment(service, block);
  if (!control) {
    spawn.fds = listen_fds(unit.name);
    for (const auto& stored : service.stored_fds()) spawn.fds.push_back(stored);
    if (!spawn.fds.empty()) {
      std::string names;
      for (const auto& [fd, name] : spawn.fds) names += (names.empty() ? "" : ":") + name;
      set(block, "LISTEN_FDS", std::to_string(spawn.fds.size()));
      set(block, "LISTEN_FDNAMES", names);
      spawn.set_listen_pid = true;
    }
  }
  if (settings.compat == Compat::v257) {
    if (unit.service.fd_store_max > 0) set(block, "FDSTORE", std::to_string(unit.service.fd_store_max));
    set(block, "MEMORY_PRESSURE_WATCH", "/sys/fs/cgroup/user.slice/user-" + std::to_string(who.uid) + ".slice/user@" + std::to_string(who.uid) +
                                            ".service/app.slice/" + unit.name + "/memory.pressure");
  }
  if (const auto* entry = find(unit.name)) {
    for (const auto& pair : entry->monitor) set_pair(block, pair);
  }
  // The unit's own settings come last and win: Environment=, then the files in their order (systemd.exec(5)).
  for (const auto& pair : exec.environment) set_pair(block, pair);
  for (const auto& file : exec.environment_files) {
    const auto text = host_ref.read_file(file.path);
    if (!text && !file.optional) {
      log(service, unit.name + ": Failed to load environment files: No such file or directory", 4, {});
      return false;
    }
    if (text) {
      for (auto& [name, value] : parse_environment_file(*text)) set(block, name, std::move(value));
    }
  }
  std::erase_if(block, [&](const auto& pair) {
    return std::any_of(exec.unset_environment.begin(), exec.unset_environment.end(),
                       [&](const std::string& unset) { return unset == pair.first || unset == pair.first + "=" + pair.second; });
  });

  spawn.path = command.path;
  if (command.keep_dollar) spawn.argv = command.argv;
  else for (const auto& word : command.argv) expand_word(word, block, spawn.argv);
  if (spawn.argv.empty()) spawn.argv.push_back(command.path);
  spawn.environment.reserve(block.size());
  for (const auto& [name, value] : block) spawn.environment.push_back(name + "=" + value);
  return true;
}

void Manager::Impl::fill_exec(const Unit& unit, Spawn& spawn) const {
  const auto& exec = unit.exec;
  const auto& who = settings.identity;
  const bool given = !exec.working_directory.empty();
  spawn.working_directory = given ? exec.working_directory : who.home;
  // The home folder of a user manager may be missing; only what the unit asks for must be there.
  spawn.working_directory_optional = !given || exec.working_directory_optional;
  spawn.standard_input = exec.standard_input;
  spawn.standard_output = exec.standard_output;
  spawn.standard_error = exec.standard_error == "inherit" ? exec.standard_output : exec.standard_error;
  spawn.identifier = exec.syslog_identifier;
  spawn.umask = exec.umask;
  spawn.limits = exec.limits;
  const auto folders = [&](const std::vector<std::string>& names, const std::string& parent, const char* variable) {
    std::string paths;
    for (const auto& name : names) {
      const std::string path = parent + "/" + name;
      spawn.make_folders.emplace_back(path, 0755U);
      paths += (paths.empty() ? "" : ":") + path;
    }
    if (!paths.empty()) spawn.environment.push_back(std::string{variable} + "=" + paths);
  };
  const bool old = settings.compat == Compat::v252;
  folders(exec.runtime_directories, who.runtime_dir, "RUNTIME_DIRECTORY");
  folders(exec.state_directories, old ? who.config_home : who.state_home, "STATE_DIRECTORY");
  folders(exec.cache_directories, who.cache_home, "CACHE_DIRECTORY");
  folders(exec.logs_directories, (old ? who.config_home : who.state_home) + "/log", "LOGS_DIRECTORY");
}

void Manager::Impl::release_runtime(const ServiceMachine& service) {
  const auto& exec = service.unit().exec;
  if (exec.runtime_directory_preserve) return;
  for (const auto& name : exec.runtime_directories) emit(RemoveFolder{settings.identity.runtime_dir + "/" + name});
}

bool Manager::Impl::spawn(ServiceMachine& service, Spawn spawn, const ExecCommand& command, ExecSlot slot) {
  const Unit& unit = service.unit();
  if (!build_environment(service, command, slot, spawn)) return false;
  fill_exec(unit, spawn);
  if (!faults.empty()) {
    if (take_fault(FaultKind::spawn_fails, unit.name) != nullptr) return false;
    if (const auto* fault = take_fault(FaultKind::exec_fails, unit.name)) spawn.exec_fault = fault->code == 0 ? 203 : fault->code;
  }
  spawn.id = next_spawn++;
  awaited = Awaited{.id = spawn.id, .unit = unit.name};
  if (const auto* fault = faults.empty() || slot != ExecSlot::start ? nullptr : take_fault(FaultKind::slow_start, unit.name)) {
    awaited->due = now_ + fault->by;
    awaited->held = std::move(spawn);
  } else {
    emit(std::move(spawn));
  }
  return true;
}

}  // namespace harness::manager
