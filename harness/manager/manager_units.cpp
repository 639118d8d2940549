// Loaded units: where their files are looked up, when they are forgotten, what daemon-reload does to them.
#include <algorithm>

#include "base/text.h"
#include "harness/manager/manager_impl.h"

namespace harness::manager {

ActiveState UnitEntry::active() const {
  if (service) return service->active();
  switch (socket) {
    case SocketState::listening: case SocketState::running: return ActiveState::active;
    case SocketState::failed: return ActiveState::failed;
    case SocketState::dead: break;
  }
  return target_active ? ActiveState::active : ActiveState::inactive;
}

std::string_view UnitEntry::sub() const {
  if (service) return to_string(service->state());
  switch (socket) {
    case SocketState::listening: return "listening";
    case SocketState::running: return "running";
    case SocketState::failed: return "failed";
    case SocketState::dead: break;
  }
  return target_active ? "active" : "dead";
}

UnitEntry* Manager::Impl::find(std::string_view name) {
  const auto found = units.find(name);
  return found == units.end() ? nullptr : &found->second;
}
const UnitEntry* Manager::Impl::find(std::string_view name) const {
  const auto found = units.find(name);
  return found == units.end() ? nullptr : &found->second;
}

std::vector<std::string> Manager::Impl::unit_folders() const {
  const auto& who = settings.identity;
  return {who.config_home + "/systemd/user", "/etc/systemd/user", who.runtime_dir + "/systemd/user", who.data_home + "/systemd/user",
          "/usr/lib/systemd/user"};
}

std::shared_ptr<const Unit> Manager::Impl::read_unit(const std::string& name,
                                                     std::map<std::string, std::optional<std::int64_t>>& versions) const {
  UnitText text;
  bool found = false;
  std::string used = name;
  const auto at = name.find('@');
  const auto dot = name.rfind('.');
  std::vector<std::string> candidates{name};
  if (at != std::string::npos && at + 1 < dot) candidates.push_back(name.substr(0, at + 1) + name.substr(dot));
  for (const auto& candidate : candidates) {
    for (const auto& folder : unit_folders()) {
      const std::string path = folder + "/" + candidate;
      if (found || !host_ref.exists(path)) continue;
      found = true;
      used = candidate;
      text.fragment_path = path;
      text.masked = host_ref.link_target(path) == "/dev/null";
      if (!text.masked) {
        text.text = host_ref.read_file(path).value_or("");
        text.masked = text.text.empty();
      }
      versions[path] = host_ref.file_version(path);
    }
  }
  if (!found) return missing_unit(name);
  // Drop-ins of all folders apply in the order of their names; of two with one name the earlier folder's wins.
  std::map<std::string, std::string> drop_ins;
  for (const auto& candidate : candidates) {
    for (const auto& folder : unit_folders()) {
      const std::string path = folder + "/" + candidate + ".d";
      for (const auto& file : host_ref.list_folder(path)) {
        if (file.ends_with(".conf")) drop_ins.emplace(file, path + "/" + file);
      }
    }
  }
  for (const auto& [file, path] : drop_ins) {
    versions[path] = host_ref.file_version(path);
    text.drop_ins.push_back({path, host_ref.read_file(path).value_or("")});
  }
  return load_unit(name, text, settings.identity, settings.compat);
}

UnitEntry& Manager::Impl::install(std::shared_ptr<const Unit> unit) {
  auto& entry = units[unit->name];
  entry.unit = unit;
  if (entry.service) entry.service->set_unit(unit);
  else if (unit->kind == UnitKind::service) entry.service = std::make_unique<ServiceMachine>(*this, unit, settings.compat);
  return entry;
}

UnitEntry& Manager::Impl::load(const std::string& name) {
  if (auto* entry = find(name); entry != nullptr && entry->unit->load_state != LoadState::not_found) return *entry;
  std::map<std::string, std::optional<std::int64_t>> versions;
  auto unit = read_unit(name, versions);
  auto& entry = install(unit);
  entry.file_versions = std::move(versions);
  for (const auto& warning : unit->warnings) journal_line(name, settings.manager_comm, settings.identity.pid, warning, 4, {});
  if (unit->load_state == LoadState::bad_setting) {
    journal_line(name, settings.manager_comm, settings.identity.pid, name + ": " + unit->load_error, 3, {});
  }
  collect_queue.insert(name);
  return entry;
}

std::vector<std::string> Manager::Impl::links_to(const std::string& name) const {
  std::vector<std::string> out;
  for (const auto& folder : unit_folders()) {
    for (const auto& file : host_ref.list_folder(folder)) {
      if (!file.ends_with(".wants") && !file.ends_with(".requires")) continue;
      const std::string path = folder + "/" + file + "/" + name;
      if (host_ref.exists(path) || host_ref.link_target(path)) out.push_back(path);
    }
  }
  return out;
}

std::string Manager::Impl::unit_file_state(const Unit& unit) const {
  if (unit.load_state == LoadState::masked) return "masked";
  if (unit.load_state == LoadState::not_found) return "";
  if (!unit.has_install) return "static";
  return links_to(unit.name).empty() ? "disabled" : "enabled";
}

bool Manager::Impl::needs_reload(const UnitEntry& entry) const {
  for (const auto& [path, version] : entry.file_versions) {
    if (host_ref.file_version(path) != version) return true;
  }
  if (entry.file_versions.empty()) return false;
  for (const auto& folder : unit_folders()) {
    const std::string path = folder + "/" + entry.unit->name + ".d";
    for (const auto& file : host_ref.list_folder(path)) {
      if (file.ends_with(".conf") && !entry.file_versions.contains(path + "/" + file)) return true;
    }
  }
  return false;
}

std::vector<std::string> Manager::Impl::triggers_of(const std::string& service) const {
  std::vector<std::string> out;
  for (const auto& [name, entry] : units) {
    if (entry.unit->kind == UnitKind::socket && entry.unit->socket.service == service) out.push_back(name);
  }
  return out;
}

bool Manager::Impl::referenced(const UnitEntry& entry) const {
  if (entry.kept) return true;
  const std::string& name = entry.unit->name;
  const auto names = [&](const std::vector<std::string>& list) { return std::find(list.begin(), list.end(), name) != list.end(); };
  for (const auto& [other, candidate] : units) {
    if (other == name) continue;
    const bool lives = candidate.kept || candidate.job || (candidate.active() != ActiveState::inactive);
    const Unit& unit = *candidate.unit;
    // Any mention counts, an order too: a unit that is only named in After= is kept (seen with 252 and 257).
    if (lives && (names(unit.requires_) || names(unit.wants) || names(unit.binds_to) || names(unit.on_failure) || names(unit.on_success) ||
                  names(unit.part_of) || names(unit.before) || names(unit.after) || names(unit.conflicts) || unit.socket.service == name)) {
      return true;
    }
  }
  return entry.unit->has_install && !links_to(name).empty();
}

// A unit that is inactive, has no job and is referred to by nobody is forgotten with all its counters (CollectMode=inactive).
void Manager::Impl::collect() {
  const auto queue = std::exchange(collect_queue, {});
  for (const auto& name : queue) {
    auto* entry = find(name);
    if (entry == nullptr || entry->job || (entry->service && entry->service->waits_for_spawn())) continue;
    const auto active = entry->active();
    if (active != ActiveState::inactive && active != ActiveState::failed) continue;
    if (entry->service && !entry->unit->service.fd_store_preserve) entry->service->release_fds();
    if (active == ActiveState::failed || (entry->stale_main_pid != 0 && entry->stale_until > now_) || referenced(*entry)) continue;
    units.erase(name);
  }
}

void Manager::Impl::daemon_reload() {
  for (auto& [name, entry] : units) {
    if (settings.compat == Compat::v252) entry.limiter = {};
    if (entry.file_versions.empty() && entry.unit->load_state != LoadState::not_found) continue;
    std::map<std::string, std::optional<std::int64_t>> versions;
    auto unit = read_unit(name, versions);
    // A unit that runs goes on under its old settings when its file is gone.
    const auto active = entry.active();
    const bool down = active == ActiveState::inactive || active == ActiveState::failed;
    if (unit->load_state == LoadState::not_found && (entry.unit->load_state == LoadState::not_found || !down)) continue;
    install(unit);
    entry.file_versions = std::move(versions);
    for (const auto& warning : unit->warnings) journal_line(name, settings.manager_comm, settings.identity.pid, warning, 4, {});
  }
  for (const auto& [name, entry] : units) collect_queue.insert(name);
}

bool Manager::Impl::conditions_met(const Unit& unit, bool assertions) const {
  bool any_trigger = false, trigger_met = false;
  for (const auto& condition : unit.conditions) {
    if (condition.assertion != assertions) continue;
    bool met = true;
    const std::string& value = condition.value;
    if (condition.type == "PathExists" || condition.type == "PathIsSymbolicLink" || condition.type == "PathIsReadWrite") {
      met = host_ref.exists(value);
    } else if (condition.type == "PathExistsGlob") {
      const auto slash = value.rfind('/');
      met = false;
      for (const auto& file : host_ref.list_folder(value.substr(0, slash))) met |= base::glob_match(value.substr(slash + 1), file);
    } else if (condition.type == "PathIsDirectory") {
      met = host_ref.is_directory(value);
    } else if (condition.type == "DirectoryNotEmpty") {
      met = !host_ref.list_folder(value).empty();
    } else if (condition.type == "FileNotEmpty") {
      const auto text = host_ref.read_file(value);
      met = text && !text->empty();
    } else if (condition.type == "FileIsExecutable") {
      met = host_ref.exists(value);
    } else if (condition.type == "Environment") {
      met = std::any_of(settings.environment.begin(), settings.environment.end(), [&](const std::string& pair) {
        return pair == value || pair.starts_with(value + "=");
      });
    } else if (condition.type == "User") {
      met = value == settings.identity.user || value == std::to_string(settings.identity.uid);
    } else if (condition.type == "Host") {
      met = value == settings.identity.host || value == settings.identity.machine_id;
    }
    met = met != condition.negate;
    if (condition.trigger) {
      any_trigger = true;
      trigger_met |= met;
    } else if (!met) {
      return false;
    }
  }
  return !any_trigger || trigger_met;
}

}  // namespace harness::manager
