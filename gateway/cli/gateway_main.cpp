#include "gateway/cli/gateway_main.h"

#include <CLI/CLI.hpp>
#include <exception>

#include "gateway/classify/classify_command.h"
#include "gateway/cli/client_commands.h"
#include "gateway/cli/config_commands.h"
#include "gateway/cli/say.h"
#include "gateway/cli/service_commands.h"
#include "gateway/net/shell.h"

namespace gateway {
namespace {

constexpr int kBadUsage = 2;

struct Arguments {
  RunOptions run;
  ConfigArguments config;
  ServiceArguments service;
  ClientArguments client;
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

CLI::App* service_command(CLI::App& app, Arguments& a, const std::string& name, const std::string& what, const std::string& example, int (*run)(const ServiceArguments&)) {
  auto* sub = command(app, name, what, example);
  add_config(sub, a.service.config, nullptr);
  sub->add_option("--unit", a.service.unit, "Name of the service unit; default: the configuration's")->type_name("NAME");
  sub->callback([&a, run] { a.chosen = [&a, run] { return run(a.service); }; });
  return sub;
}

void add_service(CLI::App& app, Arguments& a) {
  service_command(app, a, "start", "Starts the installed service and waits until it answers", "gateway start", start_command);
  service_command(app, a, "stop", "Stops the service: active work finishes first, and nothing starts it again", "gateway stop", stop_command);
  auto* restart = service_command(app, a, "restart", "Restarts the service: waits for active work, for the new process and for its health", "gateway restart", restart_command);
  restart->add_flag("--wait-restart-sec", a.service.wait_restart_sec, "Leaves the start to the manager's own timer (RestartSec)");
  auto* logs = service_command(app, a, "logs", "Shows the service's log", "gateway logs --follow", logs_command);
  logs->add_flag("-f,--follow", a.service.follow, "Goes on as lines come");
  logs->add_option("-n,--lines", a.service.lines, "How many of the last lines")->check(CLI::Range(1, 1'000'000));
  logs->add_option("--since", a.service.since, "From when on, such as '10 min ago'; instead of --lines");
  auto* install = service_command(app, a, "install", "Writes and enables the service unit and its socket", "gateway install --dry-run", install_command);
  install->add_flag("--dry-run", a.service.dry_run, "Prints the files and changes nothing");
  install->add_flag("--now", a.service.now, "Starts it too");
  install->add_flag("!--no-socket", a.service.socket, "Without the socket unit: the gateway opens its port itself");
  service_command(app, a, "uninstall", "Stops the service and removes its unit; configuration and state are kept", "gateway uninstall", uninstall_command);
}

CLI::App* client_command(CLI::App& app, Arguments& a, const std::string& name, const std::string& what, const std::string& example, int (*run)(const ClientArguments&)) {
  auto* sub = command(app, name, what, example);
  add_config(sub, a.client.config, nullptr);
  sub->add_option("--unit", a.client.unit, "Name of the service unit; default: the configuration's")->type_name("NAME");
  sub->add_option("--address", a.client.address, "Where it listens; default: what the running gateway says, else the configuration")->type_name("HOST:PORT");
  sub->callback([&a, run] { a.chosen = [&a, run] { return run(a.client); }; });
  return sub;
}

void add_clients(CLI::App& app, Arguments& a) {
  auto* status = client_command(app, a, "status", "Shows how the gateway, its keys and its service are", "gateway status", status_command);
  status->add_flag("--json", a.client.json, "The admin port's /status as it is");
  auto* keys = client_command(app, a, "keys", "Lists the keys and their state, or changes one", "gateway keys reset acme/key-a", keys_command);
  keys->add_option("VERB", a.client.verb, "list, reset, disable or enable")->check(CLI::IsMember({"list", "reset", "disable", "enable"}));
  keys->add_option("KEY", a.client.target, "PROVIDER/LABEL");
  keys->add_flag("--json", a.client.json, "As JSON");
  auto* chat = client_command(app, a, "chat", "Talks to the gateway in the terminal", "gateway chat \"What is a brownout?\"", chat_command);
  chat->add_option("TEXT", a.client.text, "One message; without it lines are read until the end of the input");
  chat->add_option("--session", a.client.session, "The conversation; it is kept across restarts");
  chat->add_option("--model", a.client.model, "The route to ask; default: \"default\"");
  chat->add_option("--key", a.client.key, "A caller's key, when the gateway asks for one")->envname("BROWNOUT_KEY");
}

int classify_command() {
  std::string line, answer;
  int code = 0;
  std::size_t number = 0;
  const auto now = moment_now().wall;
  for (int c = std::getchar();; c = std::getchar()) {
    if (c != EOF && c != '\n') {
      // One byte over the limit is kept, so that the command itself says that the line is too long.
      if (line.size() <= kClassifyLineMax) line += static_cast<char>(c);
      continue;
    }
    ++number;
    if (line.find_first_not_of(" \t\r") != std::string::npos) {
      if (!classify_numbered_line(line, number, now, answer)) code = kBadUsage;
      print(answer + "\n");
    }
    line.clear();
    if (c == EOF) return code;
  }
}

void add_classify(CLI::App& app, Arguments& a) {
  auto* sub = command(app, "classify", "Says what the gateway would do about a failure: JSON lines in, one verdict each out",
                      "echo '{\"status\":402,\"message\":\"Insufficient Balance\"}' | gateway classify");
  sub->callback([&a] { a.chosen = [] { return classify_command(); }; });
}

}  // namespace

int gateway_main(int argc, char** argv, const RunParts& parts) {
  CLI::App app{"An LLM gateway that survives its providers"};
  app.set_version_flag("--version", "gateway " + std::string(kVersion));
  app.require_subcommand(1);
  Arguments a;
  add_run(app, a, parts);
  add_service(app, a);
  add_clients(app, a);
  add_config_commands(app, a);
  add_classify(app, a);
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
