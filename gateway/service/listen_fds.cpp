#include "gateway/service/listen_fds.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

namespace gateway {
namespace {

bool listens(int fd) {
  int value = 0;
  socklen_t length = sizeof value;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &length) != 0 || value != SOCK_STREAM) return false;
  length = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value == 1;
}

}  // namespace

InheritedSockets inherited_sockets(std::string_view pid, std::string_view count, std::int64_t own_pid, int first) {
  InheritedSockets out;
  const auto number = base::parse_integer(count);
  if (base::parse_integer(pid) != own_pid || !number || *number <= 0) return out;
  for (int i = 0; i < *number; ++i) {
    const int fd = first + i;
    if (i >= kListenFdsMax) {
      out.warnings.push_back(fmt::format("the manager handed over {} sockets; only {} are looked at", *number, kListenFdsMax));
      break;
    }
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (listens(fd)) {
      out.listening.push_back(fd);
    } else {
      out.warnings.push_back(fmt::format("descriptor {} from the manager is no listening stream socket", fd));
      ::close(fd);
    }
  }
  return out;
}

std::string address_of(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(v4->sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, ntohs(v6->sin6_port));
  }
  if (address.ss_family == AF_UNIX) return std::string("unix:") + reinterpret_cast<const sockaddr_un*>(&address)->sun_path;
  return {};
}

}  // namespace gateway
