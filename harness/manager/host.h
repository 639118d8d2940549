// What the pure machine may ask about the machine it runs on: files and the processes of a unit. Answers come at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "harness/manager/events.h"

namespace harness::manager {

struct ProcessInfo {
  Pid pid = 0;
  std::string comm;
  std::string command_line;  ///< arguments joined by spaces
};

/// The driver answers from /proc and the file system, tests and the virtual world from maps. The defaults are an empty machine.
class Host {
 public:
  virtual ~Host() = default;

  /// Every living process of the unit, main and control included; zombies not.
  virtual std::vector<ProcessInfo> processes(const std::string& unit) const;
  /// What the unit's processes have used so far, the dead ones included.
  virtual base::Duration cpu_used(const std::string& unit) const;

  virtual std::optional<std::string> read_file(const std::string& path) const;  ///< nullopt when it cannot be read
  virtual bool exists(const std::string& path) const;
  virtual bool is_directory(const std::string& path) const;
  virtual std::vector<std::string> list_folder(const std::string& path) const;  ///< bare names, sorted
  /// A number that changes whenever the file changes (its mtime); nullopt when it is missing.
  virtual std::optional<std::int64_t> file_version(const std::string& path) const;
  virtual std::optional<std::string> link_target(const std::string& path) const;  ///< nullopt when it is no symlink

  /// For enable, disable, mask, unmask. Return false on failure.
  virtual bool make_link(const std::string& path, const std::string& target);
  virtual bool remove_file(const std::string& path);
};

}  // namespace harness::manager
