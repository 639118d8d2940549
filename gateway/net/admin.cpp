#include "gateway/net/admin.h"

#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "base/net/listen.h"
#include "base/text.h"

namespace gateway::net {
namespace {

Reply problem_reply(int status, std::string_view code, std::string_view message) {
  Reply reply{.status = status};
  reply.headers.add("content-type", "application/json");
  reply.body = base::dump({{"error", {{"message", message}, {"type", "overloaded_error"}, {"code", code}}}}) + "\n";
  return reply;
}

}  // namespace

/// Lives until both the handler and the loop are done with it. Used on the loop's thread, but for the future.
struct Admin::Exchange final : ReplySink {
  void reply(Reply&& whole) override { finish(std::move(whole)); }
  void send_head(SendHead&& head) override {
    gathered.status = head.status;
    gathered.headers = std::move(head.headers);
  }
  void send_chunk(SendChunk&& chunk) override {
    if (gathered.body.size() + chunk.bytes.size() <= kAdminStreamMax) gathered.body += chunk.bytes;
  }
  void send_end(bool clean) override {
    finish(clean ? std::move(gathered) : problem_reply(502, "admin_cut", "The reply was cut off."));
  }
  void finish(Reply whole);
  std::weak_ptr<Shared> shared;
  RequestId id;
  Reply gathered;
  std::promise<Reply> promise;
};

/// What handlers may touch. The lock is held for a post, no longer; `loop` is null after stop().
struct Admin::Shared {
  bool post(std::function<void(Loop&)> work) {
    const std::lock_guard lock(mutex);
    if (!loop) return false;
    boost::asio::post(loop->io, [weak = self, work = std::move(work)] {
      // Only the loop's thread takes `loop` away.
      const auto hold = weak.lock();
      if (hold && hold->loop) work(*hold->loop);
    });
    return true;
  }
  std::mutex mutex;
  Loop* loop = nullptr;
  std::atomic<bool> stopping = false;
  std::weak_ptr<Shared> self;
  /// What the core knows of. Only the loop's thread looks here.
  std::unordered_map<RequestId, std::shared_ptr<Exchange>> open;
};

void Admin::Exchange::finish(Reply whole) {
  const auto with = shared.lock();
  if (!with || !with->loop) return;
  const auto hold = with->open.extract(id);  // this very object
  if (hold.empty()) return;
  with->loop->forget(id);
  promise.set_value(std::move(whole));
}

Admin::Admin(Loop& loop) : shared_(std::make_shared<Shared>()) {
  shared_->loop = &loop;
  shared_->self = shared_;
}
Admin::~Admin() { stop(); }

Reply Admin::ask(const std::shared_ptr<Shared>& shared, HttpRequest request) {
  auto exchange = std::make_shared<Exchange>();
  auto future = exchange->promise.get_future();
  exchange->shared = shared;
  shared->post([exchange, open = &shared->open, request = std::move(request)](Loop& loop) {
    exchange->id = loop.open(*exchange);
    open->emplace(exchange->id, exchange);
    loop.emit(RequestArrived{exchange->id, request, true});
    loop.settle();
  });
  for (const auto until = instant_now() + kAdminWait; instant_now() < until;) {
    if (future.wait_for(std::chrono::milliseconds{20}) == std::future_status::ready) return future.get();
    if (shared->stopping) return problem_reply(503, "gateway_stopping", "The gateway is stopping.");
  }
  shared->post([exchange, open = &shared->open](Loop& loop) {
    if (open->erase(exchange->id) == 0) return;
    loop.forget(exchange->id);
    loop.emit(ClientGone{exchange->id});
    loop.settle();
  });
  return problem_reply(504, "admin_timeout", "The gateway did not answer this question in time.");
}

base::Result<int> Admin::open(const std::string& address) {
  auto endpoint = base::net::parse_endpoint(address);
  if (endpoint.has_error()) return endpoint.error();
  server_ = std::make_shared<httplib::Server>();
  server_->set_payload_max_length(kAdminBodyMax);
  server_->set_tcp_nodelay(true);
  server_->set_keep_alive_max_count(1'000'000);
  server_->set_keep_alive_timeout(1);  // an idle caller holds one of few threads
  server_->set_read_timeout(5);
  server_->set_write_timeout(5);
  // SO_REUSEPORT, httplib's default, would let a second gateway share the port unnoticed.
  int fd = -1;
  server_->set_socket_options([&fd](socket_t socket) {
    fd = socket;
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  const auto handler = [shared = shared_](const httplib::Request& in, httplib::Response& out) {
    HttpRequest request{.method = in.method, .target = in.target, .body = in.body, .peer = in.remote_addr + ":" + std::to_string(in.remote_port)};
    for (const auto& [name, value] : in.headers) {
      // httplib's own notes, which no caller sent.
      if (name != "REMOTE_ADDR" && name != "REMOTE_PORT" && name != "LOCAL_ADDR" && name != "LOCAL_PORT") request.headers.add(name, value);
    }
    const auto reply = ask(shared, std::move(request));
    out.status = reply.status;
    for (const auto& [name, value] : reply.headers.list) {
      if (!base::iequals(name, "content-type") && !base::iequals(name, "content-length")) out.set_header(name, value);
    }
    const auto type = reply.headers.get("content-type", "application/octet-stream");
    out.set_content(reply.body, type);
  };
  server_->Get(".*", handler).Post(".*", handler).Put(".*", handler).Patch(".*", handler).Delete(".*", handler).Options(".*", handler);
  const int port = endpoint->port == 0 ? server_->bind_to_any_port(endpoint->host) : (server_->bind_to_port(endpoint->host, endpoint->port) ? endpoint->port : -1);
  if (port <= 0) {
    server_.reset();
    return base::problem("the admin port cannot be opened on " + base::net::to_text(*endpoint), "another process may use it; set \"admin\" to another address or \"off\"", {}, "/admin");
  }
  // Debian's build asks for a queue of 5, too short for a burst of probes: a second listen(2) makes it longer.
  if (fd >= 0) ::listen(fd, kAdminBacklog);
  // The threads are there before anybody hears that the gateway is ready, not some time after; httplib takes the queue over.
  server_->new_task_queue = [queue = new httplib::ThreadPool(kAdminThreads)] { return queue; };
  std::promise<void> ended;
  ended_ = ended.get_future();
  thread_ = std::thread([server = server_, ended = std::move(ended)]() mutable {
    server->listen_after_bind();
    ended.set_value();
  });
  return port;
}

void Admin::stop() {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->loop) {
      for (const auto& [id, exchange] : shared_->open) shared_->loop->forget(id);
    }
    shared_->loop = nullptr;
  }
  shared_->open.clear();
  shared_->stopping = true;
  if (!server_) return;
  // stop() does nothing before the thread has begun to listen.
  while (!server_->is_running() && ended_.wait_for(std::chrono::milliseconds{1}) != std::future_status::ready) {
  }
  server_->stop();
  // httplib waits for each caller that keeps its connection open; our exit does not.
  if (ended_.wait_for(kAdminStop) == std::future_status::ready) thread_.join();
  else thread_.detach();
  server_.reset();
}

}  // namespace gateway::net
