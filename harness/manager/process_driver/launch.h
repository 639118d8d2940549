// Starts one process as a Spawn says. Between fork and exec only what systemd.exec(5) orders; every failure has its exit status.
#pragma once

#include <string>

#include "harness/manager/events.h"

namespace harness::manager {

struct LaunchSettings {
  std::string notify_socket;  ///< the value of NOTIFY_SOCKET
  Pid manager = 0;
};
struct Launched {
  Pid pid = -1;
  int error = 0;         ///< of fork, when pid is -1
  int journal = -1;      ///< our end of its journal stream, -1 when it has none
  int exec_done = -1;    ///< end of file without a byte: execve succeeded; -1 unless wanted
};
Launched launch(const Spawn& spawn, const LaunchSettings& settings);

}  // namespace harness::manager
