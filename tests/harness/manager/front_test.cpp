// The fronts' texts against recordings of the real ones: status, journalctl, list-units, show, and the small verbs.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "base/text.h"
#include "harness/manager/front_args.h"
#include "tests/harness/manager/recording.h"

namespace harness::manager::testing {
namespace {

using namespace std::chrono_literals;

const std::string kFolder = "/run/rsd-home/.config/systemd/user/";

/// The recorded output of each command of texts_*.txt, by the command's words; of a command given twice, both in turn.
std::multimap<std::string, std::string> recorded_texts(Compat compat) {
  std::ifstream in{std::string{BROWNOUT_SOURCE_DIR} + "/tests/data/systemd_texts_" + std::string{to_string(compat)} + ".txt"};
  std::multimap<std::string, std::string> out;
  std::string line, command, text;
  while (std::getline(in, line)) {
    if (line.starts_with("$ ")) {
      command = line.substr(2);
      text.clear();
    } else if (line.starts_with("[rc=")) {
      out.emplace(command, text + line);
    } else {
      text += line + "\n";
    }
  }
  return out;
}

/// Takes out what differs from run to run.
std::string normal(std::string text) {
  static const std::vector<std::pair<std::regex, std::string>> kRules = {
      {std::regex{R"(/state/txt\d+/)"}, "/state/"},
      {std::regex{R"(\w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC; [^\n]* ago)"}, "TS; AGO"},
      {std::regex{R"(Nov \d\d \d\d:\d\d:\d\d vm)"}, "STAMP vm"},
      {std::regex{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)"}, "ISO"},
      {std::regex{R"(\[ *\d+\.\d{6}\])"}, "[MONO]"},
      {std::regex{R"((systemd|probe)\[\d+\])"}, "$1[N]"},
      {std::regex{R"((Main PID|Process): \d+)"}, "$1: N"},
      {std::regex{R"( *CPU: [^\n]*\n)"}, ""},  // the recorder's kernel did not always count it
      {std::regex{R"(Duration: [^\n]*)"}, "Duration: T"},
      {std::regex{R"(Invocation: [0-9a-f]{32})"}, "Invocation: I"},
      {std::regex{R"(─ *\d+ )"}, "─N "},
      {std::regex{R"(process \d+ \()"}, "process N ("},
  };
  for (const auto& [pattern, with] : kRules) text = std::regex_replace(text, pattern, with);
  // The real tree quotes a word that holds a blank, with its own rules; ours prints the words.
  return base::replace_all(text, "\"", "");
}

class Texts : public ::testing::TestWithParam<Compat> {
 protected:
  Texts() : machine(GetParam()), recorded(recorded_texts(GetParam())) {
    add("gw", "Type=notify\nRestart=on-failure\nRestartSec=300ms\nRestartForceExitStatus=75\n",
        "\"on:USR1:out:draining sessions|sleep:50|exit:75,out:hello,notify:READY=1;STATUS=Serving,hang\" on:TERM:exit:0,notify:READY=1,hang");
    add("simple", "", "\"err:to stderr,hang\"");
    add("wd", "WatchdogSec=300ms\n", "hang");
    add("tmo", "Type=notify\nTimeoutStartSec=200ms\n", "hang");
    add("hang", "TimeoutStopSec=200ms\n", "ignore:TERM,hang");
    add("loop", "Restart=on-failure\nRestartSec=100ms\nStartLimitBurst=2\n", "exit:1");
    add("sig", "", "raise:SEGV");
    add("pre", "ExecStartPre=/bin/sh -c \"exit 3\"\n", "hang");
    add("left", "KillMode=process\n", "fork:hang,hang");
    add("rmax", "RuntimeMaxSec=200ms\n", "hang");
    file("noexec", "[Unit]\nDescription=Gateway noexec\n[Service]\nExecStart=/nonexistent/gw\n");
    file("steps", "[Unit]\nDescription=x\n[Service]\nRestartSteps=3\nRestartMaxDelaySec=3\nExecStart=/opt/probe /state/steps hang\n");
  }
  void file(const std::string& name, const std::string& text) { machine.files[kFolder + name + ".service"] = text; }
  void add(const std::string& name, const std::string& settings, const std::string& scripts) {
    file(name, "[Unit]\nDescription=Gateway " + name + "\n[Service]\n" + settings + "ExecStart=/opt/probe /state/" + name + " " + scripts + "\n");
  }
  void run(const std::string& line, base::Duration wait = 60ms) {
    machine.call_and_wait("systemctl --user " + line);
    machine.run_for(wait);
  }
  /// Compares our answer to a recorded one; `nth` of those that were asked alike.
  void expect(const std::string& command, std::size_t nth = 0, std::string ask = "") {
    auto range = recorded.equal_range(command);
    ASSERT_GT(static_cast<std::size_t>(std::distance(range.first, range.second)), nth) << command << " was not recorded";
    std::advance(range.first, nth);
    const auto result = machine.ask(ask.empty() ? command : ask);
    EXPECT_EQ(normal(result.out + result.err + "[rc=" + std::to_string(result.rc) + "]"), normal(range.first->second)) << "$ " << command;
  }
  SimulatedMachine machine;
  std::multimap<std::string, std::string> recorded;
};

TEST_P(Texts, OfALifeWithAPlannedRestartAreTheRealOnes) {
  run("start gw", 800ms);
  expect("systemctl --user status gw --no-pager -n 3");
  run("kill -s USR1 --kill-whom=main gw", 150ms);
  if (GetParam() == Compat::v252) expect("systemctl --user status gw --no-pager");
  run("start gw", 500ms);
}

TEST_P(Texts, OfTheJournalAreTheRealOnes) {
  machine.manager().keep("gw");
  run("start gw", 800ms);
  run("kill -s USR1 --kill-whom=main gw", 150ms);
  machine.run_for(500ms);
  run("restart gw");
  run("stop gw");
  expect("journalctl --user -u gw --no-pager -o cat");
  expect("journalctl --user -u gw -n 2 --no-pager");
  expect("journalctl --user -u gw -n 2 --no-pager -l --since 2 min ago", 0, "journalctl --user -u gw -n 2 --no-pager -l --since '2 min ago'");
  expect("journalctl --user -u gw -n 1 --no-pager -o short-iso");
  expect("journalctl --user -u gw -n 1 --no-pager -o short-monotonic");
  expect("journalctl --user -u nosuch --no-pager");
  expect("journalctl --user -u gw --no-pager -q -n 0");
}

TEST_P(Texts, OfEveryWayToFailAreTheRealOnes) {
  for (const char* name : {"simple", "wd", "tmo", "hang", "loop", "sig", "noexec", "pre", "left", "rmax"}) run(std::string{"start "} + name, 500ms);
  for (const char* name : {"simple", "hang", "left"}) run(std::string{"stop "} + name, 300ms);
  for (const char* name : {"simple", "wd", "tmo", "hang", "loop", "sig", "noexec", "pre", "left", "rmax"}) {
    expect(std::string{"journalctl --user -u "} + name + " --no-pager -o cat");
  }
  expect("systemctl --user status simple --no-pager -n 2");
  expect("systemctl --user status loop --no-pager -n 2");
  expect("systemctl --user status wd --no-pager -n 2");
  expect("systemctl --user status nosuch --no-pager");
  expect("systemctl --user --failed --no-pager --plain");
  expect("systemctl --user list-units gw* simple* --all --no-pager");
  machine.ask("systemctl --user show steps");
  expect("journalctl --user --no-pager -o cat -g Unknown key", 0, "journalctl --user --no-pager -o cat -g 'Unknown key'");
}

TEST_P(Texts, OfShowHaveThePropertiesOfTheRealOneInItsOrder) {
  const auto names = [](const std::string& text) {
    std::string out;
    for (const auto& line : base::split(text, '\n')) {
      if (!line.empty() && !line.starts_with("[rc=")) out += line.substr(0, line.find('=')) + "\n";
    }
    return out;
  };
  const auto recorded_text = recorded.find("systemctl --user show gw")->second;
  const auto ours = machine.ask("systemctl --user show gw").out;
  EXPECT_EQ(names(ours), names(recorded_text));

  // The values too, but for facts of the recorder's machine and limits that this manager does not model.
  const auto a = base::split(normal(recorded_text), '\n'), b = base::split(normal(ours), '\n');
  std::size_t differ = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const std::string name = a[i].substr(0, a[i].find('='));
    const bool of_machine = name.starts_with("Limit") || name == "ExecStart" || name == "ExecStartEx";
    if (of_machine || a[i] == b[i] || a[i].starts_with("[rc=")) continue;
    ++differ;
    ADD_FAILURE() << "recorded " << a[i] << ", ours " << b[i];
  }
  EXPECT_EQ(differ, 0U);
}

TEST_P(Texts, OfJournalctlInJsonCarryTheFieldsThatToolsRead) {
  machine.manager().keep("simple");
  run("start simple");
  run("stop simple");
  const auto line = base::parse_wire_json(machine.ask("journalctl --user -u simple -n 1 --no-pager -o json").out);
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(base::string_or(*line, "MESSAGE"), "Stopped simple.service - Gateway simple.");
  EXPECT_EQ(base::string_or(*line, "MESSAGE_ID"), "9d1aaa27d60140bd96365438aad20286");
  EXPECT_EQ(base::string_or(*line, "USER_UNIT"), "simple.service");
  EXPECT_EQ(base::string_or(*line, "JOB_TYPE"), "stop");
  EXPECT_EQ(base::string_or(*line, "JOB_RESULT"), "done");
  EXPECT_EQ(base::string_or(*line, "PRIORITY"), "6");
  EXPECT_EQ(base::string_or(*line, "USER_INVOCATION_ID").size(), 32U);
}

TEST_P(Texts, OfUnknownUnitsHaveTheirOwnExitCodes) {
  const bool old = GetParam() == Compat::v252;
  const auto ask = [&](const std::string& line) {
    const auto result = machine.call_and_wait("systemctl --user " + line);
    return result.out + "|" + result.err + "|" + std::to_string(result.rc);
  };
  EXPECT_EQ(ask("start nosuch"), "|Failed to start nosuch.service: Unit nosuch.service not found.\n|5");
  EXPECT_EQ(ask("restart nosuch"), "|Failed to restart nosuch.service: Unit nosuch.service not found.\n|5");
  EXPECT_EQ(ask("stop nosuch"), "|Failed to stop nosuch.service: Unit nosuch.service not loaded.\n|5");
  EXPECT_EQ(ask("kill nosuch"), "|Failed to kill unit nosuch.service: Unit nosuch.service not loaded.\n|1");
  EXPECT_EQ(ask("reset-failed nosuch"), "|Failed to reset failed state of unit nosuch.service: Unit nosuch.service not loaded.\n|1");
  EXPECT_EQ(ask("is-active nosuch"), std::string{"inactive\n||"} + (old ? "3" : "4"));
  EXPECT_EQ(ask("is-failed nosuch"), std::string{"inactive\n||"} + (old ? "1" : "4"));
  EXPECT_EQ(ask("show nosuch -p LoadState"), "LoadState=not-found\n||0");
  EXPECT_EQ(ask("show gw -p NoSuchProperty"), "||0");
  EXPECT_EQ(ask("--no-such start gw"), "|systemctl: unrecognized option '--no-such'\n|1");
  EXPECT_EQ(ask("is-enabled nosuch").back(), old ? '1' : '4');
}

TEST_P(Texts, OfMaskedUnitsSayMasked) {
  machine.call_and_wait("systemctl --user mask other");
  const auto result = machine.call_and_wait("systemctl --user start other");
  EXPECT_EQ(result.rc, 1);
  EXPECT_EQ(result.err, "Failed to start other.service: Unit other.service is masked.\n");
  EXPECT_EQ(machine.ask("systemctl --user is-enabled other").out, "masked\n");
}

TEST_P(Texts, OfCatShowTheFragmentAndItsDropIns) {
  machine.files[kFolder + "gw.service.d/10-more.conf"] = "[Service]\nRestartSec=7\n";
  const auto result = machine.ask("systemctl --user cat steps gw");
  EXPECT_EQ(result.rc, 0);
  EXPECT_TRUE(result.out.starts_with("# " + kFolder + "steps.service\n[Unit]\n"));
  EXPECT_NE(result.out.find("\n# " + kFolder + "gw.service.d/10-more.conf\n[Service]\nRestartSec=7\n"), std::string::npos);
  EXPECT_EQ(machine.ask("systemctl --user show gw -p RestartUSec -p DropInPaths").out,
            "RestartUSec=7s\nDropInPaths=" + kFolder + "gw.service.d/10-more.conf\n");
}

TEST_P(Texts, OfAFollowedJournalComeAsTheyAreWritten) {
  run("start simple");
  const auto follow = machine.call("journalctl", {"--user", "-u", "simple", "-f", "-o", "cat", "-n", "1"});
  machine.run_for(50ms);
  EXPECT_EQ(follow->out, "to stderr\n");
  run("stop simple");
  EXPECT_EQ(follow->out, "to stderr\nStopping simple.service - Gateway simple...\nStopped simple.service - Gateway simple.\n");
  EXPECT_FALSE(follow->done);
}

TEST_P(Texts, OfLoginctlSayWhetherTheUserLingers) {
  EXPECT_EQ(machine.call_and_wait("loginctl show-user gw --property=Linger").out, "Linger=yes\n");
  EXPECT_EQ(machine.call_and_wait("loginctl disable-linger").rc, 0);
  EXPECT_EQ(machine.call_and_wait("loginctl show-user gw -p Linger --value").out, "no\n");
  EXPECT_EQ(machine.call_and_wait("loginctl show-user nobody").rc, 1);
}

INSTANTIATE_TEST_SUITE_P(Both, Texts, ::testing::Values(Compat::v252, Compat::v257),
                         [](const auto& of) { return "Systemd" + std::string{to_string(of.param)}; });

TEST(FrontArguments, StandInAnyOrderAndForm) {
  const std::vector<std::string> words{"--user", "show", "gw", "-p", "MainPID,Result", "--property=NRestarts", "-pSubState", "--no-pager", "--value"};
  const auto args = parse_systemctl(words);
  EXPECT_EQ(args.verb, "show");
  EXPECT_EQ(args.names, std::vector<std::string>{"gw"});
  EXPECT_EQ(args.properties, (std::vector<std::string>{"MainPID", "Result", "NRestarts", "SubState"}));
  EXPECT_TRUE(args.user && args.value);

  const std::vector<std::string> journal{"--user", "-u", "gw", "-n20", "--no-pager", "-l", "--since", "2 min ago", "-fo", "json"};
  const auto lines = parse_journalctl(journal);
  EXPECT_EQ(lines.lines, 20);
  EXPECT_EQ(lines.since, "2 min ago");
  EXPECT_EQ(lines.output, "json");
  EXPECT_TRUE(lines.follow);
}

}  // namespace
}  // namespace harness::manager::testing
