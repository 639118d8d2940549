// `gateway restart` against every ending a manager can give it: a small world of states by time, and the transcript a person would see.
#include "gateway/core/restart_wait.h"

#include <gmock/gmock.h>

namespace gateway {
namespace {

using namespace restart;
using namespace std::chrono_literals;
using base::Instant;
using testing::ElementsAre;
using testing::HasSubstr;

UnitState state(std::string active, std::string sub, std::int64_t pid, std::string result = "success", std::int64_t status = 0) {
  UnitState unit;
  unit.load = "loaded";
  unit.active = std::move(active);
  unit.sub = std::move(sub);
  unit.main_pid = pid;
  unit.result = std::move(result);
  unit.exec_status = status;
  unit.restart_sec = 30s;
  return unit;
}
const UnitState kRunning = state("active", "running", 100);
const UnitState kAutoRestart = state("activating", "auto-restart", 0, "exit-code", 75);
const UnitState kNew = state("active", "running", 200);

/// Answers the machine's questions from functions of the time; a Sleep moves the time. What was said and done is kept in order.
struct World {
  std::function<std::optional<UnitState>(base::Duration, const World&)> unit = [](base::Duration, const World& w) {
    return std::optional(w.has("restart") ? kNew : w.now.since_start < 2s ? kRunning : kAutoRestart);
  };
  std::function<bool(base::Duration, const World&)> old_alive = [](base::Duration at, const World&) { return at < 2s; };
  std::function<HealthSeen(base::Duration)> health = [](base::Duration) { return HealthSeen{true, "running", 200}; };
  std::vector<std::string> journal;
  CommandDone restart_answer, signal_answer;
  RestartSettings settings;

  Instant now{0s};
  std::vector<std::string> done;
  std::vector<std::string> said;
  int code = -1;

  bool has(const std::string& what) const { return std::find(done.begin(), done.end(), what) != done.end(); }

  void run() {
    RestartWait machine(settings);
    Event event = Began{};
    for (int steps = 0; steps < 100'000 && code < 0; ++steps) {
      const auto actions = machine.step(now, event);
      ASSERT_FALSE(actions.empty());
      for (const auto& action : actions) perform(action, event);
    }
    ASSERT_GE(code, 0) << "it never ends";
    EXPECT_TRUE(machine.finished());
    EXPECT_TRUE(machine.step(now, Woke{}).empty());
  }

  void perform(const Action& action, Event& event) {
    if (const auto* say = std::get_if<Say>(&action)) said.push_back(say->text);
    else if (const auto* finish = std::get_if<Finish>(&action)) code = finish->code;
    else if (const auto* sleep = std::get_if<Sleep>(&action)) now = now + sleep->length, event = Woke{};
    else if (std::get_if<AskUnit>(&action)) {
      auto seen = unit(now.since_start, *this);
      event = seen ? UnitSeen{seen, ""} : UnitSeen{std::nullopt, "Failed to connect to bus: No medium found"};
    } else if (std::get_if<AskProcess>(&action)) event = ProcessSeen{old_alive(now.since_start, *this)};
    else if (const auto* signal = std::get_if<SendSignal>(&action)) {
      done.push_back(signal->signal == Signal::usr1 ? "usr1" : signal->signal == Signal::term ? "term" : "kill");
      event = signal_answer;
    } else if (std::get_if<ResetFailed>(&action)) done.push_back("reset-failed"), event = CommandDone{};
    else if (std::get_if<RestartUnit>(&action)) done.push_back("restart"), event = restart_answer;
    else if (std::get_if<AskHealth>(&action)) event = health(now.since_start);
    else if (std::get_if<AskJournal>(&action)) event = JournalSeen{journal};
  }
};

constexpr const char* kDraining = "⏳ User service draining active work...";
constexpr const char* kWaiting = "⏳ Waiting for brownout-gateway to restart...";
constexpr const char* kTimeout =
    "⚠ User service did not become active within 60s.\n  Check status: gateway status\n  Check logs: journalctl --user -u brownout-gateway --since '2 min ago'";

TEST(RestartWait, APlannedRestartDoesNotSitOutRestartSec) {
  World world;

  world.run();

  EXPECT_THAT(world.said, ElementsAre(kDraining, kWaiting, "✓ User service restarted (PID 200)"));
  EXPECT_THAT(world.done, ElementsAre("usr1", "reset-failed", "restart"));
  EXPECT_EQ(world.code, 0);
  EXPECT_LT(world.now.since_start, 4s);
}

TEST(RestartWait, LeftToTheTimerItWaitsForRestartSecAndSendsNoCommand) {
  World world;
  world.settings.wait_restart_sec = true;
  world.unit = [](base::Duration at, const World&) { return std::optional(at < 2s ? kRunning : at < 32s ? kAutoRestart : kNew); };

  world.run();

  EXPECT_THAT(world.done, ElementsAre("usr1"));
  EXPECT_EQ(world.said.back(), "✓ User service restarted (PID 200)");
  EXPECT_GE(world.now.since_start, 32s);
}

TEST(RestartWait, ALongerRestartSecGetsALongerBudget) {
  World world;
  world.settings.wait_restart_sec = true;
  world.unit = [](base::Duration at, const World&) {
    auto unit = at < 2s ? kRunning : at < 122s ? kAutoRestart : kNew;
    unit.restart_sec = 120s;
    return std::optional(unit);
  };

  world.run();

  EXPECT_EQ(world.code, 0);
}

TEST(RestartWait, ActiveWithTheOldPidIsNoSuccess) {
  World world;
  world.unit = [](base::Duration, const World&) { return std::optional(kRunning); };

  world.run();

  EXPECT_EQ(world.said.back(), kTimeout);
  EXPECT_EQ(world.code, 1);
}

TEST(RestartWait, ActiveWithANewPidIsNoSuccessUntilHealthSaysSo) {
  World world;
  world.health = [](base::Duration at) { return at < 10s ? HealthSeen{} : at < 20s ? HealthSeen{true, "draining", 200} : HealthSeen{true, "degraded", 200}; };

  world.run();

  EXPECT_EQ(world.code, 0);
  EXPECT_GE(world.now.since_start, 20s);
}

TEST(RestartWait, HealthFromAnotherProcessIsNoSuccess) {
  World world;
  world.health = [](base::Duration) { return HealthSeen{true, "running", 77}; };

  world.run();

  EXPECT_EQ(world.said.back(), kTimeout);
}

TEST(RestartWait, AStuckManagerTimesOutWithTheExactText) {
  World world;
  world.unit = [](base::Duration at, const World&) { return std::optional(at < 2s ? kRunning : state("activating", "start", 0)); };

  world.run();

  EXPECT_EQ(world.said.back(), kTimeout);
  EXPECT_EQ(world.code, 1);
  EXPECT_GE(world.now.since_start, 62s);
  EXPECT_LE(world.now.since_start, 64s);
}

TEST(RestartWait, AnOldProcessThatDoesNotGoIsEndedWithinBounds) {
  World world;
  world.old_alive = [](base::Duration, const World& w) { return !w.has("kill"); };
  world.unit = [](base::Duration, const World& w) { return std::optional(w.has("restart") ? kNew : w.has("kill") ? state("activating", "auto-restart", 0, "signal", 9) : kRunning); };

  world.run();

  EXPECT_THAT(world.said, ElementsAre(kDraining, HasSubstr("⚠ Old process (PID 100) still alive after 90s\n"), kWaiting, "✓ User service restarted (PID 200)"));
  EXPECT_THAT(world.done, ElementsAre("usr1", "term", "kill", "reset-failed", "restart"));
  EXPECT_LE(world.now.since_start, 100s);
}

TEST(RestartWait, AProcessThatSurvivesSigkillIsAnHonestEnding) {
  World world;
  world.old_alive = [](base::Duration, const World&) { return true; };
  world.unit = [](base::Duration, const World&) { return std::optional(kRunning); };

  world.run();

  EXPECT_THAT(world.said.back(), HasSubstr("✗ Old process (PID 100) could not be ended."));
  EXPECT_EQ(world.code, 1);
  EXPECT_LE(world.now.since_start, 105s);
}

TEST(RestartWait, ALongDrainGetsTheTimeItIsConfiguredFor) {
  World world;
  world.settings.drain = 300s;
  world.old_alive = [](base::Duration at, const World&) { return at < 290s; };
  world.unit = [](base::Duration at, const World& w) { return std::optional(w.has("restart") ? kNew : at < 290s ? kRunning : kAutoRestart); };

  world.run();

  EXPECT_EQ(world.code, 0);
}

TEST(RestartWait, AStartLimitIsSaidWhenResultNamesIt) {
  World world;
  world.unit = [](base::Duration at, const World&) { return std::optional(at < 2s ? kRunning : state("failed", "failed", 0, "start-limit-hit", 75)); };

  world.run();

  EXPECT_THAT(world.said.back(), HasSubstr("was started too often; the manager refuses further starts"));
  EXPECT_EQ(world.code, 1);
}

TEST(RestartWait, AStartLimitIsSaidWhenOnlyTheJournalTells) {
  World world;
  world.settings.wait_restart_sec = true;
  world.unit = [](base::Duration at, const World&) { return std::optional(at < 2s ? kRunning : state("failed", "failed", 0, "exit-code", 75)); };
  world.journal = {"brownout-gateway.service: Main process exited, code=exited, status=75/TEMPFAIL", "brownout-gateway.service: Failed with result 'exit-code'.",
                   "brownout-gateway.service: Scheduled restart job, restart counter is at 5.", "brownout-gateway.service: Start request repeated too quickly.",
                   "brownout-gateway.service: Failed with result 'exit-code'.", "Failed to start brownout-gateway.service - Brownout gateway."};

  world.run();

  EXPECT_THAT(world.said.back(), HasSubstr("was started too often"));
}

TEST(RestartWait, AnEarlierStartLimitIsNotTheReasonOfALaterFailure) {
  World world;
  world.unit = [](base::Duration at, const World&) { return std::optional(at < 2s ? kRunning : state("failed", "failed", 0, "exit-code", 1)); };
  world.journal = {"brownout-gateway.service: Start request repeated too quickly.", "Started brownout-gateway.service.", "the disk is on fire",
                   "brownout-gateway.service: Main process exited, code=exited, status=1/FAILURE"};

  world.run();

  EXPECT_THAT(world.said.back(), HasSubstr("✗ User service failed to start: the disk is on fire (exit code 1)"));
}

TEST(RestartWait, ARefusedStartNamesTheManagersReason) {
  World world;
  world.restart_answer = {false, "Failed to restart brownout-gateway.service: Access denied"};

  world.run();

  EXPECT_THAT(world.said.back(), HasSubstr("✗ The service manager refused: Failed to restart brownout-gateway.service: Access denied"));
}

TEST(RestartWait, ARefusalBecauseOfTheLimitIsTheLimit) {
  World world;
  world.restart_answer = {false, "Job for brownout-gateway.service failed because start of the service was attempted too often."};

  world.run();

  EXPECT_THAT(world.said.back(), HasSubstr("was started too often"));
}

TEST(RestartWait, AStartThatDiesIsSaidWithTheGatewaysOwnReason) {
  World world;
  world.unit = [](base::Duration at, const World&) { return std::optional(at < 2s ? kRunning : state("activating", "auto-restart", 0, "exit-code", 1)); };
  world.journal = {R"({"level":"info","event":"x"})", R"({"level":"error","event":"start.failed","what":"cannot listen on 127.0.0.1:8642: the port is in use by another process"})",
                   "brownout-gateway.service: Main process exited, code=exited, status=1/FAILURE"};

  world.run();

  EXPECT_THAT(world.said.back(), HasSubstr("✗ User service failed to start: cannot listen on 127.0.0.1:8642: the port is in use by another process (exit code 1)"));
  EXPECT_LT(world.now.since_start, 10s);
}

TEST(RestartWait, AWrongConfigurationPointsToCheck) {
  World world;
  world.unit = [](base::Duration at, const World&) { return std::optional(at < 2s ? kRunning : state("failed", "failed", 0, "exit-code", 78)); };
  world.journal = {R"_({"level":"error","event":"start.failed","what":"the configuration has 2 problem(s)"})_"};

  world.run();

  EXPECT_EQ(world.said.back(), "✗ User service failed to start: the configuration has 2 problem(s) (exit code 78)\n  See all problems: gateway check");
}

TEST(RestartWait, NotInstalledMaskedAndBrokenUnitsAreSaidAtOnce) {
  for (const auto& [load, words] : {std::pair{"not-found", "is not installed.\n  Install it: gateway install"}, std::pair{"masked", "is masked"}, std::pair{"bad-setting", "unit file"}}) {
    World world;
    world.unit = [load = std::string(load)](base::Duration, const World&) {
      auto unit = state("inactive", "dead", 0);
      unit.load = load;
      return std::optional(unit);
    };

    world.run();

    EXPECT_THAT(world.said, ElementsAre(HasSubstr(words)));
    EXPECT_EQ(world.code, 1);
    EXPECT_TRUE(world.done.empty());
  }
}

TEST(RestartWait, AServiceThatDoesNotRunIsStartedAndThatIsSaid) {
  World world;
  world.unit = [](base::Duration, const World& w) { return std::optional(w.has("restart") ? kNew : state("failed", "failed", 0, "exit-code", 1)); };

  world.run();

  EXPECT_THAT(world.said, ElementsAre("⚠ User service was not running; starting it.", "✓ User service restarted (PID 200)"));
  EXPECT_THAT(world.done, ElementsAre("reset-failed", "restart"));
  EXPECT_EQ(world.code, 0);
}

TEST(RestartWait, AServiceThatWaitsForItsTimerIsRestartedAtOnce) {
  World world;
  world.unit = [](base::Duration, const World& w) { return std::optional(w.has("restart") ? kNew : kAutoRestart); };

  world.run();

  EXPECT_THAT(world.said, ElementsAre(kWaiting, "✓ User service restarted (PID 200)"));
}

TEST(RestartWait, AnUnreachableManagerIsSaidWithItsReason) {
  World world;
  world.unit = [](base::Duration, const World&) { return std::optional<UnitState>(); };

  world.run();

  EXPECT_THAT(world.said, ElementsAre(HasSubstr("✗ The service manager cannot be reached: Failed to connect to bus: No medium found")));
  EXPECT_EQ(world.code, 1);
}

TEST(RestartWait, AManagerThatIsSilentForAWhileCostsOnlyTime) {
  World world;
  world.unit = [](base::Duration at, const World&) { return at > 3s && at < 20s ? std::optional<UnitState>() : std::optional(at < 2s ? kRunning : at < 20s ? kAutoRestart : kNew); };

  world.run();

  EXPECT_EQ(world.code, 0);
}

TEST(RestartWait, AStopWhileItRestartsIsSaid) {
  World world;
  world.unit = [](base::Duration at, const World&) { return std::optional(at < 2s ? kRunning : state("inactive", "dead", 0)); };

  world.run();

  EXPECT_THAT(world.said.back(), HasSubstr("⚠ User service was stopped while it was restarting."));
  EXPECT_LT(world.now.since_start, 20s);
}

TEST(RestartWait, AProcessOfSomebodyElseIsSaid) {
  World world;
  world.signal_answer = {false, "Operation not permitted"};

  world.run();

  EXPECT_THAT(world.said.back(), HasSubstr("✗ Process 100 cannot be told to restart: Operation not permitted"));
}

TEST(RestartWait, AStopInProgressGetsNoSecondRequest) {
  World world;
  world.unit = [](base::Duration at, const World& w) { return std::optional(w.has("restart") ? kNew : at < 2s ? state("deactivating", "stop-sigterm", 100) : state("inactive", "dead", 0)); };

  world.run();

  EXPECT_THAT(world.done, ElementsAre("reset-failed", "restart"));
  EXPECT_EQ(world.code, 0);
}

}  // namespace
}  // namespace gateway
