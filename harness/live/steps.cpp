#include "harness/live/steps.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/text.h"
#include "harness/dialogue/step_words.h"

namespace harness {
namespace {

using base::Json;

std::string refusal(const std::optional<PlainReply>& reply) {
  if (!reply) return "the simulator's control port did not answer";
  const auto json = base::parse_wire_json(reply->body);
  const auto* error = json ? base::find(*json, "error") : nullptr;
  return error == nullptr ? reply->body : base::string_or(*error, "what") + " " + base::string_or(*error, "where");
}

}  // namespace

bool Steps::run(const std::vector<Step>& steps) {
  for (const auto& step : steps) {
    const auto index = ++index_;
    world_.recorder().add("harness", "step", {{"index", index}, {"line", step.line}, {"what", describe_step(step)}, {"note", step.note}});
    if (const auto failed = perform(step)) {
      world_.recorder().add("harness", "step-failed", {{"index", index}, {"line", step.line}, {"what", describe_step(step)}, {"why", *failed}, {"cause", failure_cause(step)}});
      return false;
    }
    ++done_;
  }
  return true;
}

Steps::Failed Steps::perform(const Step& step) {
  return std::visit([this](const auto& what) { return perform(what); }, step.what);
}

void Steps::in_background(std::function<void()> work) {
  ++background_open_;
  const std::lock_guard lock(guard_);
  background_.emplace_back([this, work = std::move(work)] {
    work();
    --background_open_;
  });
}

void Steps::join_background() {
  for (;;) {
    std::list<std::thread> open;
    {
      const std::lock_guard lock(guard_);
      open.swap(background_);
    }
    if (open.empty()) return;
    for (auto& thread : open) thread.join();
  }
}

Steps::Failed Steps::perform(const SendStep& step) {
  if (step.background) {
    in_background([this, step] { send_requests(world_, step); });
  } else {
    send_requests(world_, step);
  }
  return std::nullopt;
}

Steps::Failed Steps::perform(const CliStep& step) {
  const auto& target = world_.spec().target;
  if (target.executable.empty()) return "this target has no command line";
  static std::atomic<std::int64_t> number{0};
  const auto id = ++number;
  const auto work = [this, step, id, &target] {
    auto& recorder = world_.recorder();
    const auto began = recorder.now();
    Command command;
    command.argv = {target.executable};
    for (const auto& word : step.args) command.argv.push_back(fill_words(word, world_.places()));
    command.env = world_.environment();
    for (const auto& [name, value] : step.env) command.env[name] = fill_words(value, world_.places());
    command.input = step.input;
    command.cwd = world_.spec().folder;
    command.on_line = [&](bool err, const std::string& line) { recorder.add("cli", "line", {{"id", id}, {"as", step.as}, {"stream", err ? "stderr" : "stdout"}, {"line", line}}); };
    recorder.add_at(began, "cli", "start", {{"id", id}, {"as", step.as}, {"args", step.args}});
    auto process = Process::start(std::move(command));
    int code = 127;
    if (process.has_value()) {
      const auto ended = process.value()->wait(world_.patience(step.timeout));
      process.value()->kill_and_reap();
      code = ended.value_or(124);
    } else {
      recorder.add("cli", "line", {{"id", id}, {"as", step.as}, {"stream", "stderr"}, {"line", base::render(process.error())}});
    }
    recorder.add("cli", "exit", {{"id", id}, {"as", step.as}, {"code", code}, {"ms", base::milliseconds(recorder.now() - began)}});
  };
  if (step.background) {
    in_background(work);
  } else {
    work();
  }
  return std::nullopt;
}

Steps::Failed Steps::perform(const SignalStep& step) {
  const int number = signal_number(step.signal);
  if (number == 0) return "no signal is called " + step.signal;
  const int pid = world_.main_pid();
  if (pid <= 0) return "the gateway is not running, there is nobody to signal";
  world_.catch_up();
  if (::kill(pid, number) != 0) return fmt::format("kill({}, {}): {}", pid, step.signal, std::strerror(errno));
  return std::nullopt;
}

Steps::Failed Steps::perform(const ScriptStep& step) {
  Json changes = Json::array();
  for (const auto& change : step.changes) {
    Json one{{"provider", change.provider}, {"op", change.op.empty() ? "replace" : change.op}};
    if (!change.raw.is_null()) one["rules"] = change.raw;
    changes.push_back(std::move(one));
  }
  world_.note_rules();
  const auto reply = world_.control("POST", "/rules", {{"changes", std::move(changes)}});
  if (!reply || reply->status >= 300) return refusal(reply);
  return std::nullopt;
}

Steps::Failed Steps::perform(const AccountStep& step) {
  auto body = step.change.is_object() ? step.change : Json::object();
  body["provider"] = step.provider;
  body["credential"] = step.credential;
  const auto reply = world_.control("POST", "/accounts", body);
  if (!reply || reply->status >= 300) return refusal(reply);
  return std::nullopt;
}

Steps::Failed Steps::perform(const ManagerStep& step) {
  if (!step.systemctl) {
    const auto armed = world_.manager_fault(step.fault, step.params);
    if (armed.has_error()) return base::render(armed.error());
    return std::nullopt;
  }
  const auto began = world_.recorder().now();
  static std::atomic<std::int64_t> number{1'000'000};
  const auto id = ++number;
  world_.recorder().add("cli", "start", {{"id", id}, {"as", step.as}, {"args", *step.systemctl}, {"program", "systemctl"}});
  const auto done = world_.systemctl(*step.systemctl);
  for (const auto& [stream, text] : {std::pair{"stdout", done.out}, std::pair{"stderr", done.err}}) {
    for (const auto& line : base::split(text, '\n')) {
      if (!line.empty()) world_.recorder().add("cli", "line", {{"id", id}, {"as", step.as}, {"stream", stream}, {"line", line}});
    }
  }
  world_.recorder().add("cli", "exit", {{"id", id}, {"as", step.as}, {"code", done.code}, {"ms", base::milliseconds(world_.recorder().now() - began)}});
  return std::nullopt;
}

Steps::Failed Steps::perform(const DiskStep& step) { return change_disk(world_, step.state); }

Steps::Failed Steps::perform(const WaitStep& step) {
  if (step.until == "background" && !step.time) {
    // Joining is the surest wait; the deadline still bounds it.
    return wait_until(world_, step, [this] { return background_open_.load(); });
  }
  return wait_until(world_, step, [this] { return background_open_.load(); });
}

Steps::Failed Steps::perform(const EditConfigStep& step) {
  const auto& file = world_.places().config;
  std::string text;
  if (step.raw) {
    text = *step.raw;
  } else {
    std::ifstream in(file);
    text.assign(std::istreambuf_iterator<char>(in), {});
    auto json = base::parse_wire_json(text);
    if (!json) return "the configuration file is no JSON: " + file;
    for (const auto& [path, value] : step.set) {
      const auto filled = base::parse_wire_json(fill_words(base::dump(value), world_.places()));
      at_path(*json, path) = filled ? *filled : value;
    }
    text = base::dump_pretty(*json);
  }
  std::ofstream(file) << text << "\n";
  if (!step.reload) return std::nullopt;
  return perform(SignalStep{.signal = "HUP"});
}

Steps::Failed Steps::perform(const std::shared_ptr<ParallelStep>& step) {
  std::atomic<bool> good{true};
  std::vector<std::thread> threads;
  for (const auto& branch : step->branches) {
    threads.emplace_back([&] {
      if (!run(branch)) good = false;
    });
  }
  for (auto& thread : threads) thread.join();
  if (!good) return "a branch failed";
  return std::nullopt;
}

Steps::Failed Steps::perform(const std::shared_ptr<RepeatStep>& step) {
  for (std::int64_t i = 0; i < step->times; ++i) {
    if (!run(step->steps)) return fmt::format("failed in round {} of {}", i + 1, step->times);
  }
  return std::nullopt;
}

// ---- the state folder's disk ----

std::optional<std::string> prepare_disk(const std::string& folder) {
  if (::geteuid() != 0) return "needs root: the state folder gets a small file system of its own";
  if (::unshare(CLONE_NEWNS) != 0) return std::string("unshare: ") + std::strerror(errno);
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return std::string("mount --make-rprivate: ") + std::strerror(errno);
  if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=4m,mode=0700") != 0) return std::string("mount tmpfs: ") + std::strerror(errno);
  return std::nullopt;
}

std::optional<std::string> change_disk(World& world, const std::string& state) {
  const auto folder = world.state_folder();
  const auto filler = folder + "/.filler";
  world.recorder().add("harness", "disk", {{"state", state}});
  if (state == "full") {
    const int file = ::open(filler.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return std::string("cannot fill the disk: ") + std::strerror(errno);
    for (std::size_t size : {65536UL, 4096UL, 1UL}) {
      const std::string block(size, 'x');
      while (::write(file, block.data(), block.size()) > 0) {
      }
    }
    ::close(file);
    return std::nullopt;
  }
  if (state == "read-only" || state == "ok") {
    ::unlink(filler.c_str());
    const unsigned long flags = state == "ok" ? static_cast<unsigned long>(MS_REMOUNT) : static_cast<unsigned long>(MS_REMOUNT) | static_cast<unsigned long>(MS_RDONLY);
    if (::mount("tmpfs", folder.c_str(), "tmpfs", flags, "size=4m,mode=0700") != 0) {
      // A database open for writing keeps a remount from succeeding (EBUSY): a read-only bind mount over it does.
      if (state == "ok") return std::nullopt;
      if (::mount(folder.c_str(), folder.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
          ::mount("none", folder.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
        return std::string("cannot make it read-only: ") + std::strerror(errno);
      }
    }
    if (state == "ok") ::unlink(filler.c_str());
    return std::nullopt;
  }
  if (state == "corrupt") {
    std::fstream file(world.places().state, std::ios::in | std::ios::out | std::ios::binary);
    if (!file) return "there is no state file to corrupt yet";
    // The header and the first pages: SQLite must see it (file format, section 1.3).
    for (int i = 0; i < 4096; ++i) file.put(static_cast<char>(i * 31 + 7));
    return std::nullopt;
  }
  if (state == "missing") {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) std::filesystem::remove_all(entry.path(), error);
    return std::nullopt;
  }
  return "no disk state is called " + state;
}

}  // namespace harness
