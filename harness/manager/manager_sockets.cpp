// Socket units: they listen for their service and stay open while it restarts, so that no connection is refused.
#include "harness/manager/manager_impl.h"

namespace harness::manager {
namespace {

std::string_view name_of(SocketState state) {
  switch (state) {
    case SocketState::dead: return "dead";
    case SocketState::listening: return "listening";
    case SocketState::running: return "running";
    case SocketState::failed: return "failed";
  }
  return "";
}

}  // namespace

void Manager::Impl::set_socket(UnitEntry& entry, SocketState state, std::string reason) {
  if (entry.socket == state) return;
  const auto from = entry.active();
  const std::string old{name_of(entry.socket)};
  const bool watched = entry.socket == SocketState::listening;
  entry.socket = state;
  note_change(entry, from);
  if (watched != (state == SocketState::listening) && !entry.socket_fds.empty()) {
    emit(WatchSocket{entry.unit->name, entry.socket_fds, state == SocketState::listening});
  }
  emit(StateChanged{entry.unit->name, old, std::string{name_of(state)}, std::string{to_string(entry.active())}, entry.socket_result, 0, 0,
                    std::move(reason)});
  process_job(entry, false);
}

StartAnswer Manager::Impl::start_socket(UnitEntry& entry) {
  const auto* service = find(entry.unit->socket.service);
  if (service != nullptr && service->service && service->active() != ActiveState::inactive && service->active() != ActiveState::failed &&
      service->service->state() != SubState::auto_restart) {
    journal_line(entry.unit->name, settings.manager_comm, settings.identity.pid,
                 entry.unit->name + ": Socket service " + entry.unit->socket.service + " already active, refusing.", 3, {});
    return StartAnswer::failed;
  }
  load(entry.unit->socket.service);
  entry.socket_result = "success";
  OpenSocket open{.id = next_spawn++, .unit = entry.unit->name, .backlog = entry.unit->socket.backlog, .mode = entry.unit->socket.mode};
  for (const auto& listener : entry.unit->socket.listeners) {
    open.listeners.push_back({static_cast<OpenSocket::Listener::Kind>(listener.kind), listener.address});
  }
  awaited = Awaited{.id = open.id, .unit = entry.unit->name};
  emit(std::move(open));
  return StartAnswer::nothing;
}

void Manager::Impl::on_socket_opened(const SocketOpened& opened) {
  const std::string name = awaited->unit;
  awaited.reset();
  auto* entry = find(name);
  if (entry == nullptr) return;
  if (opened.error != 0 || opened.fds.size() != entry->unit->socket.listeners.size()) {
    for (const int fd : opened.fds) emit(CloseFd{fd, {}});
    journal_line(name, settings.manager_comm, settings.identity.pid, name + ": Failed to listen on sockets.", 4, {});
    entry->socket_result = "resources";
    return set_socket(*entry, SocketState::failed, "cannot listen");
  }
  entry->socket_fds = opened.fds;
  set_socket(*entry, SocketState::listening, "start job");
}

void Manager::Impl::stop_socket(UnitEntry& entry, std::string_view result) {
  if (entry.socket == SocketState::listening) emit(WatchSocket{entry.unit->name, entry.socket_fds, false});
  for (std::size_t i = 0; i < entry.socket_fds.size(); ++i) {
    const auto& address = entry.unit->socket.listeners[i].address;
    emit(CloseFd{entry.socket_fds[i], entry.unit->socket.remove_on_stop && address.starts_with('/') ? address : std::string{}});
  }
  entry.socket_fds.clear();
  entry.socket_result = result;
  set_socket(entry, result == "success" ? SocketState::dead : SocketState::failed, "stopped");
}

void Manager::Impl::on_socket_readable(const std::string& unit) {
  auto* entry = find(unit);
  if (entry == nullptr || entry->socket != SocketState::listening) return;
  if (!entry->socket_trigger.below(now_, entry->unit->socket.trigger_limit_interval, entry->unit->socket.trigger_limit_burst)) {
    journal_line(unit, settings.manager_comm, settings.identity.pid, unit + ": Trigger limit hit, refusing further activation.", 4, {});
    return stop_socket(*entry, "trigger-limit-hit");
  }
  auto& service = load(entry->unit->socket.service);
  if (service.job && service.job->type == JobType::stop) return;
  std::string error;
  // A service that is coming (auto-restart too) needs no job of its own: the connection waits in the backlog.
  const auto state = service.active();
  const bool coming = state == ActiveState::active || state == ActiveState::reloading || state == ActiveState::activating || service.job;
  if (!coming) add_job(service, JobType::start, error);
  set_socket(*entry, SocketState::running, "a client connected");
}

void Manager::Impl::socket_follows(const UnitEntry& service) {
  if (!service.service) return;
  for (const auto& name : triggers_of(service.unit->name)) {
    auto& entry = *find(name);
    if (entry.socket != SocketState::listening && entry.socket != SocketState::running) continue;
    if (service.start_limit_hit && service.active() == ActiveState::failed) {
      stop_socket(entry, "service-start-limit-hit");
      continue;
    }
    switch (service.service->state()) {
      case SubState::running: set_socket(entry, SocketState::running, "its service runs"); break;
      case SubState::dead: case SubState::failed: case SubState::dead_before_auto_restart: case SubState::failed_before_auto_restart:
      case SubState::auto_restart: case SubState::final_sigterm: case SubState::final_sigkill:
        set_socket(entry, SocketState::listening, "its service is down");
        break;
      default: break;
    }
  }
}

std::vector<PassedFd> Manager::Impl::listen_fds(const std::string& service) const {
  std::vector<PassedFd> out;
  for (const auto& name : triggers_of(service)) {
    const auto& entry = *find(name);
    for (const int fd : entry.socket_fds) out.push_back({fd, entry.unit->socket.fd_name});
  }
  return out;
}

}  // namespace harness::manager
