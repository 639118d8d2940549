#include "harness/cli/run_command.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "base/text.h"
#include "harness/cli/child.h"
#include "harness/cli/pool.h"
#include "harness/cli/progress.h"
#include "harness/explore/run_virtual.h"
#include "harness/manager/real_systemd.h"
#include "harness/scenario/vocabulary.h"

namespace harness {
namespace {

namespace fs = std::filesystem;
constexpr int kBadUsage = 2;
constexpr int kCannotJudge = 3;
constexpr double kSpeed = 20;  // when nobody says another
std::atomic<bool> interrupted{false};

/// When, the scenario's name and by whom: folders of parallel runs never meet.
std::string new_folder(const RunOptions& options, const Scenario& scenario, std::size_t index) {
  auto stamp = base::format_rfc3339({std::chrono::system_clock::now().time_since_epoch()}).substr(0, 19);
  stamp = base::replace_all(base::replace_all(stamp, ":", ""), "-", "");
  return fmt::format("{}/{}-{}-{}-{}", options.runs, stamp, scenario.name, ::getpid(), index);
}

void link_latest(const RunOptions& options, const std::string& folder) {
  std::error_code error;
  const auto fresh = fs::path(options.runs) / fmt::format(".latest-{}", ::getpid());
  fs::remove(fresh, error);
  fs::create_directory_symlink(fs::path(folder).filename(), fresh, error);
  fs::rename(fresh, fs::path(options.runs) / "latest", error);
}

std::string repeat_command(const RunOptions& options, const Scenario& scenario, std::uint64_t seed, const Paths& paths) {
  const bool in_library = scenario.file.starts_with(paths.library.string() + "/");
  auto text = fmt::format("simulate --scenario {} --seed {}", in_library ? scenario.name : scenario.file, seed);
  if (options.world != "live") text += " --world " + options.world;
  if (options.target != "gateway") text += " --target " + options.target;
  if (options.manager != "mock") text += " --manager " + options.manager;
  if (options.real_time) text += " --real-time";
  if (options.speed && !options.real_time) text += fmt::format(" --speed {}", *options.speed);
  return text + " --keep";
}

RunVerdict not_judged(const Scenario& scenario, Verdict verdict, const std::string& why) {
  RunVerdict run;
  run.verdict = verdict;
  run.scenario = scenario.name;
  run.file = scenario.file;
  if (verdict == Verdict::skipped) {
    run.skipped = why;
  } else {
    CheckResult result;
    result.check = "harness.ran";
    result.verdict = verdict;
    result.expected = "a run that can be judged";
    result.seen = why;
    run.results.push_back(std::move(result));
  }
  return run;
}

/// Waits for the child; a nominal limit ends the run inside it, the wall limit only catches a harness that hangs.
std::optional<int> wait_for_child(Process& child, const RunOptions& options, const Ran& ran) {
  const auto nominal = std::chrono::duration<double>(base::seconds(ran.scenario.time_limit) / ran.speed);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{30} + std::chrono::duration_cast<std::chrono::nanoseconds>(nominal);
  bool told = false;
  for (;;) {
    if (auto code = child.wait(std::chrono::milliseconds{50})) return code;
    if (interrupted && !told) {
      child.signal(SIGINT);
      told = true;
    }
    if (!options.serve && std::chrono::steady_clock::now() > limit) return std::nullopt;
  }
}

void judge_child(Ran& ran, std::optional<int> code) {
  auto result = child_result(ran.folder, code);
  if (interrupted) result = {.ran = false, .skipped = {}, .failed = "interrupted"};
  if (!result.skipped.empty()) {
    ran.verdict = not_judged(ran.scenario, Verdict::skipped, result.skipped);
    return;
  }
  std::ifstream in(fs::path(ran.folder) / "history.jsonl", std::ios::binary);
  auto history = History::from_jsonl({std::istreambuf_iterator<char>(in), {}}, ran.folder + "/history.jsonl");
  if (history.has_value()) ran.history = std::move(history.value());
  ran.verdict = result.ran ? judge(ran.scenario, ran.history) : not_judged(ran.scenario, Verdict::unknown, result.failed);
}

void run_one_virtual(const RunOptions& options, Ran& ran) {
  const auto began = std::chrono::steady_clock::now();
  if (const auto why = explore::not_virtual(ran.scenario)) {
    ran.verdict = not_judged(ran.scenario, Verdict::skipped, "the virtual world cannot run it: it " + *why);
    return;
  }
  explore::WorldOptions world;
  world.seed = ran.seed;
  world.go_on = [] { return !interrupted.load(); };
  world.compat = options.compat == 257 ? manager::Compat::v257 : manager::Compat::v252;
  auto history = explore::run_virtual(ran.scenario, world);
  ran.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (history.has_error()) {
    ran.verdict = not_judged(ran.scenario, Verdict::unknown, base::render(history.error()));
    return;
  }
  ran.history = std::move(history.value());
  ran.verdict = judge(ran.scenario, ran.history);
  if (interrupted) ran.verdict = not_judged(ran.scenario, Verdict::unknown, "interrupted");
  std::error_code error;
  fs::create_directories(ran.folder, error);
  std::ofstream out(fs::path(ran.folder) / "history.jsonl", std::ios::binary);
  out << ran.history.to_jsonl();
  out.close();
  // What nobody can look at later must not be promised.
  if (!out) ran.verdict = not_judged(ran.scenario, Verdict::unknown, "the run's history could not be written into " + ran.folder);
  std::ofstream(fs::path(ran.folder) / "run.json") << base::dump(base::Json{{"scenario", fs::absolute(ran.scenario.file).string()}, {"world", "virtual"}, {"seed", ran.seed}}) << "\n";
}

void run_one(const RunOptions& options, const Target& target, const Paths& paths, Ran& ran, std::size_t index) {
  const auto& scenario = ran.scenario;
  ran.seed = options.seed.value_or(scenario.seed.value_or(1));
  ran.speed = options.real_time ? 1 : options.speed.value_or(std::min(scenario.speed.value_or(kSpeed), target.speed.value_or(kSpeed)));
  ran.repeat = repeat_command(options, scenario, ran.seed, paths);
  ran.folder = new_folder(options, scenario, index);
  if (options.world == "virtual") return run_one_virtual(options, ran);
  if (auto missing = lacking(target, scenario); !missing.empty()) {
    ran.verdict = not_judged(scenario, Verdict::skipped, lacking_words(target, missing));
    ran.verdict.lacks = std::move(missing);
    return;
  }
  if (options.manager == "systemd") {
    if (const auto why = manager::why_no_real_systemd(); !why.empty()) {
      ran.verdict = not_judged(scenario, Verdict::skipped, "no real systemd here: " + why);
      return;
    }
  }
  const auto began = std::chrono::steady_clock::now();
  auto child = start_child({.scenario_file = fs::absolute(scenario.file).string(), .folder = ran.folder, .target = options.target, .manager = options.manager, .speed = ran.speed,
                            .seed = ran.seed, .compat = options.compat, .serve = options.serve},
                           paths);
  if (child.has_error()) {
    ran.verdict = not_judged(scenario, Verdict::unknown, base::render(child.error()));
    return;
  }
  const auto code = wait_for_child(*child.value(), options, ran);
  child.value()->kill_and_reap();
  ran.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  judge_child(ran, code);
}

int sum_up(const std::vector<Ran>& runs, double seconds) {
  std::array<std::size_t, 4> counts{};
  auto worst = Verdict::pass;
  for (const auto& ran : runs) {
    ++counts[static_cast<std::size_t>(ran.verdict.verdict)];
    if (ran.verdict.verdict != Verdict::skipped) worst = merge(worst, ran.verdict.verdict);
  }
  const auto count = [&](Verdict verdict) { return counts[static_cast<std::size_t>(verdict)]; };
  if (runs.size() > 1) {
    std::printf("%zu passed, %zu failed, %zu unknown, %zu skipped in %.1f s\n", count(Verdict::pass), count(Verdict::fail), count(Verdict::unknown), count(Verdict::skipped), seconds);
  }
  return exit_code(worst);
}

int complain(const base::Error& error) {
  std::fputs(base::render(error).c_str(), stderr);
  return kBadUsage;
}

/// A misspelt mutant must not look like a gateway that fails.
base::Result<Target> known_target(const std::string& name, const Paths& paths) {
  auto target = find_target(name, paths);
  constexpr std::string_view kMutant = "mutant:";
  if (target.has_error() || !name.starts_with(kMutant)) return target;
  const auto wanted = name.substr(kMutant.size());
  std::vector<std::string> names;
  for (const auto& mutant : mutants()) {
    if (mutant.name == wanted) return target;
    names.emplace_back(mutant.name);
  }
  const auto near = base::nearest_word(wanted, names);
  return base::problem(fmt::format("no mutant is called \"{}\"", wanted), near ? fmt::format("did you mean \"{}\"?  All mutants: simulate mutants", *near) : "all mutants: simulate mutants", {}, "--target");
}

}  // namespace

int run_scenarios(const RunOptions& options, const Paths& paths) {
  auto chosen = select_scenarios(options.selection, paths);
  if (chosen.has_error()) return complain(chosen.error());
  if (auto good = check_reports(options.reports); good.has_error()) return complain(good.error());
  const auto target = known_target(options.target, paths);
  if (target.has_error()) return complain(target.error());
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::vector<Ran> runs(chosen.value().size());
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i].scenario = std::move(chosen.value()[i]);
  const bool colour = ::isatty(1) == 1 && std::getenv("NO_COLOR") == nullptr;
  const bool console = options.reports.empty() || std::find(options.reports.begin(), options.reports.end(), "console") != options.reports.end();
  const auto began = std::chrono::steady_clock::now();
  std::atomic<bool> failed{false};
  {
    Progress progress(runs.size());
    run_pool(runs.size(), options.jobs, [&] { return !interrupted && !(options.fail_fast && failed); }, [&](std::size_t i) {
      auto& ran = runs[i];
      progress.started(ran.scenario.name);
      run_one(options, target.value(), paths, ran, i);
      if (ran.verdict.verdict == Verdict::fail || ran.verdict.verdict == Verdict::unknown) failed = true;
      progress.ended(ran.scenario.name, [&] {
        if (console) print_ran(ran, runs.size() == 1 && !options.quiet, colour);
      });
      link_latest(options, ran.folder);
      // What passed in a crowd is not kept: a nightly library would fill the disk.
      std::error_code error;
      if (runs.size() > 1 && !options.keep && ran.verdict.verdict == Verdict::pass) fs::remove_all(ran.folder, error);
    });
  }
  std::erase_if(runs, [](const Ran& ran) { return ran.folder.empty(); });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (auto wrote = write_reports(options.reports, runs); wrote.has_error()) return complain(wrote.error());
  if (console && !target.value().own && runs.size() > 1) print_scorecard(target.value().name, runs);
  const int code = sum_up(runs, seconds);
  if (!interrupted) return code;
  std::fputs("interrupted; nothing was left running\n", stderr);
  return kCannotJudge;
}

}  // namespace harness
