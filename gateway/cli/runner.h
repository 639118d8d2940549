// The running gateway: start in order, signals, reload, drain, end. All on the loop's thread but the two questions to the manager.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <thread>

#include "gateway/cli/run_command.h"
#include "gateway/net/shell.h"
#include "gateway/service/config_file.h"
#include "gateway/service/instance.h"
#include "gateway/service/listen_fds.h"
#include "gateway/service/log_writer.h"
#include "gateway/service/manager.h"
#include "gateway/service/notify.h"
#include "gateway/service/respawn.h"
#include "gateway/service/stop_watchdog.h"

namespace gateway {

class Runner {
 public:
  Runner(const RunOptions& options, const RunParts& parts);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  int run();

 private:
  // Start, in this order; each returns an exit code to leave with, or nothing to go on.
  std::optional<int> load();
  std::optional<int> lock();
  void begin_record();
  void open_store();
  std::optional<int> open_ports();
  void make_parts();
  void announce();
  std::optional<int> stopped_during_start();
  void pause_then_serve(base::Duration pause, std::int64_t starts);
  void pause_piece(base::Duration left);
  void serve_now();

  // Life.
  void wait_for_signals();
  void on_signal(int number);
  void drain(DrainRequested::Kind kind);
  void stop_soon();
  void ask_why_stopped();
  void reload();
  void ask_stop_timeout();
  void ping_watchdog();
  void leave(int code);

  void log(std::string_view level, std::string_view event, base::Json fields = base::Json::object());
  void log_problems(std::string_view level, std::string_view event, const std::vector<base::Diagnostic>& problems);
  std::string variable(const std::string& name) const;
  std::string random_word() const;

  StopWatchdog stop_watchdog_;  // first, so that it outlives and guards the end of everything below
  RunOptions options_;
  RunParts parts_;
  bool log_as_text_ = false;
  Environment environment_;
  Policy default_policy_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_};
  boost::asio::steady_timer pause_timer_{io_};
  boost::asio::steady_timer watchdog_timer_{io_};
  boost::asio::steady_timer stop_timer_{io_};
  std::string config_file_;
  Config config_;
  InstanceFiles files_;
  std::unique_ptr<LogWriter> log_;
  std::unique_ptr<Notifier> notifier_;
  std::unique_ptr<InstanceLock> lock_;
  std::unique_ptr<Store> store_;
  std::string store_failure_;
  std::unique_ptr<GatewayCore> core_;
  std::unique_ptr<Shell> shell_;
  StartRecord starts_;
  Snapshot snapshot_;
  std::string salt_ = "brownout";
  std::vector<int> sockets_;
  bool socket_kept_ = false;
  std::string listen_address_, admin_address_;
  base::Duration watchdog_every_{0};
  std::optional<base::Duration> timeout_stop_;
  std::vector<std::thread> questions_;
  bool started_ = false, draining_ = false, asking_ = false, crashed_before_ = false;
  int interrupts_ = 0;
  std::optional<int> code_;
};

}  // namespace gateway
