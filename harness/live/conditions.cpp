// `wait` in the live world: a condition is asked until it is true or the deadline is over.
#include "harness/dialogue/conditions.h"

#include "harness/live/steps.h"

namespace harness {
namespace {

using base::Json;

std::string health_word(World& world) {
  const auto reply = plain_call(world.port(), "GET", world.spec().target.health, "", std::chrono::seconds{5});
  if (!reply) return {};
  const auto json = base::parse_wire_json(reply->body);
  const auto word = json && json->is_object() ? base::string_or(*json, "status") : std::string{};
  // A gateway without words of its own is running when it answers well.
  return !word.empty() ? word : reply->status < 500 ? "running" : std::to_string(reply->status);
}

WaitFacts facts_of(World& world, const std::function<int()>& background_open) {
  return {.property = [&](const std::string& name) { return world.property(name); },
          .health = [&] { return health_word(world); },
          .status =
              [&]() -> std::optional<Json> {
            const auto reply = plain_call(world.admin_port(), "GET", "/status", "", std::chrono::seconds{5});
            return reply ? base::parse_wire_json(reply->body) : std::nullopt;
          },
          .background = background_open,
          .entries = [&](const std::function<void(const std::vector<Entry>&)>& look) {
            world.recorder().look([&](const std::vector<Entry>& entries) {
              look(entries);
              return 0;
            });
          },
          .pid_before = {}};
}

}  // namespace

std::optional<std::string> wait_until(World& world, const WaitStep& step, const std::function<int()>& background_open) {
  if (step.time) {
    std::this_thread::sleep_for(*step.time);
    return std::nullopt;
  }
  const auto until = std::chrono::steady_clock::now() + world.patience(step.deadline);
  auto facts = facts_of(world, background_open);
  if (step.until == "pid-new") facts.pid_before = world.property("MainPID");
  std::string seen;
  for (;;) {
    if (wait_holds(step, facts, seen)) return std::nullopt;
    if (std::chrono::steady_clock::now() >= until) {
      return fmt::format("waited {} for \"{}\"; seen last: {}", base::format_duration(step.deadline), step.until, seen.empty() ? "nothing" : seen);
    }
    // Real milliseconds, whatever the speed: a nominal pause shrinks with it.
    std::this_thread::sleep_for(base::from_seconds(0.003 * world.spec().speed));
  }
}

}  // namespace harness
