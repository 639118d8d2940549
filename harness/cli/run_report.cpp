// How `simulate` tells what happened: the console as runs end, the files of --report at the end.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "harness/cli/run_command.h"
#include "harness/report/console.h"
#include "harness/report/report.h"

namespace harness {

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

namespace {

struct Kind {
  std::string_view name;
  bool file;  ///< wants ":FILE"
  std::string (*render)(std::span<const Reported>, const ReportOptions&);
};
constexpr std::array<Kind, 5> kKinds{{{"console", false, nullptr}, {"junit", true, render_junit}, {"json", true, render_json}, {"html", true, render_html}, {"github", false, render_github}}};

struct Wanted {
  const Kind* kind;
  std::string file;
};
base::Result<Wanted> parse_report(const std::string& text) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  const auto file = colon == std::string::npos ? std::string() : text.substr(colon + 1);
  for (const auto& kind : kKinds) {
    if (kind.name != name) continue;
    if (kind.file && file.empty()) return base::problem(fmt::format("the report {} wants a file", name), fmt::format("--report {}:FILE", name), {}, "--report");
    if (!kind.file && colon != std::string::npos) return base::problem(fmt::format("the report {} goes to standard output and takes no file", name), fmt::format("--report {}", name), {}, "--report");
    return Wanted{&kind, file};
  }
  std::vector<std::string_view> names;
  for (const auto& kind : kKinds) names.push_back(kind.name);
  const auto near = base::nearest_word(name, std::span<const std::string_view>(names));
  return base::problem(fmt::format("no report is called \"{}\"", base::printable(name, 40)),
                       near ? fmt::format("did you mean \"{}\"?", *near) : "one of: console, junit:FILE, json:FILE, html:FILE, github", {}, "--report");
}

std::vector<Reported> reported(const std::vector<Ran>& runs) {
  std::vector<Reported> list;
  for (const auto& ran : runs) {
    list.push_back({.scenario = &ran.scenario, .verdict = &ran.verdict, .history = &ran.history, .folder = ran.folder, .repeat = ran.repeat,
                    .seconds = ran.seconds, .seed = ran.seed, .speed = ran.speed});
  }
  return list;
}

}  // namespace

base::Result<bool> check_reports(const std::vector<std::string>& reports) {
  base::Error problems;
  for (const auto& report : reports) {
    const auto wanted = parse_report(report);
    if (!wanted.has_error()) continue;
    for (const auto error = wanted.error(); const auto& each : error.problems) problems.problems.push_back(each);
  }
  if (!problems.problems.empty()) return problems;
  return true;
}

base::Result<bool> write_reports(const std::vector<std::string>& reports, const std::vector<Ran>& runs) {
  const auto list = reported(runs);
  const auto now = std::chrono::duration_cast<base::Duration>(std::chrono::system_clock::now().time_since_epoch());
  std::error_code error;
  const auto root = std::filesystem::current_path(error).string();
  base::Error problems;
  for (const auto& report : reports) {
    const auto wanted = parse_report(report);
    if (wanted.has_error() || !wanted.value().kind->render) continue;
    const auto text = wanted.value().kind->render(list, {.made = {now}, .root = root});
    if (!wanted.value().kind->file) {
      std::fputs(text.c_str(), stdout);
      continue;
    }
    const std::filesystem::path file = wanted.value().file;
    if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), error);
    std::ofstream out(file, std::ios::binary);
    out << text;
    out.close();
    if (!out) problems.problems.push_back({.file = file.string(), .what = "the report cannot be written", .hint = "give a file in a folder that may be written to"});
  }
  if (!problems.problems.empty()) return problems;
  return true;
}

}  // namespace harness
