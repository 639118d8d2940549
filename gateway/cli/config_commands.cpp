#include "gateway/cli/config_commands.h"

#include <filesystem>

#include "base/text.h"
#include "gateway/cli/say.h"
#include "gateway/core/settings.h"
#include "gateway/service/config_file.h"
#include "gateway/service/instance.h"

namespace gateway {

int check_command(const ConfigArguments& arguments) {
  const auto environment = environment_now();
  const auto path = config_path(arguments.config, environment);
  const auto loaded = load_config_file(path, environment, {.overrides = arguments.overrides});
  if (loaded.has_error()) {
    const auto count = loaded.error().problems.size();
    complain(base::render(loaded.error()));
    complain(fmt::format("✗ {} problem{}\n", count, count == 1 ? "" : "s"));
    return 1;
  }
  const auto& config = loaded.value().config;
  if (!loaded.value().warnings.empty()) complain(base::render(base::Error{loaded.value().warnings}));
  std::size_t keys = 0;
  for (const auto& provider : config.providers) keys += provider.credentials.size();
  print(fmt::format("✓ {}: {} provider(s), {} key(s), {} route(s)\n", path, config.providers.size(), keys, config.routes.size()));
  for (const auto& route : config.routes) {
    std::vector<std::string> targets;
    for (const auto& target : route.targets) targets.push_back(target.provider + "/" + target.model);
    print(fmt::format("  {} → {}\n", route.name, base::join(targets, " → ")));
  }
  return 0;
}

int config_command(const ConfigArguments& arguments) {
  if (arguments.schema) {
    print(base::dump_pretty(config_schema()) + "\n");
    return 0;
  }
  const auto text = explain_settings(arguments.word);
  if (text.empty()) {
    std::vector<std::string> words;
    for (const auto& info : all_settings()) {
      for (const auto& word : base::split(info.path, '.')) words.push_back(word);
    }
    const auto near = base::nearest_word(arguments.word, std::span<const std::string>(words));
    complain(fmt::format("no setting has \"{}\" in its name{}\n", base::printable(arguments.word, 80), near ? "; did you mean \"" + *near + "\"?" : ""));
    return 1;
  }
  print(text);
  return 0;
}

int init_command(const ConfigArguments& arguments) {
  namespace fs = std::filesystem;
  const fs::path path = config_path(arguments.config, environment_now());
  std::error_code error;
  if (fs::exists(path, error) && !arguments.force) {
    complain(fmt::format("{} is there already; --force writes over it\n", path.string()));
    return 1;
  }
  if (auto folder = prepare_folder(path.parent_path()); folder.has_error()) {
    complain(base::render(folder.error()));
    return 1;
  }
  const auto schema = path.parent_path() / "gateway.schema.json";
  if (!write_file(path, example_config()) || !write_file(schema, base::dump_pretty(config_schema()) + "\n")) {
    complain(fmt::format("cannot write {}\n", path.string()));
    return 1;
  }
  print(fmt::format("✓ Wrote {} and its schema.\n"
                    "  Next: fill in providers and routes, put the keys into the environment, then\n"
                    "  gateway check && gateway run\n", path.string()));
  return 0;
}

}  // namespace gateway
