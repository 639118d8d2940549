// Unit files: the INI dialect, the grammars inside settings, the typed unit and its errors.
#include <gtest/gtest.h>

#include "harness/manager/unit.h"

namespace harness::manager {
namespace {

using namespace std::chrono_literals;

TEST(UnitFile, JoinsContinuationLinesAndSkipsCommentsInsideThem) {
  const auto file = parse_unit_file("# top\n[Service]\nExecStart = /bin/a \\\n# no part of it\n  b \\\n  c\n; bye\nType=notify\n", "x.service");

  ASSERT_EQ(file.assignments.size(), 2U);
  EXPECT_EQ(file.assignments[0].value, "/bin/a  b  c");
  EXPECT_EQ(file.assignments[0].line, 3);
  EXPECT_EQ(file.assignments[1].key, "Type");
  EXPECT_TRUE(file.warnings.empty());
}

TEST(UnitFile, SaysWhereALineMakesNoSense) {
  const auto file = parse_unit_file("Type=simple\n[Service]\nnonsense\n", "x.service");

  ASSERT_EQ(file.warnings.size(), 2U);
  EXPECT_EQ(file.warnings[0], "x.service:1: Assignment outside of section. Ignoring.");
  EXPECT_EQ(file.warnings[1], "x.service:3: Missing '=', ignoring line.");
}

TEST(TimeSpan, ReadsWhatSystemdReadsAndPrintsWhatShowPrints) {
  EXPECT_EQ(parse_time_span("30"), 30s);
  EXPECT_EQ(parse_time_span("1min 30s"), 90s);
  EXPECT_EQ(parse_time_span("2h30min"), 150min);
  EXPECT_EQ(parse_time_span("250ms"), 250ms);
  EXPECT_EQ(parse_time_span("1.5s"), 1500ms);
  EXPECT_EQ(parse_time_span("5m"), 5min);
  EXPECT_EQ(parse_time_span("infinity"), base::kForever);
  EXPECT_EQ(parse_time_span("10 parsecs"), std::nullopt);
  EXPECT_EQ(parse_time_span(""), std::nullopt);
  EXPECT_EQ(format_time_span(90s), "1min 30s");
  EXPECT_EQ(format_time_span(1500ms), "1.500000s");
  EXPECT_EQ(format_time_span(100ms), "100ms");
  EXPECT_EQ(format_time_span(0s), "0");
  EXPECT_EQ(format_time_span(base::kForever), "infinity");
  EXPECT_EQ(format_time_span(1234567us, 1ms), "1.234s");
  EXPECT_EQ(format_time_span(868us, 1ms), "868us");
}

TEST(UnitWords, KnowQuotesAndEscapes) {
  EXPECT_EQ(split_unit_words(R"(a "b c" 'd "e"' f\x20g)"), (std::vector<std::string>{"a", "b c", "d \"e\"", "f g"}));
  EXPECT_EQ(split_unit_words(R"(A=x "B=two words" "")"), (std::vector<std::string>{"A=x", "B=two words", ""}));
  EXPECT_EQ(split_unit_words("'open"), std::nullopt);
}

TEST(Specifiers, AreReplacedAndUnknownOnesRefused) {
  const Specifiers specifiers{"app-gw@one.service", {{'h', "/home/gw"}, {'t', "/run/user/7"}}};
  EXPECT_EQ(expand_specifiers("%n %N %p %i %j 100%% %h/%t", specifiers), "app-gw@one.service app-gw@one app-gw one gw 100% /home/gw//run/user/7");
  EXPECT_EQ(expand_specifiers("%y", specifiers), std::nullopt);
  EXPECT_EQ(expand_specifiers("%", specifiers), std::nullopt);
}

TEST(EnvironmentFile, ReadsQuotesJoinsLinesAndRefusesExport) {
  const auto out = parse_environment_file("# c\n; c\nA=1\n B = two words  \nC=\"x y\"\nD='a b' \nE=a\\\nb\nexport F=1\n1G=no\nH=\n");
  const std::vector<std::pair<std::string, std::string>> expected{{"A", "1"}, {"B", "two words"}, {"C", "x y"}, {"D", "a b"}, {"E", "ab"}, {"H", ""}};
  EXPECT_EQ(out, expected);
}

TEST(Unit, HasTheDefaultsOfSystemd) {
  const auto unit = unit_from_text("gw", "[Service]\nExecStart=/bin/true\n");

  EXPECT_EQ(unit->load_state, LoadState::loaded);
  EXPECT_EQ(unit->name, "gw.service");
  EXPECT_EQ(unit->description, "gw.service");
  EXPECT_EQ(unit->service.restart_delay, 100ms);
  EXPECT_EQ(unit->service.timeout_start, 90s);
  EXPECT_EQ(unit->service.timeout_stop, 90s);
  EXPECT_EQ(unit->start_limit_burst, 5U);
  EXPECT_EQ(unit->start_limit_interval, 10s);
  EXPECT_EQ(unit->kill.kill_signal, 15);
  EXPECT_EQ(unit->kill.final_kill_signal, 9);
  EXPECT_TRUE(unit->kill.send_sigkill);
  EXPECT_EQ(unit->service.notify_access, NotifyAccess::none);
}

TEST(Unit, ImpliesNotifyAccessWhereSomethingNotifies) {
  EXPECT_EQ(unit_from_text("a", "[Service]\nType=notify\nExecStart=/a\n")->service.notify_access, NotifyAccess::main);
  EXPECT_EQ(unit_from_text("a", "[Service]\nWatchdogSec=3\nExecStart=/a\n")->service.notify_access, NotifyAccess::main);
  EXPECT_EQ(unit_from_text("a", "[Service]\nFileDescriptorStoreMax=3\nExecStart=/a\n")->service.notify_access, NotifyAccess::main);
  EXPECT_EQ(unit_from_text("a", "[Service]\nType=notify\nNotifyAccess=all\nExecStart=/a\n")->service.notify_access, NotifyAccess::all);
}

TEST(Unit, KnowsNamesNumbersAndSignalsInExitSets) {
  const auto unit = unit_from_text("a", "[Service]\nExecStart=/a\nRestartForceExitStatus=TEMPFAIL 3\nRestartForceExitStatus=SIGHUP\nSuccessExitStatus=9\nSuccessExitStatus=\nSuccessExitStatus=KILL\n");
  EXPECT_TRUE(unit->service.restart_force.statuses.test(75));
  EXPECT_TRUE(unit->service.restart_force.statuses.test(3));
  EXPECT_TRUE(unit->service.restart_force.signals.test(1));
  EXPECT_TRUE(unit->service.success.statuses.none());
  EXPECT_TRUE(unit->service.success.signals.test(9));
}

TEST(Unit, WarnsOfKeysThatThisVersionDoesNotKnow) {
  const std::string text = "[Service]\nExecStart=/a\nRestartSteps=3\nResartSec=4\n";
  const auto old = unit_from_text("a", text, Compat::v252);
  const auto now = unit_from_text("a", text, Compat::v257);

  EXPECT_EQ(old->warnings.size(), 2U);
  EXPECT_EQ(now->service.restart_steps, 3U);
  ASSERT_EQ(now->warnings.size(), 1U);
  EXPECT_NE(now->warnings[0].find("a.service:4: Unknown key 'ResartSec' in section [Service], ignoring."), std::string::npos);
}

TEST(Unit, RefusesWhatSystemdRefuses) {
  const auto state = [](const std::string& text) { return unit_from_text("a", "[Service]\n" + text)->load_state; };
  EXPECT_EQ(state("Restart=no\n"), LoadState::bad_setting);
  EXPECT_EQ(state("ExecStart=/a\nExecStart=/b\n"), LoadState::bad_setting);
  EXPECT_EQ(state("Type=oneshot\nExecStart=/a\nExecStart=/b\n"), LoadState::loaded);
  EXPECT_EQ(state("Type=oneshot\nExecStart=/a\nRestart=always\n"), LoadState::bad_setting);
  EXPECT_EQ(state("ExecStart=bin/a\n"), LoadState::bad_setting);
  EXPECT_EQ(state("ExecStart=a\n"), LoadState::loaded);
  EXPECT_EQ(state("Type=forking\nExecStart=/a\n"), LoadState::bad_setting);
}

TEST(Unit, TakesPrefixesOffCommands) {
  const auto unit = unit_from_text("a", "[Service]\nExecStart=-@/bin/a zero 'one two' %%\nExecStartPre=:/bin/b $X ; /bin/c\n");
  const auto& start = unit->service.of(ExecSlot::start)[0];
  EXPECT_TRUE(start.ignore_failure);
  EXPECT_EQ(start.path, "/bin/a");
  EXPECT_EQ(start.argv, (std::vector<std::string>{"zero", "one two", "%"}));
  const auto& pre = unit->service.of(ExecSlot::start_pre);
  ASSERT_EQ(pre.size(), 2U);
  EXPECT_TRUE(pre[0].keep_dollar);
  EXPECT_EQ(pre[1].path, "/bin/c");
}

TEST(Unit, DropInsApplyAfterTheFragment) {
  UnitText text{.fragment_path = "/u/a.service", .text = "[Service]\nExecStart=/a\nEnvironment=A=1\nRestartSec=1\n",
                .drop_ins = {{"/u/a.service.d/10.conf", "[Service]\nRestartSec=7\nEnvironment=B=2\n"},
                             {"/u/a.service.d/20.conf", "[Service]\nExecStart=\nExecStart=/b\n"}}};
  const auto unit = load_unit("a.service", text, {}, Compat::v257);
  EXPECT_EQ(unit->service.restart_delay, 7s);
  EXPECT_EQ(unit->exec.environment, (std::vector<std::string>{"A=1", "B=2"}));
  ASSERT_EQ(unit->service.of(ExecSlot::start).size(), 1U);
  EXPECT_EQ(unit->service.of(ExecSlot::start)[0].path, "/b");
}

TEST(Unit, ZeroMeansNoTimeOutButNotNoDelay) {
  const auto unit = unit_from_text("a", "[Service]\nExecStart=/a\nTimeoutSec=0\nRestartSec=0\nRuntimeMaxSec=0\n");
  EXPECT_EQ(unit->service.timeout_start, base::kForever);
  EXPECT_EQ(unit->service.timeout_stop, base::kForever);
  EXPECT_EQ(unit->service.runtime_max, base::kForever);
  EXPECT_EQ(unit->service.restart_delay, 0s);
  EXPECT_EQ(unit_from_text("a", "[Service]\nType=oneshot\nExecStart=/a\n")->service.timeout_start, base::kForever);
}

}  // namespace
}  // namespace harness::manager
