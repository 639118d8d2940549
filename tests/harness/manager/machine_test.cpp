// What the recordings do not cover: the manager's own faults, the descriptor store, dependencies, shutdown, the cost of a run.
#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>

#include "base/text.h"
#include "tests/harness/manager/simulated_machine.h"

namespace harness::manager::testing {
namespace {

using namespace std::chrono_literals;

class Machine : public ::testing::Test {
 protected:
  void unit(const std::string& name, const std::string& text) {
    machine.files["/run/rsd-home/.config/systemd/user/" + name] = text;
    machine.manager().keep(name);
  }
  void service(const std::string& settings, const std::string& scripts) {
    unit("gw.service", "[Service]\n" + settings + "ExecStart=/opt/probe /state/gw " + scripts + "\n");
  }
  CallResult systemctl(const std::string& args) { return machine.call_and_wait("systemctl --user " + args); }
  UnitSnapshot gw() { return machine.manager().snapshot("gw"); }
  void fault(FaultKind kind, base::Duration by = 0s, int times = 1, int code = 0) { machine.feed(Fault{kind, "gw.service", times, by, code, ""}); }
  bool fired(FaultKind kind) const {
    return std::any_of(machine.fired.begin(), machine.fired.end(), [&](const FaultFired& f) { return f.kind == kind; });
  }
  bool logged(const std::string& text) const {
    return std::any_of(machine.journal.begin(), machine.journal.end(), [&](const JournalEntry& e) { return e.message.find(text) != std::string::npos; });
  }
  SimulatedMachine machine{Compat::v257};
};

TEST_F(Machine, ALostReadyRunsIntoTheStartTimeOut) {
  service("Type=notify\nTimeoutStartSec=2\n", "notify:READY=1,hang");
  fault(FaultKind::lose_ready);

  const auto result = systemctl("start gw");

  EXPECT_EQ(result.rc, 1);
  EXPECT_NE(result.err.find("because a timeout was exceeded"), std::string::npos);
  EXPECT_EQ(gw().result, "timeout");
  EXPECT_TRUE(fired(FaultKind::lose_ready));
  EXPECT_EQ(systemctl("start gw").rc, 0) << "the fault was for one time";
}

TEST_F(Machine, ADelayedReadyDelaysTheStartOnly) {
  service("Type=notify\n", "notify:READY=1,hang");
  fault(FaultKind::delay_ready, 5s);

  const auto result = systemctl("start gw");

  EXPECT_EQ(result.rc, 0);
  EXPECT_GE(result.ended - result.started, 5s);
  EXPECT_EQ(gw().sub, "running");
}

TEST_F(Machine, ADuplicatedReadyIsHarmless) {
  service("Type=notify\n", "notify:READY=1,hang");
  fault(FaultKind::duplicate_ready);
  EXPECT_EQ(systemctl("start gw").rc, 0);
  machine.run_for(1s);
  EXPECT_EQ(gw().sub, "running");
  EXPECT_TRUE(fired(FaultKind::duplicate_ready));
}

TEST_F(Machine, ALostPingTriggersTheWatchdog) {
  service("Type=notify\nWatchdogSec=1\n", "notify:READY=1,wd:400:50,hang");
  EXPECT_EQ(systemctl("start gw").rc, 0);
  machine.run_for(3s);
  EXPECT_EQ(gw().sub, "running");

  fault(FaultKind::lose_watchdog, 0s, -1);
  machine.run_for(3s);

  EXPECT_EQ(gw().result, "watchdog");
}

TEST_F(Machine, AStuckRestartTimerLeavesTheUnitInAutoRestart) {
  service("Restart=always\nRestartSec=1\n", "exit:1 hang");
  fault(FaultKind::restart_stuck);
  systemctl("start gw");
  machine.run_for(1h);
  EXPECT_EQ(gw().sub, "auto-restart");

  EXPECT_EQ(systemctl("restart gw").rc, 0) << "a restart by hand gets it out";
  EXPECT_EQ(gw().sub, "running");
}

TEST_F(Machine, ALateRestartComesLate) {
  service("Restart=always\nRestartSec=1\n", "exit:1 hang");
  fault(FaultKind::restart_late, 10s);
  systemctl("start gw");
  machine.run_for(9s);
  EXPECT_EQ(gw().sub, "auto-restart");
  machine.run_for(3s);
  EXPECT_EQ(gw().sub, "running");
}

TEST_F(Machine, RefusedStartsLookLikeTheStartLimit) {
  service("", "hang");
  fault(FaultKind::refuse_start, 0s, 2);
  for (int i = 0; i < 2; ++i) {
    const auto result = systemctl("start gw");
    EXPECT_EQ(result.rc, 1);
    EXPECT_NE(result.err.find("start of the service was attempted too often"), std::string::npos);
    EXPECT_EQ(gw().result, "start-limit-hit");
  }
  EXPECT_EQ(systemctl("start gw").rc, 0);
}

TEST_F(Machine, ALimiterAtItsBurstRefusesTheNextStartUntilReset) {
  service("", "hang");
  fault(FaultKind::limit_at_burst);
  EXPECT_EQ(systemctl("start gw").rc, 1);
  EXPECT_EQ(systemctl("reset-failed gw").rc, 0);
  EXPECT_EQ(systemctl("start gw").rc, 0);
}

TEST_F(Machine, ASlowStartHoldsEverythingBack) {
  service("Type=notify\n", "notify:READY=1,hang");
  fault(FaultKind::slow_start, 4s);
  const auto result = systemctl("start gw");
  EXPECT_EQ(result.rc, 0);
  EXPECT_GE(result.ended - result.started, 4s);
}

TEST_F(Machine, AFailedForkIsResources) {
  service("Restart=on-failure\nRestartSec=1\n", "hang");
  machine.spawns_that_fail = 1;
  const auto result = systemctl("start gw");
  EXPECT_EQ(result.rc, 1);
  EXPECT_EQ(gw().result, "resources");
  EXPECT_EQ(gw().sub, "auto-restart");
  machine.run_for(2s);
  EXPECT_EQ(gw().sub, "running");
}

TEST_F(Machine, FaultsOfSpawningNameTheirStatus) {
  service("", "hang");
  fault(FaultKind::exec_fails, 0s, 1, 200);
  EXPECT_EQ(systemctl("start gw").rc, 0) << "Type=simple does not wait for execve";
  machine.run_for(100ms);
  EXPECT_EQ(gw().exec_main_status, 200);
  fault(FaultKind::spawn_fails);
  EXPECT_EQ(systemctl("start gw").rc, 1);
  EXPECT_EQ(gw().result, "resources");
}

TEST_F(Machine, AnUnreachableBusIsSaidInSystemdsWords) {
  service("", "hang");
  machine.feed(Fault{FaultKind::bus_unreachable, "", 1, 0s, 0, "Connection refused"});
  const auto result = systemctl("is-active gw");
  EXPECT_EQ(result.rc, 1);
  EXPECT_EQ(result.err, "Failed to connect to bus: Connection refused\n");
  EXPECT_EQ(systemctl("is-active gw").rc, 3);
}

TEST_F(Machine, ClearedCountersForgetRestartsAndTheLimit) {
  service("Restart=always\nRestartSec=100ms\n", "exit:1 exit:1 hang");
  systemctl("start gw");
  machine.run_for(1s);
  EXPECT_EQ(gw().n_restarts, 2U);
  fault(FaultKind::clear_counters);
  EXPECT_EQ(gw().n_restarts, 0U);
}

TEST_F(Machine, AStaleMainPidIsShownForAWhile) {
  service("Restart=always\nRestartSec=10\n", "sleep:1000,exit:1 hang");
  systemctl("start gw");
  const auto pid = std::to_string(gw().main_pid);
  fault(FaultKind::stale_main_pid, 3s);
  machine.run_for(2s);
  EXPECT_EQ(systemctl("show gw -p MainPID --value").out, pid + "\n");
  machine.run_for(3s);
  EXPECT_EQ(systemctl("show gw -p MainPID --value").out, "0\n");
}

TEST_F(Machine, TimerSlackIsDeterministicAndBounded) {
  service("Restart=always\nRestartSec=1\n", "exit:1 hang");
  machine.feed(Fault{FaultKind::timer_slack, "", -1, 250ms, 0, ""});
  systemctl("start gw");
  machine.run_for(100ms);
  const auto at = gw().restart_at - machine.now();
  EXPECT_GT(at, 800ms);
  EXPECT_LT(at, 1250ms);
}

TEST_F(Machine, AProcessThatIsNotMainMayNotSayReady) {
  service("Type=notify\nTimeoutStartSec=1\n", "fork:notify:READY=1|hang,hang");
  EXPECT_EQ(systemctl("start gw").rc, 1);
  EXPECT_EQ(gw().result, "timeout");
}

TEST_F(Machine, StoredDescriptorsSurviveARestartAndNotAStop) {
  service("Type=notify\nFileDescriptorStoreMax=2\nRestart=always\nRestartSec=1\n", "notify:READY=1,hang");
  systemctl("start gw");
  machine.feed(Notify{"gw.service", gw().main_pid, "FDSTORE=1\nFDNAME=conn", {901, 902, 903}});
  EXPECT_EQ(gw().fds_stored, 2U) << "the third is over the limit and closed";

  systemctl("restart gw");
  const auto& process = *machine.alive.at(gw().main_pid);
  EXPECT_EQ(process.environment.at("LISTEN_FDS"), "2");
  EXPECT_EQ(process.environment.at("LISTEN_FDNAMES"), "conn:conn");
  machine.feed(FdHangup{901});
  EXPECT_EQ(gw().fds_stored, 1U);

  systemctl("stop gw");
  EXPECT_EQ(gw().fds_stored, 0U);
}

TEST_F(Machine, ALostSocketFailsItsUnitAndRefusesClients) {
  unit("gw.socket", "[Socket]\nListenStream=/state/gw.sock\n");
  service("", "accept,hang");
  EXPECT_EQ(systemctl("start gw.socket").rc, 0);
  machine.feed(Fault{FaultKind::lose_socket, "gw.service", 1, 0s, 0, ""});
  EXPECT_EQ(machine.manager().snapshot("gw.socket").active, "failed");
  std::string answer;
  machine.connect("/state/gw.sock", "x", answer);
  EXPECT_EQ(answer, "refused");
}

TEST_F(Machine, ASocketStartsItsServiceAndFailsWithItsStartLimit) {
  unit("gw.socket", "[Socket]\nListenStream=/state/gw.sock\n");
  unit("gw.service", "[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=60\n[Service]\nExecStart=/opt/probe /state/gw exit:1\n");
  systemctl("start gw.socket");
  std::string answer;
  machine.connect("/state/gw.sock", "x", answer);
  machine.run_for(1s);
  EXPECT_EQ(gw().active, "failed");
  EXPECT_EQ(machine.manager().snapshot("gw.socket").active, "failed");
  EXPECT_TRUE(logged("Start request repeated too quickly."));
}

TEST_F(Machine, RequirementsStartFirstAndTakeTheUnitDownWithThem) {
  unit("db.service", "[Service]\nType=notify\nExecStart=/opt/probe /state/db sleep:300,notify:READY=1,hang\n");
  unit("gw.service", "[Unit]\nRequires=db.service\nAfter=db.service\n[Service]\nExecStart=/opt/probe /state/gw hang\n");
  EXPECT_EQ(systemctl("start gw").rc, 0);
  EXPECT_EQ(machine.manager().snapshot("db").sub, "running");
  EXPECT_EQ(gw().sub, "running");
  systemctl("stop db");
  machine.run_for(1s);
  EXPECT_EQ(gw().active, "inactive");
}

TEST_F(Machine, AFailedRequirementFailsTheStart) {
  unit("db.service", "[Service]\nType=oneshot\nExecStart=/opt/probe /state/db exit:1\n");
  unit("gw.service", "[Unit]\nRequires=db.service\nAfter=db.service\n[Service]\nExecStart=/opt/probe /state/gw hang\n");
  const auto result = systemctl("start gw");
  EXPECT_EQ(result.rc, 1);
  EXPECT_EQ(result.err, "A dependency job for gw.service failed. See 'journalctl -xe' for details.\n");
  EXPECT_EQ(gw().active, "inactive");
}

TEST_F(Machine, SeveralCommandsOfAOneshotRunInTurn) {
  unit("gw.service", "[Service]\nType=oneshot\nExecStart=/opt/probe /state/a sleep:100,exit:0\nExecStart=/opt/probe /state/b sleep:100,exit:4\nExecStart=/opt/probe /state/c exit:0\n");
  EXPECT_EQ(systemctl("start gw").rc, 1);
  EXPECT_EQ(gw().exec_main_status, 4);
  EXPECT_FALSE(machine.exists("/state/c/count"));
}

TEST_F(Machine, RuntimeMaxStopsAndReloadTimesOut) {
  service("RuntimeMaxSec=2\nTimeoutStartSec=1\nExecReload=/bin/sleep 30\n", "hang");
  systemctl("start gw");
  EXPECT_EQ(systemctl("reload gw").rc, 1);
  EXPECT_EQ(gw().reload_result, "timeout");
  EXPECT_EQ(gw().sub, "running");
  machine.run_for(4s);
  EXPECT_EQ(gw().result, "timeout");
}

TEST_F(Machine, ANotifyReloadWithoutTheTimeStampTimesOut) {
  service("Type=notify-reload\nTimeoutStartSec=1\n", "notify:READY=1,on:HUP:notify:RELOADING=1|notify:READY=1,hang");
  systemctl("start gw");
  EXPECT_EQ(systemctl("reload gw").rc, 1);
  EXPECT_EQ(gw().active, "active");
}

TEST_F(Machine, TheWatchdogPeriodCanBeChangedByTheService) {
  service("Type=notify\nWatchdogSec=1\n", "notify:READY=1;WATCHDOG_USEC=5000000,hang");
  systemctl("start gw");
  machine.run_for(3s);
  EXPECT_EQ(gw().sub, "running");
  machine.run_for(3s);
  EXPECT_EQ(gw().result, "watchdog");
}

TEST_F(Machine, ShutdownStopsEverythingAndSaysSo) {
  unit("gw.socket", "[Socket]\nListenStream=/state/gw.sock\n");
  service("Restart=always\nTimeoutStopSec=2\n", "ignore:TERM,hang");
  systemctl("start gw.socket");
  systemctl("start gw");
  machine.feed(Shutdown{});
  machine.run_for(1s);
  EXPECT_FALSE(machine.all_stopped);
  machine.run_for(3s);
  EXPECT_TRUE(machine.all_stopped);
  EXPECT_TRUE(machine.alive.empty());
  EXPECT_EQ(gw().result, "timeout");
}

TEST_F(Machine, DaemonReloadGivesARunningServiceItsNewSettings) {
  service("TimeoutStopSec=1\n", "ignore:TERM,hang");
  systemctl("start gw");
  const std::string path = "/run/rsd-home/.config/systemd/user/gw.service";
  machine.files[path] = "[Service]\nTimeoutStopSec=5\nExecStartPre=/bin/sleep 0\nExecStopPost=/bin/sleep 0\nExecStart=/opt/probe /state/gw ignore:TERM,hang\n";
  ++machine.versions[path];
  EXPECT_NE(systemctl("status gw").err.find("changed on disk"), std::string::npos);

  EXPECT_EQ(systemctl("daemon-reload").rc, 0);

  EXPECT_EQ(systemctl("show gw -p TimeoutStopUSec --value").out, "5s\n");
  const auto result = systemctl("stop gw");
  EXPECT_GE(result.ended - result.started, 5s);
  machine.files.erase(path);
  ++machine.versions[path];
}

TEST_F(Machine, AFileThatIsGoneLeavesWhatRunsAlone) {
  service("", "on:TERM:exit:0,hang");
  systemctl("start gw");
  machine.files.erase("/run/rsd-home/.config/systemd/user/gw.service");
  systemctl("daemon-reload");
  EXPECT_EQ(gw().sub, "running");
  EXPECT_EQ(systemctl("stop gw").rc, 0);
  EXPECT_EQ(gw().sub, "dead");
}

TEST_F(Machine, ARuntimeFolderIsMadeAndRemovedByItsWholePath) {
  Host nothing;
  Manager manager{{}, nothing};
  manager.add_unit(unit_from_text("gw", "[Service]\nRuntimeDirectory=gw\nExecStart=/a\n"));
  std::vector<Action> out;
  manager.step(base::Instant{1s}, Call{1, "systemctl", {"--user", "start", "gw"}}, out);
  const auto& spawn = std::get<Spawn>(out.front());
  ASSERT_EQ(spawn.make_folders.size(), 1U);
  EXPECT_EQ(spawn.make_folders[0].first, "/run/user/1000/gw");
  const auto id = spawn.id;
  out.clear();
  manager.step(base::Instant{1s}, Spawned{id, 7}, out);
  manager.step(base::Instant{2s}, ProcessExited{7, ExitCode::exited, 0}, out);
  std::string removed;
  for (const auto& action : out) {
    if (const auto* folder = std::get_if<RemoveFolder>(&action)) removed = folder->path;
  }
  EXPECT_EQ(removed, "/run/user/1000/gw");
}

TEST_F(Machine, EventsWaitWhileASpawnIsUnanswered) {
  Host nothing;
  Manager manager{{}, nothing};
  manager.add_unit(unit_from_text("gw", "[Service]\nExecStart=/a\n"));
  std::vector<Action> out;
  manager.step(base::Instant{1s}, Call{1, "systemctl", {"--user", "start", "gw"}}, out);
  ASSERT_TRUE(manager.waits_for_answer());
  manager.step(base::Instant{2s}, Call{2, "systemctl", {"--user", "stop", "gw"}}, out);
  EXPECT_TRUE(manager.snapshot("gw").has_job);

  const auto* spawn = std::get_if<Spawn>(&out.front());
  ASSERT_NE(spawn, nullptr);
  const auto id = spawn->id;
  out.clear();
  manager.step(base::Instant{3s}, Spawned{id, 77}, out);

  const auto killed = std::find_if(out.begin(), out.end(), [](const Action& action) { return std::holds_alternative<Kill>(action); });
  ASSERT_NE(killed, out.end()) << "the stop came after the start, in order";
  EXPECT_EQ(std::get<Kill>(*killed).pid, 77);
}

/// One life of a planned restart without a journal, as the virtual world has it.
std::size_t one_run(std::uint64_t seed, const std::shared_ptr<const Unit>& unit, Host& host) {
  ManagerSettings settings;
  settings.seed = seed;
  settings.keep_journal = false;
  Manager manager{std::move(settings), host};
  manager.add_unit(unit);
  std::vector<Action> out;
  base::Instant now{1s};
  Pid pid = 10;
  std::size_t changes = 0;
  const auto step = [&](const Event& event) {
    manager.step(now, event, out);
    for (std::size_t i = 0; i < out.size(); ++i) {
      changes += std::holds_alternative<StateChanged>(out[i]) ? 1 : 0;
      if (const auto* spawn = std::get_if<Spawn>(&out[i])) {
        const auto id = spawn->id;
        manager.step(now, Spawned{id, ++pid}, out);
      }
    }
    out.clear();
  };
  step(Call{1, "systemctl", {"--user", "start", "gw"}});
  step(Notify{"gw.service", pid, "READY=1", {}});
  now = now + 5s;
  step(Notify{"gw.service", pid, "STOPPING=1", {}});
  now = now + 1s;
  step(ProcessExited{pid, ExitCode::exited, 75});
  now = manager.next_wake();
  step(Tick{});
  step(Notify{"gw.service", pid, "READY=1", {}});
  step(Call{2, "systemctl", {"--user", "stop", "gw"}});
  step(ProcessExited{pid, ExitCode::exited, 0});
  return changes;
}

TEST(MachineCost, ARunIsCheapEnoughForTheVirtualWorld) {
  Host host;
  const auto unit = unit_from_text("gw", "[Service]\nType=notify\nRestart=on-failure\nRestartForceExitStatus=75\nRestartSec=30\nExecStart=/a\n");
  constexpr int kRuns = 4000;
  const auto begin = std::clock();  // processor time: the machine may be busy with other things
  std::size_t changes = 0;
  for (int i = 0; i < kRuns; ++i) changes += one_run(static_cast<std::uint64_t>(i), unit, host);
  const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("machine: %.0f runs a second, %zu state changes each\n", kRuns / took, changes / kRuns);
  EXPECT_EQ(changes / kRuns, 10U);
  EXPECT_GT(kRuns / took, 2000.0) << "far below what exploring needs, even on a busy machine under a sanitizer";
}

}  // namespace
}  // namespace harness::manager::testing
