#include "harness/dialogue/step_words.h"

#include <signal.h>

#include "base/text.h"

namespace harness {

using base::Json;

std::string describe_step(const Step& step) {
  struct Words {
    std::string operator()(const SendStep& s) const {
      return fmt::format("send {}{}{}", kApiNames[static_cast<std::size_t>(s.api)], s.count > 1 ? fmt::format(" x{}", s.count) : "", s.as.empty() ? "" : " as " + s.as);
    }
    std::string operator()(const CliStep& s) const { return "gateway " + base::join(s.args, " "); }
    std::string operator()(const SignalStep& s) const { return "signal " + s.signal; }
    std::string operator()(const ScriptStep& s) const { return fmt::format("script ({} change{})", s.changes.size(), s.changes.size() == 1 ? "" : "s"); }
    std::string operator()(const AccountStep& s) const { return "account " + s.provider + "/" + s.credential; }
    std::string operator()(const ManagerStep& s) const { return s.systemctl ? "systemctl " + base::join(*s.systemctl, " ") : "manager fault " + s.fault; }
    std::string operator()(const DiskStep& s) const { return "disk " + s.state; }
    std::string operator()(const WaitStep& s) const { return s.time ? "wait " + base::format_duration(*s.time) : "wait until " + s.until; }
    std::string operator()(const EditConfigStep& s) const { return s.reload ? "edit-config and reload" : "edit-config"; }
    std::string operator()(const std::shared_ptr<ParallelStep>& s) const { return fmt::format("parallel, {} branches", s->branches.size()); }
    std::string operator()(const std::shared_ptr<RepeatStep>& s) const { return fmt::format("repeat {} times", s->times); }
  };
  return std::visit(Words{}, step.what);
}

std::string_view failure_cause(const Step& step) { return std::holds_alternative<WaitStep>(step.what) ? "expectation" : "harness"; }

int signal_number(std::string name) {
  if (name.starts_with("SIG")) name.erase(0, 3);
  constexpr std::pair<const char*, int> kSignals[] = {{"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"TERM", SIGTERM}, {"KILL", SIGKILL}, {"INT", SIGINT}, {"HUP", SIGHUP},
                                                       {"STOP", SIGSTOP}, {"CONT", SIGCONT}, {"ABRT", SIGABRT}, {"SEGV", SIGSEGV}, {"QUIT", SIGQUIT}, {"PIPE", SIGPIPE}};
  for (const auto& [word, number] : kSignals) {
    if (name == word) return number;
  }
  return 0;
}

Json& at_path(Json& json, const std::string& path) {
  Json* at = &json;
  for (const auto& part : base::split(path, '.')) {
    const auto index = base::parse_integer(part);
    if (at->is_array() && index && *index >= 0) {
      at = &(*at)[static_cast<std::size_t>(*index)];
    } else {
      if (!at->is_object()) *at = Json::object();
      at = &(*at)[part];
    }
  }
  return *at;
}

}  // namespace harness
