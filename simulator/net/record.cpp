#include "simulator/net/record.h"

#include <fmt/format.h>
#include <httplib.h>
#include <pthread.h>

#include <csignal>
#include <fstream>
#include <mutex>

#include "base/json.h"
#include "base/redact.h"
#include "base/text.h"
#include "simulator/core/request.h"
#include "simulator/net/connection.h"

namespace simulator {
namespace {

using base::Json;
constexpr std::size_t kRecordBodyMax = 8 << 20;   // of one reply
constexpr std::size_t kRecordRulesMax = 10'000;   // the loader takes no more

/// Headers of one hop, or that the simulator makes itself, or that name a person.
bool left_out(const std::string& name) {
  for (const auto* each : {"connection", "transfer-encoding", "content-length", "keep-alive", "date", "set-cookie", "cookie", "authorization", "x-api-key", "api-key", "x-goog-api-key",
                           "openai-organization", "openai-project", "host", "accept-encoding", "content-encoding", "alt-svc", "expect", "remote_addr", "remote_port", "local_addr", "local_port"}) {
    if (base::iequals(name, each)) return true;
  }
  return false;
}

struct Piece {
  base::Duration after;  // since the piece before
  std::string bytes;
};

/// Written by several HTTP threads: one lock.
class Recording {
 public:
  explicit Recording(std::string file) : file_(std::move(file)) {}

  void add(const ProviderRequest& request, const httplib::Result& reply, const std::vector<Piece>& pieces) {
    base::Redactor redactor;
    redactor.add(request.secret, "credential");
    Json steps = Json::array();
    if (!reply) {
      steps.push_back({{"rst", true}});
    } else {
      Json headers = Json::object();
      for (const auto& [name, value] : reply->headers) {
        if (!left_out(name)) headers[base::lower(name)] = redactor.apply(value);
      }
      steps.push_back({{"status", reply->status}});
      steps.push_back({{"headers", std::move(headers)}});
      steps.push_back({{"framing", reply->has_header("content-length") ? "length" : "chunked"}});
      for (const auto& piece : pieces) {
        const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(piece.after);
        if (pause.count() > 0) steps.push_back({{"wait", base::format_duration(pause)}});
        steps.push_back({{"event", redactor.apply(base::to_valid_utf8(piece.bytes))}});
      }
    }
    Json when{{"path", request.path}, {"method", request.method}};
    if (!request.model.empty()) when["model"] = request.model;
    if (request.stream) when["stream"] = true;
    const std::lock_guard lock(mutex_);
    if (rules_.size() >= kRecordRulesMax) return;
    rules_.push_back({{"when", std::move(when)}, {"plan", std::move(steps)}, {"times", 1}});
    const Json scenario{{"name", "recorded"}, {"providers", {{"recorded", {{"dialect", "any"}, {"script", rules_}}}}}};
    std::ofstream(file_) << base::dump_pretty(scenario) << "\n";
  }

 private:
  std::mutex mutex_;
  std::string file_;
  Json rules_ = Json::array();
};

}  // namespace

base::Result<bool> record(const RecordOptions& options, const std::function<void(int)>& ready) {
  const auto scheme = options.upstream.find("://");
  if (scheme == std::string::npos) return base::problem("the upstream is no URL: " + base::printable(options.upstream, 100), "such as https://api.openai.com", {}, "--upstream");
  const auto slash = options.upstream.find('/', scheme + 3);
  const auto origin = options.upstream.substr(0, slash);
  auto prefix = slash == std::string::npos ? std::string() : options.upstream.substr(slash);
  while (prefix.ends_with('/')) prefix.pop_back();
  if (!std::ofstream(options.out, std::ios::app)) return base::problem("cannot write " + options.out, "", {}, "--out");
  Recording recording(options.out);

  // Signals are waited for by this thread; the HTTP threads inherit the mask.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  httplib::Server server;
  const auto handle = [&](const httplib::Request& in, httplib::Response& out) {
    ProviderRequest request{.method = in.method, .path = in.path, .body = in.body};
    httplib::Request next;
    next.method = in.method;
    next.path = prefix + in.target;
    next.body = in.body;
    for (const auto& [name, value] : in.headers) {
      request.headers.add(name, value);
      if (!left_out(name) || base::iequals(name, "authorization") || name.ends_with("key")) next.headers.emplace(name, value);
    }
    interpret(request);
    std::vector<Piece> pieces;
    std::string all;
    auto last = now().instant;
    next.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      const auto at = now().instant;
      pieces.push_back({at - last, std::string(data, size)});
      last = at;
      all.append(data, size);
      return all.size() <= kRecordBodyMax;
    };
    httplib::Client client(origin);
    client.set_read_timeout(std::chrono::minutes{10});
    if (!options.ca_file.empty()) client.set_ca_cert_path(options.ca_file);
    const auto reply = client.send(next);
    recording.add(request, reply, pieces);
    if (!reply) {
      out.status = 502;
      out.set_content(base::dump({{"error", {{"message", "the upstream did not answer: " + httplib::to_string(reply.error())}}}}), "application/json");
      return;
    }
    out.status = reply->status;
    for (const auto& [name, value] : reply->headers) {
      if (!left_out(name) && !base::iequals(name, "content-type")) out.set_header(name.c_str(), value);
    }
    out.set_content(all, reply->get_header_value("content-type"));
  };
  server.Get(".*", handle).Post(".*", handle).Delete(".*", handle).Put(".*", handle);
  const int port = options.port == 0 ? server.bind_to_any_port("127.0.0.1") : (server.bind_to_port("127.0.0.1", options.port) ? options.port : -1);
  if (port <= 0) return base::problem("the port could not be opened", "is another process using it?", {}, "--port");
  std::thread thread([&] { server.listen_after_bind(); });
  ready(port);
  int caught = 0;
  sigwait(&signals, &caught);
  server.stop();
  thread.join();
  return true;
}

}  // namespace simulator
