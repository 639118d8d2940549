// The admin port: blocking handlers of cpp-httplib on their own threads, each handing its request to the loop and waiting, with a bound.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "gateway/net/loop.h"

namespace httplib {
class Server;
}

namespace gateway::net {

inline constexpr std::size_t kAdminThreads = 8;
inline constexpr std::size_t kAdminBodyMax = 1U << 20;
inline constexpr std::size_t kAdminStreamMax = 64U << 20;            ///< a streamed reply is gathered here
inline constexpr base::Duration kAdminWait = std::chrono::seconds{10};
inline constexpr base::Duration kAdminStop = std::chrono::milliseconds{100};
inline constexpr int kAdminBacklog = 128;

class Admin {
 public:
  explicit Admin(Loop& loop);
  ~Admin();
  /// The port that was bound.
  base::Result<int> open(const std::string& address);
  /// Waiting handlers answer 503. A thread that sits in a slow caller's read is left behind: it touches nothing of ours any more.
  void stop();

 private:
  struct Shared;
  struct Exchange;
  static Reply ask(const std::shared_ptr<Shared>& shared, HttpRequest request);

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<httplib::Server> server_;
  std::thread thread_;
  std::future<void> ended_;
};

}  // namespace gateway::net
