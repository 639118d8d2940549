// The service machine: the notify protocol of sd_notify(3), the watchdog and the descriptor store.
#include <algorithm>

#include "base/text.h"
#include "harness/manager/state_machine.h"

namespace harness::manager {
namespace {

/// The value of the first line "KEY=…"; nullopt when there is none.
std::optional<std::string_view> value_of(const std::vector<std::string>& lines, std::string_view key) {
  for (const auto& line : lines) {
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == '=') return std::string_view{line}.substr(key.size() + 1);
  }
  return std::nullopt;
}
bool has(const std::vector<std::string>& lines, std::string_view line) { return std::find(lines.begin(), lines.end(), line) != lines.end(); }

std::optional<base::Duration> microseconds(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  const auto number = base::parse_integer(*text);
  if (!number || *number < 0 || *number > std::numeric_limits<std::int64_t>::max() / 1000) return std::nullopt;
  return std::chrono::microseconds{*number};
}

}  // namespace

void ServiceMachine::notify(Pid pid, std::string_view text, std::vector<int>& fds) {
  switch (notify_access()) {
    case NotifyAccess::none: return;
    case NotifyAccess::main:
      if (pid != main_pid_) return;
      break;
    case NotifyAccess::exec:
      if (pid != main_pid_ && pid != control_pid_) return;
      break;
    case NotifyAccess::all: break;
  }
  const auto lines = base::split(text, '\n');
  if (const auto value = value_of(lines, "MAINPID")) notify_main_pid(pid, *value);
  if (v252()) notify_state_252(lines);
  else notify_state(lines);
  if (const auto value = value_of(lines, "STATUS")) status_text_ = base::to_valid_utf8(*value);
  if (const auto value = value_of(lines, "ERRNO")) {
    const auto number = base::parse_integer(*value);
    if (number && *number >= 0 && *number < 4096) status_errno_ = static_cast<int>(*number);
  }
  if (const auto value = value_of(lines, "NOTIFYACCESS"); value && !v252()) {
    for (const auto access : {NotifyAccess::none, NotifyAccess::main, NotifyAccess::exec, NotifyAccess::all}) {
      if (to_string(access) == *value) notify_access_override_ = access;
    }
  }
  notify_timers(lines);
  notify_fds(lines, fds);
}

void ServiceMachine::notify_main_pid(Pid, std::string_view value) {
  const bool listens = state_ == SubState::start || state_ == SubState::start_post || state_ == SubState::running ||
                       state_ == SubState::reload || state_ == SubState::reload_signal || state_ == SubState::reload_notify;
  const auto number = base::parse_integer(value);
  if (!listens || !number || *number < 1 || *number > 4'194'304) return;
  const auto pid = static_cast<Pid>(*number);
  if (pid == main_pid_) return;
  const auto members = port_.host().processes(unit_->name);
  const bool ours = std::any_of(members.begin(), members.end(), [&](const ProcessInfo& member) { return member.pid == pid; });
  if (!ours || pid == control_pid_) {
    log_unit("New main PID " + std::to_string(pid) + " does not belong to service, refusing.", 4);
    return;
  }
  main_pid_ = pid;
  main_alien_ = true;
  main_command_.reset();
  main_status_ = {.pid = pid, .started = port_.now()};
  log_unit("Supervising process " + std::to_string(pid) + " which is not our child. We'll most likely not notice when it exits.", 4);
}

// 252: of several words in one datagram the last one wins.
void ServiceMachine::notify_state_252(const std::vector<std::string>& lines) {
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (*line == "READY=1") {
      notified_ = Notified::ready;
      reason_ = "READY=1";
      if (unit_->service.type == ServiceType::notify && state_ == SubState::start) enter_start_post();
      else if (state_ == SubState::reload && !control_good()) enter_running(ServiceResult::success);
      return;
    }
    if (*line == "RELOADING=1") {
      notified_ = Notified::reloading;
      if (state_ == SubState::running) enter_reload_by_notify();
      return;
    }
    if (*line == "STOPPING=1") {
      notified_ = Notified::stopping;
      if (state_ == SubState::running) enter_stop_by_notify();
      return;
    }
  }
}

// 257: STOPPING before READY before RELOADING, in whatever order they are written.
void ServiceMachine::notify_state(const std::vector<std::string>& lines) {
  const bool reloading = has(lines, "RELOADING=1");
  const auto sent_at = microseconds(value_of(lines, "MONOTONIC_USEC"));
  // A reload by signal is answered only by a datagram that was written after the signal.
  const bool answers = sent_at && *sent_at >= std::chrono::floor<std::chrono::microseconds>(reload_begin_.since_start);
  if (has(lines, "STOPPING=1")) {
    notified_ = Notified::stopping;
    if (state_ == SubState::running || state_ == SubState::reload_signal || state_ == SubState::reload_notify) enter_stop_by_notify();
  } else if (has(lines, "READY=1")) {
    notified_ = Notified::ready;
    reason_ = "READY=1";
    const bool notifies = unit_->service.type == ServiceType::notify || unit_->service.type == ServiceType::notify_reload;
    if (notifies && state_ == SubState::start) enter_start_post();
    else if (state_ == SubState::reload_notify) enter_running(ServiceResult::success);
    else if (state_ == SubState::reload_signal && reloading && answers) enter_running(ServiceResult::success);
  } else if (reloading) {
    notified_ = Notified::reloading;
    if (state_ == SubState::reload_signal && answers) {
      const auto keep = deadline_;
      set_state(SubState::reload_notify, "RELOADING=1");
      deadline_ = keep;
    } else if (state_ == SubState::running) {
      enter_reload_by_notify();
    }
  }
}

void ServiceMachine::notify_timers(const std::vector<std::string>& lines) {
  if (const auto by = microseconds(value_of(lines, "EXTEND_TIMEOUT_USEC")); by && *by > base::Duration{0}) extend_timeout(*by);
  if (const auto word = value_of(lines, "WATCHDOG")) {
    if (*word == "1") reset_watchdog();
    else if (*word == "trigger") watchdog_missed(true);
  }
  if (const auto period = microseconds(value_of(lines, "WATCHDOG_USEC"))) {
    watchdog_override_ = *period == base::Duration{0} ? base::kForever : *period;
    if (watchdog_at_) reset_watchdog();
  }
}

void ServiceMachine::extend_timeout(base::Duration by) {
  const auto until = port_.now() + by;
  if (deadline_ != base::kNever) deadline_ = std::max(deadline_, until);
  if (watchdog_deadline_ != base::kNever) watchdog_deadline_ = std::max(watchdog_deadline_, until);
}

void ServiceMachine::reset_watchdog() {
  watchdog_at_ = port_.now();
  const auto period = watchdog();
  watchdog_deadline_ = period == base::kForever ? base::kNever : port_.now() + period;
}

void ServiceMachine::watchdog_missed(bool requested) {
  if (requested) {
    log_unit("Watchdog request (last status: " + (status_text_.empty() ? std::string{"<unset>"} : status_text_) + ")!", 3);
    reason_ = "WATCHDOG=trigger";
  } else {
    log_unit("Watchdog timeout (limit " + format_time_span(watchdog()) + ")!", 3);
    reason_ = "watchdog timeout";
  }
  enter_signal(SubState::stop_watchdog, ServiceResult::watchdog);
}

void ServiceMachine::notify_fds(const std::vector<std::string>& lines, std::vector<int>& fds) {
  const auto name = value_of(lines, "FDNAME");
  if (has(lines, "FDSTOREREMOVE=1") && name) {
    std::erase_if(fd_store_, [&](const PassedFd& stored) {
      if (stored.name != *name) return false;
      port_.emit(CloseFd{stored.fd, {}});
      return true;
    });
    return;
  }
  if (!has(lines, "FDSTORE=1")) return;
  const bool poll = !has(lines, "FDPOLL=0");
  while (!fds.empty() && fd_store_.size() < unit_->service.fd_store_max) {
    fd_store_.push_back({fds.front(), name ? std::string{*name} : "stored"});
    if (poll) port_.emit(WatchFd{fds.front()});
    fds.erase(fds.begin());
  }
  if (!fds.empty()) log_unit("Fd store limit reached, closing.", 4);
}

void ServiceMachine::fd_hangup(int fd) {
  std::erase_if(fd_store_, [&](const PassedFd& stored) {
    if (stored.fd != fd) return false;
    port_.emit(CloseFd{fd, {}});
    return true;
  });
}

}  // namespace harness::manager
