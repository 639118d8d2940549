// The real computer, asked through the file system and /proc.
#include "harness/manager/process_driver/live_host.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/text.h"

namespace harness::manager {

namespace fs = std::filesystem;

std::vector<ProcessInfo> LiveHost::processes(const std::string& unit) const {
  std::vector<ProcessInfo> all;
  const auto tree = tree_.walk();
  const auto found = tree.find(unit);
  if (found == tree.end()) return all;
  for (const auto& stat : found->second) {
    std::string line = read_file("/proc/" + std::to_string(stat.pid) + "/cmdline").value_or("");
    while (!line.empty() && line.back() == '\0') line.pop_back();
    std::replace(line.begin(), line.end(), '\0', ' ');
    all.push_back({stat.pid, stat.comm, line.empty() ? "(" + stat.comm + ")" : line});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  return all;
}

base::Duration LiveHost::cpu_used(const std::string& unit) const {
  static const auto ticks_a_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  base::Duration used{0};
  if (const auto dead = cpu_of_dead_.find(unit); dead != cpu_of_dead_.end()) used += dead->second;
  const auto tree = tree_.walk();
  if (const auto found = tree.find(unit); found != tree.end()) {
    for (const auto& stat : found->second) used += std::chrono::nanoseconds(stat.cpu_ticks * (1'000'000'000 / ticks_a_second));
  }
  return used;
}

std::optional<std::string> LiveHost::read_file(const std::string& path) const {
  std::ifstream in(path, std::ios::binary);
  if (!in || is_directory(path)) return std::nullopt;
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (in.bad()) return std::nullopt;
  return text;
}
bool LiveHost::exists(const std::string& path) const {
  std::error_code ec;
  return fs::exists(path, ec);
}
bool LiveHost::is_directory(const std::string& path) const {
  std::error_code ec;
  return fs::is_directory(path, ec);
}
std::vector<std::string> LiveHost::list_folder(const std::string& path) const {
  std::vector<std::string> names;
  std::error_code ec;
  for (fs::directory_iterator at(path, ec), end; !ec && at != end; at.increment(ec)) names.push_back(at->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}
std::optional<std::int64_t> LiveHost::file_version(const std::string& path) const {
  struct stat s{};
  if (::stat(path.c_str(), &s) != 0) return std::nullopt;
  // A file that is replaced within one tick of the file system's clock has another inode.
  return s.st_mtim.tv_sec * 1'000'000'000 + s.st_mtim.tv_nsec + static_cast<std::int64_t>(s.st_ino % 1'000) + s.st_size % 1'000;
}
std::optional<std::string> LiveHost::link_target(const std::string& path) const {
  std::error_code ec;
  const auto target = fs::read_symlink(path, ec);
  if (ec) return std::nullopt;
  return target.string();
}
bool LiveHost::make_link(const std::string& path, const std::string& target) {
  std::error_code ec;
  fs::create_directories(fs::path(path).parent_path(), ec);
  fs::remove(path, ec);
  fs::create_symlink(target, path, ec);
  return !ec;
}
bool LiveHost::remove_file(const std::string& path) {
  std::error_code ec;
  return fs::remove(path, ec) && !ec;
}

ManagerIdentity real_identity() {
  ManagerIdentity identity;
  const auto env = [](const char* name, std::string otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? std::string(value) : std::move(otherwise);
  };
  const auto line_of = [](const char* path, std::string otherwise) {
    std::ifstream in(path);
    std::string line;
    return std::getline(in, line) && !line.empty() ? line : std::move(otherwise);
  };
  identity.uid = ::getuid();
  identity.gid = ::getgid();
  identity.pid = ::getpid();
  if (const passwd* user = ::getpwuid(::getuid())) {
    identity.user = user->pw_name;
    identity.home = user->pw_dir;
    identity.shell = user->pw_shell != nullptr && *user->pw_shell != '\0' ? user->pw_shell : "/bin/sh";
  }
  if (const group* own = ::getgrgid(::getgid())) identity.group = own->gr_name;
  identity.home = env("HOME", identity.home);
  identity.runtime_dir = env("XDG_RUNTIME_DIR", identity.runtime_dir);
  identity.config_home = env("XDG_CONFIG_HOME", identity.home + "/.config");
  identity.cache_home = env("XDG_CACHE_HOME", identity.home + "/.cache");
  identity.state_home = env("XDG_STATE_HOME", identity.home + "/.local/state");
  identity.data_home = env("XDG_DATA_HOME", identity.home + "/.local/share");
  identity.temporary_dir = env("TMPDIR", "/tmp");
  utsname system{};
  if (::uname(&system) == 0) {
    identity.host = system.nodename;
    identity.kernel = system.release;
  }
  identity.machine_id = line_of("/etc/machine-id", identity.machine_id);
  identity.boot_id = base::replace_all(line_of("/proc/sys/kernel/random/boot_id", identity.boot_id), "-", "");
  return identity;
}

}  // namespace harness::manager
