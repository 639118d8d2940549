#include "harness/live/world.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/text.h"

namespace harness {

using base::Json;
namespace fs = std::filesystem;

namespace {

base::Result<bool> write_file(const fs::path& file, const std::string& text, mode_t mode = 0600) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  if (!(out << text) || !out.flush()) return base::problem("cannot write " + file.string(), "is the disk full, or the folder not yours?");
  ::chmod(file.c_str(), mode);
  return true;
}

UnitSetup unit_setup(const Target& target, const Scenario& scenario, const Places& places) {
  const auto facts = form_facts(target, scenario, places);
  UnitSetup setup{.command = {}, .notify = target.notify, .settings = {}};
  for (const auto& word : target.command) setup.command.push_back(fill_text(word, facts));
  for (const auto& [name, value] : target.unit) setup.settings.emplace_back(name, fill_text(value, facts));
  return setup;
}

}  // namespace

World::World(const RunSpec& spec, Recorder& recorder) : spec_(spec), recorder_(recorder) {
  run_id_ = fmt::format("{}-{}", ::getpid(), spec.seed);
  places_.folder = spec.folder.string();
  places_.config = (spec.folder / "home/.config/brownout" / spec.target.config_name).string();
  places_.state = (spec.folder / "state/gateway.db").string();
  // Unix socket paths have 107 bytes: the runtime folder does not lie under the run folder.
  runtime_ = fmt::format("/tmp/bo-{}-{}", ::getuid(), ::getpid());
}

World::~World() { stop(); }

base::Result<bool> World::start_simulator() {
  std::error_code error;
  fs::create_directories(spec_.folder / "state", error);
  fs::create_directories(spec_.folder / "home/.config", error);
  fs::create_directories(runtime_, error);
  ::chmod((spec_.folder / "state").c_str(), 0700);
  ::chmod(runtime_.c_str(), 0700);
  Command command;
  const auto file = spec_.folder / "simulator.json";
  if (auto wrote = write_file(file, base::dump_pretty(Json{{"providers", spec_.scenario.providers_json}}) + "\n"); wrote.has_error()) return wrote;
  const auto ca = spec_.folder / "ca.pem";
  command.argv = {(spec_.paths.bin / "simulator").string(), "serve", "--scenario", file.string(), "--seed", std::to_string(spec_.seed), "--secret-salt", run_id_, "--ca-file", ca.string(), "--quiet"};
  command.env = current_environment();
  command.env["BROWNOUT_RUN"] = run_id_;
  command.err_file = spec_.folder / "simulator.log";
  std::mutex guard;
  std::condition_variable told;
  std::optional<Json> ready;
  command.on_line = [&](bool, const std::string& line) {
    const std::lock_guard lock(guard);
    if (!ready) ready = base::parse_wire_json(line);
    told.notify_all();
  };
  auto process = Process::start(std::move(command));
  if (process.has_error()) return process.error();
  simulator_ = std::move(process.value());
  for (int i = 0; i < 5000; ++i) {
    std::unique_lock lock(guard);
    if (told.wait_for(lock, std::chrono::milliseconds{20}, [&] { return ready.has_value(); })) break;
    lock.unlock();
    if (!simulator_->running()) break;
  }
  const std::lock_guard lock(guard);
  if (!ready) return base::problem("the simulator did not start", "see " + (spec_.folder / "simulator.log").string());
  places_.providers = (*ready)["providers"];
  for (const auto& [name, provider] : places_.providers.items()) {
    if (base::string_or(provider, "url").starts_with("https")) places_.ca_file = ca.string();
    for (const auto& [label, secret] : provider["credentials"].items()) secrets_.emplace_back(secret.get<std::string>(), name + "/" + label);
  }
  const auto control = base::string_or(*ready, "control");
  control_port_ = static_cast<std::uint16_t>(base::parse_integer(control.substr(control.rfind(':') + 1)).value_or(0));
  simulator_thread_ = std::thread([this] { follow_simulator(); });
  return true;
}

base::Result<bool> World::start_manager() {
  for (auto* port : {&places_.port, &places_.admin_port}) {
    auto taken = lease_.take();
    if (taken.has_error()) return taken.error();
    *port = taken.value();
  }
  if (auto wrote = write_file(places_.config, config_text(spec_.target, spec_.scenario, places_)); wrote.has_error()) return wrote;
  std::string secrets;
  for (const auto& [secret, label] : secrets_) {
    const auto slash = label.find('/');
    secrets += secret_variable(label.substr(0, slash), label.substr(slash + 1)) + "=" + secret + "\n";
  }
  for (const auto& [name, value] : spec_.scenario.gateway.env) secrets += name + "=\"" + fill_words(value, places_) + "\"\n";
  for (const auto& [name, value] : spec_.target.env) secrets += name + "=\"" + fill_text(value, form_facts(spec_.target, spec_.scenario, places_)) + "\"\n";
  const auto environment_file = spec_.folder / "secrets.env";
  if (auto wrote = write_file(environment_file, secrets); wrote.has_error()) return wrote;
  for (const auto& [name, text] : spec_.scenario.gateway.files) {
    if (auto wrote = write_file(spec_.folder / "state" / name, fill_words(text, places_)); wrote.has_error()) return wrote;
  }
  const auto units = spec_.folder / "home/.config/systemd/user";
  if (spec_.scenario.gateway.installed) {
    if (auto wrote = write_file(units / kUnit, unit_for(unit_setup(spec_.target, spec_.scenario, places_), spec_.scenario, places_, environment_file.string()), 0644); wrote.has_error()) return wrote;
    if (spec_.scenario.gateway.socket) {
      if (auto wrote = write_file(units / "brownout-gateway.socket", socket_unit_for(places_), 0644); wrote.has_error()) return wrote;
    }
  }
  if (spec_.manager != "mock") {
    if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr) runtime_ = runtime;
    systemctl({"daemon-reload"});
    return follow_real_journal();
  }
  manager::ManagerOptions options;
  options.runtime_dir = runtime_;
  options.home = spec_.folder / "home";
  options.compat = std::to_string(spec_.compat);
  options.log = spec_.folder / "manager.jsonl";
  options.seed = spec_.seed;
  for (const auto& [name, value] : environment()) options.environment.push_back(name + "=" + value);
  auto started = manager::ManagerProcess::start(std::move(options));
  if (started.has_error()) return started.error();
  manager_ = std::move(started.value());
  keeper_ = manager_->pid();
  manager_thread_ = std::thread([this] { follow_manager(); });
  return true;
}

base::Result<bool> World::start_gateway() {
  if (spec_.scenario.gateway.socket) systemctl({"start", "brownout-gateway.socket"});
  const auto done = systemctl({"start", kUnit});
  if (done.code != 0) recorder_.add("harness", "start-failed", {{"code", done.code}, {"text", done.err}});
  // Our own gateway that does not start is a finding; that a profile starts nothing says nothing of any gateway.
  if (done.code != 0 && !spec_.target.own) return base::problem(fmt::format("the target {} did not start: {}", spec_.target.name, base::trim(done.err)), "its last lines:" + last_lines());
  if (!spec_.target.notify) {
    if (auto answered = wait_for_answer(); answered.has_error()) return answered;
  }
  note_resources("start");
  return done.code == 0;
}

void World::note_resources(const char* when) const {
  const int pid = main_pid();
  if (pid <= 0) return;
  Json data{{"pid", pid}, {"when", when}};
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) {
      const auto text = std::string(base::trim(base::replace_all(line.substr(6), "\t", " ")));
      data["rss_kb"] = base::parse_integer(text.substr(0, text.find(' '))).value_or(0);
    }
    if (line.starts_with("Threads:")) data["threads"] = base::parse_integer(base::trim(base::replace_all(line.substr(8), "\t", " "))).value_or(0);
  }
  std::error_code error;
  std::int64_t fds = 0;
  for (fs::directory_iterator each(fmt::format("/proc/{}/fd", pid), error), end; !error && each != end; each.increment(error)) ++fds;
  data["fds"] = fds;
  recorder_.add("harness", "resources", std::move(data));
}

void World::stop() {
  if (stopping_) return;
  if (manager_ || spec_.manager == "systemd") {
    note_resources("end");
    if (!runtime_.empty() && (!manager_ || manager_->alive())) {
      clear_manager_faults();
      systemctl({"stop", kUnit, "brownout-gateway.socket"}, std::chrono::minutes{4});
    }
  }
  record_rules();
  catch_up();
  stopping_ = true;
  if (manager_) {
    if (!manager_->stop()) recorder_.add("harness", "leftover", {{"pid", manager_->pid()}, {"command", "brownout-manager"}});
  }
  if (journal_) {
    // The last lines are on their way; a journal has no end to wait for.
    std::this_thread::sleep_for(base::from_seconds(0.3 * spec_.speed));
    journal_->kill_and_reap();
  }
  if (simulator_) {
    simulator_->signal(SIGTERM);
    simulator_->wait(std::chrono::seconds{100});
    simulator_->kill_and_reap();
  }
  if (simulator_thread_.joinable()) simulator_thread_.join();
  if (manager_thread_.joinable()) manager_thread_.join();
  read_manager_log();
  manager_.reset();
  find_leftovers();
  find_sanitizer_reports();
  find_secrets();
  std::error_code error;
  if (spec_.manager == "mock") fs::remove_all(runtime_, error);
}

void World::abandon() {
  if (const int keeper = keeper_; keeper > 0) {
    ::kill(keeper, SIGTERM);  // it kills all units and their descendants, then ends
    siginfo_t seen{};
    const auto until = std::chrono::steady_clock::now() + base::from_seconds(10 * spec_.speed);
    while (std::chrono::steady_clock::now() < until) {
      if (::waitid(P_PID, static_cast<id_t>(keeper), &seen, WEXITED | WNOHANG | WNOWAIT) != 0 || seen.si_pid == keeper) break;
      std::this_thread::sleep_for(base::from_seconds(0.01 * spec_.speed));
    }
  }
  std::error_code error;
  if (spec_.manager == "mock") fs::remove_all(runtime_, error);
}

}  // namespace harness
