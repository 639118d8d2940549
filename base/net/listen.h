// Opening listening sockets: a plain file descriptor, so that Asio, cpp-httplib and LISTEN_FDS can all take it.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace base::net {

struct Endpoint {
  std::string host;  ///< an IPv4 or IPv6 address; "localhost" is 127.0.0.1
  std::uint16_t port = 0;
};

/// "127.0.0.1:8642", "[::1]:0", ":8642" (loopback), "8642" (loopback).
Result<Endpoint> parse_endpoint(const std::string& text);
std::string to_text(const Endpoint& endpoint);

struct Listener {
  int fd = -1;
  Endpoint endpoint;  ///< with the port the kernel chose
};
/// Binds and listens, close-on-exec, SO_REUSEADDR. `backlog` as in listen(2).
/// The Error names the address and, where known, what to do ("the port is in use by another process").
Result<Listener> listen_tcp(const Endpoint& endpoint, int backlog = 4096);
/// Binds and listens on a Unix socket path; an unused stale file is replaced. At most 107 bytes of path.
Result<int> listen_unix(const std::string& path, int backlog = 128);

}  // namespace base::net
