// One client connection of a provider port: reads requests, runs wire plans. Decides nothing about the protocol.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "simulator/core/http_parser.h"
#include "simulator/core/provider.h"

namespace simulator {

Now now();  ///< the machine's clocks

struct ConnectionLimits {
  base::Duration request_time = std::chrono::seconds{60};  ///< from the first byte of a request to its last
  base::Duration idle_time = std::chrono::minutes{10};     ///< between two requests
  base::Duration drain_time = std::chrono::seconds{2};     ///< for the client to close after our FIN
  base::Duration deliver_time = std::chrono::seconds{5};   ///< for the client's kernel to take everything before a cut
  HttpLimits http;
};

/// Used on the loop's thread only. Lives as long as its coroutine.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, Model& model, std::size_t provider, std::uint64_t id,
             boost::asio::ssl::context* tls, const ConnectionLimits& limits);
  ~Connection();

  /// The whole life of the connection.
  static boost::asio::awaitable<void> run(std::shared_ptr<Connection> self);
  /// Ends it when it is past its deadline. Called now and then by the server.
  void enforce_deadline(base::Instant at);
  void close();

  std::function<void()> on_journal;  ///< after anything was journaled

 private:
  using Error = boost::system::error_code;
  enum class After { next_request, over };

  boost::asio::awaitable<bool> handshake();
  boost::asio::awaitable<void> never_read();
  boost::asio::awaitable<void> never_answer();
  boost::asio::awaitable<bool> accept_fault(Stage stage);
  boost::asio::awaitable<std::optional<ProviderRequest>> read_request();
  boost::asio::awaitable<void> refuse(int status, std::string problem);
  boost::asio::awaitable<After> execute(Decision decision);
  boost::asio::awaitable<bool> step(const Step& step, Framing framing);
  boost::asio::awaitable<bool> flush();
  boost::asio::awaitable<void> pause(base::Duration time);
  boost::asio::awaitable<bool> repeat(const Step& step, Framing framing);
  boost::asio::awaitable<void> delivered();
  boost::asio::awaitable<void> polite_end();
  boost::asio::awaitable<void> hard_end();
  void watch_client();
  void append_body(std::string_view data, Framing framing);
  void answered();
  void ended(std::string_view how);

  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  boost::asio::steady_timer timer_;
  Model& model_;
  std::size_t provider_;
  std::uint64_t id_;
  const ConnectionLimits& limits_;
  HttpParser parser_;
  std::string out_;
  base::Instant deadline_ = base::kNever;
  // of the attempt at hand
  std::uint64_t attempt_ = 0;  // 0: none
  int status_ = 0;
  bool head_pending_ = false, answered_ = false;
  std::uint64_t events_ = 0, bytes_ = 0;
  std::string how_;           // how the attempt ended; empty while it goes on
  bool reset_next_ = false;   // the keep-alive race: RST at the next request
  bool watching_ = false;
  bool client_left_ = false;
  std::string client_left_how_;
};

}  // namespace simulator
