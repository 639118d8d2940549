// Starting the manager and speaking with it over its control socket.
#include "harness/manager/client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/text.h"
#include "harness/manager/process_driver/loop.h"
#include "harness/manager/server/frames.h"

extern char** environ;

namespace harness::manager {

namespace fs = std::filesystem;

namespace {

void set_variable(std::vector<std::string>& block, std::string_view name, std::string_view value) {
  const std::string start = std::string(name) + "=";
  std::erase_if(block, [&](const std::string& entry) { return entry.starts_with(start); });
  block.push_back(start + std::string(value));
}
std::string get_variable(const std::vector<std::string>& block, std::string_view name) {
  for (const auto& entry : block) {
    if (entry.starts_with(std::string(name) + "=")) return entry.substr(name.size() + 1);
  }
  return {};
}

/// One exchange: a frame out, frames in until the last one.
class Exchange {
 public:
  Exchange(const fs::path& socket, base::Duration patience) : until_(monotonic_now() + patience) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket.string();
    if (path.size() >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, path.data(), path.size());
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ >= 0 && ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      problem_ = std::string("the service manager does not answer at ") + path + ": " + std::strerror(errno);
      ::close(fd_);
      fd_ = -1;
    }
  }
  ~Exchange() {
    if (fd_ >= 0) ::close(fd_);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  bool send(char kind, std::string_view payload) {
    if (fd_ < 0) return false;
    std::array<unsigned char, frames::kHeader> header{};
    frames::write_header(header.data(), kind, payload.size());
    std::string bytes(reinterpret_cast<const char*>(header.data()), header.size());
    bytes += payload;
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t n = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(std::string("the service manager went away: ") + std::strerror(errno));
      at += static_cast<std::size_t>(n);
    }
    return true;
  }
  bool receive(char& kind, std::string& payload) {
    if (fd_ < 0 || !fill(frames::kHeader)) return false;
    const std::size_t size = frames::read_header(reinterpret_cast<const unsigned char*>(in_.data()));
    if (size == static_cast<std::size_t>(-1)) return fail("the service manager sent no frame");
    if (!fill(frames::kHeader + size)) return false;
    kind = in_[4];
    payload = in_.substr(frames::kHeader, size);
    in_.erase(0, frames::kHeader + size);
    return true;
  }
  const std::string& problem() const { return problem_; }

 private:
  bool fail(std::string why) {
    problem_ = std::move(why);
    return false;
  }
  bool fill(std::size_t size) {
    std::array<char, 65536> room{};
    while (in_.size() < size) {
      const auto left = until_ - monotonic_now();
      if (left <= base::Duration{0}) return fail("the service manager did not answer in time");
      pollfd watched{fd_, POLLIN, 0};
      const auto ms = std::min<std::int64_t>(base::milliseconds(left) + 1, 1'000'000);
      if (::poll(&watched, 1, static_cast<int>(ms)) <= 0) continue;
      const ssize_t n = ::recv(fd_, room.data(), room.size(), 0);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return fail("the service manager went away");
      in_.append(room.data(), static_cast<std::size_t>(n));
    }
    return true;
  }
  int fd_ = -1;
  base::Instant until_;
  std::string in_, problem_ = "the socket's path is too long";
};

fs::path fresh_folder() {
  const char* base_dir = std::getenv("XDG_RUNTIME_DIR");
  for (const std::string& parent : {std::string(base_dir != nullptr ? base_dir : ""), std::string("/tmp")}) {
    // 107 bytes for "<folder>/systemd/private", and the services put sockets of their own below it.
    if (parent.empty() || parent.size() > 40) continue;
    std::string pattern = parent + "/bm-XXXXXX";
    if (::mkdtemp(pattern.data()) != nullptr) return pattern;
  }
  return {};
}

}  // namespace

fs::path libexec_folder() {
  if (const char* given = std::getenv("BROWNOUT_LIBEXEC")) return given;
  std::error_code ec;
  const auto program = fs::read_symlink("/proc/self/exe", ec);
  // The tests are in build/tests, the programs in build/bin: both find it beside their own folder.
  for (const auto& candidate : {program.parent_path(), program.parent_path() / "../libexec/brownout"}) {
    if (fs::exists(candidate / "brownout-manager", ec)) return fs::weakly_canonical(candidate, ec);
  }
  return program.parent_path() / "../libexec/brownout";
}

base::Result<std::unique_ptr<ManagerProcess>> ManagerProcess::start(ManagerOptions options) {
  std::unique_ptr<ManagerProcess> manager(new ManagerProcess);
  if (options.runtime_dir.empty()) {
    options.runtime_dir = fresh_folder();
    manager->own_folder_ = true;
    if (options.runtime_dir.empty()) return base::problem("no folder for the service manager could be made below /tmp", "is it writable?");
  }
  if (options.home.empty()) options.home = options.runtime_dir / "home";
  std::error_code ec;
  fs::create_directories(options.home / ".config/systemd/user", ec);
  if (ec) return base::problem("the folder " + options.home.string() + " cannot be made: " + ec.message());
  manager->options_ = options;
  const auto program = libexec_folder() / "brownout-manager";
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) return base::problem(std::string("no pipe: ") + std::strerror(errno));
  // The number stays the same in the child; only the flag must go, which dup2 onto another number does.
  constexpr int kReadyFd = 198;
  std::vector<std::string> words{program.string(), "--runtime-dir", options.runtime_dir.string(), "--compat", options.compat, "--seed",
                                 std::to_string(options.seed), "--timer-slack", options.timer_slack, "--owner", std::to_string(::getpid()),
                                 "--ready-fd", std::to_string(kReadyFd)};
  if (!options.log.empty()) words.insert(words.end(), {"--log", options.log.string()});
  std::vector<std::string> block = manager->environment();
  std::vector<char*> argv, env;
  for (auto& word : words) argv.push_back(word.data());
  for (auto& entry : block) env.push_back(entry.data());
  argv.push_back(nullptr);
  env.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ready[1], kReadyFd);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);  // Ctrl-C goes to whoever started us, who then stops it in order
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), env.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  ::close(ready[1]);
  if (error != 0) {
    ::close(ready[0]);
    return base::problem("the service manager " + program.string() + " cannot be started: " + std::strerror(error), "build the target brownout-manager");
  }
  manager->pid_ = pid;
  char byte = 0;
  const ssize_t n = ::read(ready[0], &byte, 1);
  ::close(ready[0]);
  if (n != 1) return base::problem("the service manager ended before it was ready", "what it printed says why");
  return manager;
}

ManagerProcess::~ManagerProcess() {
  stop();
  std::error_code ec;
  if (own_folder_) fs::remove_all(options_.runtime_dir, ec);
}

std::vector<std::string> ManagerProcess::environment() const {
  std::vector<std::string> block;
  for (char** entry = environ; *entry != nullptr; ++entry) block.emplace_back(*entry);
  for (const auto& entry : options_.environment) {
    const auto at = entry.find('=');
    if (at != std::string::npos) set_variable(block, entry.substr(0, at), entry.substr(at + 1));
  }
  // A session bus would be another way to a real manager.
  std::erase_if(block, [](const std::string& entry) { return entry.starts_with("DBUS_SESSION_BUS_ADDRESS="); });
  const std::string path = get_variable(block, "PATH");
  set_variable(block, "PATH", (libexec_folder() / "fronts").string() + ":" + (path.empty() ? "/usr/local/bin:/usr/bin:/bin" : path));
  set_variable(block, "XDG_RUNTIME_DIR", options_.runtime_dir.string());
  set_variable(block, "HOME", options_.home.string());
  set_variable(block, "XDG_CONFIG_HOME", (options_.home / ".config").string());
  for (const auto* name : {"XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"}) {
    std::erase_if(block, [&](const std::string& entry) { return entry.starts_with(std::string(name) + "="); });
  }
  return block;
}

base::Result<fs::path> ManagerProcess::write_unit(std::string_view name, std::string_view text) {
  const fs::path path = options_.home / ".config/systemd/user" / name;
  std::error_code ec;
  fs::create_directories(path.parent_path(), ec);
  std::ofstream out(path, std::ios::trunc);
  out << text;
  out.close();
  if (!out) return base::problem("the unit file " + path.string() + " cannot be written");
  return path;
}

CallResult ManagerProcess::call(std::string_view program, const std::vector<std::string>& args, base::Duration patience) {
  Exchange exchange(options_.runtime_dir / frames::kSocketName, patience);
  std::string payload = std::string(program) + '\0' + "--user" + '\0';
  for (const auto& word : args) payload += word + '\0';
  CallResult result;
  char kind = 0;
  std::string bytes;
  if (exchange.send(frames::kCall, payload)) {
    while (exchange.receive(kind, bytes)) {
      if (kind == frames::kOut) result.out += bytes;
      if (kind == frames::kErr) result.err += bytes;
      if (kind != frames::kCode) continue;
      result.rc = bytes.empty() ? 0 : static_cast<unsigned char>(bytes[0]);
      return result;
    }
  }
  result.err += exchange.problem();
  return result;
}

CallResult ManagerProcess::systemctl(const std::vector<std::string>& args, base::Duration patience) { return call("systemctl", args, patience); }
CallResult ManagerProcess::journalctl(const std::vector<std::string>& args, base::Duration patience) { return call("journalctl", args, patience); }

base::Json ManagerProcess::control(const base::Json& request, base::Duration patience) {
  Exchange exchange(options_.runtime_dir / frames::kSocketName, patience);
  char kind = 0;
  std::string bytes;
  if (exchange.send(frames::kControl, base::dump(request)) && exchange.receive(kind, bytes)) {
    if (auto answer = base::parse_wire_json(bytes)) return *answer;
    return {{"error", "the service manager's answer is no JSON"}};
  }
  return {{"error", exchange.problem()}};
}

std::string ManagerProcess::fault(std::string_view name, const base::Json& params) {
  return base::string_or(control({{"do", "fault"}, {"fault", name}, {"params", params}}), "error");
}
std::string ManagerProcess::signal(std::string_view unit, std::string_view signal, std::string_view whom) {
  return base::string_or(control({{"do", "signal"}, {"unit", unit}, {"signal", signal}, {"whom", whom}}), "error");
}
base::Json ManagerProcess::state(std::string_view unit) { return control({{"do", "state"}, {"unit", unit}}); }

bool ManagerProcess::alive() {
  if (pid_ < 0) return false;
  if (::waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

bool ManagerProcess::stop() {
  if (!alive()) return true;
  ::kill(pid_, SIGTERM);
  for (const auto until = monotonic_now() + std::chrono::minutes(5); monotonic_now() < until;) {
    if (!alive()) return true;
    ::poll(nullptr, 0, 2);
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  return false;
}

}  // namespace harness::manager
