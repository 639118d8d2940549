// The virtual machine under the manager: time, files, sockets and callers.
#include "tests/harness/manager/simulated_machine.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace harness::manager::testing {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kExecLatency = 4ms;    // from fork to the first line of the program
constexpr base::Duration kCallLatency = 8ms;    // from starting systemctl to its request, and from the answer to its end
constexpr base::Duration kReapLatency = 100us;  // from a death to the manager's knowing

template <class... F>
struct Overload : F... {
  using F::operator()...;
};

ManagerSettings settings_for(Compat compat, const std::string& home) {
  ManagerSettings out;
  out.compat = compat;
  out.identity.user = out.identity.group = "gw";
  out.identity.home = home;
  out.identity.runtime_dir = "/run/user/1000";
  out.identity.config_home = home + "/.config";
  out.identity.cache_home = home + "/.cache";
  out.identity.state_home = home + "/.local/state";
  out.identity.data_home = home + "/.local/share";
  out.identity.host = "vm";
  out.identity.pid = 28;
  out.wall_at_zero = base::WallTime{1795470474s - 1000s};
  return out;
}

}  // namespace

std::vector<std::string> words_of(const std::string& line) {
  return split_unit_words(line).value_or(std::vector<std::string>{});
}

SimulatedMachine::SimulatedMachine(Compat compat, std::string home) : compat_(compat), manager_(settings_for(compat, home), *this) {
  files["/opt/probe"] = files["/bin/sh"] = files["/bin/sleep"] = "program";
}

void SimulatedMachine::after(base::Duration span, std::function<void()> act) { timers_.emplace(Timer{now_ + span, seq_++}, std::move(act)); }

void SimulatedMachine::run_until(base::Instant at) {
  while (true) {
    const auto wake = manager_.next_wake();
    const auto timer = timers_.empty() ? base::kNever : timers_.begin()->first.at;
    const auto next = std::min(wake, timer);
    if (next > at) break;
    now_ = std::max(now_, next);
    if (wake <= timer) {
      feed(Tick{});
    } else {
      auto act = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      act();
    }
  }
  now_ = std::max(now_, at);
}

void SimulatedMachine::feed(const Event& event) {
  inbox_.push_back(event);
  if (stepping_) return;
  stepping_ = true;
  while (!inbox_.empty()) {
    const Event next = std::move(inbox_.front());
    inbox_.pop_front();
    std::vector<Action> actions;
    manager_.step(now_, next, actions);
    for (const auto& action : actions) perform(action);
  }
  stepping_ = false;
}

void SimulatedMachine::perform(const Action& action) {
  std::visit(Overload{
                 [&](const Spawn& spawn_action) { spawn(spawn_action); },
                 [&](const Kill& kill) { deliver(kill.pid, kill.signal); },
                 [&](const Output& output) { calls_[output.client]->out += output.out; },
                 [&](const Reply& reply) {
                   auto result = calls_[reply.client];
                   after(kCallLatency, [this, result, reply] {
                     result->rc = reply.rc;
                     result->out += reply.out;
                     result->err = reply.err;
                     result->ended = now_;
                     result->done = true;
                   });
                 },
                 [&](const OpenSocket& open) {
                   SocketOpened answer{.request = open.id};
                   for (const auto& listener : open.listeners) {
                     sockets_[next_fd_] = {open.unit, listener.address, false, {}};
                     answer.fds.push_back(next_fd_++);
                   }
                   inbox_.push_front(answer);
                 },
                 [&](const WatchSocket& watch) {
                   for (const int fd : watch.fds) {
                     sockets_[fd].watched = watch.watch;
                     if (watch.watch && !sockets_[fd].backlog.empty()) inbox_.push_back(SocketReadable{watch.unit});
                   }
                 },
                 [&](const CloseFd& close) { sockets_.erase(close.fd); },
                 [](const WatchFd&) {},
                 [](const RemoveFolder&) {},
                 [&](const Journal& line) { journal.push_back(line.entry); },
                 [&](const StateChanged& change) {
                   changes.push_back(change);
                   change_times.push_back(now_);
                 },
                 [&](const FaultFired& fault) { fired.push_back(fault); },
                 [&](const AllStopped&) { all_stopped = true; },
             },
             action);
}

// ── Callers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

std::shared_ptr<CallResult> SimulatedMachine::call(const std::string& program, std::vector<std::string> args) {
  auto result = std::make_shared<CallResult>();
  result->started = now_;
  const ClientId client = next_client_++;
  calls_[client] = result;
  after(kCallLatency, [this, client, program, args = std::move(args)] { feed(Call{client, program, args}); });
  return result;
}

CallResult SimulatedMachine::call_and_wait(const std::string& line, base::Duration most) {
  auto words = words_of(line);
  const std::string program = words.front();
  words.erase(words.begin());
  auto result = call(program, std::move(words));
  const auto end = now_ + most;
  while (!result->done && now_ < end) run_for(1ms);
  return *result;
}

CallResult SimulatedMachine::ask(const std::string& line) {
  auto words = words_of(line);
  const std::string program = words.front();
  words.erase(words.begin());
  const ClientId client = next_client_++;
  auto result = std::make_shared<CallResult>();
  calls_[client] = result;
  std::vector<Action> actions;
  manager_.step(now_, Call{client, program, words}, actions);
  for (const auto& action : actions) {
    if (const auto* reply = std::get_if<Reply>(&action)) {
      result->rc = reply->rc;
      result->out = reply->out;
      result->err = reply->err;
      result->done = true;
    } else {
      perform(action);
    }
  }
  return *result;
}

void SimulatedMachine::connect(const std::string& address, const std::string& text, std::string& answer) {
  for (auto& [fd, socket] : sockets_) {
    if (socket.address != address) continue;
    socket.backlog.push_back({text, &answer});
    for (auto& [pid, process] : alive) {
      if (!process->frames.empty() && process->frames.back().accepting) {
        advance(pid);
        break;
      }
    }
    if (socket.watched && !socket.backlog.empty()) feed(SocketReadable{socket.unit});
    return;
  }
  answer = "refused";
}

// ── Processes ───────────────────────────────────────────────────────────────────────────────────────────────────────

void SimulatedMachine::spawn(const Spawn& action) {
  if (spawns_that_fail > 0) {
    --spawns_that_fail;
    inbox_.push_front(SpawnFailed{action.id, 11});
    return;
  }
  const Pid pid = next_pid_++;
  auto process = std::make_unique<Process>();
  process->pid = pid;
  process->unit = action.unit;
  process->is_main = action.role == ProcessRole::main;
  process->comm = action.path.substr(action.path.rfind('/') + 1);
  process->command_line = base::join(action.argv, " ");
  for (const auto& pair : action.environment) process->environment[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
  process->environment["SYSTEMD_EXEC_PID"] = std::to_string(pid);
  process->environment["JOURNAL_STREAM"] = "9:1";
  if (action.set_listen_pid) process->environment["LISTEN_PID"] = std::to_string(pid);
  if (action.set_watchdog_pid) process->environment["WATCHDOG_PID"] = std::to_string(pid);
  if (action.notify) process->environment["NOTIFY_SOCKET"] = "/run/user/1000/systemd/notify";
  process->fds = action.fds;
  for (const auto& [name, value] : action.limits) process->dumps_core |= name == "CORE" && value == "infinity";
  process->working_directory = action.working_directory;
  alive[pid] = std::move(process);
  inbox_.push_front(Spawned{action.id, pid});
  after(kExecLatency, [this, pid, action] {
    const auto found = alive.find(pid);
    if (found == alive.end()) return;
    start_process(*found->second, action);
  });
}

void SimulatedMachine::start_process(Process& process, const Spawn& action) {
  if (action.exec_fault) return end_process(process.pid, ExitCode::exited, *action.exec_fault);
  const bool home = process.working_directory == "/run/rsd-home";
  if (!home && !is_directory(process.working_directory)) {
    if (!action.working_directory_optional) return end_process(process.pid, ExitCode::exited, 200);
    process.working_directory = "/";
  }
  if (!exists(action.path)) return end_process(process.pid, ExitCode::exited, 203);
  if (action.wants_exec_done) feed(ExecDone{process.pid});
  Process::Frame frame;
  if (action.path != "/opt/probe") {
    process.shell = true;
    std::string script = action.path == "/bin/sleep" ? "sleep " + action.argv[1] : action.argv.size() > 2 ? action.argv[2] : "";
    for (std::size_t i = 3; i < action.argv.size(); ++i) process.environment["arg" + std::to_string(i - 3)] = action.argv[i];
    for (const auto& part : base::split(script, ';')) frame.ops.emplace_back(base::trim(part));
  } else {
    process.state_dir = action.argv[1];
    process.run = ++run_counts_[process.state_dir];
    files[process.state_dir + "/count"] = std::to_string(process.run);
    const auto last = action.argv.size() - 1;
    const auto index = std::min<std::size_t>(static_cast<std::size_t>(process.run) + 1, last);
    for (const auto& part : base::split(action.argv[index], ',')) frame.ops.push_back(part);
    const auto& env = process.environment;
    note(process, "start " + env.at("INVOCATION_ID") + " notify=" + (env.contains("NOTIFY_SOCKET") ? "1" : "0") + " wd=" +
                      (env.contains("WATCHDOG_USEC") ? env.at("WATCHDOG_USEC") : "-"));
  }
  process.frames.push_back(std::move(frame));
  advance(process.pid);
}

void SimulatedMachine::advance(Pid pid) {
  const auto found = alive.find(pid);
  if (found == alive.end() || found->second->stopped || found->second->frames.empty()) return;
  ProbeRunner{*this, *found->second}.run();
}

Pid SimulatedMachine::fork_from(Process& parent, const std::string& script, bool ignores) {
  const Pid pid = next_pid_++;
  auto child = std::make_unique<Process>(parent);
  child->pid = pid;
  child->handlers.clear();
  child->pending.clear();
  child->frames.clear();
  child->is_main = false;
  if (ignores) {
    for (int signal = 1; signal < 64; ++signal) child->handlers[signal] = "noop";
  }
  Process::Frame frame;
  for (const auto& part : base::split(script, '|')) frame.ops.push_back(part);
  child->frames.push_back(std::move(frame));
  alive[pid] = std::move(child);
  after(200us, [this, pid] { advance(pid); });
  return pid;
}

void SimulatedMachine::deliver(Pid pid, int signal) {
  constexpr int kKill = 9, kCont = 18, kStop = 19;
  const auto found = alive.find(pid);
  if (found == alive.end()) return;
  auto& process = *found->second;
  if (signal == kKill) {
    after(0ns, [this, pid] { end_process(pid, ExitCode::killed, 9); });
    return;
  }
  if (signal == kStop) {
    process.stopped = true;
    return;
  }
  if (signal == kCont) process.stopped = false;
  if (process.shell || process.frames.empty()) {
    // Not yet executing the probe, or no probe at all: the default action.
    if (signal != kCont) after(0ns, [this, pid, signal] { end_process(pid, ExitCode::killed, signal); });
    return;
  }
  process.pending.insert(signal);
  after(0ns, [this, pid] { advance(pid); });
}

void SimulatedMachine::kill(Pid pid, int signal) { deliver(pid, signal); }

void SimulatedMachine::end_process(Pid pid, ExitCode code, int status) {
  const auto found = alive.find(pid);
  if (found == alive.end()) return;
  const std::string unit = found->second->unit;
  alive.erase(found);
  const bool last = processes(unit).empty();
  after(kReapLatency, [this, pid, code, status, unit, last] {
    feed(ProcessExited{pid, code, status});
    if (last && processes(unit).empty()) feed(GroupEmpty{unit});
  });
}

// ── Host ────────────────────────────────────────────────────────────────────────────────────────────────────────────

std::vector<ProcessInfo> SimulatedMachine::processes(const std::string& unit) const {
  std::vector<ProcessInfo> out;
  for (const auto& [pid, process] : alive) {
    if (process->unit == unit) out.push_back({pid, process->comm, process->command_line});
  }
  return out;
}

std::optional<std::string> SimulatedMachine::read_file(const std::string& path) const {
  const auto found = files.find(path);
  return found == files.end() ? std::nullopt : std::optional{found->second};
}
bool SimulatedMachine::exists(const std::string& path) const { return files.contains(path) || links.contains(path) || is_directory(path); }
bool SimulatedMachine::is_directory(const std::string& path) const {
  const auto inside = [&](const auto& map) {
    const auto next = map.lower_bound(path + "/");
    return next != map.end() && next->first.starts_with(path + "/");
  };
  return path == "/" || inside(files) || inside(links);
}
std::vector<std::string> SimulatedMachine::list_folder(const std::string& path) const {
  std::set<std::string> names;
  const auto gather = [&](const auto& map) {
    for (auto entry = map.lower_bound(path + "/"); entry != map.end() && entry->first.starts_with(path + "/"); ++entry) {
      const auto rest = entry->first.substr(path.size() + 1);
      names.insert(rest.substr(0, rest.find('/')));
    }
  };
  gather(files);
  gather(links);
  return {names.begin(), names.end()};
}
std::optional<std::int64_t> SimulatedMachine::file_version(const std::string& path) const {
  if (!exists(path)) return std::nullopt;
  const auto found = versions.find(path);
  return found == versions.end() ? 0 : found->second;
}
std::optional<std::string> SimulatedMachine::link_target(const std::string& path) const {
  const auto found = links.find(path);
  return found == links.end() ? std::nullopt : std::optional{found->second};
}
bool SimulatedMachine::make_link(const std::string& path, const std::string& target) {
  links[path] = target;
  return true;
}
bool SimulatedMachine::remove_file(const std::string& path) { return links.erase(path) + files.erase(path) > 0; }

}  // namespace harness::manager::testing
