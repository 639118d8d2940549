// The running gateway's signals: restart, stop, reload, and the questions to the service manager they need.
#include <signal.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "base/text.h"
#include "gateway/cli/runner.h"

namespace gateway {
namespace {

constexpr base::Duration kStopGrace = std::chrono::seconds{10};
constexpr base::Duration kSignalsSettle = std::chrono::milliseconds{20};
constexpr base::Duration kAskWhy = std::chrono::seconds{2};

std::string_view name_of(DrainRequested::Kind kind) {
  switch (kind) {
    case DrainRequested::Kind::restart: return "restart";
    case DrainRequested::Kind::stop_planned: return "planned stop";
    case DrainRequested::Kind::stop_unplanned: return "unplanned stop";
  }
  return "";
}

int code_of(DrainRequested::Kind kind) {
  if (kind == DrainRequested::Kind::restart) return kExitRestart;
  return kind == DrainRequested::Kind::stop_planned ? kExitPlanned : kExitUnplanned;
}

}  // namespace

void Runner::wait_for_signals() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (error || code_) return;
    on_signal(number);
    if (!code_) wait_for_signals();
  });
}

std::optional<int> Runner::stopped_during_start() {
  // Delivers what has come so far; on_signal() decides while started_ is false.
  io_.restart();
  io_.poll();
  io_.restart();
  return code_;
}

void Runner::on_signal(int number) {
  if (!started_) {
    if (number == SIGHUP) return;
    const int code = number == SIGUSR1 ? kExitRestart : kExitUnplanned;
    log("warn", "start.interrupted", {{"signal", number == SIGUSR1 ? "SIGUSR1" : number == SIGINT ? "SIGINT" : "SIGTERM"}, {"code", code}});
    return leave(code);
  }
  switch (number) {
    case SIGHUP: return reload();
    case SIGUSR1: return drain(DrainRequested::Kind::restart);
    case SIGINT:
      // Ctrl-C is a person's own stop; the second one means "now".
      if (::isatty(STDIN_FILENO) == 1) {
        if (++interrupts_ > 1) return leave(kExitPlanned);
        return drain(DrainRequested::Kind::stop_planned);
      }
      return stop_soon();
    default: return stop_soon();
  }
}

/// signal(7): of several pending signals the one sent last may be delivered first. A SIGUSR1 sent just before this one is a planned
/// restart, whatever order the two come in; so it gets a moment to arrive.
void Runner::stop_soon() {
  stop_timer_.expires_after(kSignalsSettle);
  stop_timer_.async_wait([this](boost::system::error_code error) {
    if (!error && !code_) ask_why_stopped();
  });
}

void Runner::drain(DrainRequested::Kind kind) {
  if (draining_) {
    log("info", "drain.already", {{"asked", name_of(kind)}});
    return;
  }
  draining_ = true;
  const auto budget = effective_drain(config_.restart.drain, config_.restart.settle, timeout_stop_);
  log("info", "drain.begin", {{"why", name_of(kind)}, {"drain", base::format_duration(budget.drain)}, {"settle", base::format_duration(config_.restart.settle)},
                              {"socket_kept", socket_kept_}});
  notifier_->status(fmt::format("draining for a {}", name_of(kind)));
  // Only on the way to a stop: for the manager STOPPING=1 begins TimeoutStopSec, and a restart's drain is our own affair.
  if (kind != DrainRequested::Kind::restart) {
    notifier_->stopping(fmt::format("draining for a {}", name_of(kind)));
    notifier_->extend(budget.drain + config_.restart.settle + kCleanUp);
  }
  stop_watchdog_.arm(budget.drain + config_.restart.settle + kStopGrace, code_of(kind));
  const DrainRequested request{kind, budget.drain, config_.restart.settle, socket_kept_};
  if (!socket_kept_) return shell_->post(request);
  // The manager holds the socket: what we have not accepted waits for the next process, what we have is served by this one.
  shell_->stop_accepting([this, request] { shell_->post(request); });
}

void Runner::ask_why_stopped() {
  if (draining_ || asking_) {
    log("info", "drain.already", {{"asked", "stop"}});
    return;
  }
  if (take_marker(files_.marker, own_process(), moment_now().wall)) return drain(DrainRequested::Kind::stop_planned);
  // systemd sets INVOCATION_ID for everything it starts: without it there is no manager to ask.
  if (variable("INVOCATION_ID").empty() && !notifier_->active()) return drain(DrainRequested::Kind::stop_unplanned);
  asking_ = true;
  questions_.emplace_back([this, manager = Manager(config_.unit, kAskWhy)] {
    std::string failure;
    const auto state = manager.show(failure);
    boost::asio::post(io_, [this, state, failure] {
      asking_ = false;
      if (!state) log("warn", "manager.silent", {{"what", failure}});
      const bool planned = state && stop_is_planned(*state, ::getpid());
      drain(planned ? DrainRequested::Kind::stop_planned : DrainRequested::Kind::stop_unplanned);
    });
  });
}

void Runner::ask_stop_timeout() {
  questions_.emplace_back([this, manager = Manager(config_.unit, kAskWhy)] {
    std::string failure;
    const auto state = manager.show(failure);
    if (!state || state->main_pid != ::getpid()) return;
    boost::asio::post(io_, [this, timeout = state->timeout_stop] {
      timeout_stop_ = timeout;
      const auto budget = effective_drain(config_.restart.drain, config_.restart.settle, timeout);
      if (!budget.cut) return;
      log("warn", "drain.cut", {{"configured", base::format_duration(config_.restart.drain)}, {"effective", base::format_duration(budget.drain)},
                                {"timeout_stop", base::format_duration(*timeout)}, {"hint", "raise TimeoutStopSec in the unit (gateway install), or lower restart.drain"}});
    });
  });
}

void Runner::reload() {
  if (draining_) return;
  notifier_->reloading(moment_now().instant.since_start);
  const auto keep = [&](const std::vector<base::Diagnostic>& problems) {
    log_problems("error", "reload.refused", problems);
    log("warn", "reload.kept", {{"what", "the configuration before it stays in force"}, {"file", config_file_}});
    const auto& first = problems.front();
    notifier_->ready(fmt::format("running with the previous configuration: {}:{}: {}", first.file, first.line, first.what));
  };
  auto loaded = load_config_file(config_file_, environment_, {.overrides = options_.overrides});
  if (loaded.has_error()) return keep(loaded.error().problems);
  auto next = std::move(loaded.value().config);
  for (const auto& [what, same] : {std::pair{"listen", next.listen == config_.listen}, std::pair{"admin", next.admin == config_.admin}, std::pair{"state", next.state == config_.state}}) {
    if (!same) log("warn", "reload.needs_restart", {{"setting", what}, {"hint", "gateway restart"}});
  }
  for (const auto& provider : next.providers) {
    for (const auto& credential : provider.credentials) log_->secret(credential.secret, credential.label);
  }
  next.listen = config_.listen;
  next.admin = config_.admin;
  next.state = config_.state;
  auto applied = shell_->reload(next);
  if (applied.has_error()) return keep(applied.error().problems);
  config_ = std::move(next);
  log_->set_level(config_.log_level);
  log_problems("warn", "config.warning", loaded.value().warnings);
  log("info", "reload.done", {{"file", config_file_}, {"providers", config_.providers.size()}, {"routes", config_.routes.size()}});
  notifier_->ready(fmt::format("running on {}", listen_address_));
}

void Runner::ping_watchdog() {
  // From the loop's own thread: a stuck loop misses it, and that is the point.
  notifier_->watchdog();
  watchdog_timer_.expires_after(watchdog_every_ / 2);
  watchdog_timer_.async_wait([this](boost::system::error_code error) {
    if (!error && !code_) ping_watchdog();
  });
}

int run_command(const RunOptions& options, const RunParts& parts) { return Runner(options, parts).run(); }

}  // namespace gateway
