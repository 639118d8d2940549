// What the machine may ask about the real computer: files, and the processes of its units.
#pragma once

#include <map>

#include "harness/manager/host.h"
#include "harness/manager/process_driver/process_tree.h"
#include "harness/manager/unit.h"

namespace harness::manager {

class LiveHost final : public Host {
 public:
  explicit LiveHost(Pid manager) : tree_(manager) {}

  std::vector<ProcessInfo> processes(const std::string& unit) const override;
  base::Duration cpu_used(const std::string& unit) const override;
  std::optional<std::string> read_file(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  bool is_directory(const std::string& path) const override;
  std::vector<std::string> list_folder(const std::string& path) const override;
  std::optional<std::int64_t> file_version(const std::string& path) const override;
  std::optional<std::string> link_target(const std::string& path) const override;
  bool make_link(const std::string& path, const std::string& target) override;
  bool remove_file(const std::string& path) override;

  ProcessTree& tree() const { return tree_; }
  void add_cpu(const std::string& unit, base::Duration used) { cpu_of_dead_[unit] += used; }

 private:
  mutable ProcessTree tree_;  // what a walk finds is remembered
  std::map<std::string, base::Duration> cpu_of_dead_;
};

/// The user and the computer, for specifiers and the environment. XDG_* and HOME come from the manager's own environment.
ManagerIdentity real_identity();

}  // namespace harness::manager
