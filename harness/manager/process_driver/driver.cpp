// The driver: actions become system calls, what the kernel tells becomes events.
#include "harness/manager/process_driver/driver.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/text.h"
#include "harness/manager/process_driver/launch.h"
#include "harness/manager/process_driver/sockets.h"

namespace harness::manager {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string_view word(ExitCode code) { return code == ExitCode::killed ? "killed" : code == ExitCode::dumped ? "dumped" : "exited"; }

}  // namespace

base::Json exit_status(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return info.si_status;
  return signal_name(info.si_status);
}

namespace {

std::string invocation_of(const Spawn& spawn) {
  for (const auto& entry : spawn.environment) {
    if (entry.starts_with("INVOCATION_ID=")) return entry.substr(14);
  }
  return {};
}

}  // namespace

Driver::Driver(DriverSettings settings, Loop& loop, Log& log)
    : settings_(std::move(settings)), loop_(loop), log_(log), host_(::getpid()), machine_(std::make_unique<Manager>(settings_.machine, host_)) {}

Driver::~Driver() {
  for (const int fd : {notify_, child_signals_}) {
    if (fd < 0) continue;
    loop_.forget(fd);
    ::close(fd);
  }
}

bool Driver::open() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  notify_ = bind_unix(settings_.notify_socket, SOCK_DGRAM, 0777);
  if (notify_ < 0) return false;
  const int yes = 1;
  ::setsockopt(notify_, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);
  loop_.watch(notify_, EPOLLIN, Turn::notify, [this](std::uint32_t) { read_notify(); });
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &children, nullptr);
  child_signals_ = ::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  loop_.watch(child_signals_, EPOLLIN, Turn::child, [this](std::uint32_t) {
    signalfd_siginfo info{};
    while (::read(child_signals_, &info, sizeof info) > 0) {}
    reap();
  });
  return child_signals_ >= 0;
}

void Driver::feed(Event event) {
  pending_.push_back(std::move(event));
  if (stepping_) return;  // the outer call goes on with it
  stepping_ = true;
  std::vector<Action> actions;
  while (!pending_.empty()) {
    const Event next = std::move(pending_.front());
    pending_.pop_front();
    actions.clear();
    machine_->step(monotonic_now(), next, actions);
    for (const Action& action : actions) perform(action);
    // The machine waits for these before anything else.
    pending_.insert(pending_.begin(), std::make_move_iterator(answers_.begin()), std::make_move_iterator(answers_.end()));
    answers_.clear();
  }
  stepping_ = false;
  arm();
}

void Driver::arm() {
  base::Instant at = machine_->next_wake();
  if (!later_.empty()) at = std::min(at, later_.begin()->first);
  loop_.wake_at(at, [this] { due(); });
}

void Driver::due() {
  while (!later_.empty() && later_.begin()->first <= monotonic_now()) {
    const auto what = std::move(later_.begin()->second);
    later_.erase(later_.begin());
    what();
  }
  feed(Tick{});
}

void Driver::later(base::Duration by, std::function<void()> what) {
  later_.emplace(monotonic_now() + by, std::move(what));
  arm();
}

void Driver::perform(const Action& action) {
  std::visit(Overloaded{
                 [&](const Spawn& a) { perform_spawn(a); },
                 [&](const Kill& a) {
                   log_.write("manager", "signal", {{"unit", a.unit}, {"pid", a.pid}, {"signal", "SIG" + signal_name(a.signal)}});
                   ::kill(a.pid, a.signal);
                 },
                 [&](const Output& a) { if (on_output) on_output(a); },
                 [&](const Reply& a) { if (on_reply) on_reply(a); },
                 [&](const OpenSocket& a) { perform_socket(a); },
                 [&](const WatchSocket& a) { watch_socket(a); },
                 [&](const CloseFd& a) { close_handle(a); },
                 [&](const WatchFd& a) {
                   // A regular file (a memfd) cannot be watched and never hangs up.
                   loop_.watch(a.fd, 0, Turn::socket, [this, fd = a.fd](std::uint32_t) {
                     loop_.forget(fd);
                     feed(FdHangup{fd});
                   });
                 },
                 [&](const RemoveFolder& a) {
                   std::error_code ec;
                   std::filesystem::remove_all(a.path, ec);
                 },
                 [&](const Journal& a) { log_journal(a.entry); },
                 [&](const StateChanged& a) {
                   log_.write("manager", "state", {{"unit", a.unit}, {"from", a.from}, {"to", a.to}, {"active", a.active}, {"result", a.result},
                                                   {"n_restarts", a.n_restarts}, {"pid", a.main_pid}, {"reason", a.reason}});
                 },
                 [&](const FaultFired& a) { log_.write("manager", "fault", {{"fault", to_string(a.kind)}, {"unit", a.unit}}); },
                 [&](const AllStopped&) { if (on_all_stopped) on_all_stopped(); },
             },
             action);
}

void Driver::perform_spawn(const Spawn& spawn) {
  const Launched launched = launch(spawn, {.notify_socket = settings_.notify_socket, .manager = ::getpid()});
  if (launched.pid < 0) {
    answers_.emplace_back(SpawnFailed{spawn.id, launched.error});
    return;
  }
  host_.tree().spawned(launched.pid, spawn.unit, invocation_of(spawn));
  processes_[launched.pid] = {spawn.unit, spawn.role};
  occupied_.insert(spawn.unit);
  log_.write("manager", "spawn", {{"unit", spawn.unit}, {"pid", launched.pid}, {"role", spawn.role == ProcessRole::main ? "main" : "control"},
                                  {"command", base::join(spawn.argv, " ")}});
  if (launched.journal >= 0) {
    const std::string name = std::filesystem::path(spawn.path).filename().string();
    streams_[launched.journal] = {spawn.unit, spawn.identifier.empty() ? name : spawn.identifier, "", launched.pid};
    loop_.watch(launched.journal, EPOLLIN, Turn::stream, [this, fd = launched.journal](std::uint32_t) { read_stream(fd, false); });
  }
  if (launched.exec_done >= 0) {
    exec_done_[launched.exec_done] = launched.pid;
    loop_.watch(launched.exec_done, EPOLLIN, Turn::stream, [this, fd = launched.exec_done](std::uint32_t) { read_exec_done(fd); });
  }
  answers_.emplace_back(Spawned{spawn.id, launched.pid});
}

void Driver::perform_socket(const OpenSocket& wanted) {
  auto opened = open_listeners(wanted);
  answers_.emplace_back(SocketOpened{wanted.id, std::move(opened.fds), opened.error});
}

void Driver::watch_socket(const WatchSocket& wanted) {
  for (const int fd : wanted.fds) {
    loop_.forget(fd);
    if (wanted.watch) loop_.watch(fd, EPOLLIN, Turn::socket, [this, unit = wanted.unit](std::uint32_t) { feed(SocketReadable{unit}); });
  }
}

void Driver::close_handle(const CloseFd& wanted) {
  if (wanted.fd >= 0) {
    loop_.forget(wanted.fd);
    ::close(wanted.fd);
  }
  if (!wanted.unlink_path.empty()) ::unlink(wanted.unlink_path.c_str());
}

// The manager's own words are its lane; what a service wrote belongs to the gateway's, as a value when it is a JSON log line.
void Driver::log_journal(const JournalEntry& entry) {
  if (entry.identifier == settings_.machine.manager_comm || entry.pid == ::getpid()) {
    log_.write("manager", "journal", {{"unit", entry.unit}, {"line", entry.message}});
    return;
  }
  base::Json data{{"unit", entry.unit}, {"pid", entry.pid}};
  const auto parsed = entry.message.starts_with('{') ? base::parse_wire_json(entry.message) : std::nullopt;
  if (parsed && parsed->is_object()) {
    for (const auto& [key, value] : parsed->items()) {
      if (!data.contains(key)) data[key] = value;
    }
    log_.write("gateway", "log", data);
  } else {
    data["line"] = entry.message;
    log_.write("gateway", "stderr", data);
  }
}

void Driver::read_notify() {
  // Bounded: who sends without end must not keep the manager from everything else.
  for (int count = 0; count < 1024; ++count) {
    Datagram datagram = receive_datagram(notify_);
    if (!datagram.any) return;
    const std::string unit = host_.tree().unit_of(datagram.pid);
    log_.write("manager", "notify", {{"unit", unit}, {"pid", datagram.pid}, {"text", datagram.text}, {"fds", datagram.fds.size()}});
    if (unit.empty() || datagram.text.empty()) {
      for (const int fd : datagram.fds) ::close(fd);
      continue;
    }
    feed(Notify{unit, datagram.pid, std::move(datagram.text), std::move(datagram.fds)});
  }
}

void Driver::stream_line(Stream& stream, std::string line) {
  int priority = 6;
  if (line.size() >= 3 && line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {  // sd-daemon(3)
    priority = line[1] - '0';
    line.erase(0, 3);
  }
  if (line.empty()) return;
  feed(ServiceOutput{stream.unit, stream.pid, stream.identifier, base::to_valid_utf8(line), priority});
}

void Driver::read_stream(int fd, bool to_the_end) {
  constexpr std::size_t kLineMax = 48U * 1024U;  // journald's LineMax=
  const auto found = streams_.find(fd);
  if (found == streams_.end()) return;
  std::array<char, 65536> room{};
  // A socket holds about 200 KB: what was written before a death is read to its end, who writes on and on is left for the next turn.
  const std::size_t most = to_the_end ? 1U << 20U : 1U << 18U;
  for (std::size_t total = 0; total < most;) {
    iovec part{room.data(), room.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    Stream& stream = found->second;
    if (size <= 0) {
      if (!stream.partial.empty()) stream_line(stream, std::exchange(stream.partial, {}));
      loop_.forget(fd);
      ::close(fd);
      streams_.erase(found);
      return;
    }
    for (cmsghdr* item = CMSG_FIRSTHDR(&message); item != nullptr; item = CMSG_NXTHDR(&message, item)) {
      if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_CREDENTIALS) continue;
      ucred from{};
      std::memcpy(&from, CMSG_DATA(item), sizeof from);
      if (from.pid == 0 || from.pid == stream.pid) continue;
      if (!stream.partial.empty()) stream_line(stream, std::exchange(stream.partial, {}));  // another process goes on: a new line
      stream.pid = from.pid;
    }
    total += static_cast<std::size_t>(size);
    stream.partial.append(room.data(), static_cast<std::size_t>(size));
    std::size_t from = 0;
    for (std::size_t end = 0; (end = stream.partial.find('\n', from)) != std::string::npos; from = end + 1) {
      stream_line(stream, stream.partial.substr(from, end - from));
    }
    stream.partial.erase(0, from);
    if (stream.partial.size() > kLineMax) stream_line(stream, std::exchange(stream.partial, {}));
  }
}

void Driver::read_exec_done(int fd) {
  char byte = 0;
  const ssize_t size = ::read(fd, &byte, 1);
  if (size < 0 && errno == EAGAIN) return;
  const Pid pid = exec_done_[fd];
  exec_done_.erase(fd);
  loop_.forget(fd);
  ::close(fd);
  if (size == 0) feed(ExecDone{pid});
}

void Driver::reap() {
  // What a process said before it died comes first, also what arrived since this batch began.
  read_notify();
  for (const auto& fds = std::vector<std::pair<int, Pid>>(exec_done_.begin(), exec_done_.end()); const auto& [fd, pid] : fds) read_exec_done(fd);
  std::vector<int> open;
  for (const auto& [fd, stream] : streams_) open.push_back(fd);
  for (const int fd : open) read_stream(fd, true);

  while (true) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) break;
    const Pid pid = info.si_pid;
    const std::string unit = host_.tree().unit_of(pid);
    int status = 0;
    rusage used{};
    if (::wait4(pid, &status, WNOHANG, &used) != pid) break;
    const ExitCode code = info.si_code == CLD_EXITED ? ExitCode::exited : info.si_code == CLD_DUMPED ? ExitCode::dumped : ExitCode::killed;
    const auto seconds = [](timeval t) { return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec); };
    host_.add_cpu(unit, seconds(used.ru_utime) + seconds(used.ru_stime));
    const auto known = processes_.find(pid);
    log_.write("manager", "exit", {{"unit", unit}, {"pid", pid},
                                   {"role", known == processes_.end() ? "other" : known->second.role == ProcessRole::main ? "main" : "control"},
                                   {"code", word(code)}, {"status", exit_status(info)}});
    if (known != processes_.end()) processes_.erase(known);
    host_.tree().reaped(pid);
    feed(ProcessExited{pid, code, info.si_status});
  }
  report_empty_groups();
}

void Driver::report_empty_groups() {
  if (occupied_.empty()) return;
  const auto tree = host_.tree().walk();
  for (const auto& unit : std::set<std::string>(occupied_)) {
    if (tree.contains(unit)) continue;
    const bool waiting = std::any_of(processes_.begin(), processes_.end(), [&](const auto& p) { return p.second.unit == unit; });
    if (waiting) continue;  // died a moment ago: its own report comes first
    occupied_.erase(unit);
    feed(GroupEmpty{unit});
  }
}

}  // namespace harness::manager
