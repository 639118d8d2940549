// Jobs: what systemd calls a transaction, cut down to what services and sockets of one user need. One job a unit; the newest wins.
#include <algorithm>

#include "base/assert.h"
#include "harness/manager/manager_impl.h"

namespace harness::manager {
namespace {

constexpr int kDependencyDepthMax = 32;

bool conflicting(JobType a, JobType b) { return (a == JobType::stop) != (b == JobType::stop); }

JobType merged(JobType a, JobType b) {
  if (a == b) return a;
  const auto either = [&](JobType type) { return a == type || b == type; };
  if (either(JobType::restart)) return JobType::restart;
  if (either(JobType::start) && either(JobType::reload)) return JobType::reload_or_start;
  return a;
}
bool superset(JobType a, JobType b) { return a == b || (a == JobType::restart && b != JobType::stop); }

bool inactive_or_failed(ActiveState state) { return state == ActiveState::inactive || state == ActiveState::failed; }
bool active_or_reloading(ActiveState state) { return state == ActiveState::active || state == ActiveState::reloading; }

}  // namespace

std::string_view to_string(JobType type) {
  switch (type) {
    case JobType::start: return "start";
    case JobType::stop: return "stop";
    case JobType::restart: return "restart";
    case JobType::reload: return "reload";
    case JobType::reload_or_start: return "reload-or-start";
    case JobType::try_restart: return "try-restart";
    case JobType::try_reload: return "try-reload";
    case JobType::nop: return "nop";
  }
  return "";
}
std::string_view to_string(JobResult result) {
  switch (result) {
    case JobResult::done: return "done";
    case JobResult::canceled: return "canceled";
    case JobResult::failed: return "failed";
    case JobResult::dependency: return "dependency";
    case JobResult::invalid: return "invalid";
    case JobResult::assertion: return "assert";
    case JobResult::skipped: return "skipped";
  }
  return "";
}

JobType Manager::Impl::collapse(const UnitEntry& entry, JobType type) const {
  const auto state = entry.active();
  const bool down = inactive_or_failed(state) || state == ActiveState::deactivating;
  switch (type) {
    case JobType::try_restart: return down ? JobType::nop : JobType::restart;
    case JobType::try_reload: return down ? JobType::nop : JobType::reload;
    case JobType::reload_or_start: return active_or_reloading(state) ? JobType::reload : JobType::start;
    default: return type;
  }
}

Job* Manager::Impl::add_job(UnitEntry& entry, JobType type, std::string& error, int depth) {
  type = collapse(entry, type);
  if (type == JobType::nop) return nullptr;
  if (depth > kDependencyDepthMax || !add_dependencies(entry, type, error, depth)) return nullptr;
  return install_job(entry, type);
}

bool Manager::Impl::add_dependencies(UnitEntry& entry, JobType type, std::string& error, int depth) {
  const auto unit = entry.unit;
  if (type == JobType::start || type == JobType::restart) {
    const auto pull = [&](const std::vector<std::string>& names, bool required) {
      for (const auto& name : names) {
        auto& other = load(name);
        if (other.unit->load_state == LoadState::not_found && other.unit->kind == UnitKind::target) continue;  // basic.target and its like
        if (other.unit->load_state != LoadState::loaded) {
          if (!required) continue;
          error = "Unit " + name + " not found.";
          return false;
        }
        if (!active_or_reloading(other.active()) && !other.job) add_job(other, JobType::start, error, depth + 1);
      }
      return true;
    };
    if (!pull(unit->requires_, true) || !pull(unit->binds_to, true)) return false;
    pull(unit->wants, false);
    for (const auto& name : unit->conflicts) {
      if (auto* other = find(name); other != nullptr && !inactive_or_failed(other->active())) add_job(*other, JobType::stop, error, depth + 1);
    }
  }
  if (type == JobType::stop || type == JobType::restart) {
    for (auto& [name, other] : units) {
      const Unit& candidate = *other.unit;
      const auto lists = [&](const std::vector<std::string>& list) { return std::find(list.begin(), list.end(), unit->name) != list.end(); };
      if (&other == &entry || inactive_or_failed(other.active()) || other.job) continue;
      if (lists(candidate.requires_) || lists(candidate.binds_to) || lists(candidate.part_of)) {
        add_job(other, type == JobType::stop ? JobType::stop : JobType::try_restart, error, depth + 1);
      }
    }
  }
  return true;
}

Job* Manager::Impl::install_job(UnitEntry& entry, JobType type) {
  if (entry.job) {
    Job& installed = *entry.job;
    if (conflicting(installed.type, type)) {
      finish_job(entry, JobResult::canceled, false);
    } else if (!installed.running || (type != JobType::reload && superset(installed.type, type))) {
      installed.type = collapse(entry, merged(installed.type, type));
      queue_job(entry.unit->name);
      return &installed;
    } else {
      // Too late to merge into what runs: it runs once more when the unit's state changes or at once.
      installed.type = collapse(entry, merged(installed.type, type));
      installed.running = false;
      queue_job(entry.unit->name);
      return &installed;
    }
  }
  entry.job = Job{.id = next_job++, .type = type};
  queue_job(entry.unit->name);
  return &*entry.job;
}

void Manager::Impl::queue_job(const std::string& unit) {
  if (std::find(run_queue.begin(), run_queue.end(), unit) == run_queue.end()) run_queue.push_back(unit);
}

bool Manager::Impl::runnable(const UnitEntry& entry) const {
  const auto& job = *entry.job;
  const auto waits_for = [&](const UnitEntry* other) { return other != nullptr && other != &entry && other->job.has_value(); };
  if (job.type == JobType::start || job.type == JobType::reload) {
    for (const auto& name : entry.unit->after) {
      const auto* other = find(name);
      if (waits_for(other) && other->job->type != JobType::reload) return false;
    }
    for (const auto& name : triggers_of(entry.unit->name)) {
      if (const auto* other = find(name); waits_for(other) && other->job->type == JobType::start) return false;
    }
    return true;
  }
  for (const auto& [name, other] : units) {
    const auto& after = other.unit->after;
    const bool later = std::find(after.begin(), after.end(), entry.unit->name) != after.end();
    if (later && waits_for(&other) && (other.job->type == JobType::stop || other.job->type == JobType::restart)) return false;
  }
  return true;
}

void Manager::Impl::run_job(UnitEntry& entry) {
  if (!entry.job || entry.job->running || !runnable(entry)) return;
  Job& job = *entry.job;
  const auto id = job.id;
  job.running = true;
  StartAnswer answer = StartAnswer::failed;
  switch (job.type) {
    case JobType::start: answer = start_unit(entry); break;
    case JobType::stop: case JobType::restart: answer = stop_unit(entry); break;
    case JobType::reload: answer = reload_unit(entry); break;
    default: answer = StartAnswer::already; break;
  }
  if (!entry.job || entry.job->id != id || !entry.job->running) return;
  switch (answer) {
    case StartAnswer::started:
      entry.job->announce = true;
      if (!awaited) announce(entry);
      return;
    case StartAnswer::nothing: return;
    case StartAnswer::again: entry.job->running = false; return;
    case StartAnswer::already: return finish_job(entry, JobResult::done, true);
    case StartAnswer::skipped: return finish_job(entry, JobResult::done, true);  // an unmet condition is said at debug level only
    case StartAnswer::invalid: return finish_job(entry, JobResult::invalid, false);
    case StartAnswer::assertion: return finish_job(entry, JobResult::assertion, false);
    case StartAnswer::failed: return finish_job(entry, JobResult::failed, false);
  }
}

StartAnswer Manager::Impl::start_unit(UnitEntry& entry) {
  const auto state = entry.active();
  if (active_or_reloading(state)) return StartAnswer::already;
  if (entry.unit->load_state != LoadState::loaded) return StartAnswer::failed;
  if (state != ActiveState::activating) {
    entry.condition_at = now_;
    entry.condition_result = conditions_met(*entry.unit, false);
    if (!entry.condition_result) return StartAnswer::skipped;
    if (!conditions_met(*entry.unit, true)) return StartAnswer::assertion;
  }
  if (entry.unit->kind == UnitKind::socket) return start_socket(entry);
  if (!entry.service) {
    const auto from = entry.active();
    entry.target_active = true;
    note_change(entry, from);
    process_job(entry, false);
    return StartAnswer::started;
  }
  // Since 257 a start that only waits for the restart timer is no attempt; in 252 every retry counts.
  const bool counts = settings.compat == Compat::v252 || entry.service->state() != SubState::auto_restart;
  const bool refused = take_fault(FaultKind::refuse_start, entry.unit->name) != nullptr;
  if (refused || (counts && !entry.limiter.below(now_, entry.unit->start_limit_interval, entry.unit->start_limit_burst))) {
    entry.start_limit_hit = true;
    journal_line(entry.unit->name, settings.manager_comm, settings.identity.pid, entry.unit->name + ": Start request repeated too quickly.", 4, {});
    entry.service->refuse_start();
    return StartAnswer::failed;
  }
  entry.start_limit_hit = false;
  return entry.service->start();
}

StartAnswer Manager::Impl::stop_unit(UnitEntry& entry) {
  const auto state = entry.active();
  if (inactive_or_failed(state)) return StartAnswer::already;
  if (entry.unit->kind == UnitKind::socket) {
    stop_socket(entry, "success");
    return StartAnswer::started;
  }
  if (!entry.service) {
    entry.target_active = false;
    note_change(entry, state);
    process_job(entry, false);
    return StartAnswer::started;
  }
  const auto sub = entry.service->state();
  entry.service->stop();
  return sub == SubState::running || sub == SubState::exited ? StartAnswer::started : StartAnswer::nothing;
}

StartAnswer Manager::Impl::reload_unit(UnitEntry& entry) {
  if (!entry.service || !entry.service->can_reload()) return StartAnswer::nothing;
  const auto state = entry.active();
  if (state == ActiveState::reloading) return StartAnswer::again;
  if (state != ActiveState::active) return StartAnswer::invalid;
  entry.service->reload();
  return StartAnswer::started;
}

// What unit_process_job() does: a job is over when its unit reached (or can no longer reach) what it wanted.
void Manager::Impl::process_job(UnitEntry& entry, bool reload_failed) {
  if (!entry.job) return;
  Job& job = *entry.job;
  const auto state = entry.active();
  if (!job.running) queue_job(entry.unit->name);
  switch (job.type) {
    case JobType::start:
      if (active_or_reloading(state)) return finish_job(entry, JobResult::done, false);
      if (job.running && inactive_or_failed(state)) {
        finish_job(entry, state == ActiveState::failed ? JobResult::failed : JobResult::done, false);
      }
      return;
    case JobType::reload:
      if (!job.running) return;
      if (state == ActiveState::active) return finish_job(entry, reload_failed ? JobResult::failed : JobResult::done, false);
      if (inactive_or_failed(state)) finish_job(entry, state == ActiveState::failed ? JobResult::failed : JobResult::done, false);
      return;
    case JobType::stop: case JobType::restart:
      if (inactive_or_failed(state)) return finish_job(entry, JobResult::done, false);
      if (job.running && state != ActiveState::deactivating) finish_job(entry, JobResult::failed, false);
      return;
    default: return;
  }
}

void Manager::Impl::finish_job(UnitEntry& entry, JobResult result, bool already) {
  ASSERT(entry.job.has_value());
  if (!already) job_message(entry, *entry.job, result);
  if (result == JobResult::done && entry.job->type == JobType::restart) {
    // The stop half is over; the same job goes on as a start.
    entry.job->type = JobType::start;
    entry.job->running = false;
    entry.job->announce = false;
    queue_job(entry.unit->name);
    return;
  }
  const Job job = std::move(*entry.job);
  entry.job.reset();
  for (const ClientId client : job.waiters) notify_client(client, entry, result);
  const bool bad = result == JobResult::failed || result == JobResult::dependency;
  // Only jobs that are ordered after or before this unit are tried again (job_finish_and_invalidate()): each try of a start counts against
  // the start limit, and what others do is no reason for one.
  const auto follows = [](const UnitEntry& later, const UnitEntry& earlier) {
    const auto& after = later.unit->after;
    return std::find(after.begin(), after.end(), earlier.unit->name) != after.end();
  };
  const auto triggers = triggers_of(entry.unit->name);
  for (auto& [name, other] : units) {
    if (!other.job || &other == &entry) continue;
    const auto& needs = other.unit->requires_;
    const bool needed = std::find(needs.begin(), needs.end(), entry.unit->name) != needs.end();
    if (bad && job.type == JobType::start && needed && !other.job->running && other.job->type == JobType::start) {
      finish_job(other, JobResult::dependency, false);
    } else if (!other.job->running) {
      const auto triggered = triggers_of(name);
      const bool socket = std::find(triggers.begin(), triggers.end(), name) != triggers.end() ||
                          std::find(triggered.begin(), triggered.end(), entry.unit->name) != triggered.end();
      if (socket || needed || follows(other, entry) || follows(entry, other)) queue_job(name);
    }
  }
  collect_queue.insert(entry.unit->name);
  if (bad && job.type == JobType::start) socket_follows(entry);
}

void Manager::Impl::announce(UnitEntry& entry) {
  if (!entry.job || !entry.job->announce) return;
  entry.job->announce = false;
  if (!logs()) return;
  const auto type = entry.job->type;
  const char* verb = type == JobType::start ? "Starting " : type == JobType::reload ? "Reloading " : "Stopping ";
  const char* id = type == JobType::start    ? "7d4958e842da4a758f6c1cdc7b36dcc5"
                   : type == JobType::reload ? "d34d037fff1847e6ae669a370e694725"
                                             : "de5b426a63be47a7b6ac3eaac82e2f6f";
  journal_line(entry.unit->name, settings.manager_comm, settings.identity.pid, verb + display_name(*entry.unit) + "...", 6,
               {{"MESSAGE_ID", id}, {"JOB_ID", std::to_string(entry.job->id)}, {"JOB_TYPE", std::string{to_string(type)}},
                {"USER_INVOCATION_ID", entry.service ? entry.service->invocation_id() : ""}});
}

std::string Manager::Impl::display_name(const Unit& unit) const {
  return unit.description == unit.name ? unit.name : unit.name + " - " + unit.description;
}

void Manager::Impl::job_message(const UnitEntry& entry, const Job& job, JobResult result) {
  if (!logs()) return;
  const std::string name = display_name(*entry.unit);
  std::string text;
  const char* id = "";
  int priority = 6;
  const bool done = result == JobResult::done, failed = result == JobResult::failed;
  if (job.type == JobType::start && done && !entry.condition_result) {
    text = "Condition check resulted in " + name + " being skipped.";
  } else if (job.type == JobType::start && done) {
    const bool oneshot = entry.unit->kind == UnitKind::service && entry.unit->service.type == ServiceType::oneshot;
    text = (oneshot ? "Finished " : "Started ") + name + ".";
    id = "39f53479d3a045ac8e11786248231fbf";
  } else if (job.type == JobType::start && (failed || result == JobResult::dependency)) {
    text = (failed ? "Failed to start " : "Dependency failed for ") + name + ".";
    id = "be02cf6855d2428ba40df7e9d022f03d";
    priority = 3;
  } else if ((job.type == JobType::stop || job.type == JobType::restart) && (done || failed)) {
    text = (done ? "Stopped " : "Stopped (with error) ") + name + ".";
    id = "9d1aaa27d60140bd96365438aad20286";
  } else if (job.type == JobType::reload && (done || failed)) {
    text = (done ? "Reloaded " : "Reload failed for ") + name + ".";
    id = "7b05ebc668384222baa8881179cfda54";
    if (failed) priority = 3;
  } else {
    return;
  }
  journal_line(entry.unit->name, settings.manager_comm, settings.identity.pid, text, priority,
               {{"MESSAGE_ID", id}, {"JOB_ID", std::to_string(job.id)}, {"JOB_TYPE", std::string{to_string(job.type)}},
                {"JOB_RESULT", std::string{to_string(result)}}, {"USER_INVOCATION_ID", entry.service ? entry.service->invocation_id() : ""}});
}

// ── What the machine reports and asks ───────────────────────────────────────────────────────────────────────────────

void Manager::Impl::note_change(UnitEntry& entry, ActiveState from) {
  const auto to = entry.active();
  entry.state_change = now_;
  if (inactive_or_failed(from) && !inactive_or_failed(to)) entry.inactive_exit = now_;
  else if (!inactive_or_failed(from) && inactive_or_failed(to)) entry.inactive_enter = now_;
  if (!active_or_reloading(from) && active_or_reloading(to)) entry.active_enter = now_;
  else if (active_or_reloading(from) && !active_or_reloading(to)) entry.active_exit = now_;
  if (inactive_or_failed(to)) collect_queue.insert(entry.unit->name);
}

void Manager::Impl::state_changed(ServiceMachine& service, SubState from, bool will_restart, std::string reason) {
  auto& entry = *find(service.unit().name);
  const auto old = active_state(from);
  const auto state = service.active();
  note_change(entry, old);
  if (from != service.state()) {
    emit(StateChanged{service.unit().name, std::string{to_string(from)}, std::string{to_string(service.state())}, std::string{to_string(state)},
                      std::string{to_string(service.result())}, service.n_restarts(), service.main_pid(), std::move(reason)});
  }
  if (service.result() == ServiceResult::exec_condition) entry.condition_result = false;
  process_job(entry, service.reload_result() != ServiceResult::success);
  // 252 fires OnFailure= only when no restart follows; 257 at every failure.
  const bool final = settings.compat == Compat::v257 || !will_restart;
  if (state == ActiveState::failed && old != ActiveState::failed && final) trigger_on_failure(entry);
  if (state == ActiveState::inactive && !inactive_or_failed(old) && !will_restart) {
    std::string error;
    for (const auto& name : service.unit().on_success) add_job(load(name), JobType::start, error);
  }
  if (from != service.state()) socket_follows(entry);
}

void Manager::Impl::trigger_on_failure(UnitEntry& entry) {
  if (entry.unit->on_failure.empty()) return;
  journal_line(entry.unit->name, settings.manager_comm, settings.identity.pid, entry.unit->name + ": Triggering OnFailure= dependencies.", 6, {});
  std::vector<std::pair<std::string, std::string>> block;
  add_result_environment(*entry.service, block);
  for (const auto& name : entry.unit->on_failure) {
    auto& other = load(with_suffix(name));
    other.monitor.clear();
    for (const auto& [key, value] : block) other.monitor.push_back("MONITOR_" + key + "=" + value);
    other.monitor.push_back("MONITOR_INVOCATION_ID=" + entry.service->invocation_id());
    other.monitor.push_back("MONITOR_UNIT=" + entry.unit->name);
    std::string error;
    add_job(other, JobType::start, error);
  }
}

bool Manager::Impl::stop_job(const ServiceMachine& service) const {
  const auto* entry = find(service.unit().name);
  return entry != nullptr && entry->job && entry->job->type == JobType::stop;
}
bool Manager::Impl::restart_job(const ServiceMachine& service) const {
  const auto* entry = find(service.unit().name);
  return entry != nullptr && entry->job && entry->job->type == JobType::restart;
}

void Manager::Impl::queue_restart(ServiceMachine& service) {
  auto& entry = *find(service.unit().name);
  std::string error;
  add_job(entry, settings.compat == Compat::v252 ? JobType::restart : JobType::start, error);
}

}  // namespace harness::manager
