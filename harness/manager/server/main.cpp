// brownout-manager: a service manager for tests. Runs systemd user units from a folder of its own and answers systemctl and journalctl.
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>

#include "base/text.h"
#include "harness/manager/real_journal.h"
#include "harness/manager/server/control.h"
#include "harness/manager/server/frames.h"
#include "harness/manager/server/keeper.h"

extern char** environ;

namespace {

using namespace harness::manager;
namespace fs = std::filesystem;

struct Flags {
  fs::path runtime_dir;
  std::string compat = "257";
  fs::path log;
  std::uint64_t seed = 1;
  int owner = 0;
  std::string timer_slack = "0s";
  int ready_fd = -1;
};

int complain(const std::string& what) {
  std::cerr << "brownout-manager: " << what << "\n";
  return 2;
}

ManagerSettings machine_settings(const Flags& flags) {
  ManagerSettings settings;
  settings.compat = flags.compat == "252" ? Compat::v252 : Compat::v257;
  settings.identity = real_identity();
  settings.seed = flags.seed;
  settings.timer_slack = base::parse_duration(flags.timer_slack).value_or(base::Duration{0});
  const auto wall = base::Duration(std::chrono::system_clock::now().time_since_epoch());
  settings.wall_at_zero = base::WallTime{wall - monotonic_now().since_start};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    // What the manager was itself given by a real one is none of its services' business.
    const std::string_view line = *entry;
    bool own = false;
    for (const std::string_view name : {"NOTIFY_SOCKET=", "INVOCATION_ID=", "JOURNAL_STREAM=", "LISTEN_", "WATCHDOG_", "MAINPID=", "MANAGERPID="}) {
      own = own || line.starts_with(name);
    }
    if (!own) settings.environment.emplace_back(line);
  }
  return settings;
}

int run(const Flags& flags) {
  Log log;
  if (!flags.log.empty() && !log.open(flags.log)) return complain("the log " + flags.log.string() + " cannot be written: " + std::strerror(errno));
  Loop loop;
  bool over = false;

  sigset_t stop;
  sigemptyset(&stop);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&stop, signal);
  ::sigprocmask(SIG_BLOCK, &stop, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  const int signals = ::signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
  loop.watch(signals, EPOLLIN, Turn::timer, [&](std::uint32_t) { over = true; });

  Driver driver({.machine = machine_settings(flags), .notify_socket = (flags.runtime_dir / frames::kNotifyName).string()}, loop, log);
  Control control(loop, driver, log);
  driver.on_all_stopped = [&] { over = true; };
  if (!driver.open()) return complain("the notify socket below " + flags.runtime_dir.string() + " cannot be bound: " + std::strerror(errno));
  if (!control.open((flags.runtime_dir / frames::kSocketName).string())) {
    return complain("the control socket below " + flags.runtime_dir.string() + " cannot be bound: " + std::strerror(errno));
  }
  log.write("manager", "start", {{"pid", ::getpid()}, {"compat", flags.compat}, {"seed", flags.seed}});
  if (flags.ready_fd >= 0) {
    (void)!::write(flags.ready_fd, "r", 1);
    ::close(flags.ready_fd);
  }
  while (!over && !control.shutdown_wanted()) loop.run_once();
  const auto left = driver.kill_everything();
  log.write("manager", "stop", {{"left", left.size()}});
  ::close(signals);
  return left.empty() ? 0 : 1;
}

/// A real manager's journal from standard input as history on standard output.
int read_journal(const std::string& timewarp) {
  JournalClock clock;
  if (!timewarp.empty()) {
    const auto parts = base::split(timewarp, ':');
    const auto factor = base::parse_number(parts[0]);
    const auto monotonic = parts.size() == 3 ? base::parse_integer(parts[1]) : std::nullopt, wall = parts.size() == 3 ? base::parse_integer(parts[2]) : std::nullopt;
    if (!factor || !monotonic || !wall) return complain("--timewarp takes FACTOR:MONOTONIC_NS:WALL_NS, as TIMEWARP has it; not " + timewarp);
    clock = {.factor = *factor, .monotonic_zero = *monotonic, .wall_zero = *wall};
  } else {
    clock.monotonic_zero = monotonic_now().since_start.count();
    clock.wall_zero = std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
  }
  RealJournal journal(clock);
  for (std::string line; std::getline(std::cin, line);) {
    for (const auto& entry : journal.read(line)) std::cout << base::dump(entry) << "\n";
    std::cout.flush();
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  Flags flags;
  bool table = false, journal = false;
  std::string timewarp;
  CLI::App app{"A service manager for tests: runs systemd user units and answers the systemctl and journalctl beside it (fronts/, put first on PATH).\n"
               "Units are read from the folders of `systemd --user`, $XDG_CONFIG_HOME/systemd/user first. SIGTERM kills all it started."};
  app.add_option("--runtime-dir", flags.runtime_dir, "its sockets, and XDG_RUNTIME_DIR of its services; short: a socket's path holds 107 bytes");
  app.add_option("--compat", flags.compat, "the systemd it imitates")->check(CLI::IsMember({"252", "257"}))->capture_default_str();
  app.add_option("--log", flags.log, "append every transition, spawn, exit, notification and journal line as JSON lines (docs/history.md)");
  app.add_option("--seed", flags.seed, "of invocation ids and timer slack")->capture_default_str();
  app.add_option("--timer-slack", flags.timer_slack, "every timer fires up to this much late, like 250ms")->capture_default_str();
  app.add_option("--owner", flags.owner, "a process id: when that process ends, so do the manager and all it started");
  app.add_option("--ready-fd", flags.ready_fd, "a descriptor to write a byte to when the sockets are open");
  app.add_flag("--faults", table, "print the table of faults and exit");
  auto* reads = app.add_flag("--read-journal", journal, "turn `journalctl -o json` of a real manager (level debug), on standard input, into history lines");
  app.add_option("--timewarp", timewarp, "the TIMEWARP that manager ran under")->needs(reads);
  CLI11_PARSE(app, count, arguments);
  if (journal) return read_journal(timewarp);
  if (table) {
    std::cout << faults_markdown();
    return 0;
  }
  if (flags.runtime_dir.empty()) return complain("--runtime-dir is missing: give it a folder of its own");
  if (!base::parse_duration(flags.timer_slack)) return complain("--timer-slack takes a duration with a unit, like 250ms; not " + flags.timer_slack);
  std::error_code ec;
  flags.runtime_dir = fs::absolute(flags.runtime_dir, ec);
  if ((flags.runtime_dir / frames::kSocketName).string().size() > 107) {
    return complain("--runtime-dir " + flags.runtime_dir.string() + " is too long for a Unix socket below it (107 bytes in all): take a shorter one");
  }
  fs::create_directories(flags.runtime_dir / "systemd", ec);
  if (ec) return complain("the folder " + flags.runtime_dir.string() + " cannot be made: " + ec.message());
  ::chmod(flags.runtime_dir.c_str(), 0700);
  ::setenv("XDG_RUNTIME_DIR", flags.runtime_dir.c_str(), 1);
  return keep(flags.owner, [&] { return run(flags); });
}
