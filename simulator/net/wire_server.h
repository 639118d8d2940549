// The provider ports: one thread, every connection a coroutine. Opens and shuts ports as the script says.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "simulator/net/certificates.h"
#include "simulator/net/connection.h"

namespace simulator {

/// Used on the loop's thread only.
class WireServer {
 public:
  WireServer(boost::asio::io_context& io, Model& model, ConnectionLimits limits);
  ~WireServer();

  /// Binds a port for each provider (`port` for the first when it has none of its own; 0: any) and begins to accept.
  base::Result<bool> open(int port, bool all_tls);
  std::uint16_t port_of(std::size_t provider) const { return ports_[provider]->port; }
  bool tls_of(std::size_t provider) const { return ports_[provider]->tls; }
  const std::string& ca_pem() const { return ca_pem_; }
  std::size_t connections() const { return connections_.size(); }

  /// Brings the ports to what the script now wants (refused, backlog full); call after the script has changed.
  void apply_listening();
  void close();

  std::function<void()> on_journal;

 private:
  struct Port {
    std::size_t provider = 0;
    std::uint16_t port = 0;
    bool tls = false;
    std::string_view mode;  // "", "refused", "backlog-full"
    std::optional<boost::asio::ip::tcp::acceptor> acceptor;
    int reserved = -1;        // bound, not listening: keeps the number while connections are refused
    std::vector<int> fillers; // our own connections, which fill the queue
    std::uint64_t generation = 0;
  };
  void accept_on(Port& port);
  boost::asio::awaitable<void> accept_loop(Port& port, std::uint64_t generation);
  void admit(Port& port, boost::asio::ip::tcp::socket socket);
  void set_mode(Port& port, std::string_view mode);
  boost::asio::awaitable<void> watch();

  boost::asio::io_context& io_;
  Model& model_;
  ConnectionLimits limits_;
  std::optional<TlsContexts> tls_;
  std::string ca_pem_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::unordered_map<std::uint64_t, std::weak_ptr<Connection>> connections_;
  boost::asio::steady_timer timer_;
  std::uint64_t connection_last_ = 0;
  bool closed_ = false;
};

}  // namespace simulator
