// Probe scripts in virtual time: the same language as tests/support/probe.cpp, one operation after the other.
#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/harness/manager/simulated_machine.h"

namespace harness::manager::testing {
namespace {

using namespace std::chrono_literals;

base::Duration ms(std::string_view text) { return std::chrono::milliseconds{base::parse_integer(text).value_or(0)}; }

}  // namespace

bool ProbeRunner::die(ExitCode code, int status) {
  machine.end_process(process.pid, code, status);
  return false;
}

bool ProbeRunner::run() {
  while (!process.frames.empty()) {
    auto& frame = process.frames.back();
    if (frame.accepting) {
      SimulatedMachine::Socket* socket = nullptr;
      for (const auto& [fd, name] : process.fds) {
        const auto found = machine.sockets_.find(fd);
        if (socket == nullptr && found != machine.sockets_.end()) socket = &found->second;
      }
      if (socket == nullptr || socket->backlog.empty()) return true;
      const auto waiting = socket->backlog.front();
      socket->backlog.pop_front();
      machine.note(process, "accepted " + waiting.text);
      *waiting.answer = "run" + std::to_string(process.run);
      frame.accepting = false;
      continue;
    }
    if (frame.waiting) {
      if (!process.pending.empty()) {
        if (!take_signal()) return false;
        continue;
      }
      if (machine.now() < frame.until) {
        const Pid pid = process.pid;
        if (frame.until != base::kNever) {
          auto* m = &machine;
          machine.after(frame.until - machine.now(), [m, pid] { m->advance(pid); });
        }
        return true;
      }
      frame.waiting = false;
      continue;
    }
    if (frame.ops.empty()) {
      process.frames.pop_back();
      continue;
    }
    const std::string text = frame.ops.front();
    frame.ops.pop_front();
    if (!(process.shell ? shell_op(text) : op(text))) return false;
    if (process.stopped) return true;
  }
  if (!process.shell && process.is_main) machine.note(process, "exit 0 (end)");
  return die(ExitCode::exited, 0);
}

bool ProbeRunner::take_signal() {
  constexpr int kCont = 18;
  const int signal = *process.pending.begin();
  process.pending.erase(process.pending.begin());
  machine.note(process, "signal " + std::to_string(signal));
  if (const auto handler = process.handlers.find(signal); handler != process.handlers.end()) {
    Process::Frame frame;
    for (const auto& part : base::split(handler->second, '|')) frame.ops.push_back(part);
    process.frames.push_back(std::move(frame));
    return true;
  }
  if (signal == kCont) return true;
  machine.note(process, "default-action " + std::to_string(signal));
  return die(ExitCode::killed, signal);
}

void ProbeRunner::notify(std::string text) {
  const std::string shown = text;
  if (const auto at = text.find("@MONO"); at != std::string::npos) {
    text.replace(at, 5, std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(machine.now().since_start).count()));
  }
  if (!process.environment.contains("NOTIFY_SOCKET")) return machine.note(process, "notify-no-socket " + shown);
  machine.note(process, "notify " + shown + " -> ok");
  std::replace(text.begin(), text.end(), ';', '\n');
  const Notify event{process.unit, process.pid, text, {}};
  auto* m = &machine;
  machine.after(0ns, [m, event] { m->feed(event); });
}

void ProbeRunner::print_fds() {
  const auto& env = process.environment;
  const auto get = [&](const char* name) { return env.contains(name) ? env.at(name) : std::string{"-"}; };
  machine.note(process, "LISTEN_FDS=" + get("LISTEN_FDS") + " NAMES=" + get("LISTEN_FDNAMES") + " PID_MATCH=" +
                            (get("LISTEN_PID") == std::to_string(process.pid) ? "1" : "0"));
  for (std::size_t i = 0; i < process.fds.size(); ++i) {
    machine.note(process, "fd " + std::to_string(3 + i) + " mode=140000 sock=1 content=");
  }
}

bool ProbeRunner::op(std::string text) {
  machine.note(process, "op " + text);
  const auto colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const std::string arg = colon == std::string::npos ? "" : text.substr(colon + 1);
  auto& frame = process.frames.back();
  if (name == "sleep" || name == "hang") {
    frame.waiting = true;
    frame.until = name == "hang" ? base::kNever : machine.now() + ms(arg);
  } else if (name == "exit") {
    machine.note(process, "exit " + arg);
    return die(ExitCode::exited, static_cast<int>(base::parse_integer(arg).value_or(0)));
  } else if (name == "raise" || name == "dump") {
    return die(name == "dump" && process.dumps_core ? ExitCode::dumped : ExitCode::killed, signal_number(arg).value_or(0));
  } else if (name == "notify") {
    notify(arg);
  } else if (name == "ignore") {
    process.handlers[signal_number(arg).value_or(0)] = "noop";
  } else if (name == "on") {
    const auto second = arg.find(':');
    process.handlers[signal_number(arg.substr(0, second)).value_or(0)] = arg.substr(second + 1);
  } else if (name == "wd") {
    const auto second = arg.find(':');
    const auto count = base::parse_integer(arg.substr(second + 1)).value_or(0);
    for (std::int64_t i = 0; i < count; ++i) {
      frame.ops.push_front("!pause:" + arg.substr(0, second));
      frame.ops.push_front("!notify:WATCHDOG=1");
    }
  } else if (name == "fork" || name == "forkignore" || name == "mainpid") {
    const Pid child = machine.fork_from(process, arg, name == "forkignore");
    if (name == "mainpid") notify("MAINPID=" + std::to_string(child));
    machine.note(process, (name == "mainpid" ? "mainpid-> " : "forked ") + std::to_string(child));
  } else if (name == "fds") {
    print_fds();
  } else if (name == "env") {
    std::string all;
    for (const auto& [key, value] : process.environment) all += key + "=" + value + "\n";
    machine.files[process.state_dir + "/env." + (arg.empty() ? "main" : arg) + "." + std::to_string(process.run)] = all;
  } else if (name == "cwd") {
    machine.note(process, "cwd " + process.working_directory);
  } else if (name == "out" || name == "err") {
    machine.feed(ServiceOutput{process.unit, process.pid, process.comm, arg, 6});
  } else if (name == "accept") {
    frame.accepting = true;
  } else if (name == "stop") {
    process.stopped = true;
  } else if (name == "!notify" || name == "!pause") {
    machine.events.pop_back();  // no operation of the script: its "wd" was noted
    if (name == "!notify") {
      notify(arg);
    } else {
      frame.waiting = true;
      frame.until = machine.now() + ms(arg);
    }
  } else if (name != "noop") {
    ADD_FAILURE() << "the simulated probe knows no operation '" << text << "'";
    return die(ExitCode::exited, 99);
  }
  return true;
}

// The few shell commands of the recorded cases. What is none of them fails the test.
bool ProbeRunner::shell_op(const std::string& text) {
  auto& frame = process.frames.back();
  const auto words = base::split(text, ' ');
  const std::size_t first = words[0] == "exec" ? 1 : 0;
  if (words[0] == "exit") return die(ExitCode::exited, static_cast<int>(base::parse_integer(words[1]).value_or(0)));
  if (words[first] == "sleep") {
    frame.waiting = true;
    frame.until = machine.now() + base::from_seconds(base::parse_number(words[first + 1]).value_or(0));
  } else if (words[0] == "kill") {
    const auto main = process.environment.find("MAINPID");
    const auto pid = main == process.environment.end() ? std::nullopt : base::parse_integer(main->second);
    if (!pid) return die(ExitCode::exited, 2);
    machine.deliver(static_cast<Pid>(*pid), signal_number(std::string_view{words[1]}.substr(1)).value_or(0));
  } else if (words[0] == "env") {
    std::string all;
    for (const auto& [key, value] : process.environment) {
      if (key.starts_with("MONITOR_")) all += key + "=" + value + "\n";
    }
    machine.files[words.back()] += all;
  } else if (words[0] == "echo") {
    machine.files[words.back()] += words[1] + "\n";
  } else if (words[0] == "printf") {
    std::string all;
    for (int i = 0; process.environment.contains("arg" + std::to_string(i)); ++i) {
      all += "<" + process.environment["arg" + std::to_string(i)] + ">";
    }
    machine.files[words.back()] += all;
  } else {
    ADD_FAILURE() << "the simulated shell knows no command '" << text << "'";
    return die(ExitCode::exited, 127);
  }
  return true;
}

}  // namespace harness::manager::testing
