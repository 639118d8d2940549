#include "gateway/service/instance.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/json.h"

namespace gateway {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kSmallFileMax = 64U << 10;

base::Json to_json(const ProcessId& process) { return {{"pid", process.pid}, {"start", process.start}}; }

ProcessId process_of(const base::Json& json) {
  return {base::integer_or(json, "pid", 0), static_cast<std::uint64_t>(base::integer_or(json, "start", 0))};
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto done = ::write(fd, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace

InstanceFiles files_of(const Config& config, const std::string& runtime) {
  if (!config.state.empty()) return {config.state + ".lock", config.state + ".planned-stop", config.state + ".starts"};
  const auto folder = runtime.empty() ? fs::temp_directory_path() / fmt::format("brownout-{}", ::getuid()) : fs::path(runtime) / "brownout";
  return {folder / (config.unit + ".lock"), folder / (config.unit + ".planned-stop"), folder / (config.unit + ".starts")};
}

base::Result<std::optional<std::string>> prepare_folder(const fs::path& folder) {
  if (folder.empty()) return std::optional<std::string>{};
  std::error_code error;
  if (!fs::exists(folder, error)) {
    // Each folder that is made is the gateway's own, closed to others from its first moment on.
    const auto old = ::umask(077);
    fs::create_directories(folder, error);
    ::umask(old);
    if (error) return base::problem(fmt::format("cannot make the folder: {}", error.message()), "choose another \"state\"", folder.string());
  }
  struct stat info{};
  if (::stat(folder.c_str(), &info) != 0) return base::problem(fmt::format("cannot look at the folder: {}", std::strerror(errno)), {}, folder.string());
  if (!S_ISDIR(info.st_mode)) return base::problem("this is no folder", "choose another \"state\"", folder.string());
  if ((info.st_mode & 0077U) != 0 && (info.st_mode & S_ISVTX) == 0) {
    return std::optional<std::string>{fmt::format("other users may look into {}: chmod 700 {}", folder.string(), folder.string())};
  }
  return std::optional<std::string>{};
}

std::optional<InstanceInfo> running_instance(const fs::path& lock) {
  const auto json = base::parse_wire_json(read_small_file(lock));
  if (!json || !json->is_object()) return std::nullopt;
  InstanceInfo info{process_of(*json), base::string_or(*json, "listen"), base::string_or(*json, "admin"), base::string_or(*json, "version"),
                    base::string_or(*json, "config"), base::WallTime{std::chrono::milliseconds{base::integer_or(*json, "started_ms", 0)}}};
  if (!alive(info.process)) return std::nullopt;
  return info;
}

base::Result<std::unique_ptr<InstanceLock>> InstanceLock::try_take(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return base::problem(fmt::format("cannot open the lock: {}", std::strerror(errno)), "the folder of \"state\" must be writable", file.string());
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(fd);
    if (error == EWOULDBLOCK) return std::unique_ptr<InstanceLock>{};
    return base::problem(fmt::format("cannot lock: {}", std::strerror(error)), {}, file.string());
  }
  return std::unique_ptr<InstanceLock>(new InstanceLock(fd));
}

InstanceLock::~InstanceLock() {
  // The file stays: removing it would let a third process lock a new file while a second one waits on this one.
  (void)!::ftruncate(fd_, 0);
  ::close(fd_);
}

void InstanceLock::write(const InstanceInfo& info) {
  auto json = to_json(info.process);
  json["listen"] = info.listen;
  json["admin"] = info.admin;
  json["version"] = info.version;
  json["config"] = info.config;
  json["started_ms"] = base::milliseconds(info.started.since_epoch);
  const auto text = base::dump(json) + "\n";
  if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) != 0) return;
  (void)write_all(fd_, text);
}

bool write_marker(const fs::path& file, const ProcessId& target, base::WallTime now) {
  auto json = to_json(target);
  json["written_ms"] = base::milliseconds(now.since_epoch);
  return write_file(file, base::dump(json) + "\n");
}

bool take_marker(const fs::path& file, const ProcessId& self, base::WallTime now) {
  const auto text = read_small_file(file);
  if (text.empty()) return false;
  std::error_code ignored;
  fs::remove(file, ignored);
  const auto json = base::parse_wire_json(text);
  if (!json || !json->is_object()) return false;
  const auto target = process_of(*json);
  const auto age = now - base::WallTime{std::chrono::milliseconds{base::integer_or(*json, "written_ms", 0)}};
  const bool same = target.pid == self.pid && (target.start == 0 || self.start == 0 || target.start == self.start);
  // A clock that was set back makes a fresh marker look as if it came from the future: a little of that is forgiven.
  return same && age <= kMarkerLife && age >= -kMarkerLife;
}

bool write_file(const fs::path& file, const std::string& text) {
  const auto temporary = file.string() + fmt::format(".{}.tmp", ::getpid());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const bool written = write_all(fd, text);
  const bool good = ::close(fd) == 0 && written && ::rename(temporary.c_str(), file.c_str()) == 0;
  if (!good) ::unlink(temporary.c_str());
  return good;
}

std::string read_small_file(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return {};
  std::string text(kSmallFileMax, '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const auto got = ::read(fd, text.data() + have, text.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  ::close(fd);
  text.resize(have);
  return text;
}

}  // namespace gateway
