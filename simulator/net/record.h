// `simulator record`: a proxy before a real provider that keeps what it saw as a scenario, without secrets.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace simulator {

struct RecordOptions {
  std::string upstream;  ///< "https://api.example.com", perhaps with a path before every request's
  int port = 0;
  std::string out;       ///< the scenario file; written again after every reply
  std::string ca_file;   ///< of authorities to trust besides the system's
};

/// Proxies until SIGTERM or SIGINT. `ready` gets the port. One thread for each open request: this is no provider port.
base::Result<bool> record(const RecordOptions& options, const std::function<void(int)>& ready);

}  // namespace simulator
