#include "base/net/listen.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace base::net {
namespace {

std::string why(int error) {
  switch (error) {
    case EADDRINUSE: return "the port is in use by another process";
    case EACCES: return "this user may not open that port; ports below 1024 need a privilege";
    case EADDRNOTAVAIL: return "this machine has no such address";
    default: return std::strerror(error);
  }
}

}  // namespace

Result<Endpoint> parse_endpoint(const std::string& text) {
  const auto bad = [&] { return problem(fmt::format("\"{}\" is no address", printable(text, 80)), "such as 127.0.0.1:8642"); };
  std::string host, port = text;
  if (const auto colon = text.rfind(':'); colon != std::string::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host.empty() || host == "localhost") host = "127.0.0.1";
  const auto number = parse_integer(port);
  in6_addr probe{};
  if (!number || *number < 0 || *number > 65535) return bad();
  if (inet_pton(AF_INET, host.c_str(), &probe) != 1 && inet_pton(AF_INET6, host.c_str(), &probe) != 1) return bad();
  return Endpoint{host, static_cast<std::uint16_t>(*number)};
}

std::string to_text(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", endpoint.host, endpoint.port) : fmt::format("{}:{}", endpoint.host, endpoint.port);
}

Result<Listener> listen_tcp(const Endpoint& endpoint, int backlog) {
  sockaddr_storage address{};
  socklen_t length = 0;
  if (auto* v4 = reinterpret_cast<sockaddr_in*>(&address); inet_pton(AF_INET, endpoint.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    length = sizeof(sockaddr_in);
  } else if (auto* v6 = reinterpret_cast<sockaddr_in6*>(&address); inet_pton(AF_INET6, endpoint.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint.port);
    length = sizeof(sockaddr_in6);
  } else {
    return problem(fmt::format("\"{}\" is no address", endpoint.host), "such as 127.0.0.1");
  }
  const int fd = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return problem(fmt::format("cannot open a socket: {}", std::strerror(errno)));
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(fd, backlog) != 0) {
    const int error = errno;
    ::close(fd);
    return problem(fmt::format("cannot listen on {}: {}", to_text(endpoint), why(error)));
  }
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  Listener out{fd, endpoint};
  out.endpoint.port = ntohs(address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in*>(&address)->sin_port
                                                         : reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return out;
}

Result<int> listen_unix(const std::string& path, int backlog) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return problem(fmt::format("the socket path is longer than {} bytes", sizeof address.sun_path - 1), "use a shorter folder", path);
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return problem(fmt::format("cannot open a socket: {}", std::strerror(errno)));
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  // A stale file of a dead process answers nobody; a live one does, and must be left alone.
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool alive = ::connect(probe, name, sizeof address) == 0;
  ::close(probe);
  if (!alive) ::unlink(path.c_str());
  if (::bind(fd, name, sizeof address) != 0 || ::listen(fd, backlog) != 0) {
    const int error = errno;
    ::close(fd);
    return problem(fmt::format("cannot listen there: {}", alive ? "another process does" : std::strerror(error)), {}, path);
  }
  return fd;
}

}  // namespace base::net
