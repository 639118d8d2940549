#include "gateway/cli/gateway_main.h"

#include <CLI/CLI.hpp>
#include <exception>

#include "gateway/cli/config_commands.h"
#include "gateway/cli/say.h"

namespace gateway {
namespace {

constexpr int kBadUsage = 2;

struct Arguments {
  RunOptions run;
  ConfigArguments config;
  std::function<int()> chosen;
};

CLI::App* command(CLI::App& app, const std::string& name, const std::string& what, const std::string& example) {
  auto* sub = app.add_subcommand(name, what);
  sub->footer("Example:\n  " + example);
  return sub;
}

void add_config(CLI::App* sub, std::string& file, std::vector<std::string>* overrides) {
  sub->add_option("-c,--config", file, "Configuration file; default: $BROWNOUT_CONFIG, else ~/.config/brownout/gateway.json")->type_name("FILE");
  if (overrides) sub->add_option("--set", *overrides, "Overrides one setting, PATH=VALUE; may repeat")->type_name("PATH=VALUE")->take_all()->allow_extra_args(false);
}

void add_run(CLI::App& app, Arguments& a, const RunParts& parts) {
  auto* sub = command(app, "run", "Runs the gateway in the foreground, as a service manager or a person starts it",
                      "gateway run --config gateway.json --set listen=127.0.0.1:8642");
  add_config(sub, a.run.config, &a.run.overrides);
  sub->add_flag("--replace", a.run.replace, "Asks a gateway that holds the state file to stop, and takes its place");
  sub->add_option("--log", a.run.log, "Form of the log on stderr; default: text on a terminal, else json")->check(CLI::IsMember({"json", "text"}));
  sub->add_option("--seed", a.run.seed, "Of jitter and random strategies, to repeat a run; 0: from the system")->type_name("N");
  sub->callback([&a, &parts] { a.chosen = [&a, &parts] { return run_command(a.run, parts); }; });
}

void add_config_commands(CLI::App& app, Arguments& a) {
  auto* check = command(app, "check", "Reads the configuration and reports every problem", "gateway check --config gateway.json");
  add_config(check, a.config.config, &a.config.overrides);
  check->callback([&a] { a.chosen = [&a] { return check_command(a.config); }; });

  auto* config = command(app, "config", "Explains every setting: unit, range and default", "gateway config --explain retry");
  config->add_flag("--explain", a.config.explain, "The settings in words (the default)");
  config->add_flag("--schema", a.config.schema, "A JSON Schema of the file, for editors");
  config->add_option("WORD", a.config.word, "Only settings with this word in their path");
  config->callback([&a] { a.chosen = [&a] { return config_command(a.config); }; });

  auto* init = command(app, "init", "Writes a first configuration and its schema", "gateway init --config gateway.json");
  add_config(init, a.config.config, nullptr);
  init->add_flag("--force", a.config.force, "Writes over a file that is there");
  init->callback([&a] { a.chosen = [&a] { return init_command(a.config); }; });
}

}  // namespace

int gateway_main(int argc, char** argv, const RunParts& parts) {
  CLI::App app{"An LLM gateway that survives its providers"};
  app.set_version_flag("--version", std::string(kVersion));
  app.require_subcommand(1);
  Arguments a;
  add_run(app, a, parts);
  add_config_commands(app, a);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : kBadUsage;
  }
  try {
    return a.chosen();
  } catch (const std::exception& error) {
    complain(fmt::format("gateway: {}\n", error.what()));
    return 1;
  }
}

}  // namespace gateway
