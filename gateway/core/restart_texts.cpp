#include "gateway/core/restart_texts.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <array>

namespace gateway {
namespace {

// {n}: seconds. The order is that of ServiceText.
constexpr std::array<std::string_view, 24> kTexts{
    "⏳ User service draining active work...",
    "⏳ Waiting for {unit} to restart...",
    "✓ User service restarted (PID {pid})",
    "⚠ User service did not become active within {n}s.\n"
    "  Check status: gateway status\n"
    "  Check logs: journalctl --user -u {unit} --since '2 min ago'",
    "⚠ Old process (PID {pid}) still alive after {n}s\n"
    "  Ending it: SIGTERM, then SIGKILL.",
    "✗ Old process (PID {pid}) could not be ended.\n"
    "  It may hang in the kernel: ps -o pid,stat,wchan:32 -p {pid}",
    "✗ Process {pid} cannot be told to restart: {reason}\n"
    "  It must belong to this user: ps -o pid,user,args -p {pid}",
    "✗ User service {unit} is not installed.\n"
    "  Install it: gateway install",
    "✗ User service {unit} is masked.\n"
    "  Unmask it: systemctl --user unmask {unit}",
    "✗ The unit file of {unit} is wrong.\n"
    "  See what: systemctl --user status {unit}\n"
    "  Write it anew: gateway install",
    "⚠ User service was not running; starting it.",
    "✗ User service is not running.\n"
    "  Start it: gateway start",
    "✗ The service manager cannot be reached: {reason}\n"
    "  Check it: systemctl --user is-system-running",
    "✗ {unit} was started too often; the manager refuses further starts.\n"
    "  Allow it again: systemctl --user reset-failed {unit} && gateway start\n"
    "  Check logs: journalctl --user -u {unit} --since '2 min ago'",
    "✗ User service failed to start: {reason}\n"
    "  Check status: gateway status\n"
    "  Check logs: journalctl --user -u {unit} --since '2 min ago'",
    "✗ User service failed to start: {reason}\n"
    "  See all problems: gateway check",
    "✗ The service manager refused: {reason}\n"
    "  Check status: gateway status\n"
    "  Check logs: journalctl --user -u {unit} --since '2 min ago'",
    "⚠ User service was stopped while it was restarting.\n"
    "  Start it: gateway start",
    "✓ User service started (PID {pid})",
    "✓ User service is already running (PID {pid})",
    "✓ User service stopped",
    "⚠ User service is still stopping after {n}s.\n"
    "  Check status: gateway status",
    "⏳ Stopping {unit}...",
    "⏳ Starting {unit}...",
};

}  // namespace

std::string service_text(ServiceText id, const TextParts& parts) {
  return fmt::format(fmt::runtime(kTexts[static_cast<std::size_t>(id)]), fmt::arg("unit", parts.unit), fmt::arg("pid", parts.pid),
                     fmt::arg("n", std::chrono::duration_cast<std::chrono::seconds>(parts.time).count()), fmt::arg("reason", parts.reason));
}

}  // namespace gateway
