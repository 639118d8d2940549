// fork, set up, execve. The manager has one thread, so the child may use the heap.
#include "harness/manager/process_driver/launch.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/text.h"
#include "harness/manager/unit_file.h"

namespace harness::manager {
namespace {

// systemd.exec(5), "Process Exit Codes".
enum Step { step_chdir = 200, step_fds = 202, step_exec = 203, step_limits = 205, step_stdin = 208, step_stdout = 209, step_setsid = 220,
            step_stderr = 222, step_folder = 233 };

struct Child {
  const Spawn& spawn;
  const LaunchSettings& settings;
  int journal = -1;    // the child's end
  int exec_done = -1;  // the child's end

  // The reason goes to the journal as the manager's executor words it.
  [[noreturn]] void fail(int status, const char* step, const std::string& what) const {
    const std::string line = "<3>" + spawn.unit + ": Failed at step " + step + " spawning " + spawn.path + ": " + what + "\n";
    if (journal >= 0) (void)!::write(journal, line.data(), line.size());
    if (exec_done >= 0) (void)!::write(exec_done, "x", 1);
    ::_exit(status);
  }
  [[noreturn]] void fail_errno(int status, const char* step) const { fail(status, step, std::strerror(errno)); }

  void reset_signals() const {
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    ::signal(SIGPIPE, SIG_IGN);  // IgnoreSIGPIPE=yes is the default of systemd.exec(5)
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
  }

  void open_standard(int fd, const std::string& how, int status, const char* step) const {
    int from = -1;
    const auto path = how.find(':') == std::string::npos ? std::string() : how.substr(how.find(':') + 1);
    if (how == "inherit" && fd == 2) {
      from = 1;
    } else if (how.starts_with("file:") || how.starts_with("append:") || how.starts_with("truncate:")) {
      const int mode = fd == 0 ? O_RDONLY : O_WRONLY | O_CREAT | (how[0] == 'a' ? O_APPEND : how[0] == 't' ? O_TRUNC : 0);
      from = ::open(path.c_str(), mode | O_NOCTTY, 0644);
    } else if (fd != 0 && journal >= 0 && how != "null") {
      from = journal;
    } else {
      from = ::open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
    }
    if (from < 0 || (from != fd && ::dup2(from, fd) < 0)) fail_errno(status, step);
    if (from != fd && from != journal && from > 2) ::close(from);
  }

  void set_limits() const {
    static const std::map<std::string_view, int> kinds{
        {"AS", RLIMIT_AS}, {"CORE", RLIMIT_CORE}, {"CPU", RLIMIT_CPU}, {"DATA", RLIMIT_DATA}, {"FSIZE", RLIMIT_FSIZE},
        {"LOCKS", RLIMIT_LOCKS}, {"MEMLOCK", RLIMIT_MEMLOCK}, {"MSGQUEUE", RLIMIT_MSGQUEUE}, {"NICE", RLIMIT_NICE}, {"NOFILE", RLIMIT_NOFILE},
        {"NPROC", RLIMIT_NPROC}, {"RSS", RLIMIT_RSS}, {"RTPRIO", RLIMIT_RTPRIO}, {"SIGPENDING", RLIMIT_SIGPENDING}, {"STACK", RLIMIT_STACK}};
    for (const auto& [name, text] : spawn.limits) {
      const auto kind = kinds.find(name);
      if (kind == kinds.end()) continue;
      const auto parts = base::split(text, ':');  // "soft:hard" or one for both
      const auto value = [](const std::string& word) { return word == "infinity" ? RLIM_INFINITY : parse_unit_size(word).value_or(RLIM_INFINITY); };
      rlimit wanted{value(parts.front()), value(parts.back())};
      if (::setrlimit(static_cast<__rlimit_resource_t>(kind->second), &wanted) == 0) continue;
      // Without the right to raise the hard limit, as much as there is: what a user manager does too.
      rlimit have{};
      ::getrlimit(static_cast<__rlimit_resource_t>(kind->second), &have);
      wanted = {std::min(wanted.rlim_cur, have.rlim_max), std::min(wanted.rlim_max, have.rlim_max)};
      if (::setrlimit(static_cast<__rlimit_resource_t>(kind->second), &wanted) != 0) fail_errno(step_limits, "LIMITS");
    }
  }

  void make_folders() const {
    for (const auto& [path, mode] : spawn.make_folders) {
      std::error_code ec;
      std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ec);
      if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) fail_errno(step_folder, "RUNTIME_DIRECTORY");
      ::chmod(path.c_str(), mode);
    }
  }

  void enter_folder() const {
    if (spawn.working_directory.empty() || ::chdir(spawn.working_directory.c_str()) == 0) return;
    if (!spawn.working_directory_optional || ::chdir("/") != 0) fail_errno(step_chdir, "CHDIR");
  }

  // Passed descriptors become 3, 4, …; everything above them is closed by exec, whoever forgot to say so.
  void pass_descriptors() {
    const int first_free = 3 + static_cast<int>(spawn.fds.size());
    std::vector<int> moved;
    for (const auto& passed : spawn.fds) {
      const int fd = ::fcntl(passed.fd, F_DUPFD_CLOEXEC, first_free);
      if (fd < 0) fail_errno(step_fds, "FDS");
      moved.push_back(fd);
    }
    for (int* ours : {&journal, &exec_done}) {
      if (*ours >= 0) *ours = ::fcntl(*ours, F_DUPFD_CLOEXEC, first_free);
    }
    for (std::size_t i = 0; i < moved.size(); ++i) {
      const int fd = 3 + static_cast<int>(i);
      if (::dup2(moved[i], fd) < 0) fail_errno(step_fds, "FDS");
      const int flags = ::fcntl(fd, F_GETFL);
      if (flags >= 0 && (flags & O_NONBLOCK) != 0) ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);  // NonBlocking=no
    }
    ::close_range(static_cast<unsigned>(first_free), ~0U, CLOSE_RANGE_CLOEXEC);
  }

  std::vector<std::string> environment() const {
    std::vector<std::string> all = spawn.environment;
    const auto set = [&](std::string_view name, const std::string& value) {
      std::erase_if(all, [&](const std::string& entry) { return entry.starts_with(std::string(name) + "="); });
      all.push_back(std::string(name) + "=" + value);
    };
    const std::string own = std::to_string(::getpid());
    set("SYSTEMD_EXEC_PID", own);
    if (spawn.set_listen_pid) set("LISTEN_PID", own);
    if (spawn.set_watchdog_pid) set("WATCHDOG_PID", own);
    if (spawn.notify) set("NOTIFY_SOCKET", settings.notify_socket);
    struct stat stream{};
    if (journal >= 0 && ::fstat(journal, &stream) == 0) {
      set("JOURNAL_STREAM", std::to_string(stream.st_dev) + ":" + std::to_string(stream.st_ino));
    }
    return all;
  }

  [[noreturn]] void execute() const {
    std::vector<std::string> block = environment();
    std::vector<char*> env, argv;
    for (auto& entry : block) env.push_back(entry.data());
    env.push_back(nullptr);
    std::vector<std::string> words = spawn.argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (spawn.path.find('/') != std::string::npos) {
      ::execve(spawn.path.c_str(), argv.data(), env.data());
      fail_errno(step_exec, "EXEC");
    }
    std::string search = "/usr/local/bin:/usr/bin:/bin";
    for (const auto& entry : block) {
      if (entry.starts_with("PATH=")) search = entry.substr(5);
    }
    for (const auto& folder : base::split(search, ':')) {
      ::execve((folder + "/" + spawn.path).c_str(), argv.data(), env.data());
    }
    fail_errno(step_exec, "EXEC");
  }

  [[noreturn]] void run() {
    // Whatever happens to the manager, its processes do not outlive it.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != settings.manager) ::_exit(step_setsid);
    if (::setsid() < 0) fail_errno(step_setsid, "SETSID");
    reset_signals();
    ::umask(static_cast<mode_t>(spawn.umask.value_or(0022)));
    open_standard(0, spawn.standard_input, step_stdin, "STDIN");
    open_standard(1, spawn.standard_output, step_stdout, "STDOUT");
    open_standard(2, spawn.standard_error, step_stderr, "STDERR");
    if (spawn.exec_fault) fail(*spawn.exec_fault, "EXEC", "injected fault");
    set_limits();
    make_folders();
    enter_folder();
    pass_descriptors();
    execute();
  }
};

bool uses_journal(const Spawn& spawn) {
  const auto other = [](const std::string& how) { return how == "null" || how.starts_with("file:") || how.starts_with("append:") || how.starts_with("truncate:"); };
  return !other(spawn.standard_output) || (spawn.standard_error != "inherit" && !other(spawn.standard_error));
}

}  // namespace

Launched launch(const Spawn& spawn, const LaunchSettings& settings) {
  Launched launched;
  int stream[2] = {-1, -1};
  int exec_done[2] = {-1, -1};
  const auto close_all = [&] {
    for (const int fd : {stream[0], stream[1], exec_done[0], exec_done[1]}) {
      if (fd >= 0) ::close(fd);
    }
  };
  if ((uses_journal(spawn) && ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) != 0) ||
      (spawn.wants_exec_done && ::pipe2(exec_done, O_CLOEXEC) != 0)) {
    launched.error = errno;
    close_all();
    return launched;
  }
  if (stream[0] >= 0) {
    const int yes = 1;
    ::setsockopt(stream[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);  // whose line it is
    ::fcntl(stream[0], F_SETFL, O_NONBLOCK);
    ::shutdown(stream[0], SHUT_WR);
  }
  if (exec_done[0] >= 0) ::fcntl(exec_done[0], F_SETFL, O_NONBLOCK);
  const pid_t pid = ::fork();
  if (pid == 0) Child{spawn, settings, stream[1], exec_done[1]}.run();
  if (pid < 0) {
    launched.error = errno;
    close_all();
    return launched;
  }
  if (stream[1] >= 0) ::close(stream[1]);
  if (exec_done[1] >= 0) ::close(exec_done[1]);
  launched.pid = pid;
  launched.journal = stream[0];
  launched.exec_done = exec_done[0];
  return launched;
}

}  // namespace harness::manager
