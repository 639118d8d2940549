// The command `simulate`.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "base/version.h"
#include "harness/cli/child.h"
#include "harness/cli/explore_command.h"
#include "harness/cli/run_command.h"
#include "harness/cli/word_commands.h"
#include "simulator/core/fault_list.h"

namespace harness {
namespace {

constexpr int kBadUsage = 2;
constexpr int kCannotJudge = 3;

int complain(const base::Error& error) {
  std::fputs(base::render(error).c_str(), stderr);
  return kBadUsage;
}

/// "2/5" → shard 2 of 5.
bool parse_shard(const std::string& text, Selection& selection) {
  const auto slash = text.find('/');
  const auto first = base::parse_integer(text.substr(0, slash));
  const auto second = slash == std::string::npos ? std::nullopt : base::parse_integer(text.substr(slash + 1));
  if (!first || !second || *first < 1 || *second < *first || *second > 10'000) return false;
  selection.shard = static_cast<int>(*first);
  selection.shards = static_cast<int>(*second);
  return true;
}

/// What only real processes can do, asked of the virtual world: a run that quietly did something else would prove nothing.
std::optional<base::Error> not_in_virtual_time(const RunOptions& run) {
  if (run.world != "virtual") return std::nullopt;
  const auto refuse = [](const char* what, const char* flag) { return base::problem(std::string("in virtual time ") + what, std::string("leave out ") + flag + ", or run it live", {}, flag); };
  if (!run.target.empty() && run.target != "gateway") return refuse("there is only our own gateway, and a sound one", "--target");
  if (run.manager == "systemd") return refuse("there are no processes for a real systemd", "--manager");
  if (run.speed) return refuse("no time passes", "--speed");
  if (run.real_time) return refuse("no time passes", "--real-time");
  if (run.serve) return refuse("nothing is left running", "--serve");
  return std::nullopt;
}

struct Flags {
  RunOptions run;
  std::string shard, pattern, word, judge_folder = "latest";
  std::vector<std::string> files;
  ImportArguments import;
  ExploreArguments explore;
  bool list = false, catalogue = false, json = false, markdown = false;
};

void add_run_flags(CLI::App& app, Flags& flags, const Paths& paths) {
  auto& run = flags.run;
  run.runs = paths.runs.string();
  app.add_option("--scenario", run.selection.names, "a scenario of the library by NAME, or a FILE; may be repeated");
  app.add_flag("--all", run.selection.all, "the whole library; live without what is tagged slow");
  app.add_option("--tag", run.selection.tags, "scenarios with this tag; may be repeated");
  app.add_option("--shard", flags.shard, "K/N: the K-th of N parts of the selection");
  app.add_flag("--list", flags.list, "list the scenarios instead of running them");
  app.add_option("--jobs", run.jobs, "how many run at once (1)")->check(CLI::Range(1, 64));
  app.add_option("--world", run.world, "live (real processes) or virtual (one process, virtual time)")->check(CLI::IsMember({"live", "virtual"}));
  app.add_option("--speed", run.speed, "nominal seconds a real second, 1 to 50 (20, or what the scenario says)")->check(CLI::Range(1.0, 50.0));
  app.add_flag("--real-time", run.real_time, "the same as --speed 1");
  app.add_option("--seed", run.seed, "of everything random");
  app.add_option("--target", run.target, "the gateway under test: gateway, mutant:NAME, or a profile's NAME (portkey) or FILE; docs/targets.md");
  app.add_option("--manager", run.manager, "mock, or systemd: a real one in namespaces of its own")->check(CLI::IsMember({"mock", "systemd"}));
  app.add_option("--compat", run.compat, "the systemd whose ways the mock has: 252 or 257")->check(CLI::IsMember({252, 257}));
  app.add_option("--report", run.reports, "console, junit:FILE, json:FILE, html:FILE or github; may be repeated");
  app.add_option("--runs", run.runs, "the folder that run folders go into");
  app.add_flag("--keep", run.keep, "keep the run folders of what passed, too");
  app.add_flag("--serve", run.serve, "stay up after the steps, until Ctrl-C");
  app.add_flag("--fail-fast", run.fail_fast, "stop at the first that does not pass");
  app.add_flag("--quiet", run.quiet, "no timeline, only the verdict");
}

int run(int argc, char** argv) {
  const auto paths = Paths::find();
  if (argc == 3 && std::string_view(argv[1]) == "__run") return run_child(argv[2], paths);
  CLI::App app{"Replays a scenario against a real LLM gateway under a mock service manager, and judges what happened."};
  app.footer("Exit codes: 0 pass, 1 a check failed, 2 bad usage or scenario, 3 it could not be judged.\n\nExample:\n  simulate --scenario billing-402");
  app.set_version_flag("--version", "simulate " + std::string(base::kVersion));
  Flags flags;
  add_run_flags(app, flags, paths);
  app.require_subcommand(0, 1);

  auto* faults = app.add_subcommand("faults", "what a script rule may name");
  faults->footer("Example:\n  simulate faults 'cut-*'");
  faults->add_option("pattern", flags.pattern, "only names or groups like this (* and ?)");
  faults->add_flag("--catalogue", flags.catalogue, "with the replies of real providers, each with its source");
  faults->add_flag("--json", flags.json, "as JSON");
  faults->add_flag("--markdown", flags.markdown, "as a Markdown table");
  auto* checks = app.add_subcommand("checks", "what a scenario may expect");
  checks->footer("Example:\n  simulate checks credentials.order");
  checks->add_option("name", flags.word, "one check, with its parameters");
  auto* schema = app.add_subcommand("schema", "the JSON Schema of a scenario, for editors");
  schema->footer("Example:\n  simulate schema > scenario.schema.json");
  auto* lint = app.add_subcommand("lint", "all problems of scenario files at once");
  lint->footer("Example:\n  simulate lint my-scenario.json");
  lint->add_option("files", flags.files, "FILE or NAME")->required();
  auto* explain = app.add_subcommand("explain", "what a scenario does, in words");
  explain->footer("Example:\n  simulate explain billing-402");
  explain->add_option("name", flags.word, "NAME or FILE")->required();
  auto* judge = app.add_subcommand("judge", "judge an old run by today's checks");
  judge->footer("Example:\n  simulate judge latest");
  judge->add_option("run", flags.judge_folder, "a run folder, or its name under --runs; latest is the last one");
  auto* explore = app.add_subcommand("explore", "random and enumerated faults in virtual time; what it finds is shrunk to a scenario");
  explore->footer("Example:\n  simulate explore --runs 20000 --seed 1");
  explore->add_option("--runs", flags.explore.runs, "how many (20000)")->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000'000}));
  explore->add_option("--for", flags.explore.for_time, "for so long, e.g. 60s; with --runs, whichever comes first");
  explore->add_option("--seed", flags.explore.seed, "of the whole campaign (1)");
  explore->add_option("--length", flags.explore.length, "moves of a random case, at most (6)")->check(CLI::Range(1, 200));
  explore->add_option("--exhaustive", flags.explore.exhaustive, "all cases of a small alphabet of moves up to this length come first (2)")->check(CLI::Range(0, 4));
  explore->add_option("--jobs", flags.explore.jobs, "threads (1)")->check(CLI::Range(1, 64));
  explore->add_option("--only", flags.explore.only, "one run of the campaign, by its number: its steps are shown, and written to --out")->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000'000'000}));
  explore->add_flag("--complete", flags.explore.complete, "fail (exit 4) when something that should happen sometimes never did");
  explore->add_option("--out", flags.explore.out, "the scenario FILE of a violation; it must not exist yet");
  explore->add_flag("--json", flags.explore.json, "the result as one JSON object");
  auto* mutant_list = app.add_subcommand("mutants", "gateways with one known bug each, for --target mutant:NAME");
  mutant_list->footer("Example:\n  simulate mutants");
  auto* import = app.add_subcommand("import", "evidence from an issue report (curl -v, HAR, a raw reply, a log line) becomes a scenario");
  import->footer("Example:\n  curl -v https://api.example.com/v1/models 2>&1 | simulate import -");
  import->add_option("file", flags.import.file, "FILE, or - for standard input")->required();
  import->add_option("--out", flags.import.out, "the scenario FILE to write; - is standard output");
  import->add_option("--origin", flags.import.origin, "where it was reported");
  import->add_flag("--force", flags.import.force, "write over a file that is there");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadUsage;
  }
  if (*faults) {
    const auto kind = flags.json ? simulator::FaultsFormat::json : flags.markdown ? simulator::FaultsFormat::markdown : simulator::FaultsFormat::text;
    const auto text = simulator::list_faults(kind, flags.pattern, flags.catalogue);
    if (text.empty()) return complain(base::problem(fmt::format("no fault is called \"{}\"", flags.pattern), "simulate faults lists them all"));
    std::fputs(text.c_str(), stdout);
    return 0;
  }
  if (*checks) return print_checks(flags.word);
  if (*schema) return print_schema();
  if (*lint) return lint_files(flags.files, paths);
  if (*explain) return explain_scenario(flags.word, paths);
  if (*judge) return judge_run(flags.judge_folder, paths);
  if (*explore) return explore_command(flags.explore);
  if (*mutant_list) return list_mutants();
  if (*import) return import_file(flags.import);
  if (!flags.shard.empty() && !parse_shard(flags.shard, flags.run.selection)) return complain(base::problem("a shard is written K/N, with 1 ≤ K ≤ N", "--shard 2/5", {}, "--shard"));
  if (flags.list) return list_scenarios(flags.run.selection, paths);
  const auto& selection = flags.run.selection;
  if (selection.names.empty() && selection.tags.empty() && !selection.all) {
    std::fputs(app.help().c_str(), stderr);
    return complain(base::problem("nothing to run", "simulate --scenario NAME, --tag TAG or --all; simulate --list shows what there is"));
  }
  if (flags.run.serve && selection.names.size() != 1) return complain(base::problem("--serve goes with exactly one --scenario", "", {}, "--serve"));
  if (const auto problem = not_in_virtual_time(flags.run)) return complain(*problem);
  // Hours cost nothing in virtual time.
  flags.run.selection.slow = flags.run.world == "virtual";
  // Programs started in other folders are told of files in it, and systemd takes absolute paths only.
  flags.run.runs = std::filesystem::absolute(flags.run.runs).lexically_normal().string();
  return run_scenarios(flags.run, paths);
}

}  // namespace
}  // namespace harness

int main(int argc, char** argv) {
  try {
    return harness::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "simulate: %s\n", error.what());
    return harness::kCannotJudge;
  }
}
