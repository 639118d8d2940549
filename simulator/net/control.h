// The control port: HTTP and JSON on a port of its own, on threads of its own, so that no fault can lock it out.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "simulator/core/provider.h"

namespace httplib {
class Server;
}

namespace simulator {

class WireServer;

/// Everything but the constructor, open(), stop() and port() runs on the loop's thread; the HTTP threads hand over and wait.
class Control {
 public:
  Control(boost::asio::io_context& io, Model& model, WireServer& wire, std::function<void()> shutdown);
  ~Control();

  /// `socket_path` may be empty.
  base::Result<bool> open(int port, const std::string& socket_path);
  int port() const { return port_; }
  void stop();
  /// The journal grew: answers those who wait. Loop's thread.
  void journal_grew();

 private:
  struct Waiter {
    std::uint64_t since;
    std::string space;
    base::Instant until;
    std::promise<base::Json> answer;
  };
  std::unique_ptr<httplib::Server> make_server();
  base::Json on_loop(std::function<base::Json()> work);
  base::Json journal_after(std::uint64_t since, const std::string& space, base::Duration wait);
  base::Json change_rules(const std::string& space, const std::string& body);
  base::Json change_account(const std::string& space, const std::string& body);
  base::Json advance_clock(const std::string& body);

  boost::asio::io_context& io_;
  Model& model_;
  WireServer& wire_;
  std::function<void()> shutdown_;
  std::vector<std::unique_ptr<httplib::Server>> servers_;
  std::vector<std::thread> threads_;
  std::vector<Waiter> waiters_;
  std::string socket_path_;
  std::atomic<bool> stopping_{false};
  int port_ = 0;
};

inline constexpr std::size_t kControlBodyMax = 8 << 20;
inline constexpr int kControlThreads = 32;  ///< followers of the journal hold one each

}  // namespace simulator
