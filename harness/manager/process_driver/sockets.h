// The sockets of the manager: where processes notify it, and the listeners of socket units.
#pragma once

#include <string>
#include <vector>

#include "harness/manager/events.h"

namespace harness::manager {

/// Binds a Unix socket, replacing a stale one; -1 with errno set. Paths over 107 bytes are ENAMETOOLONG.
int bind_unix(const std::string& path, int type, unsigned mode);

/// One datagram of the notify socket. `pid` is what the kernel says, not what the text says.
struct Datagram {
  bool any = false;
  Pid pid = 0;
  std::string text;
  std::vector<int> fds;
};
inline constexpr std::size_t kNotifyBytesMax = 65536;  // longer ones are dropped
inline constexpr std::size_t kNotifyFdsMax = 768;
Datagram receive_datagram(int fd);

/// All of them, or none and the errno.
struct OpenedListeners {
  std::vector<int> fds;
  int error = 0;
};
OpenedListeners open_listeners(const OpenSocket& wanted);

}  // namespace harness::manager
