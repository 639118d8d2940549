// `systemctl status`, `list-units` and `list-unit-files`: the texts that people read.
#include <algorithm>

#include "base/text.h"
#include "harness/manager/manager_impl.h"

namespace harness::manager {
namespace {

using namespace std::chrono_literals;

std::string field(std::string_view name, const std::string& value) {
  return std::string(name.size() < 11 ? 11 - name.size() : 0, ' ') + std::string{name} + ": " + value + "\n";
}

/// format_timestamp_relative(): "855ms ago", "1s ago", "2min 3s ago", "3h 20min ago", "2 days ago".
std::string ago(base::Duration age) {
  const auto ms = base::milliseconds(age);
  const auto s = ms / 1000;
  const auto text = [](std::int64_t a, const char* au, std::int64_t b = 0, const char* bu = "") {
    return std::to_string(a) + au + (b > 0 ? " " + std::to_string(b) + bu : std::string{}) + " ago";
  };
  if (s >= 2 * 86400) return text(s / 86400, " days");
  if (s >= 86400) return text(s / 86400, " day", s % 86400 / 3600, "h");
  if (s >= 3600) return text(s / 3600, "h", s % 3600 / 60, "min");
  if (s >= 300) return text(s / 60, "min");
  if (s >= 60) return text(s / 60, "min", s % 60, "s");
  if (s >= 1) return text(s, "s");
  if (ms >= 1) return text(ms, "ms");
  return "now";
}

std::string outcome(ExitCode code, int status) {
  if (code != ExitCode::exited) return std::string{"code="} + (code == ExitCode::dumped ? "dumped" : "killed") + ", signal=" + signal_name(status);
  std::string name = exit_status_name(status);
  // status prints names of the LSB and of systemd itself, not those of sysexits.h.
  if (status >= 64 && status <= 78) name.clear();
  return "code=exited, status=" + std::to_string(status) + (name.empty() ? "" : "/" + name);
}

/// Quotes a word of a command line as the CGroup tree does: only when it holds blanks or the like.
std::string cgroup_line(const std::string& command_line) { return command_line; }

struct Table {
  std::vector<std::vector<std::string>> rows;
  std::string print(bool last_padded = false) const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
      widths.resize(std::max(widths.size(), row.size()));
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string out;
    for (const auto& row : rows) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        out += row[i];
        if (i + 1 < row.size() || last_padded) out += std::string(widths[i] - row[i].size(), ' ');
        if (i + 1 < row.size()) out += ' ';
      }
      out += '\n';
    }
    return out;
  }
};

constexpr std::string_view dot_of(ActiveState state) {
  switch (state) {
    case ActiveState::failed: return "×";
    case ActiveState::inactive: return "○";
    case ActiveState::reloading: return "↻";
    default: return "●";
  }
}

}  // namespace

std::string Manager::Impl::status_text(UnitEntry& entry, const SystemctlArgs& args) const {
  const Unit& unit = *entry.unit;
  const auto state = entry.active();
  std::string out = std::string{dot_of(state)} + " " + display_name(unit) + "\n";
  const std::string file_state = unit_file_state(unit);
  if (unit.load_state == LoadState::masked) {
    out += field("Loaded", "masked (Reason: Unit " + unit.name + " is masked.)");
  } else if (unit.load_state == LoadState::bad_setting) {
    out += field("Loaded", "bad-setting (Reason: Unit " + unit.name + " has a bad unit file setting.)");
  } else {
    const std::string preset = file_state == "enabled" || file_state == "disabled" ? "; preset: enabled" : "";
    out += field("Loaded", "loaded (" + unit.fragment_path + "; " + file_state + preset + ")");
  }
  if (!unit.drop_in_paths.empty()) {
    const auto slash = unit.drop_in_paths[0].rfind('/');
    out += field("Drop-In", unit.drop_in_paths[0].substr(0, slash));
    for (std::size_t i = 0; i < unit.drop_in_paths.size(); ++i) {
      out += std::string(13, ' ') + (i + 1 == unit.drop_in_paths.size() ? "└─" : "├─") +
             unit.drop_in_paths[i].substr(unit.drop_in_paths[i].rfind('/') + 1) + "\n";
    }
  }
  std::string line{to_string(state)};
  const std::string sub{entry.sub()};
  if (sub != line) line += " (" + sub + ")";
  const auto result = entry.service ? entry.service->result() : ServiceResult::success;
  if (entry.service && result != ServiceResult::success) line += " (Result: " + std::string{to_string(result)} + ")";
  const auto since = state == ActiveState::active || state == ActiveState::reloading      ? entry.active_enter
                     : state == ActiveState::inactive || state == ActiveState::failed     ? entry.inactive_enter
                     : state == ActiveState::activating                                   ? entry.inactive_exit
                                                                                          : entry.active_exit;
  if (since) line += " since " + timestamp(since) + "; " + ago(now_ - *since);
  out += field("Active", line);
  if (!entry.service) return out;
  const auto& service = *entry.service;
  const bool down = state == ActiveState::inactive || state == ActiveState::failed;
  if (down && entry.active_enter && entry.active_exit && *entry.active_exit >= *entry.active_enter) {
    out += field("Duration", format_time_span(*entry.active_exit - *entry.active_enter, 1ms));
  }
  if (settings.compat == Compat::v257 && !service.invocation_id().empty()) out += field("Invocation", service.invocation_id());
  for (const auto& socket : triggers_of(unit.name)) {
    const auto* other = find(socket);
    out += field("TriggeredBy", std::string{dot_of(other->active())} + " " + socket);
  }
  constexpr std::array<std::pair<ExecSlot, std::string_view>, kExecSlots> kSlots{
      {{ExecSlot::condition, "ExecCondition"}, {ExecSlot::start_pre, "ExecStartPre"}, {ExecSlot::start, "ExecStart"},
       {ExecSlot::start_post, "ExecStartPost"}, {ExecSlot::reload, "ExecReload"}, {ExecSlot::stop, "ExecStop"},
       {ExecSlot::stop_post, "ExecStopPost"}}};
  const auto members = host_ref.processes(unit.name);
  const auto comm_of = [&](Pid pid) {
    for (const auto& member : members) {
      if (member.pid == pid) return member.comm;
    }
    return std::string{};
  };
  for (const auto& [slot, word] : kSlots) {
    const auto& commands = unit.service.of(slot);
    const auto& statuses = service.command_status(slot);
    for (std::size_t i = 0; i < commands.size() && i < statuses.size(); ++i) {
      if (statuses[i].code == ExitCode::none) continue;
      out += field("Process", std::to_string(statuses[i].pid) + " " + std::string{word} + "=" + base::join(commands[i].argv, " ") + " (" +
                                  outcome(statuses[i].code, statuses[i].status) + ")");
    }
  }
  const auto& main = service.main_status();
  if (service.main_pid() > 0) {
    const auto comm = comm_of(service.main_pid());
    out += field("Main PID", std::to_string(service.main_pid()) + (comm.empty() ? "" : " (" + comm + ")"));
  } else if (main.code != ExitCode::none) {
    out += field("Main PID", std::to_string(main.pid) + " (" + outcome(main.code, main.status) + ")");
  }
  if (service.control_pid() > 0) out += field("Cntrl PID", std::to_string(service.control_pid()) + " (" + comm_of(service.control_pid()) + ")");
  if (!service.status_text().empty()) out += field("Status", "\"" + service.status_text() + "\"");
  if (service.status_errno() > 0) out += field("Error", std::to_string(service.status_errno()));
  if (main.pid != 0) out += field("CPU", format_time_span(std::max(host_ref.cpu_used(unit.name), base::Duration{1us}), 1ms));
  if (!members.empty()) {
    const std::string uid = std::to_string(settings.identity.uid);
    out += field("CGroup", "/user.slice/user-" + uid + ".slice/user@" + uid + ".service/app.slice/" + unit.name);
    auto sorted = members;
    std::sort(sorted.begin(), sorted.end(), [](const ProcessInfo& a, const ProcessInfo& b) { return a.pid < b.pid; });
    const auto width = std::to_string(sorted.back().pid).size();
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      std::string pid = std::to_string(sorted[i].pid);
      pid.insert(0, width - pid.size(), ' ');
      out += std::string(13, ' ') + (i + 1 == sorted.size() ? "└─" : "├─") + pid + " " + cgroup_line(sorted[i].command_line) + "\n";
    }
  }
  if (args.lines == 0) return out;
  std::string lines;
  int left = args.lines;
  JournalctlArgs short_form;
  for (auto line_at = journal.rbegin(); line_at != journal.rend() && left > 0; ++line_at) {
    if (line_at->unit != unit.name) continue;
    // status shows nothing from before the unit last left its inactive state.
    if (entry.inactive_exit && line_at->at < entry.inactive_exit->since_start) break;
    lines.insert(0, journal_text(short_form, *line_at));
    --left;
  }
  if (!lines.empty()) out += "\n" + lines;
  return out;
}

ClientCall Manager::Impl::status(const SystemctlArgs& args) {
  ClientCall out;
  std::vector<std::string> names;
  for (const auto& written : args.names) {
    if (written.find_first_of("*?[") == std::string::npos) {
      // A number is the pid of a process: the unit that it belongs to.
      const auto pid = base::parse_integer(written);
      bool of_process = false;
      for (const auto& [name, entry] : units) {
        if (!pid || !entry.service || (entry.service->main_pid() != *pid && entry.service->control_pid() != *pid)) continue;
        names.push_back(name);
        of_process = true;
      }
      if (!of_process) names.push_back(with_suffix(written));
      continue;
    }
    for (const auto& [name, entry] : units) {
      if (base::glob_match(with_suffix(written), name)) names.push_back(name);
    }
  }
  if (args.names.empty()) {
    for (const auto& [name, entry] : units) names.push_back(name);
  }
  bool first = true;
  for (const auto& name : names) {
    auto& entry = load(name);
    if (entry.unit->load_state == LoadState::not_found) {
      out.err += "Unit " + name + " could not be found.\n";
      out.rc = 4;
      continue;
    }
    if (!first) out.out += "\n";
    first = false;
    out.out += status_text(entry, args);
    out.err += changed_on_disk(entry);
    const auto state = entry.active();
    if (out.rc == 0 && state != ActiveState::active && state != ActiveState::reloading) out.rc = 3;
  }
  return out;
}

ClientCall Manager::Impl::list_units(const SystemctlArgs& args) {
  ClientCall out;
  Table table;
  const bool dots = !args.plain;
  std::vector<std::string> head{"UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"};
  if (dots) head.insert(head.begin(), " ");
  if (!args.no_legend) table.rows.push_back(head);
  std::size_t count = 0;
  for (const auto& [name, entry] : units) {
    const Unit& unit = *entry.unit;
    const bool matches = args.names.empty() || std::any_of(args.names.begin(), args.names.end(), [&](const std::string& pattern) {
      return base::glob_match(pattern, name) || base::glob_match(with_suffix(pattern), name);
    });
    const std::string active{to_string(entry.active())};
    const std::string sub{entry.sub()};
    const std::string load{to_string(unit.load_state)};
    const auto is_state = [&](const std::string& wanted) { return wanted == active || wanted == sub || wanted == load; };
    const bool state_fits = args.states.empty() || std::any_of(args.states.begin(), args.states.end(), is_state);
    const bool type_fits = args.types.empty() || std::any_of(args.types.begin(), args.types.end(),
                                                             [&](const std::string& type) { return name.ends_with("." + type); });
    const bool shown = args.all || !args.states.empty() || active != "inactive" || entry.job.has_value();
    if (!matches || !state_fits || !type_fits || !shown || unit.load_state == LoadState::not_found) continue;
    std::vector<std::string> row{name, load, active, sub, unit.description};
    if (dots) row.insert(row.begin(), active == "failed" ? "●" : " ");
    table.rows.push_back(std::move(row));
    ++count;
  }
  out.out = table.print();
  if (args.no_legend) return out;
  if (count > 0) {
    out.out += settings.compat == Compat::v252
                   ? "\nLOAD   = Reflects whether the unit definition was properly loaded.\n"
                     "ACTIVE = The high-level unit activation state, i.e. generalization of SUB.\n"
                     "SUB    = The low-level unit activation state, values depend on unit type.\n"
                   : "\nLegend: LOAD   → Reflects whether the unit definition was properly loaded.\n"
                     "        ACTIVE → The high-level unit activation state, i.e. generalization of SUB.\n"
                     "        SUB    → The low-level unit activation state, values depend on unit type.\n";
  }
  if (settings.compat == Compat::v257) out.out += "\n";
  out.out += std::to_string(count) + " loaded units listed.";
  if (args.states.empty() && !args.all) out.out += count == 0 ? " Pass --all to see loaded but inactive units, too." : "";
  out.out += "\n";
  if (args.states.empty()) out.out += "To show all installed unit files use 'systemctl list-unit-files'.\n";
  return out;
}

ClientCall Manager::Impl::list_unit_files(const SystemctlArgs& args) {
  ClientCall out;
  Table table;
  if (!args.no_legend) table.rows.push_back({"UNIT FILE", "STATE", "PRESET"});
  std::set<std::string> names;
  for (const auto& folder : unit_folders()) {
    for (const auto& file : host_ref.list_folder(folder)) {
      if (file.ends_with(".service") || file.ends_with(".socket") || file.ends_with(".target")) names.insert(file);
    }
  }
  std::size_t count = 0;
  for (const auto& name : names) {
    const bool matches = args.names.empty() || std::any_of(args.names.begin(), args.names.end(), [&](const std::string& pattern) {
      return base::glob_match(pattern, name) || base::glob_match(with_suffix(pattern), name);
    });
    std::map<std::string, std::optional<std::int64_t>> versions;
    if (!matches) continue;
    const auto state = unit_file_state(*read_unit(name, versions));
    table.rows.push_back({name, state, state == "static" ? "-" : "enabled"});
    ++count;
  }
  out.out = table.print();
  if (!args.no_legend) out.out += "\n" + std::to_string(count) + " unit files listed.\n";
  return out;
}

}  // namespace harness::manager
