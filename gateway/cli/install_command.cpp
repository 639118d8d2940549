// `gateway install` and `uninstall`: the unit, its socket, and what is left for the person to do.
#include <filesystem>

#include "base/text.h"
#include "gateway/cli/context.h"
#include "gateway/cli/say.h"
#include "gateway/cli/service_commands.h"
#include "gateway/service/unit_text.h"

namespace gateway {
namespace {

namespace fs = std::filesystem;

fs::path unit_folder(const Environment& environment) {
  const auto found = environment.find("XDG_CONFIG_HOME");
  if (found != environment.end() && !found->second.empty()) return fs::path(found->second) / "systemd/user";
  const auto home = environment.find("HOME");
  return fs::path(home == environment.end() ? "/" : home->second) / ".config/systemd/user";
}

bool manager_said_no(const CommandResult& result, const std::string& what) {
  if (result.ok()) return false;
  complain(fmt::format("✗ {}: {}\n", what, result.reason()));
  return true;
}

CommandResult systemctl(std::vector<std::string> words) {
  words.insert(words.begin(), {"systemctl", "--user"});
  return run_command(words, std::chrono::seconds{20});
}

}  // namespace

int install_command(const ServiceArguments& arguments) {
  const auto context = make_context(arguments.config, arguments.unit);
  if (!context.config_read) {
    complain(context.config_problem + "✗ A service needs a configuration that can be read: gateway init, then gateway check\n");
    return 1;
  }
  std::error_code error;
  const auto config = fs::absolute(context.config_file, error);
  UnitOptions options;
  options.program = fs::read_symlink("/proc/self/exe", error).string();
  options.config = config.string();
  options.environment_file = (config.parent_path() / "gateway.env").string();
  options.unit = context.config.unit;
  options.listen = arguments.socket ? context.config.listen : "";
  options.drain = context.config.restart.drain;
  options.settle = context.config.restart.settle;
  const auto folder = unit_folder(environment_now());
  std::vector<std::pair<fs::path, std::string>> files{{folder / (options.unit + ".service"), unit_text(options)}};
  if (wants_socket(options)) files.emplace_back(folder / (options.unit + ".socket"), socket_text(options));
  if (arguments.dry_run) {
    for (const auto& [path, text] : files) print(fmt::format("# {}\n{}\n", path.string(), text));
    return 0;
  }
  fs::create_directories(folder, error);
  for (const auto& [path, text] : files) {
    if (!write_file(path, text)) {
      complain(fmt::format("✗ cannot write {}\n", path.string()));
      return 1;
    }
    print(fmt::format("✓ Wrote {}\n", path.string()));
  }
  if (manager_said_no(systemctl({"daemon-reload"}), "the manager does not reload its units")) return 1;
  std::vector<std::string> enable{"enable", options.unit + ".service"};
  if (files.size() > 1) enable.push_back(options.unit + ".socket");
  if (manager_said_no(systemctl(enable), "the manager does not enable the service")) return 1;
  print(fmt::format("✓ User service {} installed\n  Put the keys into {} as NAME=value, chmod 600\n  To run without a login: loginctl enable-linger\n  Start it: gateway start\n",
                    options.unit, options.environment_file));
  if (!arguments.now) return 0;
  return start_command(arguments);
}

int uninstall_command(const ServiceArguments& arguments) {
  const auto context = make_context(arguments.config, arguments.unit);
  const auto& unit = context.config.unit;
  const auto folder = unit_folder(environment_now());
  const Manager manager(unit);
  std::string failure;
  const auto state = manager.show(failure);
  if (state && (state->main_pid > 0 || state->active == "activating")) {
    if (const int code = stop_command(arguments); code != 0) return code;
  }
  (void)systemctl({"disable", unit + ".service", unit + ".socket"});
  bool removed = false;
  for (const auto* tail : {".service", ".socket"}) {
    std::error_code error;
    removed = fs::remove(folder / (unit + tail), error) || removed;
  }
  (void)systemctl({"daemon-reload"});
  (void)systemctl({"reset-failed", unit + ".service"});
  print(removed ? fmt::format("✓ User service {} removed; configuration and state are kept\n", unit) : fmt::format("✓ User service {} was not installed\n", unit));
  return 0;
}

}  // namespace gateway
