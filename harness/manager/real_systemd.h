// The real thing: the same command under a real `systemd --user`, in namespaces that are thrown away afterwards.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace harness::manager {

/// Empty when this machine can do it; else the reason, for a skipped test or a person. Costs about 0.1 s.
std::string why_no_real_systemd();

struct RealSystemdOptions {
  std::filesystem::path home;        ///< HOME, with .config/systemd/user in it; empty: a fresh one
  std::filesystem::path shim;        ///< with `timewarp`: everything inside runs under it
  std::string timewarp;              ///< the value of TIMEWARP; empty: real time
  std::vector<std::string> environment;  ///< KEY=VALUE for the manager, its services and the command (the caller's is not inherited)
};
/// The words to execute for `command` to find a real systemctl and journalctl on PATH. Inside, BROWNOUT_REAL_SYSTEMD=1 is set, XDG_RUNTIME_DIR
/// and HOME are; the manager logs every state change (its journal is read with `journalctl`: RealJournal makes history of it).
std::vector<std::string> real_systemd_command(const RealSystemdOptions& options, const std::vector<std::string>& command);

}  // namespace harness::manager
