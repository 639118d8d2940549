// A mock service manager as its user sees it: start it, give it units, call its systemctl, arm its faults, look, stop it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace harness::manager {

struct ManagerOptions {
  /// A folder of its own, kept short (sockets below it); empty: a fresh one below $XDG_RUNTIME_DIR or /tmp, removed at the end.
  std::filesystem::path runtime_dir;
  /// HOME of the services, with .config below it; empty: runtime_dir/home.
  std::filesystem::path home;
  std::string compat = "257";
  std::filesystem::path log;         ///< history lines are appended here; empty: none
  std::uint64_t seed = 1;
  std::string timer_slack = "0s";
  /// KEY=VALUE, over the caller's own environment: the manager, its services and the fronts get it (LD_PRELOAD and TIMEWARP, say).
  std::vector<std::string> environment;
};

struct CallResult {
  int rc = -1;       ///< −1: no answer (`err` says why)
  std::string out, err;
};

/// Owns the manager process. Not thread-safe, but several may live at once, and `call` may be used from several Clients.
class ManagerProcess {
 public:
  static base::Result<std::unique_ptr<ManagerProcess>> start(ManagerOptions options);
  ~ManagerProcess();  ///< stop()
  ManagerProcess(const ManagerProcess&) = delete;
  ManagerProcess& operator=(const ManagerProcess&) = delete;

  /// What a command beside the services needs to reach this manager: XDG_RUNTIME_DIR, HOME, XDG_CONFIG_HOME, and a PATH with the fronts
  /// first. The whole block, the caller's own environment included.
  std::vector<std::string> environment() const;

  /// Writes a unit file into the user's unit folder; systemctl("daemon-reload") makes a loaded one new.
  base::Result<std::filesystem::path> write_unit(std::string_view name, std::string_view text);

  /// What the front would do, without starting one; `--user` is implied. Blocks until the job is done or `patience` is over.
  CallResult systemctl(const std::vector<std::string>& args, base::Duration patience = std::chrono::seconds{120});
  CallResult journalctl(const std::vector<std::string>& args, base::Duration patience = std::chrono::seconds{120});

  /// Arms a fault of harness/manager/faults.h. The text is what is wrong; empty when nothing is.
  std::string fault(std::string_view name, const base::Json& params = base::Json::object());
  /// whom: main, child or all. Empty, or what is wrong.
  std::string signal(std::string_view unit, std::string_view signal, std::string_view whom = "main");
  /// {"active","sub","result","n_restarts","main_pid","exec_main_status",…,"processes":[{"pid","comm","command"}]}; {"error"} when it is gone.
  base::Json state(std::string_view unit);
  base::Json control(const base::Json& request, base::Duration patience = std::chrono::seconds{30});

  bool alive();
  int pid() const { return pid_; }  ///< of the keeper; the manager proper is its child
  const std::filesystem::path& runtime_dir() const { return options_.runtime_dir; }
  const std::filesystem::path& home() const { return options_.home; }

  /// Kills all it started, and waits. False when it had to be killed itself.
  bool stop();

 private:
  ManagerProcess() = default;
  CallResult call(std::string_view program, const std::vector<std::string>& args, base::Duration patience);
  ManagerOptions options_;
  bool own_folder_ = false;
  int pid_ = -1;
};

/// build/libexec/brownout: brownout-manager and fronts/ are in it. From the running program's place, or BROWNOUT_LIBEXEC.
std::filesystem::path libexec_folder();

}  // namespace harness::manager
