// Binding, listening, receiving.
#include "harness/manager/process_driver/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>

#include "base/text.h"

namespace harness::manager {
namespace {

// "@name" is an abstract name, which has no file.
bool unix_address(const std::string& path, sockaddr_un& address, socklen_t& size) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return false;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path.starts_with('@')) address.sun_path[0] = '\0';
  size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (path.starts_with('@') ? 0 : 1));
  return true;
}

int bind_inet(const std::string& address, int type) {
  std::string host, port = address;
  if (const auto colon = address.rfind(':'); colon != std::string::npos) {
    host = address.substr(0, colon);
    port = address.substr(colon + 1);
  }
  const auto number = base::parse_integer(port);
  if (!number || *number < 0 || *number > 65535) {
    errno = EINVAL;
    return -1;
  }
  const int yes = 1;
  const bool six = host.starts_with('[') || host.empty();
  const int fd = ::socket(six ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  int rc = -1;
  if (six) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(static_cast<std::uint16_t>(*number));
    to.sin6_addr = in6addr_any;
    if (!host.empty() && (host.size() < 3 || ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &to.sin6_addr) != 1)) errno = EINVAL;
    else rc = ::bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(*number));
    if (::inet_pton(AF_INET, host.c_str(), &to.sin_addr) != 1) errno = EINVAL;
    else rc = ::bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  if (rc == 0) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

int open_listener(const OpenSocket::Listener& listener, const OpenSocket& wanted) {
  using Kind = OpenSocket::Listener::Kind;
  const bool is_path = listener.address.starts_with('/') || listener.address.starts_with('@');
  if (listener.kind == Kind::fifo) {
    if (::mkfifo(listener.address.c_str(), wanted.mode) != 0 && errno != EEXIST) return -1;
    return ::open(listener.address.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  }
  const int type = listener.kind == Kind::datagram ? SOCK_DGRAM : listener.kind == Kind::sequential ? SOCK_SEQPACKET : SOCK_STREAM;
  if (is_path && listener.address.starts_with('/')) {
    std::error_code ec;
    std::filesystem::create_directories(std::filesystem::path(listener.address).parent_path(), ec);
  }
  const int fd = is_path ? bind_unix(listener.address, type, wanted.mode) : bind_inet(listener.address, type);
  if (fd >= 0 && listener.kind != Kind::datagram && ::listen(fd, wanted.backlog) != 0) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

}  // namespace

int bind_unix(const std::string& path, int type, unsigned mode) {
  sockaddr_un address{};
  socklen_t size = 0;
  if (!unix_address(path, address, size)) return -1;
  const int fd = ::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (!path.starts_with('@')) ::unlink(path.c_str());
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
  }
  if (!path.starts_with('@')) ::chmod(path.c_str(), mode);
  return fd;
}

Datagram receive_datagram(int fd) {
  Datagram datagram;
  std::string room(kNotifyBytesMax, '\0');
  iovec part{room.data(), room.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int) * kNotifyFdsMax)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0) return datagram;
  datagram.any = true;
  for (cmsghdr* item = CMSG_FIRSTHDR(&message); item != nullptr; item = CMSG_NXTHDR(&message, item)) {
    if (item->cmsg_level != SOL_SOCKET) continue;
    if (item->cmsg_type == SCM_CREDENTIALS) {
      ucred from{};
      std::memcpy(&from, CMSG_DATA(item), sizeof from);
      datagram.pid = from.pid;
    } else if (item->cmsg_type == SCM_RIGHTS) {
      const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      const std::size_t before = datagram.fds.size();
      datagram.fds.resize(before + count);
      std::memcpy(datagram.fds.data() + before, CMSG_DATA(item), count * sizeof(int));
    }
  }
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) datagram.text = room.substr(0, static_cast<std::size_t>(size));
  return datagram;
}

OpenedListeners open_listeners(const OpenSocket& wanted) {
  OpenedListeners opened;
  for (const auto& listener : wanted.listeners) {
    const int fd = open_listener(listener, wanted);
    if (fd >= 0) {
      opened.fds.push_back(fd);
      continue;
    }
    opened.error = errno;
    for (const int open : opened.fds) ::close(open);
    opened.fds.clear();
    break;
  }
  return opened;
}

}  // namespace harness::manager
