// systemctl and journalctl as programs find them on PATH, and the journal.
#include <spawn.h>

#include <thread>

#include "tests/harness/manager_live/live_manager.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BROWNOUT_SANITIZED true
#else
#define BROWNOUT_SANITIZED false
#endif

namespace live_manager {
namespace {

TEST_F(LiveManager, WhatAServiceWritesIsInTheJournalAndInTheHistory) {
  start();
  write_unit("a.service", "[Service]\nExecStart=/bin/sh -c 'echo hello; echo \"<3>trouble\" >&2; echo \"{\\\\\"event\\\\\":\\\\\"x\\\\\"}\"; exec sleep 1000'\n");
  write_unit("b.service", "[Service]\nExecStart=/bin/echo from b\n");
  systemctl({"start", "a"});
  systemctl({"start", "b"});

  ASSERT_TRUE(soon([&] { return !history("log").empty() && history("stderr").size() >= 3; })) << text(folder_ / "manager.jsonl");

  const std::string journal = manager_->journalctl({"-u", "a", "--no-pager"}).out;
  EXPECT_NE(journal.find("sh[" + std::to_string(main_pid("a")) + "]: hello"), std::string::npos) << journal;
  EXPECT_NE(journal.find("]: trouble"), std::string::npos) << "a level prefix is no part of the line";
  EXPECT_EQ(journal.find("from b"), std::string::npos);
  EXPECT_EQ(base::string_or(history("log")[0], "event"), "x");
  EXPECT_EQ(base::string_or(history("log")[0], "lane"), "gateway");
}

TEST_F(LiveManager, TheFrontsPrintAndExitAsTheManagerSays) {
  start();
  unit("a", "", {"hang"});
  EXPECT_EQ(front("systemctl --user start a").rc, 0);

  const auto active = front("systemctl --user is-active a");
  const auto missing = front("systemctl --user start nothing-of-that-name");
  const auto pid = front("systemctl --user show -p MainPID --value a");

  EXPECT_EQ(active.rc, 0);
  EXPECT_EQ(active.out, "active\n");
  EXPECT_EQ(missing.rc, 5);
  EXPECT_NE(missing.out.find("not found"), std::string::npos) << missing.out;
  EXPECT_EQ(pid.out, std::to_string(main_pid("a")) + "\n");
  EXPECT_EQ(history("call").size(), 4U);
}

TEST_F(LiveManager, AFrontWithoutAManagerSpeaksLikeSystemctl) {
  start();
  const std::string program = (harness::manager::libexec_folder() / "fronts/systemctl").string();

  const auto no_folder = front("env -u XDG_RUNTIME_DIR " + program + " --user is-active a");
  const auto no_socket = front("env XDG_RUNTIME_DIR=/nonexistent " + program + " --user is-active a");

  EXPECT_EQ(no_folder.rc, 1);
  EXPECT_EQ(no_folder.out.find("Failed to connect to bus: $DBUS_SESSION_BUS_ADDRESS and $XDG_RUNTIME_DIR not defined"), 0U) << no_folder.out;
  EXPECT_EQ(no_socket.rc, 1);
  EXPECT_EQ(no_socket.out, "Failed to connect to bus: No such file or directory\n");
}

TEST_F(LiveManager, AnUnreachableManagerIsOneForTheFrontsOnly) {
  start();
  unit("a", "", {"hang"});
  systemctl({"start", "a"});
  ASSERT_EQ(manager_->fault("unreachable", {{"times", -1}}), "");

  const auto asked = front("systemctl --user is-active a");

  EXPECT_EQ(asked.rc, 1);
  EXPECT_EQ(asked.out, "Failed to connect to bus: Connection refused\n");
  EXPECT_EQ(base::string_or(manager_->state("a"), "active"), "active") << "whoever runs the scenario still sees";
  EXPECT_EQ(manager_->fault("clear"), "");
  EXPECT_EQ(front("systemctl --user is-active a").out, "active\n");
}

TEST_F(LiveManager, JournalctlFollowsAndMayLeave) {
  start();
  unit("a", "", {"on:USR1:out:one,hang"});
  systemctl({"start", "a"});
  ASSERT_TRUE(hangs("a"));
  std::atomic<bool> heard = false;

  std::thread speaker([&] {
    while (!heard) {
      manager_->signal("a", "USR1");
      ::poll(nullptr, 0, 20);
    }
  });
  const auto followed = front("timeout 20 sh -c 'journalctl --user -u a -f -n 0 | grep -m 1 one'");
  heard = true;
  speaker.join();

  EXPECT_NE(followed.out.find("]: one"), std::string::npos) << followed.out;
  EXPECT_EQ(systemctl({"is-active", "a"}).rc, 0) << "the manager lives on when a follower leaves";
}

TEST_F(LiveManager, AFrontTakesAFewMilliseconds) {
  start();
  unit("a", "", {"hang"});
  systemctl({"start", "a"});
  const std::string program = (harness::manager::libexec_folder() / "fronts/systemctl").string();
  std::string runtime = "XDG_RUNTIME_DIR=" + manager_->runtime_dir().string();
  std::vector<double> took;

  for (int i = 0; i < 21; ++i) {
    const auto from = monotonic_now();
    // Not fork: copying this process' page tables would be most of it.
    std::string words[] = {"systemctl", "--user", "-q", "is-active", "a"};
    std::array<char*, 6> argv{words[0].data(), words[1].data(), words[2].data(), words[3].data(), words[4].data(), nullptr};
    std::array<char*, 2> env{runtime.data(), nullptr};
    pid_t pid = -1;
    ASSERT_EQ(::posix_spawn(&pid, program.c_str(), nullptr, nullptr, argv.data(), env.data()), 0);
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    took.push_back(base::seconds(monotonic_now() - from) * 1000);
  }

  std::sort(took.begin(), took.end());
  RecordProperty("median_ms", std::to_string(took[10]));
  EXPECT_LT(took[10], BROWNOUT_SANITIZED ? 400 : 40) << "median of 21 calls, in ms (about 2 on an idle machine)";
}

}  // namespace
}  // namespace live_manager
