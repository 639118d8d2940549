// What the processes of a run wrote down, brought into the history: the simulator's journal, the manager's log, what was left behind.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/text.h"
#include "harness/dialogue/provider_entry.h"
#include "harness/live/world.h"

namespace harness {

using base::Json;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kScanFileMax = 64U << 20;

std::string read_whole(const fs::path& file, std::size_t from = 0) {
  std::ifstream in(file, std::ios::binary);
  if (from > 0) in.seekg(static_cast<std::streamoff>(from));
  std::string text;
  char buffer[65536];
  while (text.size() < kScanFileMax && (in.read(buffer, sizeof buffer), in.gcount() > 0)) text.append(buffer, static_cast<std::size_t>(in.gcount()));
  return text;
}

}  // namespace

// ---- the simulator ----

std::size_t World::read_simulator_journal(base::Duration wait) {
  const std::lock_guard lock(journal_guard_);
  const auto reply = plain_call(control_port_, "GET", fmt::format("/journal?since={}&wait={}", journal_next_, base::format_duration(wait)), "", wait + std::chrono::minutes{2});
  if (!reply || reply->status != 200) return 0;
  const auto json = base::parse_wire_json(reply->body);
  const auto* events = json ? base::find(*json, "events") : nullptr;
  if (events == nullptr) return 0;
  for (const auto& event : *events) {
    journal_next_ = static_cast<std::uint64_t>(base::integer_or(event, "seq", 0)) + 1;
    const auto at = recorder_.at_monotonic(base::integer_or(event, "at_ns", 0));
    const auto attempt = static_cast<std::uint64_t>(base::integer_or(event, "attempt", 0));
    auto [kind, data] = provider_entry(event, attempts_[attempt]);
    recorder_.add_at(at, "provider", kind, std::move(data));
  }
  return events->size();
}

void World::follow_simulator() {
  while (!stopping_ && simulator_->running()) {
    // Nominal: at speed 20 this is 50 real milliseconds, and an event ends the wait at once.
    if (read_simulator_journal(std::chrono::milliseconds{1}) == 0) std::this_thread::sleep_for(base::from_seconds(0.004 * spec_.speed));
  }
}

void World::note_rules() {
  const auto reply = control("GET", "/counters", nullptr);
  const auto json = reply ? base::parse_wire_json(reply->body) : std::nullopt;
  const auto* rules = json ? base::find(*json, "rules") : nullptr;
  if (rules == nullptr || !rules->is_array()) return;
  for (const auto& rule : *rules) {
    const auto* fault = base::find(rule, "fault");
    recorder_.add("provider", "rule",
                  {{"provider", base::string_or(rule, "provider")}, {"rule", base::integer_or(rule, "index", -1)}, {"fault", fault != nullptr && fault->is_string() ? *fault : Json("")},
                   {"fired", base::integer_or(rule, "fired", 0)}});
  }
}

void World::record_rules() {
  if (control_port_ != 0) note_rules();
}

// ---- the manager, and through it the gateway ----

void World::add_manager_line(const Json& line) {
  Json data = line;
  // `t` is the manager's monotonic clock in seconds: under the shim the same clock as ours.
  const auto* t = base::find(line, "t");
  const auto at = recorder_.at_monotonic(static_cast<std::int64_t>((t == nullptr ? 0 : base::number_of(*t).value_or(0)) * 1e9));
  for (const auto* key : {"t", "seq", "lane", "kind"}) data.erase(key);
  recorder_.add_at(at, base::string_or(line, "lane", "manager"), base::string_or(line, "kind"), std::move(data));
}

/// A real manager writes a journal; what it says becomes the lines that the mock writes itself.
base::Result<bool> World::follow_real_journal() {
  manager::JournalClock clock;
  if (const char* warp = std::getenv("TIMEWARP"); warp != nullptr) {
    const auto parts = base::split(warp, ':');
    if (parts.size() == 3) {
      clock.factor = base::parse_number(parts[0]).value_or(1);
      clock.monotonic_zero = base::parse_integer(parts[1]).value_or(0);
      clock.wall_zero = base::parse_integer(parts[2]).value_or(0);
    }
  }
  real_journal_ = std::make_unique<manager::RealJournal>(clock);
  Command command;
  // Root's own user units are written to the system's journal, which inside the namespaces holds nothing else.
  command.argv = {"journalctl", "-o", "json", "--no-pager", "-f", "-n", "all"};
  if (::geteuid() != 0) command.argv.insert(command.argv.begin() + 1, "--user");
  command.env = environment();
  command.on_line = [this](bool err, const std::string& line) {
    if (err) return;
    const std::lock_guard lock(log_guard_);
    for (const auto& each : real_journal_->read(line)) {
      // A user's manager has units of its own: sockets of agents, mounts. The run is about ours.
      if (base::string_or(each, "unit").starts_with("brownout-gateway")) add_manager_line(each);
    }
  };
  auto process = Process::start(std::move(command));
  if (process.has_error()) return process.error();
  journal_ = std::move(process.value());
  return true;
}

std::size_t World::read_manager_log() {
  const std::lock_guard lock(log_guard_);
  const auto text = read_whole(spec_.folder / "manager.jsonl", log_read_);
  std::size_t at = 0, lines = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', at)) {
    if (const auto json = base::parse_wire_json(std::string_view(text).substr(at, end - at)); json && json->is_object()) add_manager_line(*json);
    at = end + 1;
    ++lines;
  }
  log_read_ += at;
  return lines;
}

void World::follow_manager() {
  while (!stopping_) {
    if (read_manager_log() == 0) std::this_thread::sleep_for(base::from_seconds(0.004 * spec_.speed));
  }
}

void World::catch_up() {
  if (control_port_ != 0 && simulator_ && simulator_->running()) {
    while (read_simulator_journal(base::Duration{0}) > 0) {
    }
  }
  read_manager_log();
}

// ---- what was left behind ----

void World::find_leftovers() {
  const auto mark = "BROWNOUT_RUN=" + run_id_;
  std::error_code error;
  for (fs::directory_iterator each("/proc", error), end; !error && each != end; each.increment(error)) {
    const auto pid = base::parse_integer(each->path().filename().string());
    if (!pid || *pid == ::getpid()) continue;
    const auto environment = read_whole(each->path() / "environ");
    if (environment.find(mark) == std::string::npos) continue;
    auto command = read_whole(each->path() / "cmdline");
    std::replace(command.begin(), command.end(), '\0', ' ');
    recorder_.add("harness", "leftover", {{"pid", *pid}, {"command", base::printable(command, 200)}});
    ::kill(static_cast<pid_t>(*pid), SIGKILL);
  }
}

void World::find_sanitizer_reports() {
  std::error_code error;
  for (fs::directory_iterator each(spec_.folder, error), end; !error && each != end; each.increment(error)) {
    const auto name = each->path().filename().string();
    if (name.starts_with("sanitizer")) recorder_.add("harness", "sanitizer", {{"file", name}, {"text", base::shorten(read_whole(each->path()), 4000)}});
  }
}

void World::find_secrets() {
  base::Redactor redactor;
  for (const auto& [secret, label] : secrets_) redactor.add(secret, label);
  const auto look = [&](const std::string& text, const std::string& where) {
    if (const auto label = redactor.find(text); !label.empty()) recorder_.add("harness", "secret", {{"label", label}, {"where", where}});
  };
  std::error_code error;
  for (fs::recursive_directory_iterator each(spec_.folder, error), end; !error && each != end; each.increment(error)) {
    const auto name = each->path().filename().string();
    // The environment file is where the secrets are meant to be, and the simulator must know its own; nothing else may hold one.
    if (!each->is_regular_file(error) || name == "secrets.env" || name == "simulator.json") continue;
    // A foreign gateway takes keys from its configuration.
    if (!spec_.target.own && each->path() == places_.config) continue;
    look(read_whole(each->path()), fs::relative(each->path(), spec_.folder, error).string());
  }
  // Replies, command lines and logs as the clients saw them.
  std::vector<std::pair<std::string, std::string>> texts;
  recorder_.look([&](const std::vector<Entry>& entries) {
    for (const auto& entry : entries) texts.emplace_back(base::dump(entry.data), entry.lane + " " + entry.kind);
    return 0;
  });
  for (const auto& [text, where] : texts) look(text, where);
}

}  // namespace harness
