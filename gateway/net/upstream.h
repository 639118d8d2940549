// The providers' side of the shell: one pool of connections for each provider, attempts by id. Used on the loop's thread only.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <map>
#include <unordered_map>

#include "base/result.h"
#include "gateway/net/upstream_connection.h"
#include "gateway/net/url.h"

namespace gateway::net {

inline constexpr std::size_t kIdleMax = 512;                             ///< kept-alive connections of one provider
inline constexpr base::Duration kIdleTime = std::chrono::seconds{55};    ///< below the 60 s after which many servers close
inline constexpr base::Duration kConnectTime = std::chrono::seconds{10};  ///< where an attempt names none

/// What is known of a provider's address, and its quiet connections (the one used last is at the end, and used first).
struct Pool {
  std::string provider;
  Url url;
  HostPort connect_to;
  std::string resolve, ca_file;  ///< as configured, to see whether a new configuration changes anything
  std::shared_ptr<boost::asio::ssl::context> tls;
  bool retired = false;  ///< by a new configuration: nothing is kept any more
  std::vector<UpstreamConnection*> idle;
};

class Upstream {
 public:
  explicit Upstream(Loop& loop) : loop_(loop), resolver_(loop.io), idle_timer_(*this) {}
  ~Upstream();

  /// All problems at once; the pools stay as they were when there is any. Attempts that are under way go on.
  base::Result<bool> configure(const std::vector<ProviderConfig>& providers);
  void start(StartAttempt&& attempt);
  /// True when it was under way here.
  bool cancel(AttemptId id);
  void pause(AttemptId id);
  void resume(AttemptId id);
  void close();
  std::size_t attempts() const { return attempts_.size(); }

 private:
  friend class UpstreamConnection;
  struct IdleTimer final : Timed {
    explicit IdleTimer(Upstream& owner) : upstream(owner) {}
    void on_deadline() override { upstream.close_idle(); }
    Upstream& upstream;
  };

  base::Result<std::shared_ptr<Pool>> make_pool(const ProviderConfig& provider);
  UpstreamConnection* find(AttemptId id);
  void resolve(AttemptId id, const Pool& pool);
  void keep(UpstreamConnection& connection);
  void forget_idle(UpstreamConnection& connection);
  void drop_idle(Pool& pool);
  void close_idle();
  void remove(UpstreamConnection& connection);

  Loop& loop_;
  Resolver resolver_;
  std::map<std::string, std::shared_ptr<Pool>> pools_;
  std::map<std::string, std::shared_ptr<boost::asio::ssl::context>> contexts_;  // by CA file
  std::unordered_map<AttemptId, UpstreamConnection*> attempts_;
  std::unordered_map<UpstreamConnection*, std::unique_ptr<UpstreamConnection>> connections_;
  IdleTimer idle_timer_;
};

/// The head of a request to a provider: our own framing, never compressed, no header that ends early.
std::string request_head(const StartAttempt& attempt, const Url& url);

}  // namespace gateway::net
