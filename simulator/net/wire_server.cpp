#include "simulator/net/wire_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/net/listen.h"

namespace simulator {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr int kBacklog = 4096;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int bound_socket(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const auto address = loopback(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

}  // namespace

WireServer::WireServer(asio::io_context& io, Model& model, ConnectionLimits limits) : io_(io), model_(model), limits_(limits), timer_(io) {}

WireServer::~WireServer() { close(); }

base::Result<bool> WireServer::open(int port, bool all_tls) {
  bool any_tls = all_tls;
  for (std::size_t i = 0; i < model_.provider_count(); ++i) any_tls = any_tls || model_.spec(i).tls != Tls::none;
  if (any_tls) {
    auto contexts = make_tls_contexts();
    if (contexts.has_error()) return contexts.error();
    ca_pem_ = contexts.value().ca_pem;
    tls_.emplace(std::move(contexts.value()));
  }
  for (std::size_t i = 0; i < model_.provider_count(); ++i) {
    const auto& spec = model_.spec(i);
    const int wanted = spec.port != 0 ? spec.port : i == 0 ? port : 0;
    auto listener = base::net::listen_tcp({.host = "127.0.0.1", .port = static_cast<std::uint16_t>(wanted)}, kBacklog);
    if (listener.has_error()) return listener.error();
    auto entry = std::make_unique<Port>();
    entry->provider = i;
    entry->port = listener.value().endpoint.port;
    entry->tls = all_tls || spec.tls != Tls::none;
    entry->acceptor.emplace(io_, asio::ip::tcp::v4(), listener.value().fd);
    ports_.push_back(std::move(entry));
    accept_on(*ports_.back());
  }
  apply_listening();
  asio::co_spawn(io_, watch(), asio::detached);
  return true;
}

void WireServer::accept_on(Port& port) { asio::co_spawn(io_, accept_loop(port, ++port.generation), asio::detached); }

awaitable<void> WireServer::accept_loop(Port& port, std::uint64_t generation) {
  while (!closed_ && port.generation == generation && port.acceptor) {
    auto [error, socket] = co_await port.acceptor->async_accept(use_tuple);
    if (closed_ || port.generation != generation) co_return;
    if (!error) {
      admit(port, std::move(socket));
      continue;
    }
    // Out of descriptors (EMFILE): the queue keeps the client waiting; try again soon instead of spinning.
    asio::steady_timer pause(io_, std::chrono::milliseconds{20});
    auto [ignored] = co_await pause.async_wait(use_tuple);
    (void)ignored;
  }
}

void WireServer::admit(Port& port, asio::ip::tcp::socket socket) {
  asio::ssl::context* context = nullptr;
  if (port.tls) {
    context = &tls_->valid;
    const auto fault = model_.stage_used(port.provider, Stage::tls) ? model_.certificate_fault(port.provider, now()) : std::string_view{};
    if (fault == "tls-expired") context = &tls_->expired;
    if (fault == "tls-wrong-host") context = &tls_->wrong_host;
    if (fault == "tls-unknown-ca") context = &tls_->unknown_ca;
  }
  const auto id = ++connection_last_;
  auto connection = std::make_shared<Connection>(std::move(socket), model_, port.provider, id, context, limits_);
  connection->on_journal = [this] {
    if (on_journal) on_journal();
  };
  connections_.emplace(id, connection);
  asio::co_spawn(io_, Connection::run(std::move(connection)), [this, id](std::exception_ptr) {
    if (!closed_) connections_.erase(id);
  });
}

void WireServer::set_mode(Port& port, std::string_view mode) {
  if (port.mode == mode) return;
  for (const int fd : std::exchange(port.fillers, {})) ::close(fd);
  port.mode = mode;
  if (mode == "refused") {
    ++port.generation;
    port.acceptor.reset();
    // The number stays ours: bound without listen(2), which answers RST to every SYN.
    port.reserved = bound_socket(port.port);
    return;
  }
  if (!port.acceptor) {
    if (port.reserved < 0) port.reserved = bound_socket(port.port);
    port.acceptor.emplace(io_, asio::ip::tcp::v4(), std::exchange(port.reserved, -1));
  }
  const int fd = port.acceptor->native_handle();
  if (mode == "backlog-full") {
    ++port.generation;
    boost::system::error_code ignored;
    port.acceptor->cancel(ignored);
    ::listen(fd, 0);
    // listen(2): a queue of 0 still takes one; ours take the place, the next SYN is dropped.
    const auto address = loopback(port.port);
    for (int i = 0; i < 4; ++i) {
      const int filler = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      (void)::connect(filler, reinterpret_cast<const sockaddr*>(&address), sizeof address);
      port.fillers.push_back(filler);
    }
    return;
  }
  ::listen(fd, kBacklog);
  accept_on(port);
}

void WireServer::apply_listening() {
  for (auto& port : ports_) set_mode(*port, model_.listening(port->provider, now()));
}

awaitable<void> WireServer::watch() {
  while (!closed_) {
    bool listen_rules = false;
    for (const auto& port : ports_) listen_rules = listen_rules || model_.stage_used(port->provider, Stage::listen);
    timer_.expires_after(listen_rules ? std::chrono::milliseconds{10} : std::chrono::milliseconds{500});
    auto [error] = co_await timer_.async_wait(use_tuple);
    if (closed_) co_return;
    (void)error;
    if (listen_rules) apply_listening();
    const auto at = now().instant;
    std::vector<std::shared_ptr<Connection>> alive;
    for (const auto& [id, weak] : connections_) {
      if (auto connection = weak.lock()) alive.push_back(std::move(connection));
    }
    for (const auto& connection : alive) connection->enforce_deadline(at);
  }
}

void WireServer::close() {
  if (std::exchange(closed_, true)) return;
  timer_.cancel();
  for (auto& port : ports_) {
    port->acceptor.reset();
    if (port->reserved >= 0) ::close(port->reserved);
    for (const int fd : port->fillers) ::close(fd);
  }
  for (auto& [id, weak] : connections_) {
    const auto connection = weak.lock();
    if (!connection) continue;
    connection->on_journal = nullptr;
    connection->close();
  }
}

}  // namespace simulator
