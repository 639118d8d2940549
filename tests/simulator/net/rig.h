// A simulator inside the test: the loop on a thread of its own, and a raw socket that tells bytes and ending.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <thread>

#include "simulator/net/control.h"
#include "simulator/net/wire_server.h"

namespace simulator {

class Rig {
 public:
  /// `providers` is the JSON of the "providers" block. Fails the test on any problem in it.
  explicit Rig(const std::string& providers, ConnectionLimits limits = {});
  ~Rig();
  std::uint16_t port(const std::string& provider) const;
  int control_port() const { return control_->port(); }
  const std::string& ca_pem() const { return wire_->ca_pem(); }
  base::Json events();  ///< the whole journal

 private:
  std::unique_ptr<Model> model_;
  std::unique_ptr<boost::asio::io_context> io_;
  std::unique_ptr<WireServer> wire_;
  std::unique_ptr<Control> control_;
  std::thread thread_;
};

struct Seen {
  std::string bytes;
  std::string ending;  ///< fin, rst, silence, refused, connect-silence
};

/// Connects, sends, and reads until the end or until nothing came for `silence` milliseconds.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int silence_ms = 300);
  ~RawClient();
  bool connected() const { return fd_ >= 0; }
  const std::string& connect_error() const { return connect_error_; }
  void send(const std::string& text);
  Seen read();
  /// Reads one whole reply by its own framing; what the connection does next is not waited for.
  std::string read_until(const std::string& mark);
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
  int silence_ms_;
  std::string connect_error_;
};

std::string chat_request(bool stream, const std::string& path = "/v1/chat/completions", const std::string& secret = "any-key");
/// The body of a raw reply, chunks joined; as far as it goes.
std::string body_of(const std::string& reply);

}  // namespace simulator
