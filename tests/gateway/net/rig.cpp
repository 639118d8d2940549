#include "tests/gateway/net/rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "base/assert.h"
#include "base/net/listen.h"

namespace gateway::net {
namespace {

constexpr std::array<std::string_view, 16> kErrors{"none", "refused", "unreachable", "dns", "reset", "closed", "tls", "tls_certificate", "connect_timeout",
                                                   "first_byte_timeout", "first_content_timeout", "idle_timeout", "total_timeout", "malformed", "too_large", "unknown"};

struct Describe {
  std::string operator()(const RequestArrived& e) const {
    return fmt::format("arrived {} {} {} body={} admin={}", e.id.value, e.request.method, e.request.target, e.request.body.size(), e.admin);
  }
  std::string operator()(const ClientGone& e) const { return fmt::format("gone {}", e.id.value); }
  std::string operator()(const ChunkSent& e) const { return fmt::format("sent {} {}", e.id.value, e.bytes); }
  std::string operator()(const UpstreamHead& e) const { return fmt::format("head {} {}", e.id.value, e.status); }
  std::string operator()(const UpstreamBytes& e) const { return fmt::format("bytes {} {}", e.id.value, e.bytes); }
  std::string operator()(const UpstreamEnd& e) const { return fmt::format("end {}", e.id.value); }
  std::string operator()(const UpstreamFailed& e) const {
    return fmt::format("failed {} {}{} {}", e.id.value, kErrors.at(static_cast<std::size_t>(e.error)), e.replayable ? " replayable" : "", e.what);
  }
  std::string operator()(const Tick&) const { return "tick"; }
  std::string operator()(const DrainRequested&) const { return "drain"; }
  std::string operator()(const ConfigReloaded&) const { return "reloaded"; }
  std::string operator()(const StoreFailed& e) const { return "store failed " + e.what; }
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

void FakeCore::step(Moment now, const Event& event, std::vector<Action>& out) {
  ASSERT(!std::exchange(inside_, true));  // no recursion
  ASSERT(now.instant >= before_);
  before_ = now.instant;
  {
    const std::lock_guard lock(mutex_);
    if (const auto* bytes = std::get_if<UpstreamBytes>(&event)) bodies_[bytes->id.value] += bytes->bytes;
    // A tick is also how a test makes the core act; only one that next_wake() asked for is an event.
    if (!std::holds_alternative<Tick>(event) || wake <= now.instant) lines_.push_back(std::visit(Describe{}, event));
    out.insert(out.end(), std::make_move_iterator(pending_.begin()), std::make_move_iterator(pending_.end()));
    pending_.clear();
  }
  changed_.notify_all();
  if (script) script(event, out);
  inside_ = false;
}

void FakeCore::act(Action action) {
  const std::lock_guard lock(mutex_);
  pending_.push_back(std::move(action));
}

std::string FakeCore::wait_for(const std::string& beginning) {
  std::unique_lock lock(mutex_);
  std::string found;
  const bool came = changed_.wait_for(lock, std::chrono::seconds{5}, [&] {
    for (const auto& line : lines_) {
      if (line.starts_with(beginning)) return found = line, true;
    }
    return false;
  });
  if (came) return found;
  for (const auto& line : lines_) fmt::print(stderr, "  event: {:.200}\n", line);
  return "";
}

std::vector<std::string> FakeCore::lines() {
  const std::lock_guard lock(mutex_);
  return lines_;
}
int FakeCore::count(const std::string& beginning) {
  int sum = 0;
  for (const auto& line : lines()) sum += line.starts_with(beginning);
  return sum;
}
std::string FakeCore::body_of(AttemptId id) {
  const std::lock_guard lock(mutex_);
  return bodies_[id.value];
}

Rig::Rig(RigOptions options) {
  core.script = std::move(options.script);
  ShellHooks hooks;
  hooks.log = [this](const Log& log) {
    const std::lock_guard lock(mutex_);
    logs_.push_back(log.level + " " + log.event + " " + base::dump(log.fields));
  };
  hooks.exit = [this](int code) {
    const std::lock_guard lock(mutex_);
    exits_.push_back(code);
  };
  shell = std::make_unique<Shell>(io_, core, options.store, options.config, std::move(hooks));
  auto listener = base::net::listen_tcp({"127.0.0.1", 0}, 4096);
  if (listener.has_error()) ADD_FAILURE() << base::render(listener.error());
  port = listener->endpoint.port;
  shell->serve(listener->fd);
  thread_ = std::thread([this] { io_.run(); });
}

Rig::~Rig() {
  on_loop([this] { shell.reset(); });
  work_.reset();
  io_.stop();
  thread_.join();
}

void Rig::act(std::vector<Action> actions) {
  for (auto& action : actions) core.act(std::move(action));
  shell->post(Tick{});
}

void Rig::on_loop(const std::function<void()>& work) {
  std::promise<void> done;
  boost::asio::post(io_, [&] {
    work();
    done.set_value();
  });
  done.get_future().get();
}

std::vector<std::string> Rig::logs() {
  const std::lock_guard lock(mutex_);
  return logs_;
}
std::vector<int> Rig::exits() {
  const std::lock_guard lock(mutex_);
  return exits_;
}

void echo(const Event& event, std::vector<Action>& out) {
  const auto* arrived = std::get_if<RequestArrived>(&event);
  if (!arrived) return;
  out.push_back(Reply{.id = arrived->id, .status = arrived->request.body_over > 0 ? 413 : 200, .body = arrived->request.method + " " + arrived->request.target + " " + arrived->request.body});
}

Caller::Caller(std::uint16_t port, int silence_ms) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), silence_ms_(silence_ms) {
  const auto address = loopback(port);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) ADD_FAILURE() << "cannot connect: " << strerror(errno);
}
Caller::~Caller() {
  if (fd_ >= 0) ::close(fd_);
}
void Caller::send(std::string_view text) { send_text(fd_, text); }

std::string Caller::read_until(const std::string& mark) {
  std::string bytes;
  std::array<char, 65536> buffer;
  pollfd waiting{fd_, POLLIN, 0};
  while (::poll(&waiting, 1, silence_ms_) == 1) {
    const auto seen = ::recv(fd_, buffer.data(), buffer.size(), MSG_PEEK);
    if (seen <= 0) break;
    const auto before = bytes.size();
    bytes.append(buffer.data(), static_cast<std::size_t>(seen));
    const auto from = before > mark.size() ? before - mark.size() : 0;
    const auto at = bytes.find(mark, from);
    if (at != std::string::npos) bytes.resize(at + mark.size());
    (void)!::recv(fd_, buffer.data(), bytes.size() - before, 0);
    if (at != std::string::npos) return bytes;
  }
  ADD_FAILURE() << "\"" << mark << "\" did not come, but: " << bytes.substr(0, 500);
  return bytes;
}

Seen Caller::read_all() {
  Seen seen;
  std::array<char, 65536> buffer;
  pollfd waiting{fd_, POLLIN, 0};
  while (::poll(&waiting, 1, silence_ms_) == 1) {
    const auto got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got > 0) {
      seen.bytes.append(buffer.data(), static_cast<std::size_t>(got));
      continue;
    }
    seen.ending = got == 0 ? "fin" : errno == ECONNRESET ? "rst" : strerror(errno);
    return seen;
  }
  seen.ending = "silence";
  return seen;
}

void Caller::finish() { ::shutdown(fd_, SHUT_WR); }
void Caller::reset() {
  reset_connection(fd_);
  ::close(std::exchange(fd_, -1));
}

FakeProvider::FakeProvider(std::function<void(int, int)> script) : script_(std::move(script)) {
  auto listener = base::net::listen_tcp({"127.0.0.1", 0}, 128);
  listener_ = listener->fd;
  port_ = listener->endpoint.port;
  thread_ = std::thread([this] {
    std::vector<std::thread> served;
    for (int number = 0;; ++number) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) break;
      served.emplace_back([this, fd, number] {
        script_(fd, number);
        ::close(fd);
      });
    }
    for (auto& thread : served) thread.join();
  });
}

FakeProvider::~FakeProvider() {
  ::shutdown(listener_, SHUT_RDWR);  // wakes accept(2)
  thread_.join();
  ::close(listener_);
}

std::string FakeProvider::url() const { return fmt::format("http://127.0.0.1:{}/v1", port_); }

std::string read_request(int fd) {
  std::string bytes;
  std::array<char, 65536> buffer;
  while (true) {
    const auto end = bytes.find("\r\n\r\n");
    if (end != std::string::npos) {
      const auto at = bytes.find("content-length: ");
      const auto length = at == std::string::npos ? 0 : std::strtoul(bytes.c_str() + at + 16, nullptr, 10);
      if (bytes.size() >= end + 4 + length) return bytes;
    }
    const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) return "";
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

void send_text(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void reset_connection(int fd) {
  const ::linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  // The number stays taken until its owner closes it: another descriptor takes the connection's place, which closes it.
  const int other = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup3(other, fd, O_CLOEXEC);
  ::close(other);
}

bool wait_closed(int fd) {
  std::array<char, 65536> buffer;
  pollfd waiting{fd, POLLIN, 0};
  while (::poll(&waiting, 1, 5000) == 1) {
    if (::recv(fd, buffer.data(), buffer.size(), 0) <= 0) return true;
  }
  return false;
}

Config config_with(const std::string& url) {
  Config config;
  ProviderConfig provider;
  provider.name = "acme";
  provider.url = url;
  config.providers.push_back(std::move(provider));
  return config;
}

StartAttempt attempt(std::uint32_t id, std::string body) {
  StartAttempt out;
  out.id = AttemptId{id};
  out.request = RequestId{id};
  out.provider = "acme";
  out.path = "/chat/completions";
  out.headers.add("authorization", "Bearer key-a");
  out.body = std::move(body);
  out.connect_timeout = std::chrono::seconds{5};
  return out;
}

}  // namespace gateway::net
