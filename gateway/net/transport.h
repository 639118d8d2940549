// One connection's bytes, plain or through TLS, never blocking. Owns the descriptor.
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "gateway/classify/classify.h"

namespace gateway::net {

/// What a call came to. `size` bytes moved when `state` is good.
struct Moved {
  enum class State : std::uint8_t { good, again, end, failed } state = State::again;
  std::size_t size = 0;
};

class Transport {
 public:
  Transport() = default;
  ~Transport() { close(); }
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// A new non-blocking socket that has begun to connect. False: failed at once; failure() says how.
  bool connect(const sockaddr* address, socklen_t size);
  /// After the socket became writable. False: the connection was not made; failure() says how.
  bool connected();
  /// Takes over TLS from here on. `name` is sent (SNI) and must be what the certificate says.
  bool start_tls(SSL_CTX* context, const std::string& name);
  Moved handshake();

  Moved read(char* into, std::size_t size);
  Moved write(std::string_view first, std::string_view second);
  void close();

  int fd() const { return fd_; }
  bool tls() const { return ssl_ != nullptr; }
  /// After State::failed.
  TransportError failure() const { return failure_; }
  const std::string& problem() const { return problem_; }

 private:
  Moved fail_errno(int error);
  Moved after_ssl(int result, bool handshaking);

  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  int fd_ = -1;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  TransportError failure_ = TransportError::none;
  std::string problem_;
};

/// The word for an errno of a socket call.
TransportError transport_error(int error);

}  // namespace gateway::net
