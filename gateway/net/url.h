// The URL of a provider, taken apart. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace gateway::net {

struct Url {
  bool tls = false;
  std::string host;         ///< without brackets
  std::uint16_t port = 80;
  std::string path;         ///< "/v1", without a slash at its end; empty for the root
  std::string host_header;  ///< as in the Host header: the port only where it is not the scheme's own
};

/// http and https only; no user information, no query, no fragment.
base::Result<Url> parse_url(const std::string& text);

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
/// "host:port" or "[::1]:port".
base::Result<HostPort> parse_host_port(const std::string& text);

}  // namespace gateway::net
