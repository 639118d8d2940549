#include "gateway/core/restart_wait.h"

#include "base/json.h"
#include "base/text.h"
#include "gateway/core/restart_texts.h"

namespace gateway {
namespace {

using namespace restart;
// sysexits.h: what the gateway ends with for a planned restart and for a configuration it cannot use.
constexpr std::int64_t kRestartCode = 75;
constexpr std::int64_t kConfigCode = 78;
constexpr std::string_view kLimitLine = "Start request repeated too quickly";

bool of_the_manager(const std::string& line, const std::string& unit) {
  if (line.starts_with(unit + ".service:")) return true;
  for (const auto* word : {"Started ", "Starting ", "Stopped ", "Stopping ", "Failed to start ", "-- "}) {
    if (line.starts_with(word)) return true;
  }
  return false;
}

/// Whether the manager's last word is that it refuses further starts: nothing was started after it.
bool ends_at_the_limit(const std::vector<std::string>& journal) {
  for (auto line = journal.rbegin(); line != journal.rend(); ++line) {
    if (line->find(kLimitLine) != std::string::npos) return true;
    if (line->find("Main process exited") != std::string::npos || line->starts_with("Started ") || line->starts_with("Starting ")) return false;
  }
  return false;
}

std::string way_of_death(const UnitState& unit) {
  if (unit.exec_code == "2" || unit.exec_code == "3") return fmt::format("killed by signal {}", unit.exec_status);
  if (unit.exec_status != 0) return fmt::format("exit code {}", unit.exec_status);
  return unit.result.empty() ? "unknown" : unit.result;
}

}  // namespace

std::vector<Action> RestartWait::step(base::Instant now, const Event& event) {
  if (phase_ == Phase::done) return {};
  return std::visit([&](const auto& each) { return on(now, each); }, event);
}

base::Duration RestartWait::gone_budget() const { return std::max(settings_.gone, settings_.drain + settings_.settle + kCleanUp); }

base::Duration RestartWait::active_budget() const {
  if (!settings_.wait_restart_sec || !restart_sec_ || *restart_sec_ == base::kForever) return settings_.active;
  return std::max(settings_.active, *restart_sec_ + std::chrono::seconds{30});
}

RestartWait::Actions RestartWait::end(std::string text, int code) {
  phase_ = Phase::done;
  return {Say{std::move(text)}, Finish{code}};
}

RestartWait::Actions RestartWait::on(base::Instant now, const Began&) {
  since_ = now;
  return {AskUnit{}};
}

RestartWait::Actions RestartWait::on(base::Instant now, const UnitSeen& event) {
  if (phase_ == Phase::looking) {
    if (!event.state) return end(service_text(ServiceText::unreachable, {.unit = settings_.unit, .reason = event.failure}), 1);
    return first_look(now, *event.state);
  }
  // A manager that does not answer for a moment (daemon-reload, a busy machine) costs time, nothing else.
  if (!event.state) return poll_unit(now);
  return look_again(now, *event.state);
}

RestartWait::Actions RestartWait::first_look(base::Instant now, const UnitState& unit) {
  const TextParts parts{.unit = settings_.unit};
  last_ = unit;
  restart_sec_ = unit.restart_sec;
  first_status_ = unit.exec_status;
  if (unit.load == "not-found") return end(service_text(ServiceText::not_installed, parts), 1);
  if (unit.load == "masked") return end(service_text(ServiceText::masked, parts), 1);
  if (unit.load == "bad-setting" || unit.load == "error") return end(service_text(ServiceText::bad_unit, parts), 1);
  old_pid_ = unit.main_pid;
  if (old_pid_ > 0) {
    phase_ = Phase::signalling;
    Say say{service_text(ServiceText::draining, parts), true};
    if (unit.active != "deactivating") return {std::move(say), SendSignal{old_pid_, Signal::usr1}};
    // It is on its way out already; a second request would change nothing.
    phase_ = Phase::draining;
    return {std::move(say), AskProcess{old_pid_}};
  }
  if (unit.active == "inactive" || unit.active == "failed") {
    auto actions = begin_waiting(now, true);
    actions.front() = Say{service_text(ServiceText::was_not_running, parts)};
    return actions;
  }
  return begin_waiting(now, !settings_.wait_restart_sec);
}

RestartWait::Actions RestartWait::begin_waiting(base::Instant now, bool command) {
  since_ = commanded_ = now;
  phase_ = command ? Phase::resetting : Phase::waiting;
  Say say{service_text(ServiceText::waiting, {.unit = settings_.unit}), true};
  if (command) return {std::move(say), ResetFailed{}};
  return {std::move(say), AskUnit{}};
}

RestartWait::Actions RestartWait::on(base::Instant now, const CommandDone& event) {
  switch (phase_) {
    case Phase::signalling:
      if (!event.ok) return end(service_text(ServiceText::cannot_signal, {.pid = old_pid_, .reason = event.reason}), 1);
      phase_ = Phase::draining;
      since_ = now;
      return {AskProcess{old_pid_}};
    case Phase::term_sent:
    case Phase::kill_sent:
      phase_ = phase_ == Phase::term_sent ? Phase::terminating : Phase::killing;
      since_ = now;
      return {AskProcess{old_pid_}};
    case Phase::resetting:
      // A unit that had nothing to reset refuses, and that is as good.
      phase_ = Phase::commanding;
      return {RestartUnit{}};
    case Phase::commanding:
      commanded_ = now;
      phase_ = Phase::waiting;
      if (event.ok) return {AskUnit{}};
      refused_ = event.reason;
      phase_ = Phase::diagnosing;
      return {AskJournal{}};
    default: return {AskUnit{}};
  }
}

RestartWait::Actions RestartWait::on(base::Instant now, const ProcessSeen& event) {
  if (!event.alive) return begin_waiting(now, !settings_.wait_restart_sec);
  const auto spent = now - since_;
  if (phase_ == Phase::draining && spent >= gone_budget()) {
    phase_ = Phase::term_sent;
    killed_ = true;
    return {Say{service_text(ServiceText::still_alive, {.pid = old_pid_, .time = gone_budget()})}, SendSignal{old_pid_, Signal::term}};
  }
  if (phase_ == Phase::terminating && spent >= settings_.kill) {
    phase_ = Phase::kill_sent;
    return {SendSignal{old_pid_, Signal::kill}};
  }
  if (phase_ == Phase::killing && spent >= settings_.kill) return end(service_text(ServiceText::cannot_kill, {.pid = old_pid_}), 1);
  return {Sleep{settings_.poll}};
}

RestartWait::Actions RestartWait::on(base::Instant now, const Woke&) {
  if (phase_ == Phase::draining || phase_ == Phase::terminating || phase_ == Phase::killing) return {AskProcess{old_pid_}};
  (void)now;
  return {AskUnit{}};
}

RestartWait::Actions RestartWait::poll_unit(base::Instant now) {
  if (now - since_ >= active_budget()) return end(service_text(ServiceText::timeout, {.unit = settings_.unit, .time = active_budget()}), 1);
  return {Sleep{settings_.poll}};
}

bool RestartWait::died_anew(base::Instant now, const UnitState& unit) const {
  // Under Restart=on-failure a start that fails goes to auto-restart, not to failed. But there the old process's end is shown too,
  // until a slow manager has come to our command: 75 is always the old one's, any other end may be for a while.
  if (unit.sub != "auto-restart" || unit.exec_status == kRestartCode) return false;
  const bool same_as_before = killed_ || (old_pid_ == 0 && unit.exec_status == first_status_);
  if (!same_as_before) return true;
  return !settings_.wait_restart_sec && now - commanded_ >= settings_.stopped;
}

RestartWait::Actions RestartWait::look_again(base::Instant now, const UnitState& unit) {
  last_ = unit;
  if (unit.restart_sec) restart_sec_ = unit.restart_sec;
  const bool fresh = unit.main_pid > 0 && unit.main_pid != old_pid_;
  if ((unit.active == "active" || unit.active == "reloading") && fresh) {
    new_pid_ = unit.main_pid;
    return {AskHealth{new_pid_}};
  }
  const bool settled = now - commanded_ >= settings_.settled;
  if ((unit.active == "failed" && settled) || died_anew(now, unit)) {
    phase_ = Phase::diagnosing;
    return {AskJournal{}};
  }
  if (unit.active != "inactive") {
    inactive_since_.reset();
  } else if (!inactive_since_) {
    inactive_since_ = now;
  } else if (now - *inactive_since_ >= settings_.stopped) {
    return end(service_text(ServiceText::stopped_meanwhile, {.unit = settings_.unit}), 1);
  }
  return poll_unit(now);
}

RestartWait::Actions RestartWait::on(base::Instant now, const HealthSeen& event) {
  const bool well = event.answered && (event.state == "running" || event.state == "degraded");
  if (well && (event.pid == 0 || event.pid == new_pid_)) return end(service_text(ServiceText::restarted, {.pid = new_pid_}), 0);
  return poll_unit(now);
}

std::string RestartWait::reason_of(const std::vector<std::string>& journal) const {
  // The gateway's own last error says most; then its last words; then how it died.
  for (auto line = journal.rbegin(); line != journal.rend(); ++line) {
    const auto json = line->starts_with("{") ? base::parse_wire_json(*line) : std::nullopt;
    if (!json || base::string_or(*json, "level") != "error") continue;
    const auto what = base::string_or(*json, "what");
    if (!what.empty()) return fmt::format("{} ({})", base::printable(what, 300), way_of_death(last_));
  }
  for (auto line = journal.rbegin(); line != journal.rend(); ++line) {
    if (line->empty() || line->starts_with("{") || of_the_manager(*line, settings_.unit)) continue;
    return fmt::format("{} ({})", base::printable(*line, 300), way_of_death(last_));
  }
  return way_of_death(last_);
}

RestartWait::Actions RestartWait::on(base::Instant, const JournalSeen& event) {
  const TextParts parts{.unit = settings_.unit};
  // After crashes Result stays exit-code; only the journal then tells that it was the limit.
  const bool limit = last_.result == "start-limit-hit" || refused_.find("attempted too often") != std::string::npos ||
                     (last_.active == "failed" && ends_at_the_limit(event.lines));
  if (limit) return end(service_text(ServiceText::start_limit, parts), 1);
  if (!refused_.empty()) return end(service_text(ServiceText::refused, {.unit = settings_.unit, .reason = refused_}), 1);
  const auto id = last_.exec_status == kConfigCode ? ServiceText::failed_config : ServiceText::failed_start;
  return end(service_text(id, {.unit = settings_.unit, .reason = reason_of(event.lines)}), 1);
}

}  // namespace gateway
