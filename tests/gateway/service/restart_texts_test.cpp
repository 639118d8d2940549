// The golden texts: people read them, scripts match them.
#include "gateway/core/restart_texts.h"

#include <gtest/gtest.h>

namespace gateway {
namespace {

TEST(ServiceTexts, AreExact) {
  const TextParts parts{.pid = 12345, .time = std::chrono::seconds{60}, .reason = "WHY"};
  std::string all;
  for (int i = 0; i <= static_cast<int>(ServiceText::starting); ++i) all += service_text(static_cast<ServiceText>(i), parts) + "\n";

  EXPECT_EQ(all,
            R"(⏳ User service draining active work...
⏳ Waiting for brownout-gateway to restart...
✓ User service restarted (PID 12345)
⚠ User service did not become active within 60s.
  Check status: gateway status
  Check logs: journalctl --user -u brownout-gateway --since '2 min ago'
⚠ Old process (PID 12345) still alive after 60s
  Ending it: SIGTERM, then SIGKILL.
✗ Old process (PID 12345) could not be ended.
  It may hang in the kernel: ps -o pid,stat,wchan:32 -p 12345
✗ Process 12345 cannot be told to restart: WHY
  It must belong to this user: ps -o pid,user,args -p 12345
✗ User service brownout-gateway is not installed.
  Install it: gateway install
✗ User service brownout-gateway is masked.
  Unmask it: systemctl --user unmask brownout-gateway
✗ The unit file of brownout-gateway is wrong.
  See what: systemctl --user status brownout-gateway
  Write it anew: gateway install
⚠ User service was not running; starting it.
✗ User service is not running.
  Start it: gateway start
✗ The service manager cannot be reached: WHY
  Check it: systemctl --user is-system-running
✗ brownout-gateway was started too often; the manager refuses further starts.
  Allow it again: systemctl --user reset-failed brownout-gateway && gateway start
  Check logs: journalctl --user -u brownout-gateway --since '2 min ago'
✗ User service failed to start: WHY
  Check status: gateway status
  Check logs: journalctl --user -u brownout-gateway --since '2 min ago'
✗ User service failed to start: WHY
  See all problems: gateway check
✗ The service manager refused: WHY
  Check status: gateway status
  Check logs: journalctl --user -u brownout-gateway --since '2 min ago'
⚠ User service was stopped while it was restarting.
  Start it: gateway start
✓ User service started (PID 12345)
✓ User service is already running (PID 12345)
✓ User service stopped
⚠ User service is still stopping after 60s.
  Check status: gateway status
⏳ Stopping brownout-gateway...
⏳ Starting brownout-gateway...
)");
}

}  // namespace
}  // namespace gateway
