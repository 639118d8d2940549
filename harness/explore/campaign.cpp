#include "harness/explore/campaign_runner.h"

namespace harness::explore {
namespace {

constexpr std::uint64_t kRepeatEvery = 250;
/// Cases in a row that one worker makes, so that they share what they can.
constexpr std::uint64_t kShare = 512;
constexpr std::uint64_t kTreesOfAShape = 16;
constexpr std::uint64_t kShrinkRunsMax = 2'000;

}  // namespace

PlannedCase campaign_case(const CampaignOptions& options, std::uint64_t index) {
  if (auto short_case = enumerated_case(index, options.exhaustive)) {
    const auto trunk = short_case->moves.size() - 1;
    return {*std::move(short_case), trunk};
  }
  const auto cases = tree_cases(options.length), tree = index / cases;
  PlannedCase made;
  made.what = random_case(base::hash_mix({options.seed, 0, tree / kTreesOfAShape}), base::hash_mix({options.seed, 1, tree}), index % cases, options.length, made.trunk);
  return made;
}

bool is_repeated(const CampaignOptions& options, std::uint64_t index) {
  // By dice: every n-th would be the same place of each tree.
  return options.repeat_all || base::hash_mix({options.seed, 2, index}) % kRepeatEvery == 0;
}

CampaignResult run_campaign(Laboratory& laboratory, const CampaignOptions& options) {
  CampaignResult result;
  for (std::uint64_t index = options.first; index < options.runs; ++index) {
    if (index / kShare % options.workers != options.worker) continue;
    if (options.go_on && !options.go_on(index)) break;
    if (enumerated_case(index, options.exhaustive)) ++result.enumerated;
    const auto [what, trunk] = campaign_case(options, index);
    auto outcome = laboratory.run(what, result.seen, trunk);
    ++result.runs;
    result.events += outcome.events;
    // Order of workers must not matter: a sum of mixed values.
    result.digest += base::hash_mix({index, outcome.digest});
    if (is_repeated(options, index)) {
      Seen ignored{};
      ++result.repeated;
      if (laboratory.run_alone(what, ignored).digest != outcome.digest && !result.differs) result.differs = index;
    }
    if (outcome.violation) {
      if (options.found) options.found(index);
      Failure failure{.index = index, .found = what, .shrunk = laboratory.shrink(what, outcome.violation->rule, kShrinkRunsMax), .violation = *outcome.violation};
      Seen ignored{};
      if (auto again = laboratory.run_alone(failure.shrunk, ignored); again.violation) failure.violation = *again.violation;
      failure.shrunk.proves_drain = failure.violation.rule == "drain-ends" || failure.violation.rule == "drain-serves";
      failure.shrunk.proves_turns = failure.violation.rule == "turns-once";
      result.failure = std::move(failure);
      return result;
    }
    if (options.progress && result.runs % 256 == 0) options.progress(result.runs);
  }
  return result;
}

}  // namespace harness::explore
