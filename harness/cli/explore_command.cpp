#include "harness/cli/explore_command.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/result.h"

namespace harness {

std::string digest_text(std::uint64_t digest) { return fmt::format("{:016x}", digest); }

namespace {

using base::Json;
using explore::CampaignOptions;
using explore::CampaignResult;

constexpr std::uint64_t kRunsUnlessTold = 20'000;
constexpr std::uint64_t kProgressEvery = 256;  // as the campaign tells it

double seconds_since(std::chrono::steady_clock::time_point began) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(); }

volatile sig_atomic_t interrupted_by = 0;

/// The first signal ends the campaign, which then tells what it found; the second ends the program.
void listen_for_interrupts() {
  struct sigaction action{};
  action.sa_handler = [](int number) { interrupted_by = number; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : {SIGINT, SIGTERM}) ::sigaction(number, &action, nullptr);
}

/// What the workers share, and what came of them.
struct Campaign {
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> first_failure{~0ULL};  ///< runs after it need not be made; those before it must, or the seed would not tell which is found
  std::mutex guard;
  CampaignResult all;
  std::string broken;  ///< an exception in a worker: which run, and what
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  double seconds = 0;

  void found(std::uint64_t index) {
    auto before = first_failure.load();
    while (index < before && !first_failure.compare_exchange_weak(before, index)) {
    }
  }
  void merge(CampaignResult&& part) {
    const std::lock_guard lock(guard);
    all.runs += part.runs;
    all.enumerated += part.enumerated;
    all.events += part.events;
    all.digest += part.digest;
    all.repeated += part.repeated;
    if (part.differs && (!all.differs || *part.differs < *all.differs)) all.differs = part.differs;
    for (std::size_t i = 0; i < all.seen.size(); ++i) all.seen[i] += part.seen[i];
    if (part.failure && (!all.failure || part.failure->index < all.failure->index)) all.failure = std::move(part.failure);
  }
};

void run_worker(const ExploreArguments& arguments, const explore::GatewayParts& parts, std::optional<base::Duration> limit, std::uint64_t which, std::uint64_t workers, Campaign& campaign) {
  std::uint64_t at = 0;
  try {
    explore::Laboratory laboratory(parts);
    CampaignOptions options{.seed = arguments.seed, .runs = arguments.runs.value_or(limit ? ~0ULL : kRunsUnlessTold), .length = arguments.length, .exhaustive = arguments.exhaustive, .worker = which, .workers = workers};
    if (arguments.only) {
      options.first = *arguments.only;
      options.runs = *arguments.only + 1;
      options.repeat_all = true;
    }
    options.go_on = [&](std::uint64_t index) {
      at = index;
      return interrupted_by == 0 && index < campaign.first_failure && !(limit && std::chrono::steady_clock::now() - campaign.began > *limit);
    };
    options.found = [&](std::uint64_t index) { campaign.found(index); };
    options.progress = [&](std::uint64_t) {
      const auto so_far = campaign.done += kProgressEvery;
      if (::isatty(2) == 0 || which != 0) return;
      const auto total = options.runs == ~0ULL ? std::string() : fmt::format(" of {}", options.runs);
      std::fprintf(stderr, "\r\033[K%llu%s runs, %.0f/s", static_cast<unsigned long long>(so_far), total.c_str(), static_cast<double>(so_far) / seconds_since(campaign.began));
    };
    campaign.merge(run_campaign(laboratory, options));
  } catch (const std::exception& error) {
    const std::lock_guard lock(campaign.guard);
    campaign.broken = fmt::format("run {}: {}", at, error.what());
    campaign.first_failure = 0;
  }
}

/// Empty when the whole text is there.
std::string write_whole(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  return out ? std::string() : fmt::format("{} could not be written: {}", file, std::generic_category().message(errno));
}

std::string repeat_command(const ExploreArguments& arguments, std::uint64_t index) {
  return fmt::format("simulate explore --seed {} --length {} --exhaustive {} --only {}", arguments.seed, arguments.length, arguments.exhaustive, index);
}

/// Writes the scenario of a failure; where it cannot, to stdout: an hour's finding must not be lost.
std::string write_failure(const ExploreArguments& arguments, const explore::Failure& failure) {
  const auto file = arguments.out.empty() ? fmt::format("explore-{}-{}-{}.json", failure.violation.rule, arguments.seed, failure.index) : arguments.out;
  const auto text = explore::scenario_text(failure.shrunk, "Exploration: " + failure.violation.rule, failure.violation.what, failure.violation.expect);
  const auto problem = write_whole(file, text);
  if (problem.empty()) return file;
  std::fprintf(stderr, "%s; the scenario follows\n", problem.c_str());
  std::fputs(text.c_str(), arguments.json ? stderr : stdout);
  return {};
}

void tell_failure(const ExploreArguments& arguments, const explore::Failure& failure) {
  std::printf("VIOLATION   %s: %s\n", failure.violation.rule.c_str(), failure.violation.what.c_str());
  std::printf("    found     run %llu, %zu moves; shrunk to %zu\n", static_cast<unsigned long long>(failure.index), failure.found.moves.size(), failure.shrunk.moves.size());
  std::printf("    again     %s\n", repeat_command(arguments, failure.index).c_str());
  const auto file = write_failure(arguments, failure);
  if (file.empty()) return;
  std::printf("    written   %s\n", file.c_str());
  std::printf("    virtual   simulate --scenario %s --world virtual\n", file.c_str());
  std::printf("    live      simulate --scenario %s --speed 50\n", file.c_str());
}

/// The case of --only, for people and as a file.
int tell_case(const ExploreArguments& arguments) {
  const auto what = explore::campaign_case({.seed = arguments.seed, .length = arguments.length, .exhaustive = arguments.exhaustive}, *arguments.only).what;
  const auto text = explore::scenario_text(what, fmt::format("Exploration: run {}", *arguments.only), repeat_command(arguments, *arguments.only), Json::array());
  if (!arguments.json) {
    std::printf("run %llu: %d keys, %d of a second provider%s\n", static_cast<unsigned long long>(*arguments.only), what.keys, what.spare_keys, what.commit_complete ? ", replies are kept until they are whole" : "");
    const auto scenario = base::parse_wire_json(text);
    const auto* steps = scenario ? base::find(*scenario, "steps") : nullptr;
    for (std::size_t i = 0; steps != nullptr && i < steps->size(); ++i) std::printf("  %zu. %s\n", i + 1, base::dump((*steps)[i]).c_str());
  }
  if (arguments.out.empty()) return 0;
  const auto problem = write_whole(arguments.out, text);
  if (!problem.empty()) std::fprintf(stderr, "%s\n", problem.c_str());
  return problem.empty() ? 0 : 2;
}

std::vector<std::string_view> never_happened(const CampaignResult& all) {
  std::vector<std::string_view> never;
  for (std::size_t i = 0; i < all.seen.size(); ++i) {
    if (all.seen[i] == 0) never.push_back(explore::kSometimes[i]);
  }
  return never;
}

int exit_code(const ExploreArguments& arguments, const Campaign& campaign) {
  if (!campaign.broken.empty() || campaign.all.differs) return 3;
  if (campaign.all.failure) return 1;
  if (interrupted_by != 0) return 128 + interrupted_by;
  return arguments.complete && !arguments.only && !never_happened(campaign.all).empty() ? 4 : 0;
}

void tell_json(const ExploreArguments& arguments, const Campaign& campaign) {
  const auto& all = campaign.all;
  Json violation = nullptr;
  if (all.failure) {
    violation = {{"rule", all.failure->violation.rule}, {"what", all.failure->violation.what}, {"run", all.failure->index}, {"moves", all.failure->shrunk.moves.size()},
                 {"file", write_failure(arguments, *all.failure)}, {"repeat", repeat_command(arguments, all.failure->index)}};
  }
  Json never = Json::array();
  for (const auto what : never_happened(all)) never.push_back(what);
  const Json result{{"runs", all.runs}, {"enumerated", all.enumerated}, {"seconds", campaign.seconds}, {"events", all.events}, {"seed", arguments.seed}, {"digest", all.failure ? Json(nullptr) : Json(digest_text(all.digest))},
                    {"repeated", all.repeated}, {"differs", all.differs ? Json(*all.differs) : Json(nullptr)}, {"violation", std::move(violation)}, {"never", std::move(never)}, {"interrupted", interrupted_by != 0}};
  std::printf("%s\n", base::dump(result).c_str());
}

void tell(const ExploreArguments& arguments, const Campaign& campaign) {
  const auto& all = campaign.all;
  // With a failure the digest would tell how far the other workers had come.
  const auto digest = all.failure ? std::string() : ", digest " + digest_text(all.digest);
  std::printf("%llu runs (%llu enumerated, the rest random), %.1f s, %.0f runs/s, %llu events, seed %llu%s\n", static_cast<unsigned long long>(all.runs), static_cast<unsigned long long>(all.enumerated), campaign.seconds,
              static_cast<double>(all.runs) / campaign.seconds, static_cast<unsigned long long>(all.events), static_cast<unsigned long long>(arguments.seed), digest.c_str());
  if (interrupted_by != 0) std::printf("interrupted: this is what there was until then\n");
  if (all.differs) {
    std::printf("NOT DETERMINISTIC: run %llu gave two digests; this is a bug of the explorer or of a pure part\n", static_cast<unsigned long long>(*all.differs));
    std::printf("    again     %s\n", repeat_command(arguments, *all.differs).c_str());
  } else {
    std::printf("repeated %llu runs: the same digest each time\n", static_cast<unsigned long long>(all.repeated));
  }
  if (all.failure) return tell_failure(arguments, *all.failure);
  if (arguments.only) return void(std::printf("no violation of %zu rules\n", explore::rules().size()));
  const auto never = never_happened(all);
  for (const auto what : never) std::printf("never happened: %s\n", std::string(what).c_str());
  std::printf("no violation of %zu rules; %zu of %zu things that should happen sometimes did\n", explore::rules().size(), all.seen.size() - never.size(), all.seen.size());
  if (arguments.complete && !never.empty()) std::printf("INCOMPLETE: rules that nothing put to the test say nothing; make more runs\n");
}

int refuse(const std::string& what, const std::string& hint, const std::string& where) {
  std::fputs(base::render(base::problem(what, hint, {}, where)).c_str(), stderr);
  return 2;
}

}  // namespace

int explore_command(const ExploreArguments& arguments, const explore::GatewayParts& parts) {
  std::optional<base::Duration> limit;
  if (!arguments.for_time.empty()) {
    limit = base::parse_duration(arguments.for_time);
    if (!limit || *limit <= base::Duration{0}) return refuse("\"" + arguments.for_time + "\" is no time to explore for", "--for 60s", "--for");
    if (arguments.only) return refuse("--only makes one run, --for as many as fit", "leave one of them out", "--only");
  }
  if (!arguments.out.empty()) {
    // Before the campaign, not after its hour.
    std::error_code ignored;
    if (std::filesystem::exists(arguments.out, ignored)) return refuse(arguments.out + " is there already", "another name, or remove it first", "--out");
    if (const auto problem = write_whole(arguments.out, ""); !problem.empty()) return refuse(problem, "a file in a folder that can be written", "--out");
    std::filesystem::remove(arguments.out, ignored);
  }
  listen_for_interrupts();
  Campaign campaign;
  const auto workers = static_cast<std::uint64_t>(arguments.only ? 1 : std::max(arguments.jobs, 1));
  std::vector<std::thread> threads;
  for (std::uint64_t i = 1; i < workers; ++i) threads.emplace_back([&, i] { run_worker(arguments, parts, limit, i, workers, campaign); });
  run_worker(arguments, parts, limit, 0, workers, campaign);
  for (auto& thread : threads) thread.join();
  campaign.seconds = std::max(seconds_since(campaign.began), 1e-9);
  if (::isatty(2) == 1) std::fputs("\r\033[K", stderr);
  if (!campaign.broken.empty()) {
    std::fprintf(stderr, "the exploration broke off in %s\n", campaign.broken.c_str());
    return 3;
  }
  if (arguments.only && !campaign.all.failure) {
    if (const int code = tell_case(arguments); code != 0) return code;
  }
  if (arguments.json) tell_json(arguments, campaign);
  else tell(arguments, campaign);
  if (std::fflush(stdout) != 0) return 2;
  return exit_code(arguments, campaign);
}

}  // namespace harness
