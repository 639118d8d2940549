// Exploration: cases made of a few moves, run in the virtual world, held against what must always be true, shrunk when it is not. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/explore/world.h"

namespace harness::explore {

// ---- cases (generate.cpp) ----

struct FaultChoice {
  std::string_view name;         ///< of the simulator's table
  std::string_view retry_after;  ///< "" none
  bool after_content = false;    ///< may break a stream that has begun
};
/// What a case may do to a provider. The index + 1 is the fault's code in the trace.
inline constexpr std::array kFaultChoices{
    FaultChoice{"402", "", false},          FaultChoice{"429", "20s", false}, FaultChoice{"429", "", false},      FaultChoice{"500", "", false},
    FaultChoice{"529", "", false},          FaultChoice{"401", "", false},    FaultChoice{"hang-before-headers", "", false},
    FaultChoice{"cut-before-headers-rst", "", false}, FaultChoice{"empty-200", "", false}, FaultChoice{"json-malformed", "", false},
    FaultChoice{"cut-after-events-rst", "", true},    FaultChoice{"cut-after-events-fin", "", true}, FaultChoice{"hang-after-events", "", true},
    FaultChoice{"keep-alive-race", "", false}};

struct Move {
  enum class Kind : std::uint8_t { ask, ask_stream, ask_anthropic, ask_chat, ask_background, chat_background, herd, hang_up, fault, heal, wait, restart, kill, term };
  Kind kind = Kind::ask;
  std::uint8_t provider = 0, key = 0;  ///< fault: which; key 0: any, else the key-th
  std::uint8_t fault = 0;              ///< index of kFaultChoices
  std::uint8_t times = 0;              ///< 0: for ever
  std::uint8_t time = 0;               ///< index of kWaits
  auto operator<=>(const Move&) const = default;
};
inline constexpr std::size_t kMoveKinds = 14;
inline constexpr std::array<base::Duration, 6> kWaits{std::chrono::milliseconds{50}, std::chrono::seconds{1}, std::chrono::seconds{6}, std::chrono::seconds{31}, std::chrono::seconds{100},
                                                      std::chrono::minutes{20}};

struct Case {
  std::uint64_t seed = 1;
  int keys = 2;              ///< of the first provider, 1..3
  int spare_keys = 0;        ///< of the second; 0: there is none
  bool commit_complete = false;
  bool ending = true;        ///< all heals, an hour passes, one more request: dropped from what does not need it to fail
  bool proves_turns = false; ///< of a scenario file: a crash and the transcript at the end, which show what was kept
  bool proves_drain = false; ///< of a scenario file: time at the end for a drain to end and the next process to come
  std::vector<Move> moves;
};

/// Steps that follow the moves of every case: all heals, and one more request.
inline constexpr std::size_t kEndingSteps = 4;

/// The index-th of all short cases, in a fixed order (lengths 1, 2, …); nothing when they are used up at `length_max`.
std::optional<Case> enumerated_case(std::uint64_t index, std::size_t length_max);
/// Random cases grow on trees, so that they share their beginnings: a tree has its swarm weights (it leaves most kinds of move out), each node
/// adds a move to those above it and is a case. Neighbouring nodes share all of the shorter one's moves, or all but the last.
std::uint64_t tree_cases(std::size_t length_max);
/// `shape`: of the keys and the world's own dice, so that trees of one shape share its start; `seed`: the tree's; `node` < tree_cases.
/// Into `trunk` go how many of its moves the nodes after it begin with.
Case random_case(std::uint64_t shape, std::uint64_t seed, std::uint64_t node, std::size_t length_max, std::size_t& trunk);
/// The case as a scenario that both worlds run; `expect` are checks of the harness, `name` its file name.
Scenario scenario_of(const Case& what);
std::string scenario_text(const Case& what, const std::string& title, const std::string& why, const base::Json& expect);

// ---- judging (invariants.cpp) ----

struct Violation {
  std::string rule;     ///< "key-rests", "healthy-answers" …
  std::string what;     ///< a sentence
  base::Json expect;    ///< the checks that fail in the live world for the same reason
};
struct Rule {
  std::string_view name, doc;
};
std::span<const Rule> rules();

/// What happened at least once; a campaign that never saw one says so, and a long one fails.
enum class Sometimes : std::uint8_t { rotated, fell_back, retried, cut_honestly, drain_let_finish, drain_cut, crash_left_turn, turn_settled, came_back, client_left, probe_succeeded, probe_failed, waited };
inline constexpr std::array<std::string_view, 13> kSometimes{
    "a key was rotated",         "the fallback answered",              "a retry succeeded",   "a stream was cut honestly",     "a drain let work finish",    "a drain cut what was stuck", "a crash left a turn open",
    "a turn was reported or asked again", "a rested key came back",    "a client left",       "a half-open probe succeeded",   "a half-open probe failed",   "a request waited and was answered"};
using Seen = std::array<std::uint64_t, kSometimes.size()>;
void count_sometimes(const Trace& trace, Seen& seen);

struct Outcome {
  std::optional<Violation> violation;
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
};

/// Runs one case and judges it. Same case, same outcome. It belongs to the thread that made it.
class Laboratory {
 public:
  explicit Laboratory(GatewayParts parts);
  ~Laboratory();
  Laboratory(const Laboratory&) = delete;
  Laboratory& operator=(const Laboratory&) = delete;

  /// `trunk`: how many of its first moves the next cases are likely to begin with. They are run once; each case goes on from where it parts.
  Outcome run(const Case& what, Seen& seen, std::size_t trunk);
  /// From its beginning, in plain memory: what a run on a shared trunk must agree with.
  Outcome run_alone(const Case& what, Seen& seen);
  /// Fewer moves, keys and faults with the same rule still broken. At most `runs_max` runs.
  Case shrink(Case failing, const std::string& rule, std::uint64_t runs_max);

 private:
  struct Shape;
  struct Stage;
  struct Trunk;
  const Shape& shape_of(const Case& what);
  const std::vector<Step>& steps_of(const Move& move, bool spare);
  void lists_of(const Case& what, std::vector<const std::vector<Step>*>& lists);
  WorldOptions options_for(const Case& what) const;
  std::map<std::pair<Move, bool>, std::vector<Step>> steps_;
  std::map<std::tuple<int, int, bool>, std::unique_ptr<Shape>> shapes_;
  GatewayParts parts_;
  std::unique_ptr<Trunk> trunk_;  ///< the one that the last case went on from
};

/// Holds a trace against the rules. `failed`: the step that could not be done, or null.
std::optional<Violation> judge_trace(const Case& what, const Step* failed, const Trace& trace);

inline constexpr std::string_view kReplyText = "one two three four five six seven eight";

}  // namespace harness::explore
