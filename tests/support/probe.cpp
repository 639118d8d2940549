// A scripted service process: what a service may do to its manager, one word each. Used against the mock manager and the real one alike.
//   probe STATE_DIR SCRIPT1 [SCRIPT2 …]     the n-th start of this STATE_DIR runs the n-th script; the last one repeats
// A script is ops joined by ','; an op's own ops are joined by '|':
//   sleep:MS exit:N raise:SIG dump:SIG hang stop noop         on:SIG:OPS ignore:SIG        (signals are handled only while it sleeps or hangs)
//   notify:TEXT (';' is a newline, @MONO microseconds)  notifychild:TEXT  wd:MS:N  mainpid:OPS  fdstore:NAME
//   fork:OPS forkignore:OPS   fds accept env[:NAME] cwd out:TEXT err:TEXT
// Everything is noted in STATE_DIR/events: "monotonic_ms run pid event".
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

extern char** environ;

namespace {

std::string folder;
long long run_number = 0;
std::map<int, std::string> handlers;

void run_script(const std::string& script, char separator);

long long now_ms() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000LL + t.tv_nsec / 1'000'000;
}

void note(const std::string& event) {
  const std::string line = std::to_string(now_ms()) + " " + std::to_string(run_number) + " " + std::to_string(getpid()) + " " + event + "\n";
  const int fd = open((folder + "/events").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return;
  (void)!write(fd, line.data(), line.size());
  close(fd);
}

int signal_of(const std::string& name) {
  static const std::map<std::string, int> names{{"TERM", SIGTERM}, {"KILL", SIGKILL}, {"HUP", SIGHUP},   {"INT", SIGINT},   {"PIPE", SIGPIPE}, {"USR1", SIGUSR1},
                                                {"USR2", SIGUSR2}, {"SEGV", SIGSEGV}, {"ABRT", SIGABRT}, {"QUIT", SIGQUIT}, {"CONT", SIGCONT}, {"STOP", SIGSTOP},
                                                {"BUS", SIGBUS},   {"XCPU", SIGXCPU}, {"ALRM", SIGALRM}, {"CHLD", SIGCHLD}};
  const auto found = names.find(name);
  return found != names.end() ? found->second : std::atoi(name.c_str());
}

void notify(std::string text, int passed) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return note("notify-no-socket " + text);
  std::string body = text;
  for (char& c : body) c = c == ';' ? '\n' : c;
  if (const auto at = body.find("@MONO"); at != std::string::npos) {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    body.replace(at, 5, std::to_string(t.tv_sec * 1'000'000LL + t.tv_nsec / 1000));
  }
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, path, sizeof to.sun_path - 1);
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
  iovec part{body.data(), body.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_name = &to;
  message.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (passed >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* item = CMSG_FIRSTHDR(&message);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(item), &passed, sizeof passed);
  }
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool sent = sendmsg(fd, &message, MSG_NOSIGNAL) >= 0;
  note("notify " + text + " -> " + (sent ? "ok" : std::strerror(errno)));
  close(fd);
}

void die_by(int signal) {
  ::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  raise(signal);
  sigprocmask(SIG_UNBLOCK, &only, nullptr);
}

/// Waits until `until`, or for good, and does what its handlers say when a signal comes.
void wait_until(std::optional<long long> until) {
  sigset_t all;
  sigfillset(&all);
  sigdelset(&all, SIGCHLD);
  while (true) {
    timespec span{};
    if (until) {
      const long long left = *until - now_ms();
      if (left <= 0) return;
      span = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1'000'000};
    }
    const int signal = sigtimedwait(&all, nullptr, until ? &span : nullptr);
    if (signal < 0) {
      if (errno == EAGAIN) return;
      continue;
    }
    note("signal " + std::to_string(signal));
    if (const auto found = handlers.find(signal); found != handlers.end()) {
      run_script(std::string(found->second), '|');
    } else if (signal != SIGCONT) {
      note("default-action " + std::to_string(signal));
      die_by(signal);
    }
  }
}

void show_descriptors() {
  const auto env = [](const char* name) { const char* value = std::getenv(name); return std::string(value != nullptr ? value : "-"); };
  const bool ours = std::atoi(env("LISTEN_PID").c_str()) == getpid();
  note("LISTEN_FDS=" + env("LISTEN_FDS") + " NAMES=" + env("LISTEN_FDNAMES") + " PID_MATCH=" + (ours ? "1" : "0"));
  for (int i = 0; i < std::atoi(env("LISTEN_FDS").c_str()); ++i) {
    struct stat s{};
    fstat(3 + i, &s);
    std::array<char, 64> content{};
    if (S_ISREG(s.st_mode)) (void)!pread(3 + i, content.data(), content.size() - 1, 0);
    note("fd " + std::to_string(3 + i) + " sock=" + (S_ISSOCK(s.st_mode) ? "1" : "0") + " content=" + content.data());
  }
}

void accept_one() {
  const int fd = accept(3, nullptr, nullptr);
  std::array<char, 128> text{};
  const ssize_t size = fd >= 0 ? read(fd, text.data(), text.size() - 1) : -1;
  note(std::string("accepted ") + (size > 0 ? text.data() : "-"));
  if (fd < 0) return;
  const std::string answer = "run" + std::to_string(run_number);
  (void)!write(fd, answer.data(), answer.size());
  close(fd);
}

pid_t fork_with(const std::string& script, bool deaf) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  handlers.clear();
  if (deaf) {
    for (int signal = 1; signal < 64; ++signal) handlers[signal] = "noop";
  }
  run_script(script, '|');
  _exit(0);
}

void store_descriptor(const std::string& name) {
  const int fd = memfd_create("probe", 0);
  const std::string text = "from-run-" + std::to_string(run_number);
  (void)!write(fd, text.data(), text.size());
  notify("FDSTORE=1;FDNAME=" + name, fd);
  close(fd);
}

void set_core_limit(rlim_t limit) {
  const rlimit both{limit, limit};
  setrlimit(RLIMIT_CORE, &both);
}

void run_op(const std::string& op) {
  note("op " + op);
  const auto colon = op.find(':');
  const std::string name = op.substr(0, colon), value = colon == std::string::npos ? "" : op.substr(colon + 1);
  const auto second = value.find(':');
  if (name == "sleep") {
    wait_until(now_ms() + std::atoll(value.c_str()));
  } else if (name == "exit") {
    note("exit " + value);
    _exit(std::atoi(value.c_str()));
  } else if (name == "raise" || name == "dump") {
    set_core_limit(name == "raise" ? 0 : RLIM_INFINITY);
    if (name == "dump") (void)!chdir(folder.c_str());
    die_by(signal_of(value));
    wait_until(std::nullopt);
  } else if (name == "notify") {
    notify(value, -1);
  } else if (name == "notifychild") {
    if (fork() == 0) {
      notify(value, -1);
      _exit(0);
    }
  } else if (name == "ignore") {
    handlers[signal_of(value)] = "noop";
  } else if (name == "on") {
    handlers[signal_of(value.substr(0, second))] = value.substr(second + 1);
  } else if (name == "hang") {
    wait_until(std::nullopt);
  } else if (name == "wd") {
    for (int i = 0; i < std::atoi(value.substr(second + 1).c_str()); ++i) {
      notify("WATCHDOG=1", -1);
      wait_until(now_ms() + std::atoll(value.c_str()));
    }
  } else if (name == "fork" || name == "forkignore") {
    note("forked " + std::to_string(fork_with(value, name == "forkignore")));
  } else if (name == "mainpid") {
    const pid_t pid = fork_with(value, false);
    notify("MAINPID=" + std::to_string(pid), -1);
    note("mainpid-> " + std::to_string(pid));
  } else if (name == "fdstore") {
    store_descriptor(value);
  } else if (name == "fds") {
    show_descriptors();
  } else if (name == "accept") {
    accept_one();
  } else if (name == "env") {
    std::ofstream out(folder + "/env." + (value.empty() ? "main" : value) + "." + std::to_string(run_number));
    for (char** entry = environ; *entry != nullptr; ++entry) out << *entry << "\n";
  } else if (name == "cwd") {
    std::array<char, 512> path{};
    note(std::string("cwd ") + (getcwd(path.data(), path.size()) != nullptr ? path.data() : "?"));
  } else if (name == "out" || name == "err") {
    const std::string line = value + "\n";
    (void)!write(name == "out" ? 1 : 2, line.data(), line.size());
  } else if (name == "stop") {
    raise(SIGSTOP);
  } else if (name != "noop") {
    note("bad-op " + op);
    _exit(99);
  }
}

void run_script(const std::string& script, char separator) {
  for (std::size_t from = 0; from <= script.size();) {
    const auto end = std::min(script.find(separator, from), script.size());
    if (end > from) run_op(script.substr(from, end - from));
    from = end + 1;
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 98;
  sigset_t blocked;
  sigfillset(&blocked);
  for (const int signal : {SIGSEGV, SIGBUS, SIGCHLD}) sigdelset(&blocked, signal);
  sigprocmask(SIG_SETMASK, &blocked, nullptr);
  ::signal(SIGCHLD, SIG_IGN);
  folder = arguments[1];
  mkdir(folder.c_str(), 0777);
  {
    std::ifstream in(folder + "/count");
    in >> run_number;
    ++run_number;
    std::ofstream(folder + "/count") << run_number;
  }
  const auto given = [](const char* name) { return std::getenv(name) != nullptr; };
  note(std::string("start notify=") + (given("NOTIFY_SOCKET") ? "1" : "0") + " wd=" + (given("WATCHDOG_USEC") ? std::getenv("WATCHDOG_USEC") : "-"));
  run_script(arguments[std::min<long long>(run_number + 1, count - 1)], ',');
  note("exit 0 (end)");
  return 0;
}
