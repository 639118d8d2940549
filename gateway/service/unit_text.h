// The text of the service unit and its socket, as `gateway install` writes them. Pure.
#pragma once

#include <string>

#include "base/time.h"

namespace gateway {

struct UnitOptions {
  std::string program;           ///< absolute path of `gateway`
  std::string config;            ///< absolute path
  std::string environment_file;  ///< where the keys come from; may be missing
  std::string unit = "brownout-gateway";
  std::string listen;            ///< of the socket unit; empty or port 0: no socket unit
  base::Duration drain = std::chrono::seconds{60}, settle = std::chrono::seconds{5};
};
bool wants_socket(const UnitOptions& options);
std::string unit_text(const UnitOptions& options);
std::string socket_text(const UnitOptions& options);
/// TimeoutStopSec: room for drain, settle and clean-up, at least drain + 30 s.
base::Duration stop_timeout(base::Duration drain, base::Duration settle);
/// One word of ExecStart= as systemd reads it back: quoted when it must be, with % and $ doubled.
std::string exec_word(const std::string& word);

}  // namespace gateway
