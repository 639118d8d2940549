// A unit as typed settings, with the defaults of systemd 252 or 257. Made once from its files; the state machine only reads it.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "harness/manager/unit_file.h"

namespace harness::manager {

/// Which systemd is imitated; they differ where restarts matter.
enum class Compat { v252, v257 };

enum class UnitKind { service, socket, target, other };
enum class LoadState { loaded, not_found, bad_setting, masked };
enum class ServiceType { simple, exec, oneshot, notify, notify_reload };
enum class Restart { no, on_success, on_failure, on_abnormal, on_watchdog, on_abort, always };
enum class RestartMode { normal, direct };
enum class KillMode { control_group, mixed, process, none };
enum class NotifyAccess { none, main, exec, all };
enum class FailureMode { terminate, abort, kill };
enum class OomPolicy { stop, continue_, kill };
enum class ExitType { main, group };

/// A set of exit statuses and signals: SuccessExitStatus= and its like.
struct ExitSet {
  std::bitset<256> statuses;
  std::bitset<65> signals;
  bool empty() const { return statuses.none() && signals.none(); }
};

/// One command line of Exec*=. `argv` has its specifiers expanded, but not its variables: those are known at spawn only.
struct ExecCommand {
  std::string path;
  std::vector<std::string> argv;
  bool ignore_failure = false;  ///< prefix "-"
  bool keep_dollar = false;     ///< prefix ":"
  bool argv0_given = false;     ///< prefix "@"
};

/// The command lists of a service, in the order in which `systemctl show` prints them.
enum class ExecSlot { condition, start_pre, start, start_post, reload, stop, stop_post };
inline constexpr std::size_t kExecSlots = 7;

struct EnvironmentFileSetting {
  std::string path;
  bool optional = false;
};

/// ConditionPathExists= and the like. `type` is the key without "Condition" or "Assert".
struct Condition {
  std::string type;
  std::string value;
  bool negate = false;
  bool trigger = false;
  bool assertion = false;
};

struct ServiceSettings {
  ServiceType type = ServiceType::simple;
  Restart restart = Restart::no;
  RestartMode restart_mode = RestartMode::normal;
  base::Duration restart_delay = std::chrono::milliseconds{100};
  std::uint32_t restart_steps = 0;
  base::Duration restart_delay_max = base::kForever;
  base::Duration timeout_start = std::chrono::seconds{90};  ///< kForever when there is none
  base::Duration timeout_stop = std::chrono::seconds{90};
  std::optional<base::Duration> timeout_abort;
  FailureMode timeout_start_failure = FailureMode::terminate;
  FailureMode timeout_stop_failure = FailureMode::terminate;
  base::Duration runtime_max = base::kForever;
  base::Duration watchdog = base::kForever;  ///< kForever when off
  bool remain_after_exit = false;
  ExitType exit_type = ExitType::main;
  NotifyAccess notify_access = NotifyAccess::none;
  OomPolicy oom_policy = OomPolicy::stop;
  std::uint32_t fd_store_max = 0;
  bool fd_store_preserve = false;
  int reload_signal = 1;
  ExitSet success, restart_prevent, restart_force;
  std::array<std::vector<ExecCommand>, kExecSlots> commands;
  const std::vector<ExecCommand>& of(ExecSlot slot) const { return commands[static_cast<std::size_t>(slot)]; }
};

struct KillSettings {
  KillMode mode = KillMode::control_group;
  int kill_signal = 15;
  int restart_kill_signal = 0;  ///< 0: as kill_signal
  int final_kill_signal = 9;
  int watchdog_signal = 6;
  bool send_sigkill = true;
  bool send_sighup = false;
};

struct ExecSettings {
  std::vector<std::string> environment;  ///< "NAME=value"
  std::vector<EnvironmentFileSetting> environment_files;
  std::vector<std::string> pass_environment;
  std::vector<std::string> unset_environment;
  std::string working_directory;  ///< empty: the home folder
  bool working_directory_optional = false;
  std::string standard_input = "null";
  std::string standard_output = "journal";  ///< "journal", "null", "file:/path", "append:/path", "truncate:/path", "inherit"
  std::string standard_error = "inherit";
  std::string syslog_identifier;
  std::optional<std::uint64_t> umask;
  std::vector<std::string> runtime_directories, state_directories, cache_directories, logs_directories;
  bool runtime_directory_preserve = false;
  std::vector<std::pair<std::string, std::string>> limits;  ///< "NOFILE" → as written; the driver applies them
};

/// One Listen*= line of a socket unit.
struct Listener {
  enum class Kind { stream, datagram, sequential, fifo };
  Kind kind = Kind::stream;
  std::string address;  ///< "/path", "@name", "127.0.0.1:80", "[::1]:80", "80"
};
struct SocketSettings {
  std::vector<Listener> listeners;
  std::string service;             ///< the unit that is started; X.service for X.socket
  std::string fd_name;             ///< the socket unit's name unless FileDescriptorName= says otherwise
  int backlog = 4096;
  unsigned mode = 0666;
  bool remove_on_stop = false;
  bool accept = false;             ///< Accept=yes is refused as bad-setting
  base::Duration trigger_limit_interval = std::chrono::seconds{2};
  std::uint32_t trigger_limit_burst = 20;
};

struct Unit {
  std::string name;  ///< with its suffix
  UnitKind kind = UnitKind::service;
  LoadState load_state = LoadState::loaded;
  std::string load_error;  ///< what `show -p LoadError` and the log say
  std::vector<std::string> warnings;
  std::string fragment_path;
  std::vector<std::string> drop_in_paths;
  std::string text;  ///< for `systemctl cat`: the fragment
  std::vector<std::string> drop_in_texts;
  std::string description;
  std::vector<std::string> documentation;
  std::vector<Condition> conditions;
  std::vector<std::string> requires_, wants, binds_to, part_of, before, after, conflicts, on_failure, on_success;
  std::vector<std::string> wanted_by, required_by, also, alias;  ///< [Install]
  bool has_install = false;
  bool refuse_manual_start = false, refuse_manual_stop = false;
  base::Duration start_limit_interval = std::chrono::seconds{10};
  std::uint32_t start_limit_burst = 5;
  std::string memory_max = "infinity", memory_high = "infinity", tasks_max;
  ServiceSettings service;
  KillSettings kill;
  ExecSettings exec;
  SocketSettings socket;
  std::vector<std::string> environment_as_written;  ///< for `show -p Environment`
};

/// Where a unit's text comes from. `masked`: a link to /dev/null or an empty file.
struct UnitText {
  std::string fragment_path;
  std::string text;
  bool masked = false;
  struct DropIn {
    std::string path;
    std::string text;
  };
  std::vector<DropIn> drop_ins;
};

/// Facts about the user and the machine that specifiers and the environment need. Plain data: nothing here is asked of the system.
struct ManagerIdentity {
  std::uint32_t uid = 1000, gid = 1000;
  std::string user = "user", group = "user", home = "/home/user", shell = "/bin/sh";
  std::string runtime_dir = "/run/user/1000", config_home = "/home/user/.config", cache_home = "/home/user/.cache";
  std::string state_home = "/home/user/.local/state", data_home = "/home/user/.local/share";
  std::string host = "host", machine_id = "00000000000000000000000000000001", boot_id = "00000000000000000000000000000002";
  std::string kernel = "6.1.0", temporary_dir = "/tmp", var_temporary_dir = "/var/tmp";
  std::int32_t pid = 1;
};

/// Makes the typed unit; never fails: a broken one has load_state bad_setting and says why.
std::shared_ptr<const Unit> load_unit(std::string_view name, const UnitText& text, const ManagerIdentity& identity, Compat compat);
std::shared_ptr<const Unit> missing_unit(std::string_view name);

/// Builds X.service from text alone, for tests and the virtual world.
std::shared_ptr<const Unit> unit_from_text(std::string_view name, std::string_view text, Compat compat = Compat::v257);

std::string_view to_string(Compat compat);
std::string_view to_string(ServiceType type);
std::string_view to_string(Restart restart);
std::string_view to_string(LoadState state);
std::string_view to_string(KillMode mode);
std::string_view to_string(NotifyAccess access);
std::string_view to_string(FailureMode mode);
std::string_view to_string(OomPolicy policy);
std::string_view to_string(RestartMode mode);
std::string_view to_string(ExitType type);
/// "X" and "X.service" are the same unit.
std::string with_suffix(std::string_view name, std::string_view suffix = ".service");

}  // namespace harness::manager
