// The gateway's port: accepts callers within the limits, keeps their connections, ends idle ones. Used on the loop's thread only.
#pragma once

#include <boost/intrusive/list.hpp>
#include <unordered_map>

#include "gateway/net/server_connection.h"

namespace gateway::net {

// A caller's connection:
inline constexpr base::Duration kKeepAliveTime = std::chrono::seconds{75};  ///< quiet between two requests
inline constexpr base::Duration kStallTime = std::chrono::seconds{60};      ///< takes not one byte of its reply
inline constexpr base::Duration kLingerTime = std::chrono::seconds{2};      ///< to close after our FIN
inline constexpr std::size_t kLingerMax = 1U << 20;                         ///< bytes read away meanwhile
inline constexpr std::size_t kUnsentMax = 256U << 10;                       ///< of replies, before more requests are read
inline constexpr int kPipelinedMax = 32;                                    ///< requests of one connection in one turn

class Server final {
 public:
  Server(Loop& loop, const Limits& limits);
  ~Server();

  void set_limits(const Limits& limits);
  void serve(int fd);
  /// No new connections; those that are idle are closed, so that their callers find the next process.
  void stop_accepting();
  bool stopped() const { return stopped_; }
  /// Ends every connection at once, without telling the core.
  void close();
  /// Sends what has gathered since the last call.
  void flush();
  bool nothing_unsent() const;
  /// Whether some connection has a request on its way that the core does not know yet.
  bool expecting() const;
  std::size_t connections() const { return connections_.size(); }

 private:
  friend class ServerConnection;
  class Listener;
  struct IdleTimer final : Timed {
    explicit IdleTimer(Server& owner) : server(owner) {}
    void on_deadline() override { server.close_idle(); }
    Server& server;
  };

  bool accept_from(Listener& listener);
  void admit(int fd, std::string peer);
  bool evict_idle();
  void close_idle();
  void idle(ServerConnection& connection);
  void remove(ServerConnection& connection);
  void warn(std::string_view event, std::string what);
  std::string_view date();

  Loop& loop_;
  RequestLimits limits_;
  base::Duration header_time_{}, body_time_{};
  std::size_t connections_max_ = 0;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<ServerConnection*, std::unique_ptr<ServerConnection>> connections_;
  boost::intrusive::list<ServerConnection, boost::intrusive::base_hook<IdleHook>, boost::intrusive::constant_time_size<false>> idle_;
  std::vector<ServerConnection*> dirty_, flushing_;
  IdleTimer idle_timer_;
  bool stopped_ = false, closing_ = false;
  std::int64_t date_second_ = -1;
  std::string date_;
  base::Instant warned_;
};

}  // namespace gateway::net
