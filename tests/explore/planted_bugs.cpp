// Exploration must find each planted bug within a budget and shrink it to a few moves: printed as a table.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/explore/campaign_runner.h"
#include "tests/mutants/mutants.h"

namespace {

constexpr std::uint64_t kBudget = 100'000;
constexpr std::size_t kMovesMax = 6;

/// Bugs of the core that the rules of exploration are about. What only a header, a log line or a page shows is left to the scenarios.
constexpr std::array<std::string_view, 24> kPlanted{
    "hammers-empty-key",  "uses-cooling-keys", "shortens-cooldown", "forgets-cooldown-on-restart", "keeps-nothing",         "ignores-retry-after", "no-fallback",      "first-target-only",
    "waits-forever",      "never-recovers",    "silent-cut",        "double-reply",                "loses-session",         "forgets-answers",     "stuck-drain",      "retries-forever",
    "clean-end-after-error", "retries-billing", "first-key-only",   "exits-0-on-drain",            "exits-0-on-sigterm",    "ignores-commit-complete", "kills-on-401",      "drops-in-flight"};

/// The shrunk case must fail in the live world, too: real processes, the gateway with the same bug.
bool fails_live(const std::string& simulate, const std::string& mutant, const harness::explore::Failure& failure, const std::filesystem::path& folder) {
  const auto file = folder / (mutant + ".json");
  std::ofstream(file) << harness::explore::scenario_text(failure.shrunk, "Planted: " + mutant, failure.violation.what, failure.violation.expect);
  const auto run = [&](const std::string& how) {
    const auto command = fmt::format("'{}' --scenario '{}' {} --quiet --runs '{}' >>'{}.log' 2>&1", simulate, file.string(), how, (folder / "runs").string(), file.string());
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  // The control: the sound gateway passes the same scenario, in virtual time, where an hour costs nothing.
  return run("--world virtual") == 0 && run("--speed 50 --target mutant:" + mutant) == 1;
}

/// A file that expects nothing in particular cannot fail for the right reason.
bool expects_something(const harness::explore::Failure& failure) { return !failure.violation.expect.empty() || failure.violation.rule == "comes-back"; }

}  // namespace

// usage: planted_bugs [SIMULATE [MUTANT]]    with the program `simulate` each shrunk case is run live, too
int main(int argc, char** argv) {
  const std::string simulate = argc > 1 ? argv[1] : "";
  const std::string only = argc > 2 ? argv[2] : "";
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("planted-{}", ::getpid());
  std::filesystem::create_directories(folder);
  std::size_t live = 0;
  std::size_t found = 0, asked = 0;
  std::printf("%-30s %-18s %8s %6s %7s %8s   %s\n", "planted bug", "rule", "run", "moves", "shrunk", "seconds", simulate.empty() ? "" : "live");
  for (const auto name : kPlanted) {
    if (!only.empty() && only != name) continue;
    const auto* mutant = mutants::find(name);
    if (mutant == nullptr) {
      std::printf("%-30s is no mutant\n", std::string(name).c_str());
      return 1;
    }
    ++asked;
    const auto began = std::chrono::steady_clock::now();
    auto made = mutant->make();
    harness::explore::Laboratory laboratory({.policy = made.policy.get(), .around_core = made.around_core, .around_config = made.config});
    const auto result = run_campaign(laboratory, {.seed = 1, .runs = kBudget, .length = 6, .exhaustive = 1});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (!result.failure) {
      std::printf("%-30s NOT FOUND in %llu runs %27.1f\n", std::string(name).c_str(), static_cast<unsigned long long>(result.runs), seconds);
      continue;
    }
    const bool small = result.failure->shrunk.moves.size() <= kMovesMax && expects_something(*result.failure);
    found += small ? 1U : 0U;
    const bool failed = !simulate.empty() && fails_live(simulate, std::string(name), *result.failure, folder);
    live += failed ? 1U : 0U;
    std::printf("%-30s %-18s %8llu %6zu %7zu %8.1f   %s%s\n", std::string(name).c_str(), result.failure->violation.rule.c_str(), static_cast<unsigned long long>(result.failure->index),
                result.failure->found.moves.size(), result.failure->shrunk.moves.size(), seconds, simulate.empty() ? "" : failed ? "fails" : "PASSES", small ? "" : expects_something(*result.failure) ? "   TOO LONG" : "   EXPECTS NOTHING");
    std::fflush(stdout);
  }
  std::printf("planted bugs: %zu of %zu found and shrunk to at most %zu moves\n", found, asked, kMovesMax);
  if (simulate.empty()) {
    std::filesystem::remove_all(folder);
    return found == asked ? 0 : 1;
  }
  std::printf("live: %zu of %zu fail\n", live, asked);
  if (live < asked) std::printf("what the live runs said: %s\n", folder.c_str());
  else std::filesystem::remove_all(folder);
  return found == asked && live == asked ? 0 : 1;
}
