// `gateway check`, `config` and `init`: all about the configuration file, nothing about a running gateway.
#pragma once

#include <string>
#include <vector>

namespace gateway {

struct ConfigArguments {
  std::string config;
  std::vector<std::string> overrides;
  bool explain = false, schema = false, force = false;
  std::string word;  ///< of --explain
};
int check_command(const ConfigArguments& arguments);
int config_command(const ConfigArguments& arguments);
/// Writes the example and its schema beside it, 0600; never over an existing file unless forced.
int init_command(const ConfigArguments& arguments);

}  // namespace gateway
