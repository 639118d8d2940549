// The table of the manager's faults: complete, documented, strict.
#include <gtest/gtest.h>

#include <fstream>

#include "harness/manager/faults.h"

namespace {

using namespace harness::manager;

TEST(ManagerFaults, EveryFaultOfTheMachineHasARow) {
  for (int kind = 0; kind <= static_cast<int>(FaultKind::clear); ++kind) {
    const auto value = static_cast<FaultKind>(kind);
    int rows = 0;
    for (const auto& row : kFaults) rows += row.actor == FaultActor::machine && row.kind == value ? 1 : 0;
    EXPECT_EQ(rows, 1) << to_string(value);
  }
}

TEST(ManagerFaults, TheMachineAndTheTableUseTheSameWords) {
  for (const auto& row : kFaults) {
    EXPECT_FALSE(row.doc.empty()) << row.name;
    if (row.actor == FaultActor::machine) {
      EXPECT_EQ(to_string(row.kind), row.name);
    } else {
      EXPECT_NE(row.driver, DriverFault::none) << row.name;
    }
  }
}

TEST(ManagerFaults, ParametersAreRead) {
  const auto delay = read_fault("delay-ready", {{"unit", "a.service"}, {"by", "2s"}, {"times", 3}});
  ASSERT_TRUE(delay);
  EXPECT_EQ(delay->fault.kind, FaultKind::delay_ready);
  EXPECT_EQ(delay->fault.by, base::Duration(std::chrono::seconds(2)));
  EXPECT_EQ(delay->fault.times, 3);
  EXPECT_EQ(delay->fault.unit, "a.service");

  const auto jump = read_fault("clock-jump", {{"by", "-1h"}});
  ASSERT_TRUE(jump);
  EXPECT_EQ(jump->fault.by, -base::Duration(std::chrono::hours(1)));

  const auto kill = read_fault("kill", {{"signal", "TERM"}, {"whom", "child"}});
  ASSERT_TRUE(kill);
  EXPECT_EQ(kill->signal, 15);
  EXPECT_EQ(kill->whom, "child");
  EXPECT_EQ(read_fault("exec-fails", base::Json::object())->fault.code, 203);
}

TEST(ManagerFaults, TheDocumentHasThisTable) {
  std::ifstream in(std::string(BROWNOUT_SOURCE_DIR) + "/docs/manager.md");
  const std::string text(std::istreambuf_iterator<char>(in), {});

  EXPECT_NE(text.find(faults_markdown()), std::string::npos) << "put the output of `brownout-manager --faults` into docs/manager.md";
}

TEST(ManagerFaults, WhatIsWrongIsSaid) {
  EXPECT_FALSE(read_fault("nope", base::Json::object()));
  EXPECT_EQ(check_fault("freeze", {{"for", "1s"}, {"whom", "everyone"}}), "\"whom\" is main, child or all; not everyone");
  EXPECT_EQ(check_fault("kill", {{"signal", "TREM"}}), "\"signal\" is a signal, like \"TERM\"; not TREM");
  EXPECT_EQ(check_fault("lose-ready", {{"times", "many"}}), "\"times\" is a whole number; not many");
}

}  // namespace
