#include "harness/cli/explore_command.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/result.h"

namespace harness {

std::string digest_text(std::uint64_t digest) { return fmt::format("{:016x}", digest); }

namespace {

using explore::CampaignOptions;
using explore::CampaignResult;

double seconds_since(std::chrono::steady_clock::time_point began) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(); }

void merge_into(CampaignResult& all, CampaignResult&& part) {
  all.runs += part.runs;
  all.enumerated += part.enumerated;
  all.events += part.events;
  all.digest += part.digest;
  all.repeated += part.repeated;
  all.deterministic = all.deterministic && part.deterministic;
  for (std::size_t i = 0; i < all.seen.size(); ++i) all.seen[i] += part.seen[i];
  if (part.failure && (!all.failure || part.failure->index < all.failure->index)) all.failure = std::move(part.failure);
}

int tell_failure(const ExploreArguments& arguments, const explore::Failure& failure) {
  const auto file = arguments.out.empty() ? fmt::format("explore-{}-{}-{}.json", failure.violation.rule, arguments.seed, failure.index) : arguments.out;
  const auto text = explore::scenario_text(failure.shrunk, "Exploration: " + failure.violation.rule, failure.violation.what, failure.violation.expect);
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  std::printf("VIOLATION   %s: %s\n", failure.violation.rule.c_str(), failure.violation.what.c_str());
  std::printf("    found     run %llu, %zu moves; shrunk to %zu\n", static_cast<unsigned long long>(failure.index), failure.found.moves.size(), failure.shrunk.moves.size());
  std::printf("    written   %s\n", file.c_str());
  std::printf("    repeat    simulate explore --seed %llu --length %zu --exhaustive %zu --only %llu\n", static_cast<unsigned long long>(arguments.seed), arguments.length, arguments.exhaustive,
              static_cast<unsigned long long>(failure.index));
  std::printf("    live      simulate --scenario %s --speed 50\n", file.c_str());
  return 1;
}

}  // namespace

int explore_command(const ExploreArguments& arguments, const explore::GatewayParts& parts) {
  std::optional<base::Duration> limit;
  if (!arguments.for_time.empty()) {
    limit = base::parse_duration(arguments.for_time);
    if (!limit) {
      std::fputs(base::render(base::problem("\"" + arguments.for_time + "\" is no duration", "--for 60s", {}, "--for")).c_str(), stderr);
      return 2;
    }
  }
  const auto began = std::chrono::steady_clock::now();
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> done{0};
  std::mutex guard;
  CampaignResult all;
  const auto worker = [&](std::uint64_t which, std::uint64_t workers) {
    explore::Laboratory laboratory(parts);
    CampaignOptions options{.seed = arguments.seed, .runs = limit ? ~0ULL : arguments.runs, .length = arguments.length, .exhaustive = arguments.exhaustive, .worker = which, .workers = workers};
    if (arguments.only) {
      options.first = *arguments.only;
      options.runs = *arguments.only + 1;
      options.workers = 1;
    }
    options.go_on = [&] { return !stop && !(limit && std::chrono::steady_clock::now() - began > *limit); };
    options.progress = [&](std::uint64_t) {
      const auto so_far = done += 256;
      if (::isatty(2) == 1 && which == 0) std::fprintf(stderr, "\r\033[K%llu runs, %.0f/s", static_cast<unsigned long long>(so_far), static_cast<double>(so_far) / seconds_since(began));
    };
    auto result = run_campaign(laboratory, options);
    const std::lock_guard lock(guard);
    if (result.failure) stop = true;
    merge_into(all, std::move(result));
  };
  const auto workers = static_cast<std::uint64_t>(arguments.only ? 1 : std::max(arguments.jobs, 1));
  std::vector<std::thread> threads;
  for (std::uint64_t i = 1; i < workers; ++i) threads.emplace_back(worker, i, workers);
  worker(0, workers);
  for (auto& thread : threads) thread.join();
  const double seconds = seconds_since(began);
  if (::isatty(2) == 1) std::fputs("\r\033[K", stderr);
  std::printf("%llu runs (%llu enumerated, the rest random), %.1f s, %.0f runs/s, %llu events, seed %llu, digest %s\n", static_cast<unsigned long long>(all.runs),
              static_cast<unsigned long long>(all.enumerated), seconds, static_cast<double>(all.runs) / seconds, static_cast<unsigned long long>(all.events),
              static_cast<unsigned long long>(arguments.seed), digest_text(all.digest).c_str());
  if (!all.deterministic) {
    std::printf("NOT DETERMINISTIC: a case gave two digests; this is a bug of the explorer or of a pure part\n");
    return 3;
  }
  std::printf("repeated %llu runs: the same digest each time\n", static_cast<unsigned long long>(all.repeated));
  if (all.failure) return tell_failure(arguments, *all.failure);
  std::size_t never = 0;
  for (std::size_t i = 0; i < all.seen.size(); ++i) {
    if (all.seen[i] > 0) continue;
    ++never;
    std::printf("never happened: %s\n", std::string(explore::kSometimes[i]).c_str());
  }
  std::printf("no violation of %zu rules; %zu of %zu things that should happen sometimes did\n", explore::rules().size(), all.seen.size() - never, all.seen.size());
  if (!arguments.complete || never == 0) return 0;
  std::printf("INCOMPLETE: rules that nothing put to the test say nothing; make more runs\n");
  return 4;
}

}  // namespace harness
