// A campaign: many cases, short ones enumerated first, then random ones; progress, digest, and what was seen. Pure but for the given clock.
#pragma once

#include "harness/explore/campaign.h"

namespace harness::explore {

struct CampaignOptions {
  std::uint64_t seed = 1;
  std::uint64_t runs = 10'000;
  std::size_t length = 6;            ///< of random cases, at most
  std::size_t exhaustive = 2;        ///< all cases up to this length come first
  std::uint64_t first = 0;           ///< run to begin with
  std::uint64_t worker = 0, workers = 1;  ///< whose share of the runs is made
  bool repeat_all = false;           ///< every run is made twice, not one in 250
  std::function<bool(std::uint64_t index)> go_on;  ///< asked before each run; empty: always
  std::function<void(std::uint64_t index)> found;  ///< a violation, before it is shrunk
  std::function<void(std::uint64_t done)> progress;
};
struct Failure {
  std::uint64_t index = 0;
  Case found, shrunk;
  Violation violation;
};
struct CampaignResult {
  std::uint64_t runs = 0, enumerated = 0, events = 0, digest = 0, repeated = 0;
  std::optional<std::uint64_t> differs;  ///< the first run that had another digest when it was repeated
  Seen seen{};
  std::optional<Failure> failure;    ///< the first; the campaign ends with it
};

/// The index-th case of a campaign; neighbours share their first `trunk` moves.
struct PlannedCase {
  Case what;
  std::size_t trunk = 0;
};
PlannedCase campaign_case(const CampaignOptions& options, std::uint64_t index);
/// One run in 250, of any place in its tree.
bool is_repeated(const CampaignOptions& options, std::uint64_t index);
/// A repeated run is made again from its beginning: the same case must give the same digest.
CampaignResult run_campaign(Laboratory& laboratory, const CampaignOptions& options);

}  // namespace harness::explore
