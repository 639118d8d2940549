// A shell inside the test: a scripted core, the loop on a thread of its own, a raw caller, and a provider that does what its script says.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "gateway/net/poller.h"
#include "gateway/net/shell.h"

namespace gateway::net {

/// Records each event as one line and answers by its script. The script runs on the loop's thread.
class FakeCore final : public GatewayCore {
 public:
  using Script = std::function<void(const Event&, std::vector<Action>&)>;
  void step(Moment now, const Event& event, std::vector<Action>& out) override;
  base::Instant next_wake() const override { return wake; }

  void act(Action action);
  /// Waits for an event whose line begins so; its line, or "" after five seconds.
  std::string wait_for(const std::string& beginning);
  std::vector<std::string> lines();
  int count(const std::string& beginning);
  std::string body_of(AttemptId id);  ///< all UpstreamBytes of it

  Script script;
  base::Instant wake = base::kNever;  // loop's thread only, or before the first event

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::vector<Action> pending_;
  std::unordered_map<std::uint32_t, std::string> bodies_;
  base::Instant before_{base::Duration{0}};
  bool inside_ = false;
};

struct RigOptions {
  Config config;
  FakeCore::Script script;
  Store* store = nullptr;
};
class Rig {
 public:
  explicit Rig(RigOptions options = {});
  ~Rig();
  /// Makes the core ask for these, on the loop.
  void act(std::vector<Action> actions);
  /// Runs on the loop's thread and waits.
  void on_loop(const std::function<void()>& work);
  void post(Event event) { shell->post(std::move(event)); }
  std::vector<std::string> logs();
  std::vector<int> exits();

  FakeCore core;
  std::uint16_t port = 0;
  std::unique_ptr<Shell> shell;

 private:
  std::mutex mutex_;
  std::vector<std::string> logs_;
  std::vector<int> exits_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_;
};

/// A core's script: each request is answered at once with "METHOD TARGET BODY".
void echo(const Event& event, std::vector<Action>& out);

struct Seen {
  std::string bytes;
  std::string ending;  ///< fin, rst, silence
};
class Caller {
 public:
  explicit Caller(std::uint16_t port, int silence_ms = 5000);
  ~Caller();
  void send(std::string_view text);
  std::string read_until(const std::string& mark);  ///< up to and with the mark, and no byte more
  Seen read_all();
  void finish();  ///< FIN of our direction
  void reset();   ///< RST
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
  int silence_ms_;
};

class FakeProvider {
 public:
  /// `script` gets each connection, counted from 0, on a thread of its own; the connection is closed when it returns.
  explicit FakeProvider(std::function<void(int fd, int number)> script);
  ~FakeProvider();
  std::string url() const;
  std::uint16_t port() const { return port_; }

 private:
  std::function<void(int, int)> script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};
/// A request by its framing; "" when the connection ended first.
std::string read_request(int fd);
void send_text(int fd, std::string_view text);
void reset_connection(int fd);
/// True when the other side closed within five seconds.
bool wait_closed(int fd);

/// A configuration with one provider "acme".
Config config_with(const std::string& url);
StartAttempt attempt(std::uint32_t id, std::string body = "{}");

}  // namespace gateway::net
