// A gateway that does not tell when it is ready is asked, in real time: compressed clocks make no program load faster.
#include "base/text.h"
#include "harness/live/world.h"

namespace harness {
namespace {

constexpr std::size_t kLinesShown = 8;
constexpr int kAskManagerEvery = 25;  // half a second of real time

}  // namespace

std::string World::last_lines() {
  catch_up();
  std::vector<std::string> lines;
  recorder_.look([&](const std::vector<Entry>& entries) {
    for (const auto& entry : entries) {
      if (entry.lane == "gateway" && (entry.kind == "stderr" || entry.kind == "log")) lines.push_back(base::string_or(entry.data, "line", base::dump(entry.data)));
    }
    return 0;
  });
  if (lines.empty()) return " none";
  std::string text;
  for (auto i = lines.size() > kLinesShown ? lines.size() - kLinesShown : 0; i < lines.size(); ++i) text += "\n      " + base::printable(lines[i], 300);
  return text;
}

base::Result<bool> World::wait_for_answer() {
  const auto& target = spec_.target;
  const auto until = recorder_.now() + base::from_seconds(base::seconds(target.ready_within) * spec_.speed);
  // The manager is asked seldom: each question stands in its log.
  for (int asked = 1; recorder_.now() < until; ++asked) {
    const auto reply = plain_call(places_.port, "GET", target.health, "", std::chrono::seconds{10});
    if (reply && reply->status < 500) return true;
    const auto state = asked % kAskManagerEvery == 0 ? property("ActiveState") : std::string("active");
    // `activating` is the pause before the manager starts it again: it may be for the best.
    if (state == "failed" || state == "inactive" || (state == "activating" && property("NRestarts") != "0")) {
      return base::problem(fmt::format("the target {} ended before it answered GET {} ({}, result {}, exit {})", target.name, target.health, state, property("Result"), property("ExecMainStatus")),
                           "its last lines:" + last_lines());
    }
    std::this_thread::sleep_for(base::from_seconds(0.02 * spec_.speed));
  }
  return base::problem(fmt::format("the target {} did not answer GET {} on port {} within {} of real time", target.name, target.health, places_.port, base::format_duration(target.ready_within)),
                       "its last lines:" + last_lines());
}

}  // namespace harness
