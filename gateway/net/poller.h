// Readiness of many sockets inside one io_context: an epoll set of our own, edge-triggered, each socket registered once for its life.
// Why not Asio's own sockets: they cost one more system call for each wait and a buffer for each read; here thousands of quiet
// connections share one buffer, and the end of a caller is seen without reading. Used on the loop's thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"

namespace gateway::net {

/// Something with a file descriptor. The flags are the kernel's last word; whoever reads or writes until EAGAIN clears them.
class Ready {
 public:
  virtual ~Ready() = default;
  virtual void on_ready() = 0;

 protected:
  friend class Poller;
  int fd_ = -1;           ///< negative: closed, no call comes any more
  bool readable_ = false;
  bool writable_ = false;
  bool hangup_ = false;   ///< the other side has ended its direction (FIN)
  bool broken_ = false;   ///< an error lies on the socket, or both directions have ended
  bool queued_ = false;   ///< by Poller::again
};

/// A timer that is only ever moved earlier; one that fires too early costs less than moving it with each request.
class Alarm {
 public:
  Alarm(boost::asio::io_context& io, std::function<void()> fire) : timer_(io), fire_(std::move(fire)), alive_(std::make_shared<bool>(true)) {}
  ~Alarm() { *alive_ = false; }
  /// Fires at `at` or before. After firing, call want() again.
  void want(base::Instant at);

 private:
  boost::asio::steady_timer timer_;
  std::function<void()> fire_;
  base::Instant armed_ = base::kNever;
  std::shared_ptr<bool> alive_;
};

class Deadlines;
/// Something with at most one deadline.
class Timed {
 public:
  virtual ~Timed() = default;
  virtual void on_deadline() = 0;
  bool armed() const { return place_.has_value(); }

 private:
  friend class Deadlines;
  std::optional<std::multimap<base::Instant, Timed*>::iterator> place_;
};

class Deadlines {
 public:
  Deadlines(boost::asio::io_context& io, std::function<void()> settled);
  void arm(Timed& item, base::Instant at);
  void disarm(Timed& item);
  std::size_t size() const { return items_.size(); }

 private:
  void run();
  std::multimap<base::Instant, Timed*> items_;
  std::function<void()> settled_;
  Alarm alarm_;
};

class Poller {
 public:
  /// `settled` is called after each on_ready(): what one socket caused is sent before the next is looked at.
  Poller(boost::asio::io_context& io, std::function<void()> settled);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Registers for both directions, edge-triggered. False: the kernel refused (errno).
  bool add(Ready& item, int fd);
  /// Level-triggered, reading only: for a listening socket, which is not emptied in one turn.
  bool add_listener(Ready& item, int fd);
  /// Out of the set without closing it.
  void remove(Ready& item);
  /// on_ready() once more in the next turn, though the kernel has no news: what was left for fairness.
  void again(Ready& item);
  /// Deletes a closed item once nobody can hold a pointer to it.
  void bury(std::unique_ptr<Ready> item);

 private:
  bool control(Ready& item, int fd, unsigned events);
  void wait();
  void turn();
  void soon();

  boost::asio::io_context& io_;
  std::function<void()> settled_;
  int epoll_ = -1;
  boost::asio::posix::stream_descriptor descriptor_;
  std::vector<Ready*> again_;
  std::vector<std::unique_ptr<Ready>> graveyard_;
  bool in_turn_ = false;
  bool posted_ = false;
  std::shared_ptr<bool> alive_;
};

/// What the machine's monotonic clock says.
base::Instant instant_now();

}  // namespace gateway::net
