// How `simulate` tells what happened: the console as runs end, the files of --report at the end.
#include <cstdio>
#include <fstream>

#include "base/text.h"
#include "harness/cli/run_command.h"
#include "harness/report/console.h"
#include "harness/report/report.h"
#include "harness/report/scorecard.h"

namespace harness {
namespace {

struct Kind {
  std::string_view name;
  std::string (*render)(std::span<const Reported> runs, const ReportOptions& options);
  bool file = true;
};
constexpr std::array kKinds{Kind{"junit", render_junit}, Kind{"json", render_json}, Kind{"html", render_html}, Kind{"github", render_github, false}};
constexpr std::string_view kConsole = "console";

std::pair<std::string, std::string> split_report(const std::string& text) {
  const auto colon = text.find(':');
  return {text.substr(0, colon), colon == std::string::npos ? std::string{} : text.substr(colon + 1)};
}

const Kind* find_kind(std::string_view name) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) { return kind.name == name; });
  return found == kKinds.end() ? nullptr : &*found;
}

}  // namespace

void print_ran(const Ran& ran, bool timeline, bool colour) {
  ConsoleOptions options;
  options.colour = colour;
  options.timeline = timeline;
  options.seconds = ran.seconds;
  options.repeat = ran.repeat;
  options.folder = ran.folder;
  std::fputs(render_run(ran.verdict, ran.history, options).c_str(), stdout);
  std::fflush(stdout);
}

base::Result<bool> check_reports(const std::vector<std::string>& reports) {
  for (const auto& report : reports) {
    const auto [name, file] = split_report(report);
    if (name == kConsole && file.empty()) continue;
    const auto* kind = find_kind(name);
    if (kind == nullptr) return base::problem(fmt::format("no report is called \"{}\"", name), "console, junit:FILE, json:FILE, html:FILE or github", {}, "--report");
    if (kind->file && file.empty()) return base::problem(fmt::format("the report \"{}\" needs a file", name), fmt::format("--report {}:FILE", name), {}, "--report");
    if (!kind->file && !file.empty()) return base::problem(fmt::format("the report \"{}\" goes to standard output", name), fmt::format("--report {}", name), {}, "--report");
  }
  return true;
}

std::vector<Reported> reported_of(const std::vector<Ran>& runs) {
  std::vector<Reported> reported;
  for (const auto& ran : runs) {
    reported.push_back({.scenario = &ran.scenario, .verdict = &ran.verdict, .history = &ran.history, .folder = ran.folder, .repeat = ran.repeat, .seconds = ran.seconds, .seed = ran.seed, .speed = ran.speed});
  }
  return reported;
}

void print_scorecard(const std::string& target, const std::vector<Ran>& runs) {
  std::fputs(render_scorecard(target, reported_of(runs)).c_str(), stdout);
  std::fflush(stdout);
}

base::Result<bool> write_reports(const std::vector<std::string>& reports, const std::vector<Ran>& runs) {
  const auto reported = reported_of(runs);
  const ReportOptions options{.made = {std::chrono::system_clock::now().time_since_epoch()}, .root = std::filesystem::current_path().string()};
  for (const auto& report : reports) {
    const auto [name, file] = split_report(report);
    const auto* kind = find_kind(name);
    if (kind == nullptr) continue;
    const auto text = kind->render(reported, options);
    if (!kind->file) {
      std::fputs(text.c_str(), stdout);
      continue;
    }
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    if (!(out << text) || !out.flush()) return base::problem("the report cannot be written to " + file, "is the folder there, and yours?", {}, "--report");
  }
  return true;
}

}  // namespace harness
