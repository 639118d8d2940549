// `simulator serve`: providers and control port until SIGTERM. The only place where both meet.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "simulator/core/provider.h"

namespace simulator {

struct ServeOptions {
  int port = 0;          ///< of the first provider
  int control_port = 0;
  std::string control_socket;
  bool tls = false;      ///< on all ports
  std::string ca_file;   ///< where the authority's certificate is written; empty: nowhere
  ModelOptions model;
};

/// Serves until SIGTERM, SIGINT or POST /shutdown; `ready` gets the ready line (see docs/simulator.md) once.
/// SIGTERM ends at once, held connections or not.
base::Result<bool> serve(std::vector<ProviderSpec> providers, const ServeOptions& options, const std::function<void(const base::Json&)>& ready);

}  // namespace simulator
