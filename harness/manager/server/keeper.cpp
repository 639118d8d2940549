// Three ways a run ends badly: the manager is killed (its orphans come to the keeper, which kills them), the keeper is killed (the manager
// gets SIGTERM by its parent's death), the owner is killed (the keeper sees it by a pidfd). Only killing two of them at once leaves the
// grandchildren of services alone; their main processes die by their own parent-death signal even then.
#include "harness/manager/server/keeper.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "harness/manager/process_driver/process_tree.h"

namespace harness::manager {
namespace {

int open_pidfd(int pid) { return pid > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1; }

void kill_descendants() {
  ProcessTree tree(::getpid());
  for (int round = 0; round < 20000; ++round) {
    bool any = false;
    for (const auto& [unit, processes] : tree.walk()) {
      for (const auto& process : processes) {
        ::kill(process.pid, SIGKILL);
        any = true;
      }
    }
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {}
    if (!any) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

int keep(int owner, const std::function<int()>& manager) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t handed, before;
  sigemptyset(&handed);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&handed, signal);
  ::sigprocmask(SIG_BLOCK, &handed, &before);
  const int keeper = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return 1;
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != keeper) ::_exit(1);
    ::setsid();  // a signal to the terminal's group reaches it through the keeper only, once
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    ::_exit(manager());
  }
  const int signals = ::signalfd(-1, &handed, SFD_CLOEXEC | SFD_NONBLOCK);
  pollfd watched[2]{{signals, POLLIN, 0}, {open_pidfd(owner), POLLIN, 0}};  // a negative descriptor is ignored by poll
  if (owner > 0 && watched[1].fd < 0) ::kill(child, SIGTERM);               // gone already
  int status = 0;
  while (true) {
    ::poll(watched, 2, -1);
    if ((watched[1].revents & POLLIN) != 0) {
      ::kill(child, SIGTERM);
      watched[1].fd = -1;
    }
    signalfd_siginfo info{};
    while (::read(signals, &info, sizeof info) > 0) {
      if (info.ssi_signo != SIGCHLD) ::kill(child, SIGTERM);
    }
    bool over = false;
    int ended = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &ended, WNOHANG)) > 0;) {
      if (pid != child) continue;
      over = true;
      status = ended;
    }
    if (over) break;
  }
  kill_descendants();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace harness::manager
