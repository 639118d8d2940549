// Sockets handed over by the service manager (sd_listen_fds(3)): they outlive this process, so connections wait across a restart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

struct InheritedSockets {
  std::vector<int> listening;         ///< close-on-exec from now on; the caller owns them
  std::vector<std::string> warnings;  ///< what was handed over and is no listening stream socket; closed
};
inline constexpr int kListenFdsStart = 3;  // SD_LISTEN_FDS_START
inline constexpr int kListenFdsMax = 64;

/// `pid`, `count`: LISTEN_PID and LISTEN_FDS. Nothing when they are absent or another process's (a parent's, left in the environment).
InheritedSockets inherited_sockets(std::string_view pid, std::string_view count, std::int64_t own_pid, int first = kListenFdsStart);
/// The address a listening socket is bound to: "127.0.0.1:8642", "[::1]:8642", "unix:/path".
std::string address_of(int fd);

}  // namespace gateway
