// Exploration must find each planted bug within a budget and shrink it to a few moves: printed as a table.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "harness/explore/campaign_runner.h"
#include "tests/mutants/mutants.h"

namespace {

constexpr std::uint64_t kBudget = 20'000;
constexpr std::size_t kMovesMax = 6;

/// Bugs of the core that the rules of exploration are about. What only a header, a log line or a page shows is left to the scenarios.
constexpr std::array<std::string_view, 18> kPlanted{
    "hammers-empty-key", "uses-cooling-keys", "shortens-cooldown", "forgets-cooldown-on-restart", "keeps-nothing", "ignores-retry-after", "no-fallback", "first-target-only", "waits-forever",
    "never-recovers",    "silent-cut",        "double-reply",      "loses-session",               "forgets-answers", "stuck-drain",       "retries-forever", "clean-end-after-error", "retries-billing"};

}  // namespace

int main(int argc, char** argv) {
  const std::string only = argc > 1 ? argv[1] : "";
  std::size_t found = 0, asked = 0;
  std::printf("%-30s %-18s %8s %6s %7s %8s\n", "planted bug", "rule", "run", "moves", "shrunk", "seconds");
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
    const bool small = result.failure->shrunk.moves.size() <= kMovesMax;
    found += small ? 1U : 0U;
    std::printf("%-30s %-18s %8llu %6zu %7zu %8.1f%s\n", std::string(name).c_str(), result.failure->violation.rule.c_str(), static_cast<unsigned long long>(result.failure->index),
                result.failure->found.moves.size(), result.failure->shrunk.moves.size(), seconds, small ? "" : "   TOO LONG");
    std::fflush(stdout);
  }
  std::printf("planted bugs: %zu of %zu found and shrunk to at most %zu moves\n", found, asked, kMovesMax);
  return found == asked ? 0 : 1;
}
