// `gateway restart` as a machine: what was seen in, what to do and to say out. Pure: the command line drives it with processes and
// sockets, a virtual world with a model of the manager.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "gateway/core/unit_state.h"

namespace gateway {

struct RestartSettings {
  std::string unit = "brownout-gateway";
  bool wait_restart_sec = false;                            ///< leave the restart to the manager's timer, as a bare SIGUSR1 does
  base::Duration drain = std::chrono::seconds{60}, settle = std::chrono::seconds{5};
  base::Duration gone = std::chrono::seconds{90};           ///< phase 1; longer when drain and settle need it
  base::Duration active = std::chrono::seconds{60};         ///< phase 2; longer when it waits for a longer RestartSec
  base::Duration poll = std::chrono::milliseconds{500};
  base::Duration kill = std::chrono::seconds{5};            ///< after SIGTERM, and after SIGKILL, for a process that does not go
  base::Duration settled = std::chrono::seconds{1};         ///< a state younger than this may still be the one before our command
  base::Duration stopped = std::chrono::seconds{10};        ///< inactive for so long: somebody stopped it; an end shown for so long is a new one
};

/// What the driver reports: Began first, then one answer for each question, Woke after a Sleep.
namespace restart {
struct Began {};
struct UnitSeen { std::optional<UnitState> state; std::string failure; };
struct ProcessSeen { bool alive = false; };
struct CommandDone { bool ok = true; std::string reason; };
struct HealthSeen { bool answered = false; std::string state; std::int64_t pid = 0; };
struct JournalSeen { std::vector<std::string> lines; };
struct Woke {};
using Event = std::variant<Began, UnitSeen, ProcessSeen, CommandDone, HealthSeen, JournalSeen, Woke>;

/// What it asks for, in order; exactly one question, Sleep or Finish ends each list.
struct AskUnit {};
struct AskProcess { std::int64_t pid = 0; };
enum class Signal : std::uint8_t { usr1, term, kill };
struct SendSignal { std::int64_t pid = 0; Signal signal = Signal::usr1; };  ///< answered by CommandDone
struct ResetFailed {};                                                      ///< answered by CommandDone
struct RestartUnit {};                                                      ///< systemctl restart, not blocking; CommandDone
struct AskHealth { std::int64_t pid = 0; };                                 ///< GET /health of the new process
struct AskJournal {};
struct Sleep { base::Duration length{0}; };
/// A line (or several) for the person. `progress`: it may be shown again with the time spent, on a terminal.
struct Say { std::string text; bool progress = false; };
struct Finish { int code = 0; };
using Action = std::variant<AskUnit, AskProcess, SendSignal, ResetFailed, RestartUnit, AskHealth, AskJournal, Sleep, Say, Finish>;
}  // namespace restart

/// Success only when the PID is new, the manager says active, and /health says running or degraded.
class RestartWait {
 public:
  explicit RestartWait(RestartSettings settings) : settings_(std::move(settings)) {}
  /// `now` never goes backwards. After Finish nothing more is asked.
  std::vector<restart::Action> step(base::Instant now, const restart::Event& event);
  bool finished() const { return phase_ == Phase::done; }

 private:
  enum class Phase { looking, signalling, draining, term_sent, terminating, kill_sent, killing, resetting, commanding, waiting, diagnosing, done };
  using Actions = std::vector<restart::Action>;

  Actions on(base::Instant now, const restart::Began& event);
  Actions on(base::Instant now, const restart::UnitSeen& event);
  Actions on(base::Instant now, const restart::ProcessSeen& event);
  Actions on(base::Instant now, const restart::CommandDone& event);
  Actions on(base::Instant now, const restart::HealthSeen& event);
  Actions on(base::Instant now, const restart::JournalSeen& event);
  Actions on(base::Instant now, const restart::Woke& event);

  Actions first_look(base::Instant now, const UnitState& unit);
  Actions look_again(base::Instant now, const UnitState& unit);
  bool died_anew(base::Instant now, const UnitState& unit) const;
  Actions begin_waiting(base::Instant now, bool command);
  Actions poll_unit(base::Instant now);
  Actions end(std::string text, int code);
  base::Duration gone_budget() const;
  base::Duration active_budget() const;
  std::string reason_of(const std::vector<std::string>& journal) const;

  RestartSettings settings_;
  Phase phase_ = Phase::looking;
  std::int64_t old_pid_ = 0, new_pid_ = 0;
  std::int64_t first_status_ = 0;             // of the last end before we came
  bool killed_ = false;
  base::Instant since_{};                     // of the phase
  base::Instant commanded_{};
  std::optional<base::Instant> inactive_since_;
  std::optional<base::Duration> restart_sec_;
  UnitState last_;
  std::string refused_;
};

}  // namespace gateway
