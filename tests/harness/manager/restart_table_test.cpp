// The recorded table of Restart= against every cause of an end, and the recorded kills for want of memory.
#include <gtest/gtest.h>

#include <cstdio>

#include "base/text.h"
#include "tests/harness/manager/recording.h"

namespace harness::manager::testing {
namespace {

using namespace std::chrono_literals;

const std::string kFolder = "/run/rsd-home/.config/systemd/user/";

std::vector<std::string> states_of(const SimulatedMachine& machine, const std::string& unit) {
  std::vector<std::string> out;
  for (const auto& change : machine.changes) {
    if (change.unit != unit) continue;
    if (out.empty()) out.push_back(change.from);
    out.push_back(change.to);
  }
  return out;
}

std::string join(const std::vector<std::string>& states) { return base::join(states, " > "); }
std::vector<std::string> strings(const base::Json& list) {
  std::vector<std::string> out;
  for (const auto& item : list) out.push_back(item.get<std::string>());
  return out;
}

/// One cell of the table; what differs, in words.
std::string cell(const std::string& restart, const base::Json& cause, const base::Json& recorded, Compat compat) {
  SimulatedMachine machine{compat};
  std::string text = "[Service]\nRestart=" + restart + "\nRestartSec=30\n" + cause["unit"].get<std::string>();
  if (text.find("ExecStart=") == std::string::npos) text += "ExecStart=/opt/probe /state/u " + cause["script"].get<std::string>() + "\n";
  machine.files[kFolder + "u.service"] = text;
  machine.manager().keep("u");
  machine.call_and_wait("systemctl --user start u");
  for (const auto& step : cause["steps"]) {
    machine.run_for(60ms);
    if (step[0] == "k") machine.kill(machine.manager().snapshot("u").main_pid, signal_number(step[1].get<std::string>()).value_or(0));
    else machine.call_and_wait("systemctl --user " + base::replace_all(step[1].get<std::string>(), "@U", "u"));
  }
  machine.run_for(2s);

  std::string out;
  const auto differ = [&](const std::string& what, const std::string& expected, const std::string& ours) {
    if (expected != ours) out += "\n    " + what + ": recorded " + expected + ", ours " + ours;
  };
  differ("states", join(strings(recorded["states"])), join(states_of(machine, "u.service")));
  for (const char* property : {"ActiveState", "SubState", "Result"}) {
    differ(property, recorded[property].get<std::string>(), machine.manager().property("u", property));
  }
  for (const char* property : {"ExecMainCode", "ExecMainStatus"}) differ(property, recorded[property].dump(), machine.manager().property("u", property));
  const auto word = [&](const char* verb, const char* key) {
    const auto result = machine.ask(std::string{"systemctl --user "} + verb + " u");
    differ(verb, recorded[key][0].get<std::string>() + "\n " + recorded[key][1].dump(), result.out + " " + std::to_string(result.rc));
  };
  word("is-active", "is_active");
  word("is-failed", "is_failed");
  differ("status rc", recorded["status_rc"].dump(), std::to_string(machine.ask("systemctl --user status u").rc));
  const bool restarts = machine.manager().snapshot("u").sub == "auto-restart";
  differ("restarts", recorded["restarts"].dump(), restarts ? "true" : "false");
  bool reason = false;
  for (const auto& change : machine.changes) reason |= change.reason.find(recorded["reason"].get<std::string>()) != std::string::npos;
  if (!reason) out += "\n    the reason '" + recorded["reason"].get<std::string>() + "' is not told";
  return out;
}

void whole_table(Compat compat) {
  const auto& causes = recordings()["meta"]["restart_table_causes"];
  const auto& table = recordings()["restart_table"][std::string{to_string(compat)}];
  std::size_t cells = 0, good = 0;
  for (const auto& [restart, row] : table.items()) {
    for (const auto& [cause, recorded] : row.items()) {
      ++cells;
      const auto problems = cell(restart, causes[cause], recorded, compat);
      if (problems.empty()) ++good;
      EXPECT_TRUE(problems.empty()) << "Restart=" << restart << ", " << cause << problems;
    }
  }
  std::printf("restart table: %zu of %zu cells (systemd %s)\n", good, cells, std::string{to_string(compat)}.c_str());
  EXPECT_EQ(cells, 154U);
}

TEST(RestartTable, EveryCellIsAsSystemd252Does) { whole_table(Compat::v252); }
TEST(RestartTable, EveryCellIsAsSystemd257Does) { whole_table(Compat::v257); }

struct OomCase {
  std::string policy = "stop", restart = "on-failure", more;
  bool child = false;
};

OomCase oom_case(const std::string& name) {
  OomCase out;
  if (name.find("continue") != std::string::npos) out.policy = "continue";
  if (name.find("-kill-") != std::string::npos) out.policy = "kill";
  if (name.find("default") != std::string::npos) out.policy = "";
  out.child = name.ends_with("child");
  if (name.starts_with("o8-")) {
    out.restart = name.substr(3);
    out.policy = "";
  }
  if (name == "o9-prevent") out.more = "RestartPreventExitStatus=SIGKILL\n";
  return out;
}

TEST(OutOfMemory, EveryRecordedKillLeadsWhereItLedTheRealOne) {
  std::size_t good = 0, rows = 0;
  for (const auto& recorded : recordings()["oom"]) {
    ++rows;
    const std::string name = recorded["name"].get<std::string>();
    const auto plan = oom_case(name);
    SimulatedMachine machine{Compat::v257};
    machine.files[kFolder + "u.service"] = "[Service]\nRestart=" + plan.restart + "\nRestartSec=3\nMemoryMax=30M\n" +
                                           (plan.policy.empty() ? "" : "OOMPolicy=" + plan.policy + "\n") + plan.more +
                                           "ExecStart=/opt/probe /state/u " + (plan.child ? "fork:hang," : "") + "on:TERM:exit:0,hang hang\n";
    machine.manager().keep("u");
    machine.call_and_wait("systemctl --user start u");
    machine.run_for(50ms);
    const Pid main = machine.manager().snapshot("u").main_pid;
    std::vector<Pid> victims;
    for (const auto& [pid, process] : machine.alive) {
      // memory.oom.group kills all; otherwise the kernel chose the one that allocated.
      if (plan.policy == "kill" || (pid == main) != plan.child) victims.push_back(pid);
    }
    // The victims are dead before the manager hears of it.
    for (const Pid pid : victims) machine.kill(pid, 9);
    machine.feed(OomKill{"u.service", victims.front()});
    machine.run_for(2s);

    std::string out;
    for (const auto& [key, value] : recorded["snap_2s_after"].items()) {
      const auto ours = machine.manager().property("u", key);
      const std::string expected = key == "MemoryMax" ? "31457280" : value.get<std::string>();
      if (ours != expected) out += "\n    " + key + ": recorded " + expected + ", ours " + ours;
    }
    const auto expected = strings(recorded["states"]);
    machine.run_for(3s);
    auto ours = states_of(machine, "u.service");
    ours.resize(std::min(ours.size(), expected.size()));
    if (ours != expected) out += "\n    states: recorded " + join(expected) + ", ours " + join(ours);
    if (out.empty()) ++good;
    EXPECT_TRUE(out.empty()) << name << out;
  }
  std::printf("out of memory: %zu of %zu cases\n", good, rows);
  EXPECT_EQ(rows, 15U);
}

}  // namespace
}  // namespace harness::manager::testing
