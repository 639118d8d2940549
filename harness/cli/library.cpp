#include "harness/cli/library.h"

#include <filesystem>

#include "base/text.h"
#include "harness/scenario/loader.h"

namespace harness {
namespace fs = std::filesystem;

std::vector<std::string> library_files(const Paths& paths) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& folder : {paths.library, paths.library / "regressions"}) {
    for (fs::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
      const auto& file = each->path();
      if (file.extension() == ".json" && !file.stem().string().ends_with(".schema")) files.push_back(file.string());
    }
    error.clear();
  }
  std::sort(files.begin(), files.end(), [](const std::string& a, const std::string& b) { return fs::path(a).stem() < fs::path(b).stem(); });
  return files;
}

base::Result<std::string> scenario_file(const std::string& name, const Paths& paths) {
  std::error_code error;
  if (fs::is_regular_file(name, error)) return name;
  std::vector<std::string> names;
  for (const auto& file : library_files(paths)) {
    if (fs::path(file).stem() == name) return file;
    names.push_back(fs::path(file).stem().string());
  }
  const auto near = base::nearest_word(name, names);
  return base::problem(fmt::format("no scenario is called \"{}\", and there is no such file", name),
                       near ? fmt::format("did you mean \"{}\"?  All scenarios: simulate --list", *near) : "all scenarios: simulate --list", {}, "--scenario");
}

namespace {

bool has(const std::vector<std::string>& list, const std::string& word) { return std::find(list.begin(), list.end(), word) != list.end(); }

bool wanted(const Selection& selection, const Scenario& scenario) {
  if (has(scenario.tags, kSlowTag) && !has(selection.tags, kSlowTag) && !selection.slow) return false;
  return selection.tags.empty() || std::any_of(selection.tags.begin(), selection.tags.end(), [&](const auto& tag) { return has(scenario.tags, tag); });
}

}  // namespace

base::Result<std::vector<Scenario>> select_scenarios(const Selection& selection, const Paths& paths) {
  std::vector<base::Diagnostic> problems;
  std::vector<Scenario> chosen;
  const auto keep = [&](const base::Error& error) { problems.insert(problems.end(), error.problems.begin(), error.problems.end()); };
  const auto load = [&](const std::string& file, bool always) {
    auto scenario = load_scenario(file);
    if (scenario.has_error()) {
      keep(scenario.error());
    } else if (always || wanted(selection, scenario.value())) {
      chosen.push_back(std::move(scenario.value()));
    }
  };
  for (const auto& name : selection.names) {
    auto file = scenario_file(name, paths);
    if (file.has_error()) {
      keep(file.error());
    } else {
      load(file.value(), true);
    }
  }
  if (selection.all || !selection.tags.empty()) {
    for (const auto& file : library_files(paths)) load(file, false);
    if (chosen.empty() && problems.empty() && !selection.tags.empty()) {
      return base::problem(fmt::format("no scenario has the tag \"{}\"", base::join(selection.tags, "\", \"")), "simulate --list shows the tags", {}, "--tag");
    }
  }
  if (!problems.empty()) return base::Error{problems};
  if (selection.shards > 1) {
    std::vector<Scenario> part;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (static_cast<int>(i % static_cast<std::size_t>(selection.shards)) + 1 == selection.shard) part.push_back(std::move(chosen[i]));
    }
    chosen = std::move(part);
  }
  return chosen;
}

}  // namespace harness
