// Runs cases by the thousand: what a case shares with others is made once.
#include "base/assert.h"
#include "harness/explore/campaign.h"
#include "harness/explore/run_virtual.h"
#include "harness/explore/virtual_steps.h"

namespace harness::explore {

const Laboratory::Shape& Laboratory::shape_of(const Case& what) {
  auto& shape = shapes_[{what.keys, what.spare_keys, what.commit_complete}];
  if (shape) return *shape;
  Case bare = what;
  bare.moves.clear();
  bare.ending = true;
  shape = std::make_unique<Shape>();
  shape->scenario = scenario_of(bare);
  auto config = virtual_config(shape->scenario, 1);
  ASSERT_NOTE(config.has_value(), base::render(config.error()));
  shape->config = std::move(config.value());
  shape->config.log_level = "error";  // nobody reads the lines of a million runs
  shape->unit = virtual_unit(shape->scenario, manager::Compat::v252);
  shape->ending = shape->scenario.steps;
  return *shape;
}

const std::vector<Step>& Laboratory::steps_of(const Move& move, bool spare) {
  auto& steps = steps_[{move, spare}];
  if (!steps.empty()) return steps;
  Case one;
  one.keys = 3;
  one.spare_keys = spare ? 2 : 0;
  one.moves = {move};
  auto scenario = scenario_of(one);
  // The ending is the shape's: four steps.
  for (std::size_t i = 0; i + kEndingSteps < scenario.steps.size(); ++i) steps.push_back(std::move(scenario.steps[i]));
  return steps;
}

Outcome Laboratory::run(const Case& what, Seen& seen) {
  const auto& shape = shape_of(what);
  std::vector<Step> steps;
  for (const auto& move : what.moves) {
    const auto& more = steps_of(move, what.spare_keys > 0);
    steps.insert(steps.end(), more.begin(), more.end());
  }
  if (what.ending) steps.insert(steps.end(), shape.ending.begin(), shape.ending.end());
  WorldOptions options;
  options.seed = what.seed;
  // The keys of a shape are made with one seed: its configuration is shared by all its cases.
  options.model_seed = 1;
  options.history = false;
  options.parts = parts_;
  options.expected_text = kReplyText;
  options.fault_code = [](std::string_view fault) -> std::uint32_t {
    for (std::size_t i = 0; i < kFaultChoices.size(); ++i) {
      if (kFaultChoices[i].name == fault && kFaultChoices[i].retry_after.empty()) return static_cast<std::uint32_t>(i + 1);
    }
    return 0;
  };
  World world(shape.scenario, shape.config, shape.unit, options);
  VirtualSteps run(world);
  bool over = false;
  world.systemctl({"start", World::kUnitName}, [&](int, const std::string&, const std::string&) { run.run(steps, [&] { over = true; }); });
  const auto limit = base::Instant{} + std::chrono::hours{6};
  while ((!over || world.clients_open() > 0) && world.clock().step(limit)) run.poll();
  Outcome outcome;
  outcome.violation = judge_trace(what, world, world.trace(), seen);
  outcome.digest = world.trace().digest();
  outcome.events = world.clock().steps();
  return outcome;
}

Case Laboratory::shrink(Case failing, const std::string& rule, std::uint64_t runs_max) {
  std::uint64_t runs = 0;
  Seen ignored{};
  const auto still = [&](const Case& smaller) {
    if (++runs > runs_max) return false;
    const auto outcome = run(smaller, ignored);
    return outcome.violation && outcome.violation->rule == rule;
  };
  bool progress = true;
  const auto take = [&](Case smaller) {
    if (smaller.moves == failing.moves && smaller.keys == failing.keys && smaller.spare_keys == failing.spare_keys && smaller.commit_complete == failing.commit_complete && smaller.ending == failing.ending) return;
    if (!still(smaller)) return;
    failing = std::move(smaller);
    progress = true;
  };
  while (std::exchange(progress, false) && runs < runs_max) {
    for (std::size_t size = std::max<std::size_t>(failing.moves.size() / 2, 1); size >= 1; size /= 2) {
      for (std::size_t from = 0; from + size <= failing.moves.size();) {
        auto smaller = failing;
        smaller.moves.erase(smaller.moves.begin() + static_cast<std::ptrdiff_t>(from), smaller.moves.begin() + static_cast<std::ptrdiff_t>(from + size));
        const auto before = failing.moves.size();
        take(std::move(smaller));
        if (failing.moves.size() == before) ++from;
      }
    }
    const bool uses_spare = std::any_of(failing.moves.begin(), failing.moves.end(), [](const Move& move) { return move.provider == 1; });
    if (failing.spare_keys > 0 && !uses_spare) {
      auto smaller = failing;
      smaller.spare_keys = 0;
      take(smaller);
    }
    if (failing.spare_keys > 1) {
      auto smaller = failing;
      smaller.spare_keys = 1;
      for (auto& move : smaller.moves) {
        if (move.provider == 1) move.key = std::min<std::uint8_t>(move.key, 1);
      }
      take(smaller);
    }
    if (failing.keys > 1) {
      auto smaller = failing;
      --smaller.keys;
      for (auto& move : smaller.moves) {
        if (move.provider == 0) move.key = std::min<std::uint8_t>(move.key, static_cast<std::uint8_t>(smaller.keys));
      }
      take(smaller);
    }
    if (failing.ending) {
      auto smaller = failing;
      smaller.ending = false;
      take(smaller);
    }
    if (failing.commit_complete) {
      auto smaller = failing;
      smaller.commit_complete = false;
      take(smaller);
    }
    for (std::size_t i = 0; i < failing.moves.size(); ++i) {
      const auto simpler = [&](auto change) {
        auto smaller = failing;
        change(smaller.moves[i]);
        take(smaller);
      };
      if (failing.moves[i].kind == Move::Kind::wait && failing.moves[i].time > 0) simpler([](Move& move) { --move.time; });
      if (failing.moves[i].kind == Move::Kind::fault && failing.moves[i].key != 0) simpler([](Move& move) { move.key = 0; });
      if (failing.moves[i].kind == Move::Kind::fault && failing.moves[i].times == 2) simpler([](Move& move) { move.times = 1; });
      if (failing.moves[i].kind != Move::Kind::ask && failing.moves[i].kind < Move::Kind::fault) simpler([](Move& move) { move.kind = Move::Kind::ask; });
    }
  }
  return failing;
}

}  // namespace harness::explore
