#include "base/assert.h"
#include "harness/explore/campaign.h"

#include "harness/scenario/loader.h"

namespace harness::explore {
namespace {

using base::Json;
using K = Move::Kind;

std::string key_name(int provider, int key) { return fmt::format("{}{}", provider == 0 ? "key-" : "spare-", key); }
std::string_view provider_name(int provider) { return provider == 0 ? "acme" : "spare"; }

/// The moves that short cases are made of: few enough to be tried in every order.
const std::vector<Move>& alphabet() {
  static const std::vector<Move> moves = [] {
    std::vector<Move> all{{.kind = K::ask}, {.kind = K::ask_stream}, {.kind = K::ask_chat}, {.kind = K::ask_background}, {.kind = K::restart}, {.kind = K::kill}, {.kind = K::term}};
    for (const auto time : {std::uint8_t{2}, std::uint8_t{4}}) all.push_back({.kind = K::wait, .time = time});
    for (std::uint8_t fault = 0; fault < kFaultChoices.size(); ++fault) {
      all.push_back({.kind = K::fault, .key = 1, .fault = fault, .times = 1});
      all.push_back({.kind = K::fault, .key = 0, .fault = fault, .times = 0});
    }
    return all;
  }();
  return moves;
}



}  // namespace

std::optional<Case> enumerated_case(std::uint64_t index, std::size_t length_max) {
  const auto& letters = alphabet();
  constexpr std::uint64_t kShapes = 4;
  for (std::size_t length = 1; length <= length_max; ++length) {
    std::uint64_t words = 1;
    for (std::size_t i = 0; i < length; ++i) words *= letters.size();
    if (index >= words * kShapes) {
      index -= words * kShapes;
      continue;
    }
    Case made;
    const auto shape = index / letters.size() % kShapes;
    auto word = index / (kShapes * letters.size()) * letters.size() + index % letters.size();
    made.keys = shape % 2 == 0 ? 1 : 2;
    made.spare_keys = shape < 2 ? 0 : 1;
    // Cases that differ in the last move alone are neighbours, and have the same seed: they share all but that move.
    made.seed = 1 + index / (kShapes * letters.size()) % 7;
    made.moves.resize(length);
    for (auto move = made.moves.rbegin(); move != made.moves.rend(); ++move) {
      *move = letters[word % letters.size()];
      word /= letters.size();
    }
    return made;
  }
  return std::nullopt;
}

namespace {

/// What a move of its kind does not use is zero: equal moves are equal values.
Move plain(Move move) {
  if (move.kind != K::fault) move.provider = move.key = move.fault = move.times = 0;
  if (move.kind != K::wait) move.time = 0;
  return move;
}

/// Courses of events that failures of gateways are made of. Dice alone put five fitting moves in a row once in a million cases; what is
/// around and between them is left to the dice all the same.
const std::vector<std::vector<K>>& themes() {
  static const std::vector<std::vector<K>> all{
      {K::fault, K::fault, K::herd, K::wait, K::ask},                     // failures that overlap
      {K::fault, K::ask_background, K::fault, K::ask, K::wait, K::ask},   // … of requests begun at different times
      {K::fault, K::ask, K::wait, K::restart, K::wait, K::ask},           // what was learnt survives a restart
      {K::fault, K::ask, K::wait, K::kill, K::wait, K::ask},              // … and a crash
      {K::fault, K::ask, K::wait, K::ask},                                // a key or a target comes back
      {K::fault, K::ask, K::heal, K::wait, K::ask},
      {K::fault, K::ask_background, K::wait, K::restart, K::wait},        // a drain with work in flight
      {K::fault, K::ask_stream, K::ask_stream},                           // a stream breaks
      {K::fault, K::chat_background, K::wait, K::kill, K::wait, K::ask_chat},  // a crash under a turn
      {K::ask_chat, K::kill, K::wait, K::ask_chat},
      {K::fault, K::hang_up, K::ask},                                     // a caller leaves
  };
  return all;
}

/// Only the last moves of a tree branch: what comes to light by a rare pair of first moves needs many trees, and a tree costs nothing but its start.
constexpr std::size_t kBranchingDepth = 2;

/// The nodes of the subtree below a node at `depth`, itself included.
std::uint64_t subtree_nodes(std::size_t depth, std::size_t depth_max) {
  std::uint64_t nodes = 1;
  for (auto level = depth_max; level > depth; --level) nodes = 1 + nodes * (depth_max - level < kBranchingDepth ? 2 : 1);
  return nodes;
}

/// Which child to take at each depth to come to a node, nodes numbered as they are met (parents first).
std::vector<std::uint64_t> path_to(std::uint64_t node, std::size_t depth_max) {
  std::vector<std::uint64_t> path;
  path.reserve(depth_max);
  auto left = node + 1;  // the root itself, which has no moves, is none of the cases
  while (left > 0) {
    --left;
    const auto size = subtree_nodes(path.size() + 1, depth_max);
    path.push_back(left / size);
    left %= size;
  }
  return path;
}

}  // namespace

std::uint64_t tree_cases(std::size_t length_max) { return subtree_nodes(0, length_max) - 1; }

namespace {

/// What the cases of one tree have in common.
struct Tree {
  std::uint64_t shape = 0, seed = 0;
  std::size_t length_max = 0;
  Case bare;
  std::array<double, kMoveKinds> weights{};
  double sum = 0;
  std::vector<std::uint8_t> faults;
  const std::vector<K>* theme = nullptr;
};

Tree make_tree(std::uint64_t shape, std::uint64_t seed, std::size_t length_max) {
  base::Random start(base::mix(shape)), random(base::mix(seed));
  Tree tree{.shape = shape, .seed = seed, .length_max = length_max};
  auto& made = tree.bare;
  made.seed = shape >> 16;  // a scenario file takes a signed number
  made.keys = static_cast<int>(start.between(std::int64_t{1}, std::int64_t{3}));
  made.spare_keys = static_cast<int>(start.between(std::int64_t{0}, std::int64_t{2}));
  made.commit_complete = start.chance(0.2);
  // Swarm testing (Groce and others, 2012): what a case leaves out matters as much as what it has.
  for (auto& weight : tree.weights) tree.sum += weight = random.chance(0.5) ? 0.0 : random.uniform();
  tree.weights[0] += 0.3;
  tree.weights[static_cast<std::size_t>(Move::Kind::fault)] += 0.5;
  tree.sum += 0.8;
  for (std::uint8_t fault = 0; fault < kFaultChoices.size(); ++fault) {
    if (random.chance(0.35)) tree.faults.push_back(fault);
  }
  if (tree.faults.empty()) tree.faults.push_back(static_cast<std::uint8_t>(random.below(kFaultChoices.size())));
  tree.theme = random.chance(0.4) ? &themes()[random.below(themes().size())] : nullptr;
  if (tree.theme != nullptr && tree.theme->size() > length_max) tree.theme = nullptr;
  return tree;
}

}  // namespace

Case random_case(std::uint64_t shape, std::uint64_t seed, std::uint64_t node, std::size_t length_max, std::size_t& trunk) {
  // Cases are asked for tree by tree.
  static thread_local std::optional<Tree> last;
  if (!last || last->length_max != length_max || last->seed != seed || last->shape != shape) last = make_tree(shape, seed, length_max);
  const auto& weights = last->weights;
  const auto& faults = last->faults;
  const auto* theme = last->theme;
  Case made = last->bare;
  made.moves.reserve(length_max);
  const auto path = path_to(node, length_max);
  trunk = path.size() < length_max ? path.size() : length_max - 1;
  std::size_t told = 0;
  auto way = base::mix(seed);
  for (std::size_t i = 0; i < path.size(); ++i) {
    way = base::hash_mix({way, path[i]});
    base::Random from(way);
    auto dice = from.uniform() * last->sum;
    std::size_t kind = 0;
    while (kind + 1 < kMoveKinds && (dice -= weights[kind]) > 0) ++kind;
    // The theme's moves in their order, others between them as far as there is room.
    const bool room = theme != nullptr && length_max - i > theme->size() - told;
    if (theme != nullptr && told < theme->size() && (!room || from.chance(0.7))) kind = static_cast<std::size_t>((*theme)[told++]);
    Move move{.kind = static_cast<Move::Kind>(kind)};
    move.provider = made.spare_keys > 0 && from.chance(0.3) ? 1 : 0;
    move.key = static_cast<std::uint8_t>(from.below(static_cast<std::uint64_t>(move.provider == 0 ? made.keys : made.spare_keys) + 1));
    move.fault = faults[from.below(faults.size())];
    move.times = static_cast<std::uint8_t>(from.below(3));
    move.time = static_cast<std::uint8_t>(from.below(kWaits.size()));
    made.moves.push_back(plain(move));
  }
  return made;
}

namespace {

Json rule_json(const Move& move) {
  const auto& choice = kFaultChoices[move.fault];
  Json rule = Json::object();
  if (move.key != 0) rule["when"] = {{"credential", key_name(move.provider, move.key)}};
  rule["fault"] = choice.name;
  if (!choice.retry_after.empty()) rule["retry_after"] = choice.retry_after;
  if (choice.after_content) rule["params"] = {{"events", 4}};
  if (move.times != 0) rule["times"] = move.times;
  return rule;
}

Json step_json(const Move& move, std::size_t index) {
  const auto name = fmt::format("m{}", index + 1);
  switch (move.kind) {
    case K::ask: return {{"send", {{"text", "ping"}}}, {"as", name}};
    case K::ask_stream: return {{"send", {{"text", "ping"}, {"stream", true}}}, {"as", name}};
    case K::ask_anthropic: return {{"send", {{"api", "messages"}, {"text", "ping"}}}, {"as", name}};
    case K::ask_chat: return {{"send", {{"api", "chat"}, {"session", "s1"}, {"text", "ping"}}}, {"as", name}};
    case K::ask_background: return {{"send", {{"text", "ping"}, {"background", true}}}, {"as", name}};
    case K::chat_background: return {{"send", {{"api", "chat"}, {"session", "s1"}, {"text", "ping"}, {"background", true}}}, {"as", name}};
    case K::herd: return {{"send", {{"text", "ping"}, {"count", 4}, {"concurrency", 4}}}, {"as", name}};
    case K::hang_up: return {{"send", {{"text", "ping"}, {"stream", true}, {"hang_up_after", "2s"}}}, {"as", name}};
    case K::fault: return {{"script", {{"provider", provider_name(move.provider)}, {"add", Json::array({rule_json(move)})}}}};
    case K::heal: return {{"script", Json::array({Json{{"provider", "acme"}, {"clear", true}}})}};
    case K::wait: return {{"wait", base::format_duration(kWaits[move.time])}};
    case K::restart: return {{"signal", "USR1"}};
    case K::kill: return {{"signal", "KILL"}};
    case K::term: return {{"signal", "TERM"}};
  }
  return {};
}

Json scenario_json(const Case& what, const std::string& title, const std::string& why, const Json& expect) {
  Json providers = Json::object();
  const auto credentials = [&](int provider, int count) {
    Json list = Json::array();
    for (int i = 1; i <= count; ++i) list.push_back(key_name(provider, i));
    return list;
  };
  providers["acme"] = {{"like", "openai"}, {"credentials", credentials(0, what.keys)}, {"reply", {{"text", kReplyText}}}};
  Json targets = Json::array({"acme/gpt-test"});
  if (what.spare_keys > 0) {
    providers["spare"] = {{"like", "anthropic"}, {"credentials", credentials(1, what.spare_keys)}, {"reply", {{"text", kReplyText}}}};
    targets.push_back("spare/claude-test");
  }
  Json route = what.commit_complete ? Json{{"targets", targets}, {"commit", "complete"}} : targets;
  const Json timeouts{{"first_byte", "20s"}, {"first_content", "20s"}, {"idle", "20s"}};
  Json settings = Json::object();
  for (const auto& [name, provider] : providers.items()) settings[name] = {{"timeouts", timeouts}};
  Json steps = Json::array();
  for (std::size_t i = 0; i < what.moves.size(); ++i) {
    const auto kind = what.moves[i].kind;
    const bool signal = kind == Move::Kind::restart || kind == Move::Kind::kill || kind == Move::Kind::term;
    // A signal needs somebody to signal: the next process is waited for first.
    if (signal) steps.push_back({{"wait", {{"until", "gateway-answers"}, {"deadline", "3m"}}}});
    steps.push_back(step_json(what.moves[i], i));
  }
  // Everything heals; whatever was lost must come back.
  if (what.ending) {
    Json clear = Json::array();
    for (const auto& [name, provider] : providers.items()) clear.push_back({{"provider", name}, {"clear", true}});
    steps.push_back({{"script", clear}});
    steps.push_back({{"wait", {{"until", "gateway-running"}, {"deadline", "10m"}}}});
    steps.push_back({{"wait", "70m"}});
    steps.push_back({{"send", {{"text", "ping"}}}, {"as", "healed"}});
  }
  if (what.proves_drain) steps.push_back({{"wait", "60s"}});
  if (what.proves_turns) {
    steps.push_back({{"wait", {{"until", "gateway-answers"}, {"deadline", "3m"}}}});
    steps.push_back({{"signal", "KILL"}});
    steps.push_back({{"wait", "6s"}});
    steps.push_back({{"wait", {{"until", "gateway-running"}, {"deadline", "3m"}}}});
    steps.push_back({{"send", {{"api", "chat"}, {"method", "GET"}, {"path", "/chat/s1"}}}, {"as", "transcript"}});
  }
  return {{"version", 1}, {"title", title}, {"why", why}, {"origin", Json::array({"found by exploration"})}, {"tags", Json::array({"regressions"})}, {"seed", what.seed}, {"time_limit", "6h"},
          {"unused_faults", "an exploration's rules need not all fire"}, {"providers", std::move(providers)},
          {"gateway", {{"routes", {{"default", std::move(route)}}}, {"unit", {{"StartLimitIntervalSec", "0"}, {"RestartSec", "1"}}}, {"config", {{"providers", std::move(settings)}, {"restart", {{"drain", "10s"}, {"settle", "5s"}}}}}}},
          {"steps", std::move(steps)}, {"expect", expect}};
}

/// What the sound gateway does in each such case: a file that expects nothing would pass whatever happens.
Json always_true(const Case& what) {
  if (what.ending) return Json::array({Json{{"check", "reply"}, {"reply", "healed"}, {"complete", true}}});
  const bool signalled = std::any_of(what.moves.begin(), what.moves.end(), [](const Move& move) { return move.kind == K::kill || move.kind == K::term || move.kind == K::restart; });
  return signalled ? Json::array() : Json::array({Json{{"check", "gateway.survives"}}});
}

}  // namespace

std::string scenario_text(const Case& what, const std::string& title, const std::string& why, const Json& expect) {
  return base::dump_pretty(scenario_json(what, title, why, expect.empty() ? always_true(what) : expect)) + "\n";
}

Scenario scenario_of(const Case& what) {
  auto loaded = parse_scenario(scenario_text(what, "a case", "exploration", Json::array()), "case.json");
  ASSERT_NOTE(loaded.has_value(), base::render(loaded.error()));

  return std::move(loaded.value());
}

}  // namespace harness::explore
