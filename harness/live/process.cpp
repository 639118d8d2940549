#include "harness/live/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

extern char** environ;

namespace harness {
namespace {

struct Pipe {
  int read = -1, write = -1;
  bool open() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return false;
    read = fds[0];
    write = fds[1];
    return true;
  }
};

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

std::string find_program(const std::string& name, const Environment& env) {
  if (name.find('/') != std::string::npos) return name;
  const auto path = env.find("PATH");
  for (const auto& folder : base::split(path == env.end() ? "/usr/bin:/bin" : path->second, ':')) {
    auto file = folder + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return name;
}

}  // namespace

Environment current_environment() {
  Environment env;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view pair = *each;
    const auto at = pair.find('=');
    if (at != std::string_view::npos) env[std::string(pair.substr(0, at))] = pair.substr(at + 1);
  }
  return env;
}

base::Result<std::unique_ptr<Process>> Process::start(Command command) {
  const auto program = find_program(command.argv.at(0), command.env);
  if (::access(program.c_str(), X_OK) != 0) return base::problem("cannot run " + program + ": " + std::strerror(errno), "build it, or give its path");
  std::vector<std::string> pairs;
  for (const auto& [name, value] : command.env) pairs.push_back(name + "=" + value);
  std::vector<char*> envp, argv;
  for (auto& pair : pairs) envp.push_back(pair.data());
  for (auto& word : command.argv) argv.push_back(word.data());
  envp.push_back(nullptr);
  argv.push_back(nullptr);
  Pipe out, err, in;
  const bool err_to_file = !command.err_file.empty();
  int err_fd = -1;
  if (err_to_file) err_fd = ::open(command.err_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (!out.open() || (!err_to_file && !err.open()) || (command.input && !in.open()) || (err_to_file && err_fd < 0)) {
    return base::problem("cannot open pipes for " + program + ": " + std::strerror(errno));
  }
  const auto cwd = command.cwd.string();
  const auto parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return base::problem(std::string("cannot start a process: ") + std::strerror(errno));
  if (pid == 0) {
    // Only async-signal-safe calls from here to exec (signal-safety(7)).
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(command.input ? in.read : null, 0);
    ::dup2(out.write, 1);
    ::dup2(err_to_file ? err_fd : err.write, 2);
    if (!cwd.empty() && ::chdir(cwd.c_str()) != 0) ::_exit(126);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGINT, SIG_DFL);
    ::execve(program.c_str(), argv.data(), envp.data());
    ::_exit(127);
  }
  close_fd(out.write);
  close_fd(err.write);
  close_fd(in.read);
  close_fd(err_fd);
  std::unique_ptr<Process> process(new Process);
  process->pid_ = pid;
  process->out_ = out.read;
  process->err_ = err.read;
  process->in_ = in.write;
  process->input_ = command.input.value_or("");
  process->on_line_ = std::move(command.on_line);
  process->reader_ = std::thread([raw = process.get()] { raw->read_lines(); });
  return process;
}

void Process::read_lines() {
  std::string text[2];
  int* fds[2] = {&out_, &err_};
  std::size_t sent = 0;
  const auto give = [&](int which, bool last) {
    auto& buffer = text[which];
    std::size_t at = 0;
    for (auto end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n', at)) {
      if (on_line_) on_line_(which == 1, buffer.substr(at, end - at));
      at = end + 1;
    }
    buffer.erase(0, at);
    if (last && !buffer.empty() && on_line_) on_line_(which == 1, buffer);
  };
  while (out_ >= 0 || err_ >= 0) {
    pollfd polled[3] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}, {in_, POLLOUT, 0}};
    const int ready = ::poll(polled, 3, 20);
    if (ready < 0 && errno != EINTR) break;
    if (ready == 0 && stop_) break;
    for (int which = 0; which < 2; ++which) {
      if (*fds[which] < 0 || polled[which].revents == 0) continue;
      char buffer[16384];
      const auto got = ::read(*fds[which], buffer, sizeof buffer);
      if (got > 0) {
        text[which].append(buffer, static_cast<std::size_t>(got));
        give(which, false);
      } else if (got == 0 || errno != EINTR) {
        give(which, true);
        close_fd(*fds[which]);
      }
    }
    if (in_ >= 0 && polled[2].revents != 0) {
      const auto wrote = ::write(in_, input_.data() + sent, input_.size() - sent);
      if (wrote > 0) sent += static_cast<std::size_t>(wrote);
      if (wrote < 0 || sent >= input_.size()) close_fd(in_);
    }
  }
  close_fd(in_);
  close_fd(out_);
  close_fd(err_);
}

Process::~Process() { kill_and_reap(); }

void Process::signal(int number) const {
  if (pid_ > 0 && !code_) ::kill(pid_, number);
}

std::optional<int> Process::wait(std::chrono::nanoseconds for_at_most) {
  const auto until = std::chrono::steady_clock::now() + for_at_most;
  while (!code_) {
    int status = 0;
    const auto got = ::waitpid(pid_, &status, WNOHANG);
    if (got == pid_) {
      code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      break;
    }
    if (got < 0 && errno != EINTR) {
      code_ = 255;
      break;
    }
    if (std::chrono::steady_clock::now() >= until) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return code_;
}

bool Process::running() { return !wait(std::chrono::nanoseconds{0}); }

void Process::kill_and_reap() {
  if (!code_) {
    signal(SIGKILL);
    wait(std::chrono::seconds{30});
  }
  // A grandchild may hold the pipes: the reader waits a little for what is still in them, not for ever.
  stop_ = true;
  if (reader_.joinable()) reader_.join();
}

Finished run_command(Command command, std::chrono::nanoseconds limit) {
  Finished done;
  std::mutex guard;
  command.on_line = [&](bool err, const std::string& line) {
    const std::lock_guard lock(guard);
    (err ? done.err : done.out) += line + "\n";
  };
  auto process = Process::start(std::move(command));
  if (process.has_error()) {
    done.err = base::render(process.error());
    done.code = 127;
    return done;
  }
  const auto code = process.value()->wait(limit);
  done.code = code.value_or(124);
  process.value()->kill_and_reap();
  process.value().reset();
  return done;
}

}  // namespace harness
