// `gateway restart`, `start`, `stop`, `logs`, `install` and `uninstall`: the service through its manager.
#pragma once

#include <string>

namespace gateway {

struct ServiceArguments {
  std::string config, unit;
  bool wait_restart_sec = false;
  bool dry_run = false, now = false, socket = true;
  bool follow = false;
  int lines = 50;
  std::string since;
};
int restart_command(const ServiceArguments& arguments);
int start_command(const ServiceArguments& arguments);
int stop_command(const ServiceArguments& arguments);
int logs_command(const ServiceArguments& arguments);
int install_command(const ServiceArguments& arguments);
int uninstall_command(const ServiceArguments& arguments);

}  // namespace gateway
