// Membership of processes, from /proc.
#include "harness/manager/process_driver/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "base/text.h"

namespace harness::manager {
namespace {

std::string read_all(const std::string& path) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  std::array<char, 4096> room{};
  for (ssize_t n = 0; (n = ::read(fd, room.data(), room.size())) > 0;) text.append(room.data(), static_cast<std::size_t>(n));
  ::close(fd);
  return text;
}

std::vector<Pid> numeric_entries(const std::string& path) {
  std::vector<Pid> all;
  DIR* folder = ::opendir(path.c_str());
  if (folder == nullptr) return all;
  while (const dirent* entry = ::readdir(folder)) {
    if (const auto pid = base::parse_integer(entry->d_name)) all.push_back(static_cast<Pid>(*pid));
  }
  ::closedir(folder);
  return all;
}

}  // namespace

// proc(5): "pid (comm) state ppid pgrp session …"; comm may hold spaces and parentheses, so the last one counts.
std::optional<ProcessStat> read_process_stat(Pid pid) {
  const std::string text = read_all("/proc/" + std::to_string(pid) + "/stat");
  const auto open = text.find('('), close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close + 2 > text.size()) return std::nullopt;
  const auto fields = base::split(std::string_view(text).substr(close + 2), ' ');
  if (fields.size() < 20) return std::nullopt;
  const auto number = [&](std::size_t i) { return base::parse_integer(fields[i]).value_or(0); };
  ProcessStat stat;
  stat.pid = pid;
  stat.comm = text.substr(open + 1, close - open - 1);
  stat.state = fields[0].empty() ? '?' : fields[0][0];
  stat.parent = static_cast<Pid>(number(1));
  stat.session = static_cast<Pid>(number(3));
  stat.cpu_ticks = static_cast<std::uint64_t>(number(11) + number(12));
  stat.started = static_cast<std::uint64_t>(number(19));
  return stat;
}

std::vector<Pid> children_of(Pid pid) {
  std::vector<Pid> all;
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  static const bool fast = ::access("/proc/self/task/self/children", F_OK) == 0 ||
                           ::access(("/proc/self/task/" + std::to_string(::getpid()) + "/children").c_str(), F_OK) == 0;
  if (fast) {
    for (const Pid task : numeric_entries(tasks)) {
      for (const auto& word : base::split(read_all(tasks + "/" + std::to_string(task) + "/children"), ' ')) {
        if (const auto child = base::parse_integer(word)) all.push_back(static_cast<Pid>(*child));
      }
    }
    return all;
  }
  // A kernel without CONFIG_PROC_CHILDREN: look at everybody.
  for (const Pid other : numeric_entries("/proc")) {
    const auto stat = read_process_stat(other);
    if (stat && stat->parent == pid) all.push_back(other);
  }
  return all;
}

void ProcessTree::spawned(Pid pid, const std::string& unit, const std::string& invocation_id) {
  const auto stat = read_process_stat(pid);
  members_[pid] = {unit, stat ? stat->started : 0};
  sessions_[pid] = unit;  // each spawned process leads its own session
  if (!invocation_id.empty()) invocations_[invocation_id] = unit;
}

void ProcessTree::reaped(Pid pid) { members_.erase(pid); }

const ProcessTree::Member* ProcessTree::known(const ProcessStat& stat) const {
  const auto found = members_.find(stat.pid);
  return found != members_.end() && found->second.started == stat.started ? &found->second : nullptr;
}

std::string ProcessTree::orphan_unit(const ProcessStat& stat) {
  const std::string environment = read_all("/proc/" + std::to_string(stat.pid) + "/environ");
  for (const auto& entry : base::split(environment, '\0')) {
    if (!entry.starts_with("INVOCATION_ID=")) continue;
    if (const auto found = invocations_.find(entry.substr(14)); found != invocations_.end()) return found->second;
  }
  if (const auto found = sessions_.find(stat.session); found != sessions_.end()) return found->second;
  std::string only;
  for (const auto& [invocation, unit] : invocations_) {
    if (!only.empty() && only != unit) return {};
    only = unit;
  }
  return only;
}

std::map<std::string, std::vector<ProcessStat>> ProcessTree::walk() {
  std::map<std::string, std::vector<ProcessStat>> all;
  const std::function<void(Pid, const std::string*)> visit = [&](Pid parent, const std::string* inherited) {
    for (const Pid pid : children_of(parent)) {
      const auto stat = read_process_stat(pid);
      if (!stat) continue;
      const Member* member = known(*stat);
      const std::string unit = member != nullptr ? member->unit : inherited != nullptr ? *inherited : orphan_unit(*stat);
      if (stat->state == 'Z' || stat->state == 'X') continue;  // reaped soon; its children have been adopted already
      if (member == nullptr) members_[pid] = {unit, stat->started};
      all[unit].push_back(*stat);
      visit(pid, &unit);
    }
  };
  visit(root_, nullptr);
  return all;
}

std::string ProcessTree::unit_of(Pid pid) {
  Pid at = pid;
  for (int depth = 0; depth < 64 && at > 1; ++depth) {
    const auto stat = read_process_stat(at);
    if (!stat) return {};
    if (const Member* member = known(*stat)) return member->unit;
    if (stat->parent == root_) {
      const std::string unit = orphan_unit(*stat);
      members_[at] = {unit, stat->started};
      return unit;
    }
    at = stat->parent;
  }
  return {};
}

}  // namespace harness::manager
