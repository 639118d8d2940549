// The service manager's notify protocol (sd_notify(3)): datagrams to $NOTIFY_SOCKET. Without one, everything here does nothing.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

namespace gateway {

/// Thread: any, one call at a time. Never throws; a manager that does not read costs at most kNotifyWait a datagram.
class Notifier {
 public:
  /// `socket`: a path, or "@name" of an abstract socket; empty: inactive.
  explicit Notifier(std::string socket);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  bool active() const { return fd_ >= 0; }
  void ready(std::string_view status);
  void status(std::string_view text);
  /// RELOADING=1 with MONOTONIC_USEC: without the time stamp Type=notify-reload waits until its time-out.
  void reloading(base::Duration monotonic);
  void stopping(std::string_view status);
  void watchdog();
  void extend(base::Duration by);
  /// The raw datagram; false when it could not be sent.
  bool send(std::string_view text);

 private:
  std::string socket_;
  int fd_ = -1;
};
inline constexpr base::Duration kNotifyWait = std::chrono::milliseconds{200};

/// WATCHDOG_USEC when it is meant for this process: how often at least WATCHDOG=1 must come; 0: no watchdog.
base::Duration watchdog_interval(std::string_view usec, std::string_view for_pid, std::int64_t own_pid);

}  // namespace gateway
