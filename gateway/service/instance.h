// One gateway per state file: a lock that dies with its holder, beside it who holds it and where it listens, and the planned-stop marker.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "gateway/core/config.h"
#include "gateway/service/process.h"

namespace gateway {

/// The files beside the state file. Without a state file they live in the runtime folder, under the unit's name, and there is no lock.
struct InstanceFiles {
  std::filesystem::path lock;    ///< FILE.lock: flock, and the holder's InstanceInfo as JSON
  std::filesystem::path marker;  ///< FILE.planned-stop
  std::filesystem::path starts;  ///< FILE.starts: for the respawn guard
};
/// `runtime`: XDG_RUNTIME_DIR; empty: the temporary folder with the user's id.
InstanceFiles files_of(const Config& config, const std::string& runtime);
/// Makes the folder, 0700; says so when an old one is open to others.
base::Result<std::optional<std::string>> prepare_folder(const std::filesystem::path& folder);

struct InstanceInfo {
  ProcessId process;
  std::string listen, admin, version, config;
  base::WallTime started;
};
/// What the lock file says, when that process still lives.
std::optional<InstanceInfo> running_instance(const std::filesystem::path& lock);

/// Holds the lock as long as it lives. The kernel frees it with the process, so stale files and reused pids do no harm.
class InstanceLock {
 public:
  /// An empty Result value (nullptr) when somebody else holds it.
  static base::Result<std::unique_ptr<InstanceLock>> try_take(const std::filesystem::path& file);
  ~InstanceLock();
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;
  /// Replaces the file's text. Best effort: the lock counts, not the text.
  void write(const InstanceInfo& info);

 private:
  explicit InstanceLock(int fd) : fd_(fd) {}
  int fd_;
};

/// The marker: "this process is going to be stopped on purpose".
inline constexpr base::Duration kMarkerLife = std::chrono::seconds{60};
bool write_marker(const std::filesystem::path& file, const ProcessId& target, base::WallTime now);
/// Whether a valid marker for `self` is there; whatever is there is removed, so that it counts once.
bool take_marker(const std::filesystem::path& file, const ProcessId& self, base::WallTime now);

/// Writes a small file whole or not at all (temporary name, then rename), 0600.
bool write_file(const std::filesystem::path& file, const std::string& text);
std::string read_small_file(const std::filesystem::path& file);  ///< empty when absent; at most 64 KiB

}  // namespace gateway
