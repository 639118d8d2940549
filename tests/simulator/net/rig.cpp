#include "tests/simulator/net/rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

namespace simulator {

Rig::Rig(const std::string& providers, ConnectionLimits limits) {
  auto document = base::parse_json_document("{\"providers\":" + providers + "}", "test");
  if (document.has_error()) ADD_FAILURE() << base::render(document.error());
  std::vector<base::Diagnostic> problems;
  base::JsonReader in(document.value(), problems);
  auto specs = read_providers(in, "providers");
  if (!problems.empty()) ADD_FAILURE() << base::render(base::Error{problems});
  model_ = std::make_unique<Model>(std::move(specs), ModelOptions{}, now().instant);
  io_ = std::make_unique<boost::asio::io_context>(1);
  wire_ = std::make_unique<WireServer>(*io_, *model_, limits);
  control_ = std::make_unique<Control>(*io_, *model_, *wire_, [] {});
  wire_->on_journal = [this] { control_->journal_grew(); };
  if (auto opened = wire_->open(0, false); opened.has_error()) ADD_FAILURE() << base::render(opened.error());
  if (auto opened = control_->open(0, ""); opened.has_error()) ADD_FAILURE() << base::render(opened.error());
  thread_ = std::thread([this] { io_->run(); });
}

Rig::~Rig() {
  control_->stop();
  boost::asio::post(*io_, [this] {
    wire_->close();
    io_->stop();
  });
  thread_.join();
  control_.reset();
  wire_.reset();
  io_.reset();
}

std::uint16_t Rig::port(const std::string& provider) const { return wire_->port_of(model_->provider_named(provider).value()); }

base::Json Rig::events() {
  std::promise<base::Json> promise;
  auto future = promise.get_future();
  boost::asio::post(*io_, [&] { promise.set_value(model_->journal().since(0, "*")); });
  return future.get();
}

RawClient::RawClient(std::uint16_t port, int silence_ms) : silence_ms_(silence_ms) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return;
  pollfd waiting{fd_, POLLOUT, 0};
  int error = ETIMEDOUT;
  socklen_t size = sizeof error;
  if (errno == EINPROGRESS && ::poll(&waiting, 1, silence_ms_) == 1) ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  else if (errno != EINPROGRESS && errno != 0 && waiting.revents != 0) error = errno;
  if (error == 0) return;
  connect_error_ = error == ECONNREFUSED ? "refused" : error == ETIMEDOUT ? "silence" : strerror(error);
  ::close(fd_);
  fd_ = -1;
}

RawClient::~RawClient() {
  if (fd_ >= 0) ::close(fd_);
}

void RawClient::send(const std::string& text) { (void)::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }

Seen RawClient::read() {
  if (fd_ < 0) return {.ending = connect_error_};
  Seen seen;
  std::array<char, 65536> buffer;
  while (true) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, silence_ms_) == 0) {
      seen.ending = "silence";
      return seen;
    }
    const auto got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got > 0) {
      seen.bytes.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0) {
      seen.ending = "fin";
      return seen;
    } else if (errno != EAGAIN && errno != EINTR) {
      seen.ending = errno == ECONNRESET ? "rst" : strerror(errno);
      return seen;
    }
  }
}

std::string RawClient::read_until(const std::string& mark) {
  std::string bytes;
  char byte = 0;
  pollfd waiting{fd_, POLLIN, 0};
  while (bytes.find(mark) == std::string::npos && ::poll(&waiting, 1, 5000) == 1 && ::recv(fd_, &byte, 1, 0) == 1) bytes += byte;
  return bytes;
}

std::string chat_request(bool stream, const std::string& path, const std::string& secret) {
  const std::string body = std::string(R"({"model":"m","messages":[{"role":"user","content":"ping"}])") + (stream ? ",\"stream\":true}" : "}");
  return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer " + secret + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string body_of(const std::string& reply) {
  const auto end = reply.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  std::string_view rest = std::string_view(reply).substr(end + 4);
  if (reply.find("transfer-encoding: chunked") > end) return std::string(rest);
  std::string body;
  while (true) {
    const auto eol = rest.find("\r\n");
    if (eol == std::string_view::npos) return body;
    const auto size = std::strtoul(std::string(rest.substr(0, eol)).c_str(), nullptr, 16);
    if (size == 0) return body;
    rest.remove_prefix(eol + 2);
    body.append(rest.substr(0, size));
    if (rest.size() < size + 2) return body;
    rest.remove_prefix(size + 2);
  }
}

}  // namespace simulator
