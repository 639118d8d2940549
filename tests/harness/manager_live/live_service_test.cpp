// The mock service manager alive: real processes, signals and sockets. What the machine decides is tested elsewhere, in pure form.
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "harness/timewarp/environment.h"
#include "tests/harness/manager_live/live_manager.h"

namespace live_manager {
namespace {

TEST_F(LiveManager, StartReturnsWhenTheServiceSaysItIsReady) {
  start();
  unit("a", "Type=notify", {"sleep:150,notify:READY=1;STATUS=warm,hang"});
  const auto from = monotonic_now();

  const CallResult started = systemctl({"start", "a"});

  EXPECT_EQ(started.rc, 0) << started.err;
  EXPECT_GE(monotonic_now() - from, 150ms);
  const Json now = manager_->state("a");
  EXPECT_EQ(base::string_or(now, "active"), "active") << base::dump(now);
  EXPECT_EQ(base::string_or(now, "sub"), "running");
  EXPECT_EQ(base::string_or(now, "status_text"), "warm");
  EXPECT_TRUE(living(main_pid("a")));
}

TEST_F(LiveManager, ExitSeventyFiveIsStartedAgainAfterTheDelayWithANewPid) {
  start();
  unit("a", "Restart=on-failure\nRestartSec=300ms\nRestartForceExitStatus=75", {"on:USR1:exit:75,hang", "hang"});
  ASSERT_EQ(systemctl({"start", "a"}).rc, 0);
  const int first = main_pid("a");
  ASSERT_TRUE(hangs("a"));

  ASSERT_EQ(systemctl({"kill", "-s", "SIGUSR1", "--kill-whom=main", "a"}).rc, 0);

  EXPECT_TRUE(reaches("a", "auto-restart"));
  EXPECT_EQ(show("a", "MainPID"), "0");
  EXPECT_TRUE(reaches("a", "running"));
  EXPECT_NE(main_pid("a"), first);
  EXPECT_EQ(show("a", "NRestarts"), "1");
  const auto exits = history("exit");
  ASSERT_EQ(exits.size(), 1U);
  EXPECT_EQ(base::integer_or(exits[0], "status", -1), 75);
  EXPECT_EQ(base::string_or(exits[0], "role"), "main");
}

TEST_F(LiveManager, StopEndsTheWholeGroupAlsoAnOrphanInASessionOfItsOwn) {
  start();
  write_unit("a.service", "[Service]\nExecStart=/bin/sh -c 'setsid sleep 1001 & exec sleep 1002'\n");
  ASSERT_EQ(systemctl({"start", "a"}).rc, 0);
  ASSERT_TRUE(soon([&] { return processes("a").size() == 2; })) << base::dump(manager_->state("a"));
  const Json before = processes("a");

  EXPECT_EQ(systemctl({"stop", "a"}).rc, 0);

  EXPECT_EQ(base::string_or(manager_->state("a"), "sub"), "dead");
  for (const auto& process : before) EXPECT_FALSE(living(pid_of(process))) << base::dump(process);
}

TEST_F(LiveManager, TheServiceGetsWhatSystemdGivesAndNothingElse) {
  ManagerOptions options;
  options.environment = {"NOTIFY_SOCKET=/not/yours", "INVOCATION_ID=stale", "KEPT=yes"};
  start(options);
  unit("a", "Type=notify\nWatchdogSec=30\nEnvironment=A=x \"B=two words\"\nWorkingDirectory=" + folder_.string(), {"env,cwd,notify:READY=1,hang"});
  ASSERT_EQ(systemctl({"start", "a"}).rc, 0);
  const std::string pid = std::to_string(main_pid("a"));
  ASSERT_TRUE(hangs("a"));

  const std::string env = "\n" + text(state("a") / "env.main.1");

  const std::string runtime = manager_->runtime_dir().string();
  for (const std::string& entry :
       {std::string("A=x"), std::string("B=two words"), std::string("KEPT=yes"), "NOTIFY_SOCKET=" + runtime + "/systemd/notify",
        "XDG_RUNTIME_DIR=" + runtime, "SYSTEMD_EXEC_PID=" + pid, "WATCHDOG_PID=" + pid, std::string("WATCHDOG_USEC=30000000"),
        "INVOCATION_ID=" + show("a", "InvocationID")}) {
    EXPECT_NE(env.find("\n" + entry + "\n"), std::string::npos) << entry << " is not in" << env;
  }
  EXPECT_NE(env.find("\nJOURNAL_STREAM="), std::string::npos);
  EXPECT_NE(text(state("a") / "events").find("cwd " + fs::canonical(folder_).string()), std::string::npos);
  std::set<std::string> open;
  for (const auto& fd : fs::directory_iterator("/proc/" + pid + "/fd")) open.insert(fd.path().filename());
  EXPECT_EQ(open, (std::set<std::string>{"0", "1", "2"})) << "descriptors leak into services";
  EXPECT_EQ(read_process_stat(main_pid("a"))->session, main_pid("a"));
}

TEST_F(LiveManager, WhatCannotBeStartedHasSystemdsExitStatus) {
  start();
  struct Case {
    std::string name, settings, status;
  };
  const std::string sleeper = "ExecStart=/bin/sleep 100\n";
  for (const auto& c : {Case{"exec", "ExecStart=/nonexistent/program\n", "203"}, Case{"chdir", "WorkingDirectory=/nonexistent\n" + sleeper, "200"},
                        Case{"stdout", "StandardOutput=file:/nonexistent/x\n" + sleeper, "209"}}) {
    write_unit(c.name + ".service", "[Service]\n" + c.settings);
    systemctl({"start", c.name});
    EXPECT_TRUE(reaches(c.name, "failed")) << c.name;
    EXPECT_EQ(show(c.name, "ExecMainStatus"), c.status) << c.name;
  }
  write_unit("late.service", "[Service]\nType=exec\nExecStart=/nonexistent/program\n");
  EXPECT_EQ(systemctl({"start", "late"}).rc, 1) << "Type=exec waits for execve";
  write_unit("fine.service", "[Service]\nType=exec\nExecStart=/bin/sleep 100\n");
  EXPECT_EQ(systemctl({"start", "fine"}).rc, 0);
}

TEST_F(LiveManager, LimitsAndMasksAreSet) {
  start();
  unit("a", "LimitNOFILE=123:456\nUMask=0077", {"hang"});
  ASSERT_EQ(systemctl({"start", "a"}).rc, 0);
  ASSERT_TRUE(hangs("a"));

  const std::string limits = text("/proc/" + std::to_string(main_pid("a")) + "/limits");
  std::istringstream line(limits.substr(limits.find("Max open files") + 14));
  int soft = 0, hard = 0;
  line >> soft >> hard;

  EXPECT_EQ(soft, 123);
  EXPECT_EQ(hard, 456);
  EXPECT_EQ(fs::status(state("a") / "count").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(LiveManager, TheListeningSocketOutlivesTheServiceAndNoConnectionIsRefused) {
  start();
  const std::string path = manager_->runtime_dir().string() + "/x.sock";
  write_unit("a.socket", "[Socket]\nListenStream=" + path + "\n");
  unit("a", "Restart=on-failure\nRestartSec=200ms\nRestartForceExitStatus=75", {"fds,accept,exit:75"});
  ASSERT_EQ(systemctl({"start", "a.socket"}).rc, 0);
  const auto ask = [&] {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strncpy(to.sun_path, path.c_str(), sizeof to.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string answer = "refused";
    std::array<char, 16> room{};
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 && ::write(fd, "a", 1) == 1) {
      const ssize_t n = ::read(fd, room.data(), room.size());
      answer = n > 0 ? std::string(room.data(), static_cast<std::size_t>(n)) : "closed";
    }
    ::close(fd);
    return answer;
  };

  EXPECT_EQ(ask(), "run1");
  ASSERT_TRUE(reaches("a", "auto-restart"));
  EXPECT_EQ(ask(), "run2") << "a connection made while nothing runs waits for the next process";

  EXPECT_NE(text(state("a") / "events").find("LISTEN_FDS=1 NAMES=a.socket PID_MATCH=1"), std::string::npos) << text(state("a") / "events");
}

TEST_F(LiveManager, StoredDescriptorsComeBackAfterARestart) {
  start();
  unit("a", "Type=notify\nFileDescriptorStoreMax=4\nRestart=on-failure\nRestartSec=50ms",
       {"fdstore:kept,notify:READY=1,sleep:50,exit:1", "fds,notify:READY=1,hang"});
  ASSERT_EQ(systemctl({"start", "a"}).rc, 0);

  ASSERT_TRUE(soon([&] { return show("a", "NRestarts") == "1" && base::string_or(manager_->state("a"), "sub") == "running"; }));

  EXPECT_NE(text(state("a") / "events").find("LISTEN_FDS=1 NAMES=kept PID_MATCH=1"), std::string::npos) << text(state("a") / "events");
  EXPECT_NE(text(state("a") / "events").find("content=from-run-1"), std::string::npos);
}

TEST_F(LiveManager, AStartThatWaitsForADrainIsNotTriedAgainByWhatOtherUnitsDo) {
  start();
  unit("a", "Type=notify\nRestart=on-failure\nRestartSec=100ms\nRestartForceExitStatus=75",
       {"notify:READY=1,notify:STOPPING=1,on:USR1:exit:75,hang", "notify:READY=1,hang"});
  write_unit("other.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n[Unit]\nStartLimitIntervalSec=0\n");
  systemctl({"start", "a"});
  ASSERT_TRUE(reaches("a", "stop-sigterm"));
  ASSERT_TRUE(hangs("a"));
  ASSERT_EQ(systemctl({"start", "--no-block", "a"}).rc, 0);

  for (int i = 0; i < 8; ++i) EXPECT_EQ(systemctl({"start", "other"}).rc, 0);

  EXPECT_EQ(base::string_or(manager_->state("a"), "sub"), "stop-sigterm") << "eight more tries would be over the start limit";
  manager_->signal("a", "USR1");
  EXPECT_TRUE(reaches("a", "running"));
}

TEST_F(LiveManager, ALostReadyIsLostAndTheHistorySaysSo) {
  start();
  unit("a", "Type=notify\nTimeoutStartSec=300ms", {"notify:READY=1,hang"});
  ASSERT_EQ(manager_->fault("lose-ready", {{"unit", "a"}}), "");

  const auto started = systemctl({"start", "a"});

  EXPECT_EQ(started.rc, 1);
  EXPECT_EQ(show("a", "Result"), "timeout");
  const auto fired = history("fault");
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_EQ(base::string_or(fired[0], "fault"), "lose-ready");
}

TEST_F(LiveManager, AnOutOfMemoryKillIsOne) {
  start();
  unit("a", "", {"hang"});
  systemctl({"start", "a"});

  ASSERT_EQ(manager_->fault("oom-kill", {{"unit", "a"}}), "");

  EXPECT_TRUE(reaches("a", "failed"));
  EXPECT_EQ(show("a", "Result"), "oom-kill");
  EXPECT_EQ(base::string_or(history("exit").at(0), "status"), "KILL");
  EXPECT_EQ(base::string_or(history("fault").at(0), "fault"), "oom-kill");
}

TEST_F(LiveManager, AFrozenServiceThawsLater) {
  start();
  unit("a", "", {"hang"});
  systemctl({"start", "a"});
  const int pid = main_pid("a");
  ASSERT_TRUE(hangs("a"));

  ASSERT_EQ(manager_->fault("freeze", {{"unit", "a"}, {"for", "300ms"}}), "");

  EXPECT_TRUE(soon([&] { return read_process_stat(pid)->state == 'T'; }));
  EXPECT_TRUE(soon([&] { return read_process_stat(pid)->state != 'T'; }));
}

TEST_F(LiveManager, AFrozenServiceWaitsForItsThaw) {
  start();
  unit("a", "", {"hang"});
  systemctl({"start", "a"});
  const int pid = main_pid("a");
  ASSERT_TRUE(hangs("a"));

  ASSERT_EQ(manager_->fault("freeze"), "") << "the only unit that runs is meant";
  EXPECT_TRUE(soon([&] { return read_process_stat(pid)->state == 'T'; }));
  ASSERT_EQ(manager_->fault("thaw"), "");

  EXPECT_TRUE(soon([&] { return read_process_stat(pid)->state != 'T'; }));
}

TEST_F(LiveManager, AFaultThatCannotBeIsRefusedInWords) {
  start();

  EXPECT_NE(manager_->fault("lose-redy").find("did you mean \"lose-ready\"?"), std::string::npos);
  EXPECT_NE(manager_->fault("delay-ready", {{"unit", "a"}}).find("needs \"by\""), std::string::npos);
  EXPECT_NE(manager_->fault("delay-ready", {{"by", "3"}}).find("a duration with a unit"), std::string::npos);
  EXPECT_NE(manager_->fault("lose-ready", {{"unti", "a"}}).find("did you mean \"unit\"?"), std::string::npos);
  EXPECT_NE(manager_->fault("oom-kill", {{"unit", "a"}}).find("has no such process"), std::string::npos);
  EXPECT_NE(manager_->fault("oom-kill").find("nothing runs"), std::string::npos);
}

TEST_F(LiveManager, UnderTheShimThirtySecondsAreShort) {
  ManagerOptions options;
  harness::timewarp::put_under(harness::timewarp::Clock::starting_now(20), TIMEWARP_SO, options.environment);
  start(options);
  unit("a", "Restart=on-failure\nRestartSec=30", {"sleep:1000,exit:1", "hang"});
  const auto from = monotonic_now();
  ASSERT_EQ(systemctl({"start", "a"}).rc, 0);

  ASSERT_TRUE(soon([&] { return show("a", "NRestarts") == "1"; }, 60s));

  const auto real = monotonic_now() - from;
  EXPECT_GE(real, 1500ms);
  EXPECT_LT(real, 15s) << "31 nominal seconds at a twentieth";
  const auto spawns = history("spawn");
  ASSERT_EQ(spawns.size(), 2U);
  const double apart = base::number_of(*base::find(spawns[1], "t")).value_or(0) - base::number_of(*base::find(spawns[0], "t")).value_or(0);
  EXPECT_GE(apart, 31.0);
  EXPECT_LT(apart, 60.0) << "the history is in nominal time";
}

}  // namespace
}  // namespace live_manager
