#include "gateway/net/transport.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace gateway::net {

TransportError transport_error(int error) {
  switch (error) {
    case ECONNREFUSED: return TransportError::refused;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE: return TransportError::reset;
    case ETIMEDOUT: return TransportError::connect_timeout;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EACCES:
    case EPERM: return TransportError::unreachable;
    default: return TransportError::unknown;
  }
}

Moved Transport::fail_errno(int error) {
  failure_ = transport_error(error);
  problem_ = std::strerror(error);
  return {Moved::State::failed, 0};
}

bool Transport::connect(const sockaddr* address, socklen_t size) {
  close();
  fd_ = ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return fail_errno(errno), false;
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd_, address, size) == 0 || errno == EINPROGRESS) return true;
  fail_errno(errno);
  return false;
}

bool Transport::connected() {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0) return true;
  fail_errno(error);
  return false;
}

bool Transport::start_tls(SSL_CTX* context, const std::string& name) {
  ssl_.reset(SSL_new(context));
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd_) != 1) return false;
  // Quiet connections give their buffers back: tens of KB each otherwise.
  SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  std::array<unsigned char, 16> address{};
  const bool literal = ::inet_pton(AF_INET, name.c_str(), address.data()) == 1 || ::inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
  auto* parameters = SSL_get0_param(ssl_.get());
  if (literal) return X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1;
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size()) == 1 && SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) == 1;
}

Moved Transport::after_ssl(int result, bool handshaking) {
  const int system = errno;
  const int kind = SSL_get_error(ssl_.get(), result);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return {Moved::State::again, 0};
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (handshaking) {
    const auto verified = SSL_get_verify_result(ssl_.get());
    failure_ = verified == X509_V_OK ? TransportError::tls : TransportError::tls_certificate;
    if (verified != X509_V_OK) problem_ = X509_verify_cert_error_string(verified);
    else if (code != 0 && ERR_reason_error_string(code)) problem_ = ERR_reason_error_string(code);
    else problem_ = kind == SSL_ERROR_SYSCALL && system != 0 ? std::strerror(system) : "the connection ended during the handshake";
    return {Moved::State::failed, 0};
  }
  if (kind == SSL_ERROR_ZERO_RETURN) return {Moved::State::end, 0};
  // A FIN without close_notify: many servers end so. Whether the reply is whole is judged by its framing and its content.
  if (kind == SSL_ERROR_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {Moved::State::end, 0};
  if (kind == SSL_ERROR_SYSCALL) return system == 0 ? Moved{Moved::State::end, 0} : fail_errno(system);
  failure_ = TransportError::tls;
  problem_ = code != 0 && ERR_reason_error_string(code) ? ERR_reason_error_string(code) : "a TLS error";
  return {Moved::State::failed, 0};
}

Moved Transport::handshake() {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_connect(ssl_.get());
  if (result == 1) return {Moved::State::good, 0};
  return after_ssl(result, true);
}

Moved Transport::read(char* into, std::size_t size) {
  if (ssl_) {
    ERR_clear_error();
    errno = 0;
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), into, size, &got);
    if (result == 1) return {Moved::State::good, got};
    return after_ssl(result, false);
  }
  while (true) {
    const auto got = ::recv(fd_, into, size, 0);
    if (got > 0) return {Moved::State::good, static_cast<std::size_t>(got)};
    if (got == 0) return {Moved::State::end, 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Moved::State::again, 0};
    if (errno != EINTR) return fail_errno(errno);
  }
}

Moved Transport::write(std::string_view first, std::string_view second) {
  if (ssl_) {
    const auto piece = first.empty() ? second : first;
    ERR_clear_error();
    errno = 0;
    std::size_t sent = 0;
    const int result = SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &sent);
    if (result == 1) return {Moved::State::good, sent};
    return after_ssl(result, false);
  }
  std::array<iovec, 2> parts{{{const_cast<char*>(first.data()), first.size()}, {const_cast<char*>(second.data()), second.size()}}};
  msghdr message{};
  message.msg_iov = first.empty() ? &parts[1] : parts.data();
  message.msg_iovlen = first.empty() || second.empty() ? 1 : 2;
  while (true) {
    const auto sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent >= 0) return {Moved::State::good, static_cast<std::size_t>(sent)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Moved::State::again, 0};
    if (errno != EINTR) return fail_errno(errno);
  }
}

void Transport::close() {
  ssl_.reset();
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace gateway::net
