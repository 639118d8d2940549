#include "gateway/service/unit_text.h"

#include "base/text.h"
#include "gateway/core/unit_state.h"

namespace gateway {
namespace {

std::int64_t whole_seconds(base::Duration d) { return std::chrono::ceil<std::chrono::seconds>(d).count(); }

}  // namespace

bool wants_socket(const UnitOptions& options) { return !options.listen.empty() && options.listen != "0" && !options.listen.ends_with(":0"); }

base::Duration stop_timeout(base::Duration drain, base::Duration settle) {
  return std::max<base::Duration>(drain + std::chrono::seconds{30}, drain + settle + kCleanUp + std::chrono::seconds{5});
}

std::string exec_word(const std::string& word) {
  auto out = base::replace_all(base::replace_all(word, "%", "%%"), "$", "$$");
  if (out.find_first_of(" \t\"'\\;") == std::string::npos && !out.empty()) return out;
  return "\"" + base::replace_all(base::replace_all(out, "\\", "\\\\"), "\"", "\\\"") + "\"";
}

std::string unit_text(const UnitOptions& o) {
  const bool socket = wants_socket(o);
  std::string text = "# Written by `gateway install`. Changes of your own: systemctl --user edit " + o.unit + "\n[Unit]\nDescription=Brownout LLM gateway\n";
  if (socket) text += fmt::format("Requires={0}.socket\nAfter={0}.socket\n", o.unit);
  // systemd counts every start, planned restarts too, and after its limit nothing revives the unit: the gateway has its own guard,
  // which counts only starts after unplanned ends and slows them down instead of giving up.
  text += "# The gateway slows down repeated unplanned starts itself; planned restarts must never use up a limit.\nStartLimitIntervalSec=0\n";
  text += "\n[Service]\nType=notify\nNotifyAccess=main\n";
  text += fmt::format("ExecStart={} run --config {} --log json\n", exec_word(o.program), exec_word(o.config));
  text += "ExecReload=/bin/kill -HUP $MAINPID\n";
  if (!o.environment_file.empty()) text += "EnvironmentFile=-" + base::replace_all(o.environment_file, "%", "%%") + "\n";
  text += "# 75: a planned restart, always started again. 78: a wrong configuration, starting again does not help.\n"
          "Restart=on-failure\nRestartSec=30\nRestartForceExitStatus=75\nRestartPreventExitStatus=78\n";
  text += "# mixed: the gateway alone gets SIGTERM; a child that ignores it cannot delay the restart.\nKillMode=mixed\nTimeoutStartSec=90\n";
  text += fmt::format("TimeoutStopSec={}\nWatchdogSec=30\nUMask=0077\nNoNewPrivileges=yes\n", whole_seconds(stop_timeout(o.drain, o.settle)));
  text += "\n[Install]\nWantedBy=default.target\n";
  if (socket) text += fmt::format("Also={}.socket\n", o.unit);
  return text;
}

std::string socket_text(const UnitOptions& o) {
  const auto address = o.listen.find(':') == std::string::npos ? "127.0.0.1:" + o.listen : o.listen.starts_with(":") ? "127.0.0.1" + o.listen
                       : o.listen.starts_with("localhost:") ? "127.0.0.1" + o.listen.substr(9) : o.listen;
  return fmt::format("# Written by `gateway install`. The manager keeps this socket across restarts: callers wait in it, none is refused.\n"
                     "[Unit]\nDescription=Brownout LLM gateway's port\n\n[Socket]\nListenStream={}\nBacklog=4096\nNoDelay=yes\n\n[Install]\nWantedBy=sockets.target\n",
                     address);
}

}  // namespace gateway
