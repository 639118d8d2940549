#include "harness/live/ports.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/net/listen.h"

namespace harness {

PortLease::~PortLease() {
  for (const int lock : locks_) ::close(lock);
}

base::Result<std::uint16_t> PortLease::take() {
  const std::string folder = fmt::format("/tmp/brownout-ports-{}", ::getuid());
  ::mkdir(folder.c_str(), 0700);
  const unsigned span = kPortLast - kPortFirst + 1U;
  const unsigned start = static_cast<unsigned>(::getpid()) * 7U % span;
  for (unsigned i = 0; i < span; ++i) {
    const auto port = static_cast<std::uint16_t>(kPortFirst + (start + i) % span);
    const auto file = fmt::format("{}/{}", folder, port);
    const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) continue;
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
      ::close(lock);
      continue;
    }
    auto probe = base::net::listen_tcp({.host = "127.0.0.1", .port = port}, 1);
    if (probe.has_error()) {
      ::close(lock);
      continue;
    }
    ::close(probe.value().fd);
    locks_.push_back(lock);
    return port;
  }
  return base::problem(fmt::format("no free port between {} and {}", kPortFirst, kPortLast), "end other runs, or remove " + folder);
}

}  // namespace harness
