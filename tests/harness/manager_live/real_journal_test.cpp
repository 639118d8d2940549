// The journal of a real manager becomes the same history as the mock's.
#include <gtest/gtest.h>

#include "base/text.h"
#include "harness/manager/real_journal.h"

namespace {

using base::Json;
using harness::manager::RealJournal;

/// Lines of systemd 252 and 257 as recorded, one second of wall time apart, and what they must become: "kind key=value …".
class Reader {
 public:
  std::vector<std::string> manager(const std::string& message, int priority = 7) {
    return told({{"USER_UNIT", "x.service"}, {"_SYSTEMD_USER_UNIT", "init.scope"}, {"SYSLOG_IDENTIFIER", "systemd"}, {"MESSAGE", message},
                 {"PRIORITY", std::to_string(priority)}, {"_PID", "32"}});
  }
  std::vector<std::string> service(const std::string& message) {
    return told({{"_SYSTEMD_USER_UNIT", "x.service"}, {"SYSLOG_IDENTIFIER", "probe"}, {"MESSAGE", message}, {"PRIORITY", "6"}, {"_PID", "84"}});
  }
  std::vector<std::string> told(Json line) {
    line["_SOURCE_REALTIME_TIMESTAMP"] = std::to_string(2'000'000 + 1'000'000 * count_++);
    std::vector<std::string> all;
    for (const auto& entry : journal_.read(base::dump(line))) all.push_back(base::dump(entry));
    return all;
  }

 private:
  // Wall zero is 1 s, monotonic zero 100 s, time twenty times faster: the first line is at 120 s.
  RealJournal journal_{{.factor = 20, .monotonic_zero = 100'000'000'000, .wall_zero = 1'000'000'000}};
  int count_ = 0;
};
using Lines = std::vector<std::string>;

TEST(RealJournal, AStartAnExitAndARestartAreToldAsByTheMock) {
  Reader r;
  EXPECT_EQ(r.manager("x.service: Will spawn child (service_enter_start): /bin/probe"), Lines{});
  EXPECT_EQ(r.manager("x.service: Forked /bin/probe as 84"),
            Lines{R"({"t":140.0,"lane":"manager","kind":"spawn","unit":"x.service","pid":84,"role":"main","command":"/bin/probe"})"});
  EXPECT_EQ(r.manager("x.service: Changed dead -> start"),
            Lines{R"({"t":160.0,"lane":"manager","kind":"state","unit":"x.service","from":"dead","to":"start","active":"activating","result":"success","n_restarts":0,"pid":84,"reason":""})"});
  EXPECT_EQ(r.manager("x.service: Got notification message from PID 84 (READY=1, STATUS=hi)"),
            Lines{R"({"t":180.0,"lane":"manager","kind":"notify","unit":"x.service","pid":84,"text":"READY=1\nSTATUS=hi"})"});
  EXPECT_EQ(r.manager("x.service: Child 84 belongs to x.service."), Lines{});
  EXPECT_EQ(r.manager("x.service: Main process exited, code=exited, status=75/TEMPFAIL", 5),
            (Lines{R"({"t":220.0,"lane":"manager","kind":"exit","unit":"x.service","pid":84,"role":"main","code":"exited","status":75})",
                   R"({"t":220.0,"lane":"manager","kind":"journal","unit":"x.service","line":"x.service: Main process exited, code=exited, status=75/TEMPFAIL"})"}));
  r.manager("x.service: Failed with result 'exit-code'.", 4);
  EXPECT_EQ(r.manager("x.service: Changed running -> failed"),
            Lines{R"({"t":260.0,"lane":"manager","kind":"state","unit":"x.service","from":"running","to":"failed","active":"failed","result":"exit-code","n_restarts":0,"pid":0,"reason":"main process exited, code=exited, status=75/TEMPFAIL"})"});
  r.manager("x.service: Scheduled restart job, restart counter is at 1.", 6);
  const auto restart = r.manager("x.service: Changed auto-restart -> dead");
  ASSERT_EQ(restart.size(), 1U);
  EXPECT_NE(restart[0].find(R"("n_restarts":1)"), std::string::npos) << restart[0];
}

TEST(RealJournal, ASignalIsToldByItsName) {
  Reader r;
  const auto exit = r.manager("x.service: Main process exited, code=killed, status=15/TERM (success)");
  ASSERT_EQ(exit.size(), 1U);
  EXPECT_NE(exit[0].find(R"("code":"killed","status":"TERM")"), std::string::npos) << exit[0];
}

TEST(RealJournal, TheNewerWordsAreUnderstoodToo) {
  Reader r;
  EXPECT_EQ(r.manager("x.service: Got notification message from PID 84: STOPPING=1"),
            Lines{R"({"t":120.0,"lane":"manager","kind":"notify","unit":"x.service","pid":84,"text":"STOPPING=1"})"});
  const auto state = r.manager("x.service: Changed stop-sigterm -> failed-before-auto-restart");
  ASSERT_EQ(state.size(), 1U);
  EXPECT_NE(state[0].find(R"("active":"failed")"), std::string::npos);
}

TEST(RealJournal, WhatTheServiceWritesIsTheGatewaysLane) {
  Reader r;
  EXPECT_EQ(r.service("plain"), Lines{R"({"t":120.0,"lane":"gateway","kind":"stderr","unit":"x.service","pid":84,"line":"plain"})"});
  EXPECT_EQ(r.service(R"({"event":"ready","port":1})"),
            Lines{R"({"t":140.0,"lane":"gateway","kind":"log","unit":"x.service","pid":84,"event":"ready","port":1})"});
}

TEST(RealJournal, NoiseIsNone) {
  Reader r;
  EXPECT_EQ(r.manager("x.service: Trying to enqueue job x.service/start/replace"), Lines{});
  EXPECT_EQ(r.told({{"MESSAGE", "kernel"}, {"_TRANSPORT", "kernel"}}), Lines{});
  EXPECT_TRUE(RealJournal({}).read("no json").empty());
}

}  // namespace
