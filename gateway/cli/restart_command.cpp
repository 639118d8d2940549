// `gateway restart`: the thin driver of RestartWait: processes, systemctl, /health and the terminal.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "base/text.h"
#include "gateway/cli/context.h"
#include "gateway/cli/say.h"
#include "gateway/cli/service_commands.h"
#include "gateway/core/restart_wait.h"
#include "gateway/net/shell.h"

namespace gateway {
namespace {

using namespace restart;
constexpr base::Duration kHealthBound = std::chrono::seconds{2};
constexpr base::Duration kCommandBound = std::chrono::seconds{20};

int number_of(Signal signal) { return signal == Signal::usr1 ? SIGUSR1 : signal == Signal::term ? SIGTERM : SIGKILL; }

class Driver {
 public:
  Driver(const Context& context, RestartSettings settings) : context_(context), manager_(settings.unit), machine_(std::move(settings)), rewrite_(::isatty(STDOUT_FILENO) == 1) {}

  int run() {
    restart::Event event = Began{};
    while (true) {
      for (const auto& action : machine_.step(moment_now().instant, event)) {
        if (const auto* finish = std::get_if<Finish>(&action)) return finish->code;
        if (auto answer = std::visit([this](const auto& each) { return perform(each); }, action)) event = std::move(*answer);
      }
    }
  }

 private:
  using Answer = std::optional<restart::Event>;

  Answer perform(const AskUnit&) {
    std::string failure;
    auto state = manager_.show(failure);
    return UnitSeen{std::move(state), std::move(failure)};
  }
  Answer perform(const AskProcess& ask) {
    if (!old_ || old_->pid != ask.pid) old_ = find_process(ask.pid).value_or(ProcessId{ask.pid, 1});
    return ProcessSeen{alive(*old_)};
  }
  Answer perform(const SendSignal& send) {
    if (!old_ || old_->pid != send.pid) old_ = find_process(send.pid).value_or(ProcessId{send.pid, 1});
    // A stop we bring about is planned; without the marker the gateway would take our SIGTERM for an accident.
    if (send.signal == Signal::term) write_marker(context_.files.marker, *old_, moment_now().wall);
    if (::kill(static_cast<pid_t>(send.pid), number_of(send.signal)) == 0 || errno == ESRCH) return CommandDone{};
    return CommandDone{false, std::strerror(errno)};
  }
  Answer perform(const ResetFailed&) {
    const auto result = manager_.verb({"reset-failed"});
    return CommandDone{result.ok(), result.reason()};
  }
  Answer perform(const RestartUnit&) {
    // Not blocking: a start that hangs must not hang us, and what it says comes from the unit's state.
    const auto result = manager_.verb({"restart", "--no-block"}, kCommandBound);
    return CommandDone{result.ok(), result.reason()};
  }
  Answer perform(const AskHealth& ask) {
    const auto running = context_.instance();
    // Until the new process has written down where it listens, the configuration is the better guess.
    const auto address = running && running->process.pid == ask.pid && !running->listen.empty() ? running->listen : context_.config.listen;
    const auto answer = http_get(address, "/health", kHealthBound);
    const auto json = base::parse_wire_json(answer.body);
    if (answer.status != 200 || !json) return HealthSeen{};
    return HealthSeen{true, base::string_or(*json, "status"), base::integer_or(*json, "pid", 0)};
  }
  Answer perform(const AskJournal&) {
    const auto result = manager_.journal("2 min ago", 40);
    return JournalSeen{base::split(result.out, '\n')};
  }
  Answer perform(const Sleep& sleep) {
    std::this_thread::sleep_for(sleep.length);
    if (rewrite_ && !progress_.empty()) print(fmt::format("\r{} {}s", progress_, std::chrono::duration_cast<std::chrono::seconds>(moment_now().instant - said_).count()));
    return Woke{};
  }
  Answer perform(const Say& say) {
    const bool over = rewrite_ && !progress_.empty();
    if (over) print(fmt::format("\r\x1b[K{}\n", progress_));
    progress_.clear();
    if (rewrite_ && say.progress) {
      progress_ = say.text;
      said_ = moment_now().instant;
      print(say.text);
    } else {
      print(say.text + "\n");
    }
    return std::nullopt;
  }
  Answer perform(const Finish&) { return std::nullopt; }

  const Context& context_;
  Manager manager_;
  RestartWait machine_;
  bool rewrite_;
  std::optional<ProcessId> old_;
  std::string progress_;
  base::Instant said_{};
};

}  // namespace

int restart_command(const ServiceArguments& arguments) {
  const auto context = make_context(arguments.config, arguments.unit);
  RestartSettings settings;
  settings.unit = context.config.unit;
  settings.wait_restart_sec = arguments.wait_restart_sec;
  settings.drain = context.config.restart.drain;
  settings.settle = context.config.restart.settle;
  if (!context.config_read) complain("⚠ The configuration cannot be read; restarting all the same.\n  See why: gateway check\n");
  return Driver(context, settings).run();
}

}  // namespace gateway
