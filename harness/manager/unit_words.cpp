// The words of a unit's settings, as unit files and `systemctl show` spell them.
#include <array>

#include "harness/manager/unit_words.h"

namespace harness::manager {

std::string_view to_string(Compat compat) { return compat == Compat::v252 ? "252" : "257"; }
std::string_view to_string(ServiceType type) { return word_of(kServiceTypes, type); }
std::string_view to_string(Restart restart) { return word_of(kRestarts, restart); }
std::string_view to_string(RestartMode mode) { return word_of(kRestartModes, mode); }
std::string_view to_string(LoadState state) { return word_of(kLoadStates, state); }
std::string_view to_string(KillMode mode) { return word_of(kKillModes, mode); }
std::string_view to_string(NotifyAccess access) { return word_of(kNotifyAccesses, access); }
std::string_view to_string(FailureMode mode) { return word_of(kFailureModes, mode); }
std::string_view to_string(OomPolicy policy) { return word_of(kOomPolicies, policy); }
std::string_view to_string(ExitType type) { return word_of(kExitTypes, type); }

std::string with_suffix(std::string_view name, std::string_view suffix) {
  for (const std::string_view known : {".service", ".socket", ".target", ".timer", ".slice", ".mount", ".path", ".scope", ".device"}) {
    if (name.size() > known.size() && name.ends_with(known)) return std::string{name};
  }
  return std::string{name} + std::string{suffix};
}

}  // namespace harness::manager
