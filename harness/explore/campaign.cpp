#include "harness/explore/campaign_runner.h"

namespace harness::explore {
namespace {

constexpr std::uint64_t kRepeatEvery = 100;
constexpr std::uint64_t kShrinkRunsMax = 2'000;

}  // namespace

Case campaign_case(const CampaignOptions& options, std::uint64_t index) {
  if (auto short_case = enumerated_case(index, options.exhaustive)) return *std::move(short_case);
  return random_case(base::hash_mix({options.seed, index}), options.length);
}

CampaignResult run_campaign(Laboratory& laboratory, const CampaignOptions& options) {
  CampaignResult result;
  for (std::uint64_t index = options.first; index < options.runs; index += options.stride) {
    if (options.go_on && !options.go_on()) break;
    if (enumerated_case(index, options.exhaustive)) ++result.enumerated;
    const auto what = campaign_case(options, index);
    auto outcome = laboratory.run(what, result.seen);
    ++result.runs;
    result.events += outcome.events;
    // Order of workers must not matter: a sum of mixed values.
    result.digest += base::hash_mix({index, outcome.digest});
    if (index % kRepeatEvery == 0) {
      Seen ignored{};
      ++result.repeated;
      if (laboratory.run(what, ignored).digest != outcome.digest) result.deterministic = false;
    }
    if (outcome.violation) {
      Failure failure{.index = index, .found = what, .shrunk = laboratory.shrink(what, outcome.violation->rule, kShrinkRunsMax), .violation = *outcome.violation};
      Seen ignored{};
      if (auto again = laboratory.run(failure.shrunk, ignored); again.violation) failure.violation = *again.violation;
      failure.shrunk.proves_drain = failure.violation.rule == "drain-ends";
      failure.shrunk.proves_turns = failure.violation.rule == "turns-once";
      result.failure = std::move(failure);
      return result;
    }
    if (options.progress && result.runs % 256 == 0) options.progress(result.runs);
  }
  return result;
}

}  // namespace harness::explore
