// One epoll loop: descriptors, the order in which a batch is served, and one wake-up. Knows nothing of units.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/time.h"

namespace harness::manager {

base::Instant monotonic_now();

/// What one batch of ready descriptors is sorted by. A datagram that a process sent before it died must be seen before its death is,
/// and so must its last words; a call must see the state that came before it.
enum class Turn { notify, stream, child, socket, client, timer };

class Loop {
 public:
  using Handler = std::function<void(std::uint32_t events)>;
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// False when the descriptor cannot be watched (a regular file).
  bool watch(int fd, std::uint32_t events, Turn turn, Handler handler);
  void change(int fd, std::uint32_t events);
  void forget(int fd);  ///< before it is closed; never calls its handler again
  bool watches(int fd) const { return watches_.contains(fd); }

  /// Calls `handler` once at `at`, or soon after; the last call wins. kNever: not at all.
  void wake_at(base::Instant at, std::function<void()> handler);
  void run_once();

 private:
  struct Watch {
    Turn turn;
    Handler handler;
    bool alive = true;
  };
  int epoll_ = -1, timer_ = -1;
  base::Instant armed_ = base::kNever;
  std::function<void()> wake_;
  std::map<int, std::shared_ptr<Watch>> watches_;
};

}  // namespace harness::manager
