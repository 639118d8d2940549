#include "gateway/cli/runner.h"

#include <signal.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "base/hash.h"
#include "base/net/listen.h"
#include "base/text.h"
#include "gateway/cli/say.h"

namespace gateway {
namespace {

constexpr base::Duration kPauseStep = std::chrono::seconds{5};

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Runner::Runner(const RunOptions& options, const RunParts& parts) : options_(options), parts_(parts), environment_(environment_now()) {
  // First of all: a SIGTERM that meets no handler would end us as a clean exit in the manager's eyes, and nothing would revive us.
  for (const int number : {SIGTERM, SIGINT, SIGUSR1, SIGHUP}) signals_.add(number);
  ::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  log_as_text_ = options_.log.empty() ? ::isatty(STDERR_FILENO) == 1 : options_.log == "text";
  log_ = std::make_unique<LogWriter>(STDERR_FILENO, log_as_text_ ? LogForm::text : LogForm::json, "info");
  notifier_ = std::make_unique<Notifier>(variable("NOTIFY_SOCKET"));
  watchdog_every_ = watchdog_interval(variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"), ::getpid());
  auto inherited = inherited_sockets(variable("LISTEN_PID"), variable("LISTEN_FDS"), ::getpid());
  sockets_ = std::move(inherited.listening);
  socket_kept_ = !sockets_.empty();
  for (const auto& warning : inherited.warnings) log("warn", "listen.inherited", {{"what", warning}});
  // What is ours alone must not reach the programs we run.
  for (const auto* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
}

Runner::~Runner() {
  for (auto& question : questions_) question.join();
}

std::string Runner::variable(const std::string& name) const {
  const auto found = environment_.find(name);
  return found == environment_.end() ? "" : found->second;
}

std::string Runner::random_word() const {
  std::array<char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return base::sha256_hex(fmt::format("{}", ::getpid())).substr(0, 32);
  return base::to_hex({bytes.data(), bytes.size()});
}

void Runner::log(std::string_view level, std::string_view event, base::Json fields) { log_->write(level, event, std::move(fields), moment_now().wall); }

void Runner::log_problems(std::string_view level, std::string_view event, const std::vector<base::Diagnostic>& problems) {
  for (const auto& each : problems) {
    base::Json fields{{"what", each.what}};
    if (!each.file.empty()) fields["file"] = each.line > 0 ? fmt::format("{}:{}", each.file, each.line) : each.file;
    if (!each.where.empty()) fields["where"] = each.where;
    if (!each.hint.empty()) fields["hint"] = each.hint;
    log(level, event, std::move(fields));
  }
}

int Runner::run() {
  wait_for_signals();
  if (auto code = load()) return *code;
  if (auto code = lock()) return *code;
  begin_record();
  if (auto code = stopped_during_start()) {
    leave(*code);
    return *code;
  }
  io_.run();
  return code_.value_or(kExitUnplanned);
}

std::optional<int> Runner::load() {
  config_file_ = config_path(options_.config, environment_);
  auto loaded = load_config_file(config_file_, environment_, {.overrides = options_.overrides});
  if (loaded.has_error()) {
    const auto& problems = loaded.error().problems;
    if (log_as_text_) complain(base::render(loaded.error()));
    else log_problems("error", "config.problem", problems);
    const auto& first = problems.front();
    const auto what = fmt::format("the configuration has {} problem{}: {}:{}: {}", problems.size(), problems.size() == 1 ? "" : "s", first.file, first.line, first.what);
    log("error", "start.failed", {{"what", what}, {"code", kExitConfig}});
    notifier_->status(what);
    return kExitConfig;
  }
  config_ = std::move(loaded.value().config);
  if (parts_.around_config) parts_.around_config(config_);
  log_->set_level(config_.log_level);
  for (const auto& provider : config_.providers) {
    for (const auto& credential : provider.credentials) log_->secret(credential.secret, credential.label);
  }
  for (const auto& key : config_.caller_keys) log_->secret(key, "caller key");
  log_problems("warn", "config.warning", loaded.value().warnings);
  return std::nullopt;
}

std::optional<int> Runner::lock() {
  files_ = files_of(config_, variable("XDG_RUNTIME_DIR"));
  auto folder = prepare_folder(files_.lock.parent_path());
  if (folder.has_error()) {
    log_problems("error", "state.unusable", folder.error().problems);
    store_failure_ = base::render(folder.error());
    return std::nullopt;  // without a folder there is nothing two gateways could fight over
  }
  if (folder.value()) log("warn", "state.open_to_others", {{"what", *folder.value()}});
  if (config_.state.empty()) return std::nullopt;
  const auto take = [&]() -> std::optional<base::Error> {
    auto taken = InstanceLock::try_take(files_.lock);
    if (taken.has_error()) return taken.error();
    lock_ = std::move(taken.value());
    return std::nullopt;
  };
  const auto holder = running_instance(files_.lock);
  // The one before us may still be on its last steps; --replace gives it the time of an orderly stop.
  auto patience = std::chrono::duration_cast<base::Duration>(std::chrono::seconds{2});
  bool asked = false;
  for (const auto begun = moment_now().instant; !lock_; std::this_thread::sleep_for(std::chrono::milliseconds{50})) {
    if (const auto error = take()) {
      log_problems("error", "state.unusable", error->problems);
      store_failure_ = base::render(*error);
      return std::nullopt;
    }
    if (lock_) break;
    if (options_.replace && !asked && holder) {
      asked = true;
      patience = config_.restart.drain + config_.restart.settle + kCleanUp;
      log("info", "replace.asked", {{"pid", holder->process.pid}});
      write_marker(files_.marker, holder->process, moment_now().wall);
      ::kill(static_cast<pid_t>(holder->process.pid), SIGTERM);
    }
    const auto waited = moment_now().instant - begun;
    if (options_.replace && holder && waited > patience && waited <= patience + kCleanUp && alive(holder->process)) {
      log("warn", "replace.killed", {{"pid", holder->process.pid}});
      ::kill(static_cast<pid_t>(holder->process.pid), SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds{200});
    }
    if (waited > patience + (asked ? kCleanUp : base::Duration{0})) {
      log("error", "start.failed", {{"what", holder ? fmt::format("another gateway (PID {}) uses this state", holder->process.pid) : std::string("another process holds this state's lock")},
                                    {"file", files_.lock.string()}, {"hint", "gateway stop, or gateway run --replace, or another \"state\""}, {"code", kExitUnplanned}});
      return kExitUnplanned;
    }
    if (auto code = stopped_during_start()) return code;
  }
  // From here on --replace can find us, whatever the rest of the start does.
  lock_->write({own_process(), "", "", std::string(kVersion), config_file_, moment_now().wall});
  return std::nullopt;
}

void Runner::begin_record() {
  starts_ = read_starts(files_.starts);
  crashed_before_ = starts_.end == LastEnd::crashed;
  const auto verdict = on_start(starts_, config_.respawn, moment_now().wall);
  if (!write_starts(files_.starts, starts_)) log("warn", "respawn.unguarded", {{"file", files_.starts.string()}, {"what", "cannot be written: starts are not counted"}});
  // A marker meant for an earlier process must not excuse a later stop of ours.
  take_marker(files_.marker, {}, moment_now().wall);
  pause_then_serve(verdict.pause, verdict.starts);
}

void Runner::pause_then_serve(base::Duration pause, std::int64_t starts) {
  if (pause <= base::Duration{0}) {
    boost::asio::post(io_, [this] { serve_now(); });
    return;
  }
  log("warn", "respawn.pause", {{"starts", starts}, {"within", base::format_duration(config_.respawn.interval)}, {"pause", base::format_duration(pause)},
                                {"what", "too many starts after unplanned ends; this one waits"}});
  notifier_->status(fmt::format("waiting {} before start: {} unplanned starts within {}", base::human_duration(pause), starts, base::human_duration(config_.respawn.interval)));
  pause_piece(pause);
}

void Runner::pause_piece(base::Duration left) {
  if (left <= base::Duration{0}) return serve_now();
  const auto step = std::min(left, kPauseStep);
  // The manager's start time-out must not end the pause: each piece asks for more than its length.
  notifier_->extend(step * 2 + kCleanUp);
  pause_timer_.expires_after(step);
  pause_timer_.async_wait([this, rest = left - step](boost::system::error_code error) {
    if (!error && !code_) pause_piece(rest);
  });
}

void Runner::serve_now() {
  open_store();
  make_parts();
  if (auto code = open_ports()) return leave(*code);
  announce();
}

void Runner::open_store() {
  if (config_.state.empty()) return;
  if (store_failure_.empty()) {
    std::string moved;
    auto opened = open_sqlite_store(config_.state, true, &moved);
    if (!moved.empty()) log("error", "state.damaged", {{"file", config_.state}, {"moved_to", moved}, {"what", "the saved state was damaged; a new one is begun"}});
    if (opened.has_value()) {
      store_ = std::move(opened.value());
      auto loaded = store_->load();
      if (loaded.has_value()) snapshot_ = std::move(loaded.value());
      else store_failure_ = base::render(loaded.error()), log_problems("error", "state.unusable", loaded.error().problems);
    } else {
      store_failure_ = base::render(opened.error());
      log_problems("error", "state.unusable", opened.error().problems);
    }
  }
  if (!store_) return;
  // Key hashes must mean the same at the next start, and nothing outside this file.
  if (const auto found = snapshot_.meta.find("salt"); found != snapshot_.meta.end()) {
    salt_ = found->second;
  } else {
    salt_ = random_word();
    (void)store_->apply(StoreMeta{"salt", salt_});
  }
}

void Runner::make_parts() {
  auto seed = options_.seed;
  if (seed == 0 && ::getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) seed = static_cast<std::uint64_t>(::getpid());
  const CoreOptions options{seed, std::string(kVersion), ::getpid(), salt_, crashed_before_};
  const auto& policy = parts_.policy ? *parts_.policy : default_policy_;
  core_ = make_core(config_, options, std::move(snapshot_), policy, moment_now());
  if (parts_.around_core) core_ = parts_.around_core(std::move(core_));
  ShellHooks hooks;
  hooks.log = [this](const Log& line) { log_->write(line, moment_now().wall); };
  hooks.status = [this](const ServiceStatus& status) { notifier_->status(status.text); };
  hooks.extend = [this](const ExtendTimeout& extend) { notifier_->extend(extend.by); };
  hooks.exit = [this](int code) { boost::asio::post(io_, [this, code] { leave(code); }); };
  shell_ = std::make_unique<Shell>(io_, *core_, store_.get(), config_, std::move(hooks));
  if (!store_failure_.empty()) shell_->post(StoreFailed{store_failure_});
}

std::optional<int> Runner::open_ports() {
  const auto fail = [&](const base::Error& error) {
    log_problems("error", "start.failed", error.problems);
    notifier_->status("start failed: " + error.problems.front().what);
    return kExitUnplanned;
  };
  if (sockets_.empty()) {
    auto endpoint = base::net::parse_endpoint(config_.listen);
    if (endpoint.has_error()) return fail(endpoint.error());
    auto listener = base::net::listen_tcp(endpoint.value());
    if (listener.has_error()) return fail(listener.error());
    sockets_.push_back(listener.value().fd);
  }
  listen_address_ = address_of(sockets_.front());
  if (config_.admin != "off") {
    auto port = shell_->serve_admin(config_.admin);
    if (port.has_error()) return fail(port.error());
    const auto colon = config_.admin.rfind(':');
    admin_address_ = fmt::format("{}:{}", colon == std::string::npos || colon == 0 ? "127.0.0.1" : config_.admin.substr(0, colon), port.value());
  }
  for (const int fd : sockets_) shell_->serve(fd);
  return std::nullopt;
}

void Runner::announce() {
  started_ = true;
  const auto now = moment_now();
  if (lock_) lock_->write({own_process(), listen_address_, admin_address_, std::string(kVersion), config_file_, now.wall});
  log("info", "ready", {{"listen", listen_address_}, {"admin", admin_address_.empty() ? "off" : admin_address_}, {"pid", ::getpid()}, {"version", kVersion},
                        {"config", config_file_}, {"state", config_.state.empty() ? "off" : config_.state}, {"socket_kept", socket_kept_}, {"after_crash", crashed_before_}});
  notifier_->ready(fmt::format("running on {}", listen_address_));
  if (watchdog_every_ > base::Duration{0}) ping_watchdog();
  if (notifier_->active()) ask_stop_timeout();
}

void Runner::leave(int code) {
  if (code_) return;
  code_ = code;
  const bool planned = code == kExitPlanned || code == kExitRestart;
  starts_.end = planned ? LastEnd::planned : LastEnd::unplanned;
  if (!files_.starts.empty()) write_starts(files_.starts, starts_);
  notifier_->stopping(fmt::format("leaving with code {}", code));
  log(planned ? "info" : "warn", "exit", {{"code", code}, {"what", code == kExitUnplanned ? "unplanned: the service manager should start the gateway again" : code == kExitRestart ? "planned restart" : "planned stop"}});
  if (shell_) shell_->close();
  signals_.cancel();
  pause_timer_.cancel();
  watchdog_timer_.cancel();
  stop_timer_.cancel();
  io_.stop();
}

}  // namespace gateway
