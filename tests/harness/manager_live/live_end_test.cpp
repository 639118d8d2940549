// However a run ends, nothing of it goes on running.
#include <signal.h>

#include "tests/harness/manager_live/live_manager.h"

namespace live_manager {
namespace {

TEST_F(LiveManager, NothingIsLeftWhenItStops) {
  start();
  unit("a", "KillMode=none", {"ignore:TERM,forkignore:hang,hang"});
  systemctl({"start", "a"});
  ASSERT_TRUE(soon([&] { return processes("a").size() == 2; }));
  const Json before = processes("a");

  EXPECT_TRUE(manager_->stop());

  for (const auto& process : before) EXPECT_FALSE(living(pid_of(process)));
  EXPECT_FALSE(manager_->alive());
  EXPECT_EQ(systemctl({"is-active", "a"}).rc, -1);
}

TEST_F(LiveManager, LogoutStopsAllInOrderAndTheManagerEnds) {
  start();
  unit("a", "", {"on:TERM:exit:0,hang"});
  systemctl({"start", "a"});
  const int service = main_pid("a");
  ASSERT_TRUE(hangs("a"));

  EXPECT_EQ(manager_->fault("logout"), "");

  EXPECT_TRUE(soon([&] { return !manager_->alive(); }));
  EXPECT_FALSE(living(service));
  EXPECT_NE(text(state("a") / "events").find("signal 15"), std::string::npos) << "asked before it is killed";
}

/// Who is killed, and nothing may outlive it.
class SuddenDeath : public LiveManager, public testing::WithParamInterface<const char*> {};

TEST_P(SuddenDeath, LeavesNothingRunning) {
  start();
  unit("a", "", {"forkignore:hang,fork:hang,hang"});
  systemctl({"start", "a"});
  ASSERT_TRUE(soon([&] { return processes("a").size() == 3; })) << base::dump(processes("a"));
  const Json before = processes("a");
  const int manager = pid_of(manager_->control({{"do", "ping"}}));
  const int keeper = manager_->pid();
  ASSERT_GT(manager, 1);

  ::kill(std::string(GetParam()) == "manager" ? manager : keeper, SIGKILL);

  EXPECT_TRUE(soon([&] { return !living(manager) && !living(keeper); }));
  for (const auto& process : before) EXPECT_TRUE(soon([&] { return !living(pid_of(process)); })) << base::dump(process);
}

INSTANTIATE_TEST_SUITE_P(Of, SuddenDeath, testing::Values("manager", "keeper"), [](const auto& who) { return std::string(who.param); });

TEST_F(LiveManager, ItEndsWithItsOwner) {
  make_folder();
  const pid_t owner = ::fork();
  if (owner == 0) {
    auto started = ManagerProcess::start({});
    if (!started.has_value()) ::_exit(1);
    auto& manager = *started.value();
    (void)manager.write_unit("a.service", "[Service]\nExecStart=/bin/sleep 1000\n");
    manager.systemctl({"start", "a"});
    std::ofstream(folder_ / "tmp") << base::integer_or(manager.state("a"), "main_pid", 0) << " " << manager.pid() << " " << manager.runtime_dir().string();
    fs::rename(folder_ / "tmp", folder_ / "pids");
    while (true) ::pause();
  }
  int service = 0, keeper = 0;
  std::string runtime;
  ASSERT_TRUE(soon([&] { return fs::exists(folder_ / "pids"); }));
  std::ifstream(folder_ / "pids") >> service >> keeper >> runtime;
  ASSERT_TRUE(living(service));

  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);

  EXPECT_TRUE(soon([&] { return !living(service) && !living(keeper); }));
  fs::remove_all(runtime);
}

TEST_F(LiveManager, ManyLiveSideBySide) {
  std::vector<std::unique_ptr<ManagerProcess>> all;
  for (int i = 0; i < 8; ++i) {
    auto started = ManagerProcess::start({});
    ASSERT_TRUE(started.has_value());
    all.push_back(std::move(started.value()));
    ASSERT_TRUE(all.back()->write_unit("a.service", "[Service]\nExecStart=/bin/sleep 1000\n").has_value());
  }
  std::set<std::int64_t> pids;
  for (auto& manager : all) {
    EXPECT_EQ(manager->systemctl({"start", "a"}).rc, 0);
    pids.insert(base::integer_or(manager->state("a"), "main_pid", 0));
  }
  EXPECT_EQ(pids.size(), 8U);
  all.front()->systemctl({"stop", "a"});
  EXPECT_EQ(base::string_or(all.back()->state("a"), "active"), "active");
}

}  // namespace
}  // namespace live_manager
