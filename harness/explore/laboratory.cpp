// Runs cases by the thousand: what a case shares with others is made once.
#include "base/assert.h"
#include "harness/explore/arena.h"
#include "harness/explore/campaign.h"
#include "harness/explore/run_virtual.h"
#include "harness/explore/virtual_steps.h"

namespace harness::explore {

/// What cases with the same keys and providers have in common.
struct Laboratory::Shape {
  Scenario scenario;
  gateway::Config config;
  std::shared_ptr<const manager::Unit> unit;
  std::vector<Step> ending;
};

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

/// The steps of each move and of the ending; the first of them may be there already.
void Laboratory::lists_of(const Case& what, std::vector<const std::vector<Step>*>& lists) {
  while (lists.size() < what.moves.size()) lists.push_back(&steps_of(what.moves[lists.size()], what.spare_keys > 0));
  if (what.ending) lists.push_back(&shape_of(what).ending);
}

WorldOptions Laboratory::options_for(const Case& what) const {
  WorldOptions options;
  options.seed = what.seed;
  // The keys of a shape are made with one seed: its configuration is shared by all its cases.
  options.model_seed = 1;
  options.history = options.provider_journal = false;
  options.parts = parts_;
  options.expected_text = kReplyText;
  options.fault_code = [](std::string_view fault) -> std::uint32_t {
    for (std::size_t i = 0; i < kFaultChoices.size(); ++i) {
      if (kFaultChoices[i].name == fault && kFaultChoices[i].retry_after.empty()) return static_cast<std::uint32_t>(i + 1);
    }
    return 0;
  };
  return options;
}

/// A world and its steps: everything of a run that changes.
struct Laboratory::Stage {
  World world;
  VirtualSteps steps;
  bool over = false;

  /// The unit is borrowed: a count that is shared with the world outside must not change with this one.
  Stage(const Shape& shape, WorldOptions options)
      : world(shape.scenario, shape.config, std::shared_ptr<const manager::Unit>(std::shared_ptr<const manager::Unit>{}, shape.unit.get()), std::move(options)), steps(world) {}

  static constexpr base::Instant kLimit{std::chrono::hours{6}};

  void start() {
    world.systemctl({"start", World::kUnitName}, [this](int, const std::string&, const std::string&) { over = true; });
    while (!over && world.clock().step(kLimit)) steps.poll();
  }
  /// `list` must outlive this.
  void play(const std::vector<Step>& list) {
    over = false;
    steps.run(list, [this] { over = true; });
    steps.poll();
    while (!over && world.clock().step(kLimit)) steps.poll();
  }
  Outcome judge(const Case& what, Seen& seen) const {
    count_sometimes(world.trace(), seen);
    return {.violation = judge_trace(what, steps.failed_step(), world.trace()), .digest = world.trace().digest(), .events = world.clock().steps()};
  }
  void end() {
    while (world.clients_open() > 0 && world.clock().step(kLimit)) steps.poll();
  }
};

/// The moves that the last case was made of, and how the world was after some of them.
struct Laboratory::Trunk {
  Arena arena;
  Case what;
  std::vector<Arena::Mark> marks;  ///< [n]: after n moves
  std::size_t marked = 0;          ///< how many of them hold
  std::vector<const std::vector<Step>*> lists;
  Stage* stage = nullptr;          ///< in the arena; never destroyed

  /// How many marks are good for a case: 0, or one more than the moves that it shares with the last.
  std::size_t shared(const Case& other) const {
    if (stage == nullptr || what.keys != other.keys || what.spare_keys != other.spare_keys || what.commit_complete != other.commit_complete || what.seed != other.seed) return 0;
    std::size_t same = 0;
    while (same < what.moves.size() && same < other.moves.size() && what.moves[same] == other.moves[same]) ++same;
    return std::min(same + 1, marked);
  }
  void mark() {
    if (marks.size() == marked) marks.emplace_back();
    arena.mark(marks[marked++]);
  }
};

Laboratory::Laboratory(GatewayParts parts) : parts_(std::move(parts)) {}
Laboratory::~Laboratory() = default;

Outcome Laboratory::run(const Case& what, Seen& seen, std::size_t trunk) {
  if (!kArenas) return run_alone(what, seen);
  const auto& shape = shape_of(what);
  if (!trunk_) trunk_ = std::make_unique<Trunk>();
  auto& tree = *trunk_;
  tree.marked = tree.shared(what);
  tree.lists.resize(tree.marked > 0 ? tree.marked - 1 : 0);
  lists_of(what, tree.lists);
  const auto& lists = tree.lists;
  if (tree.marked > 0) {
    tree.arena.go_back(tree.marks[tree.marked - 1]);
  } else {
    tree.arena.clear();
    {
      const Arena::Scope scope(tree.arena);
      tree.stage = new Stage(shape, options_for(what));
      tree.stage->start();
    }
    tree.mark();
  }
  tree.what = what;
  auto& stage = *tree.stage;
  for (std::size_t i = tree.marked - 1; i < lists.size(); ++i) {
    {
      const Arena::Scope scope(tree.arena);
      stage.play(*lists[i]);
      if (i + 1 == lists.size()) stage.end();
    }
    if (i < trunk && i < what.moves.size()) tree.mark();
  }
  return stage.judge(what, seen);
}

Outcome Laboratory::run_alone(const Case& what, Seen& seen) {
  std::vector<const std::vector<Step>*> lists;
  lists_of(what, lists);
  Stage stage(shape_of(what), options_for(what));
  stage.start();
  for (const auto* list : lists) stage.play(*list);
  stage.end();
  return stage.judge(what, seen);
}

Case Laboratory::shrink(Case failing, const std::string& rule, std::uint64_t runs_max) {
  std::uint64_t runs = 0;
  Seen ignored{};
  const auto still = [&](const Case& smaller) {
    if (++runs > runs_max) return false;
    const auto outcome = run_alone(smaller, ignored);
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
      if (failing.moves[i].kind > Move::Kind::ask_stream && failing.moves[i].kind < Move::Kind::fault) simpler([](Move& move) { move.kind = Move::Kind::ask_stream; });
    }
  }
  return failing;
}

}  // namespace harness::explore
