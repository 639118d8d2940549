#include "harness/cli/child.h"

#include <fstream>

#include "harness/manager/real_systemd.h"
#include "harness/scenario/loader.h"
#include "harness/timewarp/environment.h"

namespace harness {
namespace {

using base::Json;
namespace fs = std::filesystem;

constexpr int kCannotJudge = 3;

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

RunResult trouble(std::string why) { return {.ran = false, .skipped = {}, .failed = std::move(why)}; }

int finish(const std::string& folder, const RunResult& result) {
  std::ofstream(fs::path(folder) / "result.json") << base::dump(Json{{"ran", result.ran}, {"skipped", result.skipped}, {"failed", result.failed}}) << "\n";
  return result.failed.empty() ? 0 : kCannotJudge;
}

}  // namespace

int run_child(const std::string& folder, const Paths& paths) {
  const auto json = base::parse_wire_json(read_text(fs::path(folder) / "run.json"));
  if (!json) return finish(folder, trouble("run.json cannot be read"));
  RunSpec spec;
  spec.folder = folder;
  spec.paths = paths;
  spec.scenario_file = base::string_or(*json, "scenario");
  auto scenario = load_scenario(spec.scenario_file);
  if (scenario.has_error()) return finish(folder, trouble(base::render(scenario.error())));
  spec.scenario = std::move(scenario.value());
  auto target = find_target(base::string_or(*json, "target"), paths);
  if (target.has_error()) return finish(folder, trouble(base::render(target.error())));
  spec.target = std::move(target.value());
  spec.manager = base::string_or(*json, "manager", "mock");
  spec.compat = static_cast<int>(base::integer_or(*json, "compat", 252));
  spec.seed = static_cast<std::uint64_t>(base::integer_or(*json, "seed", 1));
  spec.serve = base::bool_or(*json, "serve", false);
  if (const auto* speed = base::find(*json, "speed")) spec.speed = base::number_of(*speed).value_or(1);
  return finish(folder, run_live(spec));
}

base::Result<std::unique_ptr<Process>> start_child(const ChildSpec& spec, const Paths& paths) {
  std::error_code error;
  fs::create_directories(spec.folder, error);
  if (error) return base::problem("cannot make the run folder " + spec.folder + ": " + error.message(), "--runs DIR puts runs elsewhere");
  std::ofstream(fs::path(spec.folder) / "run.json")
      << base::dump(Json{{"scenario", spec.scenario_file}, {"target", spec.target}, {"manager", spec.manager}, {"speed", spec.speed}, {"seed", spec.seed},
                         {"compat", spec.compat}, {"serve", spec.serve}})
      << "\n";
  Command command;
  command.argv = {fs::read_symlink("/proc/self/exe", error).string(), "__run", spec.folder};
  command.env = current_environment();
  const auto shim = paths.libexec / "timewarp.so";
  if (spec.speed != 1 && !fs::exists(shim, error)) return base::problem("the time-compressing shim is missing: " + shim.string(), "build the target timewarp, or use --real-time");
  // Reports of sanitized builds go to files of the run: a check reads them. The shim comes before the sanitizer's runtime.
  const auto reports = spec.folder + "/sanitizer";
  for (const auto* tool : {"ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"}) {
    auto& options = command.env[tool];
    options += (options.empty() ? "" : ":") + ("log_path=" + reports) + (std::string_view(tool) == "ASAN_OPTIONS" ? ":verify_asan_link_order=0" : "");
  }
  const auto clock = timewarp::Clock::starting_now(spec.speed);
  if (spec.manager == "systemd") {
    manager::RealSystemdOptions real;
    real.home = fs::path(spec.folder) / "home";
    fs::create_directories(real.home, error);
    if (spec.speed != 1) {
      real.shim = shim;
      real.timewarp = clock.text();
    }
    for (const auto& [name, value] : command.env) {
      if (name != "HOME" && !name.starts_with("XDG_") && name != "DBUS_SESSION_BUS_ADDRESS") real.environment.push_back(name + "=" + value);
    }
    command.argv = manager::real_systemd_command(real, command.argv);
  } else if (spec.speed != 1) {
    command.env["LD_PRELOAD"] = shim.string();
    command.env["TIMEWARP"] = clock.text();
  }
  if (!spec.serve) command.err_file = fs::path(spec.folder) / "simulate.log";
  command.on_line = [](bool err, const std::string& line) {
    if (err) std::fprintf(stderr, "%s\n", line.c_str());
  };
  return Process::start(std::move(command));
}

RunResult child_result(const std::string& folder, std::optional<int> code) {
  const auto json = base::parse_wire_json(read_text(fs::path(folder) / "result.json"));
  if (json && json->is_object()) return {.ran = base::bool_or(*json, "ran", false), .skipped = base::string_or(*json, "skipped"), .failed = base::string_or(*json, "failed")};
  return trouble(fmt::format("the run ended with code {} and told nothing; see {}/simulate.log", code.value_or(-1), folder));
}

}  // namespace harness
