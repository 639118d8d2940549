// `simulate judge RUN`: an old history, today's checks.
#include <unistd.h>

#include <fstream>

#include "harness/cli/run_command.h"
#include "harness/scenario/loader.h"

namespace harness {

int judge_run(const std::string& folder, const Paths& paths) {
  namespace fs = std::filesystem;
  const auto complain = [](const base::Error& error) {
    std::fputs(base::render(error).c_str(), stderr);
    return 2;
  };
  fs::path place = folder;
  std::error_code error;
  if (!fs::exists(place, error)) place = paths.runs / folder;
  std::ifstream spec(place / "run.json"), in(place / "history.jsonl", std::ios::binary);
  const auto json = base::parse_wire_json(std::string{std::istreambuf_iterator<char>(spec), {}});
  if (!json || !in) return complain(base::problem("there is no run in " + folder, "a run folder holds run.json and history.jsonl; the last one is \"latest\"", {}, "judge"));
  auto scenario = load_scenario(base::string_or(*json, "scenario"));
  if (scenario.has_error()) return complain(scenario.error());
  auto history = History::from_jsonl({std::istreambuf_iterator<char>(in), {}}, (place / "history.jsonl").string());
  if (history.has_error()) return complain(history.error());
  Ran ran;
  ran.scenario = std::move(scenario.value());
  ran.history = std::move(history.value());
  ran.folder = place.string();
  ran.repeat = "simulate judge " + folder;
  ran.verdict = judge(ran.scenario, ran.history);
  print_ran(ran, true, ::isatty(1) == 1 && std::getenv("NO_COLOR") == nullptr);
  return exit_code(ran.verdict.verdict);
}

}  // namespace harness
