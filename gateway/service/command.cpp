#include "gateway/service/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/text.h"

extern char** environ;

namespace gateway {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    int both[2];
    if (::pipe2(both, O_CLOEXEC) != 0) return;
    read = both[0];
    write = both[1];
  }
  ~Pipe() {
    close_write();
    if (read >= 0) ::close(read);
  }
  void close_write() {
    if (write >= 0) ::close(write);
    write = -1;
  }
};

int spawn(const std::vector<std::string>& words, const Pipe& out, const Pipe& err, pid_t& pid) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, out.write, 1);
  posix_spawn_file_actions_adddup2(&files, err.write, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // Its own group, so that the bound ends its children too; the signals as a fresh program expects them.
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const int error = ::posix_spawnp(&pid, argv[0], &files, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

/// Reads what is there; false at the end.
bool drain(int fd, std::string& text) {
  std::array<char, 16384> buffer{};
  const auto got = ::read(fd, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  if (got == 0) return false;
  const auto room = kCommandOutputMax - std::min(kCommandOutputMax, text.size());
  text.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
  return true;
}

void read_both(const Pipe& out, const Pipe& err, CommandResult& result, Clock::time_point deadline) {
  pollfd ends[2]{{out.read, POLLIN, 0}, {err.read, POLLIN, 0}};
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) break;
    if (::poll(ends, 2, static_cast<int>(std::min<std::int64_t>(left + 1, 60'000))) < 0 && errno != EINTR) break;
    if (ends[0].fd >= 0 && ends[0].revents != 0 && !drain(out.read, result.out)) ends[0].fd = -1;
    if (ends[1].fd >= 0 && ends[1].revents != 0 && !drain(err.read, result.err)) ends[1].fd = -1;
    ends[0].revents = ends[1].revents = 0;
  }
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& words, base::Duration bound) {
  CommandResult result;
  Pipe out, err;
  pid_t pid = 0;
  if (out.read < 0 || err.read < 0) {
    result.err = std::strerror(errno);
    return result;
  }
  if (const int error = spawn(words, out, err, pid); error != 0) {
    result.missing = error == ENOENT;
    result.err = result.missing ? words[0] + " is not on PATH" : std::strerror(error);
    return result;
  }
  out.close_write();
  err.close_write();
  const auto deadline = Clock::now() + bound;
  read_both(out, err, result, deadline);
  int status = 0;
  pid_t done = 0;
  // Its output has ended, so it is about to end too: the wait is short, and bounded by the same deadline.
  while ((done = ::waitpid(pid, &status, WNOHANG)) == 0 && Clock::now() < deadline) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  if (done == 0) {
    result.timed_out = true;
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, &status, 0);
    return result;
  }
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

std::string CommandResult::reason() const {
  if (timed_out) return "it did not answer in time";
  const auto text = base::trim(err.empty() ? std::string_view(out) : std::string_view(err));
  if (!text.empty()) return base::printable(text.substr(0, text.find('\n')), 300);
  return fmt::format("exit code {}", code);
}

}  // namespace gateway
