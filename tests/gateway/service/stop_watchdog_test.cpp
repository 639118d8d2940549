// A stop that hangs is ended with its own code; one that does not is left alone.
#include "gateway/service/stop_watchdog.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>

namespace gateway {
namespace {

using namespace std::chrono_literals;

TEST(StopWatchdog, EndsAHungStopWithTheFirstCode) {
  std::promise<int> ended;
  StopWatchdog watchdog([&](int code, base::Duration) { ended.set_value(code); });

  watchdog.arm(20ms, 75);
  watchdog.arm(0ms, 1);

  EXPECT_EQ(ended.get_future().get(), 75);
}

TEST(StopWatchdog, ByDefaultTheProcessLeavesThoughItsLoopIsStuck) {
  const auto child = ::fork();
  if (child == 0) {
    StopWatchdog watchdog;
    watchdog.arm(10ms, 75);
    while (true) ::pause();
  }
  int status = 0;
  ::waitpid(child, &status, 0);

  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 75);
}

TEST(StopWatchdog, AStopInTimeIsLeftAlone) {
  bool fired = false;
  {
    StopWatchdog watchdog([&](int, base::Duration) { fired = true; });
    watchdog.arm(1h, 0);
    watchdog.disarm();
  }
  EXPECT_FALSE(fired);
}

}  // namespace
}  // namespace gateway
