#include "gateway/net/shell.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <csignal>
#include <deque>
#include <optional>

#include "gateway/net/admin.h"
#include "gateway/net/server.h"
#include "gateway/net/upstream.h"

namespace gateway {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

constexpr base::Duration kFlushBeforeExit = std::chrono::seconds{2};  // for callers to take the last bytes of their replies
constexpr base::Duration kQuietPoll = std::chrono::milliseconds{2};

}  // namespace

Moment moment_now() {
  return {net::instant_now(), base::WallTime{std::chrono::duration_cast<base::Duration>(std::chrono::system_clock::now().time_since_epoch())}};
}

struct Shell::Impl {
  struct ExitTimer final : net::Timed {
    explicit ExitTimer(Impl& owner) : impl(owner) {}
    void on_deadline() override { impl.leave(); }
    Impl& impl;
  };

  struct QuietTimer final : net::Timed {
    explicit QuietTimer(Impl& owner) : impl(owner) {}
    void on_deadline() override { impl.look_for_quiet(); }
    Impl& impl;
  };

  Impl(boost::asio::io_context& context, GatewayCore& the_core, Store* the_store, const Config& config, ShellHooks the_hooks)
      : core(the_core), store(the_store), hooks(std::move(the_hooks)), loop(context, [this] { settle(); }), server(loop, config.limits), upstream(loop),
        wake(context, [this] { tick(); }), exit_timer(*this), quiet_timer(*this) {
    loop.emit = [this](Event&& event) { emit(std::move(event)); };
    loop.log = [this](const Log& log) {
      if (hooks.log) hooks.log(log);
    };
  }

  void emit(Event&& event) {
    if (closed) return;
    if (busy) {
      queue.push_back(std::move(event));
      return;
    }
    busy = true;
    step(event);
    while (!queue.empty() && !closed) {
      const auto next = std::move(queue.front());
      queue.pop_front();
      step(next);
    }
    busy = false;
  }

  void step(const Event& event) {
    actions.clear();
    // One look at the clocks for all that one socket, timer or post causes: settle() ends it.
    if (!moment) moment = moment_now();
    core.step(*moment, event, actions);
    for (auto& action : actions) {
      if (closed) break;
      perform(action);
    }
    if (const auto next = core.next_wake(); next != base::kNever) wake.want(next);
  }

  void perform(Action& action) {
    std::visit(Overloaded{
                   [this](StartAttempt& each) { upstream.start(std::move(each)); },
                   [this](CancelAttempt& each) { cancel(each.id); },
                   [this](PauseAttempt& each) { upstream.pause(each.id); },
                   [this](ResumeAttempt& each) { upstream.resume(each.id); },
                   [this](Reply& each) {
                     if (auto* sink = find(each.id)) sink->reply(std::move(each));
                   },
                   [this](SendHead& each) {
                     if (auto* sink = find(each.id)) sink->send_head(std::move(each));
                   },
                   [this](SendChunk& each) {
                     if (auto* sink = find(each.id)) sink->send_chunk(std::move(each));
                   },
                   [this](SendEnd& each) {
                     if (auto* sink = find(each.id)) sink->send_end(each.clean);
                   },
                   [this](Persist& each) { persist(each.op); },
                   [this](Log& each) {
                     if (hooks.log) hooks.log(each);
                   },
                   [this](ServiceStatus& each) {
                     if (hooks.status) hooks.status(each);
                   },
                   [this](ExtendTimeout& each) {
                     if (hooks.extend) hooks.extend(each);
                   },
                   [this](Exit& each) { begin_exit(each.code); },
                   [this](StopAccepting&) { server.stop_accepting(); },
               },
               action);
  }

  net::ReplySink* find(RequestId id) {
    const auto found = loop.requests.find(id);
    return found == loop.requests.end() ? nullptr : found->second;
  }

  void cancel(AttemptId id) {
    if (upstream.cancel(id)) return;
    // It failed within this very step, and nobody has been told yet: nobody will be.
    std::erase_if(queue, [id](const Event& event) {
      const auto* failed = std::get_if<UpstreamFailed>(&event);
      return failed && failed->id == id;
    });
  }

  void persist(const StoreOp& op) {
    if (!store) return;
    const auto applied = store->apply(op);
    if (!applied.has_error()) return;
    store = nullptr;  // once broken, no half of a state is written behind the back of the other
    emit(StoreFailed{base::render(applied.error())});
  }

  void settle() {
    if (busy || closed) return;
    server.flush();
    moment.reset();
    if (exit_code && !left && server.nothing_unsent()) leave();
  }

  void tick() {
    moment.reset();
    const auto next = core.next_wake();
    if (next <= net::instant_now()) emit(Tick{});
    else if (next != base::kNever) wake.want(next);
    settle();
  }

  void begin_exit(int code) {
    if (exit_code) return;
    exit_code = code;
    loop.deadlines.arm(exit_timer, net::instant_now() + kFlushBeforeExit);
    boost::asio::post(loop.io, [this, alive = alive] {
      if (*alive) settle();
    });
  }

  void stop_accepting(std::function<void()> then) {
    server.stop_accepting();
    when_quiet = std::move(then);
    quiet_by = net::instant_now() + Shell::kExpectedMax;
    look_for_quiet();
  }

  void look_for_quiet() {
    if (!when_quiet) return;
    const auto now = net::instant_now();
    if (server.expecting() && now < quiet_by) return loop.deadlines.arm(quiet_timer, now + kQuietPoll);
    std::exchange(when_quiet, {})();
  }

  void leave() {
    if (std::exchange(left, true)) return;
    loop.deadlines.disarm(exit_timer);
    if (hooks.exit) hooks.exit(*exit_code);
  }

  void close() {
    if (std::exchange(closed, true)) return;
    if (admin) admin->stop();
    server.close();
    upstream.close();
    loop.deadlines.disarm(exit_timer);
    loop.deadlines.disarm(quiet_timer);
    queue.clear();
  }

  ~Impl() {
    *alive = false;
    close();
  }

  GatewayCore& core;
  Store* store;
  ShellHooks hooks;
  net::Loop loop;
  net::Server server;
  net::Upstream upstream;
  net::Alarm wake;
  ExitTimer exit_timer;
  QuietTimer quiet_timer;
  std::function<void()> when_quiet;
  base::Instant quiet_by;
  std::unique_ptr<net::Admin> admin;
  std::deque<Event> queue;
  std::optional<Moment> moment;
  std::vector<Action> actions;
  bool busy = false, closed = false, left = false;
  std::optional<int> exit_code;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

Shell::Shell(boost::asio::io_context& io, GatewayCore& core, Store* store, const Config& config, ShellHooks hooks)
    : impl_(std::make_unique<Impl>(io, core, store, config, std::move(hooks))) {
  // OpenSSL writes without MSG_NOSIGNAL.
  std::signal(SIGPIPE, SIG_IGN);
  // A provider that cannot be used is said by check() and by reload(); here its attempts fail one by one.
  if (const auto problems = impl_->upstream.configure(config.providers); problems.has_error()) {
    impl_->loop.log(Log{"error", "provider unusable", {{"why", base::render(problems.error())}}});
  }
  // The core may have work of its own before the first event.
  impl_->wake.want(core.next_wake());
}

Shell::~Shell() = default;

void Shell::serve(int fd) { impl_->server.serve(fd); }

base::Result<int> Shell::serve_admin(const std::string& address) {
  auto admin = std::make_unique<net::Admin>(impl_->loop);
  auto port = admin->open(address);
  if (!port.has_error()) impl_->admin = std::move(admin);
  return port;
}

void Shell::stop_accepting(std::function<void()> then) { impl_->stop_accepting(std::move(then)); }

void Shell::post(Event event) {
  boost::asio::post(impl_->loop.io, [impl = impl_.get(), alive = impl_->alive, event = std::move(event)]() mutable {
    if (!*alive) return;
    impl->emit(std::move(event));
    impl->settle();
  });
}

base::Result<bool> Shell::reload(const Config& config) {
  auto applied = impl_->upstream.configure(config.providers);
  if (applied.has_error()) return applied;
  impl_->server.set_limits(config.limits);
  impl_->emit(ConfigReloaded{config});
  impl_->settle();
  return true;
}

void Shell::close() { impl_->close(); }

}  // namespace gateway
