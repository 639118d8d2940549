// Loading a unit: its files become assignments, the assignments settings; then what no single setting can know is checked.
#include "harness/manager/unit.h"

#include "base/text.h"
#include "harness/manager/unit_settings.h"

namespace harness::manager {
namespace {

using namespace std::chrono_literals;

const Table* section_table(std::string_view section, UnitKind kind, Compat compat) {
  static const Table kUnit = unit_section();
  static const Table kInstall = install_section();
  static const Table kService252 = service_section(Compat::v252);
  static const Table kService257 = service_section(Compat::v257);
  static const Table kSocket = socket_section();
  if (section == "Unit") return &kUnit;
  if (section == "Install") return &kInstall;
  if (section == "Service" && kind == UnitKind::service) return compat == Compat::v252 ? &kService252 : &kService257;
  if (section == "Socket" && kind == UnitKind::socket) return &kSocket;
  return nullptr;
}

void check_service(Loading& in) {
  auto& service = in.unit.service;
  const auto& start = service.of(ExecSlot::start);
  const bool oneshot = service.type == ServiceType::oneshot;
  if (start.empty() && service.of(ExecSlot::stop).empty() && !(oneshot && service.remain_after_exit)) {
    in.refuse("Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing.");
  } else if (start.empty() && !oneshot) {
    in.refuse("Service has no ExecStart= setting, which is only allowed for Type=oneshot services. Refusing.");
  } else if (start.size() > 1 && !oneshot) {
    in.refuse("Service has more than one ExecStart= setting, which is only allowed for Type=oneshot services. Refusing.");
  } else if (oneshot && (service.restart == Restart::always || service.restart == Restart::on_success)) {
    in.refuse("Service has Restart= set to either always or on-success, which isn't allowed for Type=oneshot services. Refusing.");
  }
  if (oneshot && !in.timeout_start_set) service.timeout_start = base::kForever;
  const bool notifies = service.type == ServiceType::notify || service.type == ServiceType::notify_reload ||
                        service.watchdog != base::kForever || service.fd_store_max > 0;
  if (notifies && service.notify_access == NotifyAccess::none) service.notify_access = NotifyAccess::main;
}

Specifiers specifiers_for(std::string_view name, const ManagerIdentity& who, Compat compat) {
  return {std::string{name},
          {{'h', who.home},
           {'t', who.runtime_dir},
           {'C', who.cache_home},
           {'E', who.config_home},
           {'S', compat == Compat::v252 ? who.config_home : who.state_home},
           {'L', (compat == Compat::v252 ? who.config_home : who.state_home) + "/log"},
           {'T', who.temporary_dir},
           {'V', who.var_temporary_dir},
           {'u', who.user},
           {'U', std::to_string(who.uid)},
           {'g', who.group},
           {'G', std::to_string(who.gid)},
           {'H', who.host},
           {'l', who.host.substr(0, who.host.find('.'))},
           {'m', who.machine_id},
           {'b', who.boot_id},
           {'v', who.kernel},
           {'s', who.shell},
           {'d', who.runtime_dir + "/credentials/" + std::string{name}}}};
}

UnitKind kind_of(std::string_view name) {
  if (name.ends_with(".service")) return UnitKind::service;
  if (name.ends_with(".socket")) return UnitKind::socket;
  if (name.ends_with(".target")) return UnitKind::target;
  return UnitKind::other;
}

}  // namespace

std::shared_ptr<const Unit> load_unit(std::string_view name, const UnitText& text, const ManagerIdentity& identity, Compat compat) {
  auto unit = std::make_shared<Unit>();
  unit->name = std::string{name};
  unit->kind = kind_of(name);
  unit->description = unit->name;
  unit->fragment_path = text.fragment_path;
  unit->text = text.text;
  if (text.masked) {
    unit->load_state = LoadState::masked;
    return unit;
  }
  UnitFile file = parse_unit_file(text.text, text.fragment_path);
  for (const auto& drop_in : text.drop_ins) {
    unit->drop_in_paths.push_back(drop_in.path);
    unit->drop_in_texts.push_back(drop_in.text);
    file.append(parse_unit_file(drop_in.text, drop_in.path));
  }
  unit->warnings = std::move(file.warnings);
  const auto specifiers = specifiers_for(name, identity, compat);
  Loading in{*unit, specifiers};
  for (const auto& assignment : file.assignments) {
    in.at = &assignment;
    if (assignment.section.starts_with("X-") || assignment.key.starts_with("X-")) continue;
    if (assignment.section == "Install") unit->has_install = true;
    const Table* table = section_table(assignment.section, unit->kind, compat);
    if (table == nullptr) {
      in.warn("Unknown section '" + assignment.section + "'. Ignoring.");
      continue;
    }
    const auto row = table->find(assignment.key);
    if (row == table->end()) in.warn("Unknown key '" + assignment.key + "' in section [" + assignment.section + "], ignoring.");
    else row->second(in, assignment.value);
  }
  if (unit->kind == UnitKind::service) check_service(in);
  if (unit->kind == UnitKind::socket) {
    if (unit->socket.service.empty()) unit->socket.service = unit->name.substr(0, unit->name.rfind('.')) + ".service";
    if (unit->socket.fd_name.empty()) unit->socket.fd_name = unit->name;
    if (unit->socket.listeners.empty()) in.refuse("Unit has no Listen setting (ListenStream=, ListenDatagram=, ListenFIFO=, ...). Refusing.");
  }
  unit->environment_as_written = unit->exec.environment;
  return unit;
}

std::shared_ptr<const Unit> missing_unit(std::string_view name) {
  auto unit = std::make_shared<Unit>();
  unit->name = std::string{name};
  unit->kind = kind_of(name);
  unit->description = unit->name;
  unit->load_state = LoadState::not_found;
  unit->load_error = "Unit " + unit->name + " not found.";
  return unit;
}

std::shared_ptr<const Unit> unit_from_text(std::string_view name, std::string_view text, Compat compat) {
  const ManagerIdentity identity;
  return load_unit(with_suffix(name), {.fragment_path = identity.config_home + "/systemd/user/" + with_suffix(name), .text = std::string{text}},
                   identity, compat);
}

}  // namespace harness::manager
