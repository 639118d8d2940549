// The live shell: performs the core's actions on real sockets, turns what happens into events. Holds no protocol `if`.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "base/redact.h"
#include "gateway/core/core.h"
#include "gateway/store/store.h"

namespace gateway {

struct ShellHooks {
  std::function<void(const Log&)> log;
  std::function<void(const ServiceStatus&)> status;
  std::function<void(const ExtendTimeout&)> extend;
  std::function<void(int code)> exit;  ///< drained and saved
};

/// One thread, one io_context, one core. Everything but post() runs on the loop's thread.
class Shell {
 public:
  /// `store` may be null (no persistence). `core` and `store` outlive the shell.
  Shell(boost::asio::io_context& io, GatewayCore& core, Store* store, const Config& config, ShellHooks hooks);
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  /// Accepts on a listening fd (its own after this call).
  void serve(int fd);
  /// The admin port (cpp-httplib on its own threads, hands over to the loop). Error: the address cannot be bound.
  base::Result<int> serve_admin(const std::string& address);
  /// No new connections. `then` is called once every connection taken before has handed its request to the core, or after
  /// kExpectedMax: a caller whose connection was accepted must not be lost because the process leaves a moment later.
  void stop_accepting(std::function<void()> then);
  static constexpr base::Duration kExpectedMax = std::chrono::milliseconds{500};
  /// Hands an event to the core, from any thread.
  void post(Event event);
  /// New providers, CAs and limits; then ConfigReloaded goes to the core.
  base::Result<bool> reload(const Config& config);
  /// Ends everything at once (a second stop, a watchdog).
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The present moment on both clocks.
Moment moment_now();

}  // namespace gateway
