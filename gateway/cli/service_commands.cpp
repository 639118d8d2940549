#include "gateway/cli/service_commands.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "base/text.h"
#include "gateway/cli/context.h"
#include "gateway/cli/say.h"
#include "gateway/core/restart_texts.h"
#include "gateway/net/shell.h"

namespace gateway {
namespace {

constexpr base::Duration kStartBound = std::chrono::seconds{100};  // the unit's TimeoutStartSec and a little
constexpr base::Duration kHealthWait = std::chrono::seconds{10};
constexpr base::Duration kPoll = std::chrono::milliseconds{100};

void say(ServiceText id, const TextParts& parts) { print(service_text(id, parts) + "\n"); }

/// The unit as it is, or an exit code after saying why not.
std::optional<UnitState> look(const Manager& manager, bool must_be_installed) {
  std::string failure;
  auto state = manager.show(failure);
  const TextParts parts{.unit = manager.unit(), .reason = failure};
  if (!state) say(ServiceText::unreachable, parts);
  else if (must_be_installed && state->load == "not-found") say(ServiceText::not_installed, parts), state.reset();
  else if (must_be_installed && state->load == "masked") say(ServiceText::masked, parts), state.reset();
  else if (must_be_installed && (state->load == "bad-setting" || state->load == "error")) say(ServiceText::bad_unit, parts), state.reset();
  return state;
}

bool healthy(const Context& context, std::int64_t pid) {
  const auto until = moment_now().instant + kHealthWait;
  while (moment_now().instant < until) {
    const auto answer = http_get(context.listen_address(), "/health", std::chrono::seconds{1});
    const auto json = base::parse_wire_json(answer.body);
    const auto word = json ? base::string_or(*json, "status") : "";
    const auto from = json ? base::integer_or(*json, "pid", 0) : 0;
    if (answer.status == 200 && (word == "running" || word == "degraded") && (from == 0 || from == pid)) return true;
    std::this_thread::sleep_for(kPoll);
  }
  return false;
}

std::string why_it_failed(const Manager& manager, const CommandResult& result) {
  for (const auto& line : base::split(manager.journal("2 min ago", 20).out, '\n')) {
    const auto json = line.starts_with("{") ? base::parse_wire_json(line) : std::nullopt;
    if (json && base::string_or(*json, "level") == "error" && !base::string_or(*json, "what").empty()) return base::string_or(*json, "what");
  }
  return result.reason();
}

/// A gateway that no manager started (a terminal, a container): its own lock file tells who it is.
int stop_by_signal(const Context& context, const InstanceInfo& running) {
  const TextParts parts{.unit = context.config.unit, .pid = running.process.pid, .time = context.config.restart.drain + context.config.restart.settle + kCleanUp};
  write_marker(context.files.marker, running.process, moment_now().wall);
  if (::kill(static_cast<pid_t>(running.process.pid), SIGTERM) != 0 && errno != ESRCH) {
    complain(fmt::format("✗ Process {} cannot be stopped: it belongs to another user\n", running.process.pid));
    return 1;
  }
  const auto until = moment_now().instant + parts.time;
  while (alive(running.process) && moment_now().instant < until) std::this_thread::sleep_for(kPoll);
  if (alive(running.process)) return say(ServiceText::still_stopping, parts), 1;
  print(fmt::format("✓ Gateway stopped (PID {})\n", running.process.pid));
  return 0;
}

}  // namespace

int start_command(const ServiceArguments& arguments) {
  const auto context = make_context(arguments.config, arguments.unit);
  const Manager manager(context.config.unit);
  const auto before = look(manager, true);
  if (!before) return 1;
  TextParts parts{.unit = manager.unit(), .pid = before->main_pid};
  if (before->active == "active" || before->active == "reloading") return say(ServiceText::already_running, parts), 0;
  say(ServiceText::starting, parts);
  if (before->active == "failed") (void)manager.verb({"reset-failed"});
  // In auto-restart `start` would wait out RestartSec on systemd 252; `restart` begins at once.
  const auto result = manager.verb({before->sub == "auto-restart" ? "restart" : "start"}, kStartBound);
  const auto after = look(manager, true);
  if (!after) return 1;
  parts.pid = after->main_pid;
  if (result.ok() && after->active == "active" && healthy(context, after->main_pid)) return say(ServiceText::started, parts), 0;
  const bool limit = result.err.find("attempted too often") != std::string::npos || after->result == "start-limit-hit";
  if (limit) return say(ServiceText::start_limit, parts), 1;
  parts.reason = result.ok() ? fmt::format("the process runs, but {} does not answer", context.listen_address()) : why_it_failed(manager, result);
  say(after->exec_status == 78 ? ServiceText::failed_config : ServiceText::failed_start, parts);
  return 1;
}

int stop_command(const ServiceArguments& arguments) {
  const auto context = make_context(arguments.config, arguments.unit);
  const Manager manager(context.config.unit);
  const auto running = context.instance();
  std::string failure;
  const auto state = manager.show(failure);
  const bool by_manager = state && state->load != "not-found" && (state->main_pid > 0 || state->active == "activating" || state->active == "deactivating");
  if (!by_manager && running && (!state || state->main_pid != running->process.pid)) return stop_by_signal(context, *running);
  if (!state) return say(ServiceText::unreachable, {.unit = manager.unit(), .reason = failure}), 1;
  if (state->load == "not-found") return say(ServiceText::not_installed, {.unit = manager.unit()}), 1;
  const TextParts parts{.unit = manager.unit(), .pid = state->main_pid, .time = state->timeout_stop.value_or(std::chrono::seconds{90})};
  if (!by_manager && state->active != "failed") return print("✓ User service is not running\n"), 0;
  say(ServiceText::stopping, parts);
  if (const auto process = find_process(state->main_pid)) write_marker(context.files.marker, *process, moment_now().wall);
  // The socket first: a caller that comes in between would start the service again.
  const auto socket = run_command({"systemctl", "--user", "show", manager.unit() + ".socket", "--no-pager", "--property", "LoadState,ActiveState"}, std::chrono::seconds{5});
  if (socket.out.find("ActiveState=active") != std::string::npos) {
    (void)run_command({"systemctl", "--user", "stop", manager.unit() + ".socket"}, std::chrono::seconds{10});
  }
  const auto bound = std::min<base::Duration>(parts.time, std::chrono::hours{1}) + kCleanUp;
  const auto result = manager.verb({"stop"}, bound);
  if (result.timed_out) return say(ServiceText::still_stopping, parts), 1;
  if (!result.ok()) return say(ServiceText::refused, {.unit = manager.unit(), .reason = result.reason()}), 1;
  say(ServiceText::stopped, parts);
  return 0;
}

int logs_command(const ServiceArguments& arguments) {
  const auto context = make_context(arguments.config, arguments.unit);
  std::vector<std::string> words{"journalctl", "--user", "-u", context.config.unit, "--no-pager", "-o", "cat"};
  // On systemd 252 -n with --since prints the first lines since then: never both.
  if (!arguments.since.empty()) words.insert(words.end(), {"--since", arguments.since});
  else words.insert(words.end(), {"-n", std::to_string(arguments.lines)});
  if (arguments.follow) words.push_back("-f");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  complain("✗ journalctl is not on PATH\n");
  return 1;
}

}  // namespace gateway
