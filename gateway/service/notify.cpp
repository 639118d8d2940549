#include "gateway/service/notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "base/text.h"

namespace gateway {

Notifier::Notifier(std::string socket) : socket_(std::move(socket)) {
  if (socket_.empty() || socket_.size() >= sizeof(sockaddr_un::sun_path) || (socket_[0] != '/' && socket_[0] != '@')) return;
  fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const timeval wait{0, std::chrono::duration_cast<std::chrono::microseconds>(kNotifyWait).count()};
  if (fd_ >= 0) ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

Notifier::~Notifier() {
  if (fd_ >= 0) ::close(fd_);
}

bool Notifier::send(std::string_view text) {
  if (fd_ < 0) return false;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';
  // The length ends with the name: for an abstract socket trailing zeros would be part of it.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size() + (socket_[0] == '@' ? 0U : 1U));
  return ::sendto(fd_, text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length) ==
         static_cast<ssize_t>(text.size());
}

void Notifier::ready(std::string_view status) { send(fmt::format("READY=1\nSTATUS={}", base::printable(status, 500))); }
void Notifier::status(std::string_view text) { send(fmt::format("STATUS={}", base::printable(text, 500))); }
void Notifier::reloading(base::Duration monotonic) {
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reloading the configuration",
                   std::chrono::duration_cast<std::chrono::microseconds>(monotonic).count()));
}
void Notifier::stopping(std::string_view status) { send(fmt::format("STOPPING=1\nSTATUS={}", base::printable(status, 500))); }
void Notifier::watchdog() { send("WATCHDOG=1"); }
void Notifier::extend(base::Duration by) {
  send(fmt::format("EXTEND_TIMEOUT_USEC={}", std::chrono::duration_cast<std::chrono::microseconds>(by).count()));
}

base::Duration watchdog_interval(std::string_view usec, std::string_view for_pid, std::int64_t own_pid) {
  const auto value = base::parse_integer(usec);
  if (!value || *value <= 0) return base::Duration{0};
  // sd_watchdog_enabled(3): WATCHDOG_PID, when set, must be ours; else the variables are a parent's.
  if (!for_pid.empty() && base::parse_integer(for_pid) != own_pid) return base::Duration{0};
  return std::chrono::microseconds{*value};
}

}  // namespace gateway
