// The live world of one run: simulator, service manager, the unit of the gateway, and what each of them wrote down.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "base/redact.h"
#include "harness/live/client.h"
#include "harness/live/ports.h"
#include "harness/live/process.h"
#include "harness/live/recorder.h"
#include "harness/live/target.h"
#include "harness/manager/client.h"
#include "harness/manager/real_journal.h"

namespace harness {

struct RunSpec {
  Scenario scenario;
  std::string scenario_file;
  std::filesystem::path folder;   ///< made by the caller; everything of the run lies there
  double speed = 1;
  std::uint64_t seed = 1;
  Target target;
  std::string manager = "mock";   ///< mock | systemd
  int compat = 252;
  bool serve = false;             ///< stay up after the steps, until SIGINT
  Paths paths;
};

inline constexpr const char* kUnit = "brownout-gateway.service";

/// Thread: the run's main thread, but where said.
class World {
 public:
  World(const RunSpec& spec, Recorder& recorder);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  base::Result<bool> start_simulator();
  /// Configuration, unit files, manager.
  base::Result<bool> start_manager();
  /// `systemctl --user start`; the result is in the history. An Error: a foreign gateway never answered, so that nothing can be judged.
  base::Result<bool> start_gateway();
  /// Stops everything in order and gathers what is left to gather.
  void stop();
  /// Ends every process of the run at once, from any thread; for a process that is about to end itself.
  void abandon();

  // Any thread.
  /// `wanted`, but no longer than the run may still take: a gateway that hangs must not take the verdict with it.
  base::Duration patience(base::Duration wanted) const { return std::clamp(spec_.scenario.time_limit - recorder_.now(), base::Duration{std::chrono::seconds{1}}, std::max(wanted, base::Duration{std::chrono::seconds{1}})); }
  Finished systemctl(std::vector<std::string> arguments, base::Duration limit = std::chrono::minutes{5}) const;
  std::string property(const std::string& name) const;
  int main_pid() const;
  std::optional<PlainReply> control(const std::string& method, const std::string& path, const base::Json& body) const;
  /// The manager's own control: faults. The Error says what it refused.
  base::Result<bool> manager_fault(const std::string& name, const base::Json& params) const;
  Environment environment() const;  ///< for commands of a user of this machine
  void clear_manager_faults() const;
  void note_resources(const char* when) const;
  void note_rules();  ///< counters of the rules so far: a replaced rule is seen no more
  /// Waits until the journals of simulator and manager written so far are in the history.
  void catch_up();

  std::uint16_t port() const { return places_.port; }
  std::uint16_t admin_port() const { return places_.admin_port; }
  const Places& places() const { return places_; }
  const RunSpec& spec() const { return spec_; }
  Recorder& recorder() const { return recorder_; }
  std::string state_folder() const { return spec_.folder.string() + "/state"; }

 private:
  base::Result<bool> wait_for_answer();
  std::string last_lines();
  void follow_simulator();
  void follow_manager();
  std::size_t read_manager_log();
  std::size_t read_simulator_journal(base::Duration wait);
  void add_manager_line(const base::Json& line);
  base::Result<bool> follow_real_journal();
  void record_rules();
  void find_leftovers();
  void find_secrets();
  void find_sanitizer_reports();

  const RunSpec& spec_;
  Recorder& recorder_;
  PortLease lease_;
  Places places_;
  std::vector<std::pair<std::string, std::string>> secrets_;  // secret, label
  std::unique_ptr<Process> simulator_, journal_;
  std::unique_ptr<manager::RealJournal> real_journal_;
  std::unique_ptr<manager::ManagerProcess> manager_;
  std::uint16_t control_port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> keeper_{0};  // the manager's pid
  std::thread simulator_thread_, manager_thread_;
  std::mutex journal_guard_, log_guard_;
  std::uint64_t journal_next_ = 1;
  std::size_t log_read_ = 0;
  std::map<std::uint64_t, std::string> attempts_;  // attempt → credential
  std::string runtime_;  // short: Unix sockets have 107 bytes
  std::string run_id_;
};

}  // namespace harness
