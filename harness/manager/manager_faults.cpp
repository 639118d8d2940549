// The manager's own faults: armed by an event, taken where they bite, reported when they did.
#include "harness/manager/manager_impl.h"

namespace harness::manager {

void Manager::Impl::on_fault(const Fault& fault) {
  const auto each = [&](const std::function<void(UnitEntry&)>& act) {
    for (auto& [name, entry] : units) {
      if (entry.service && (fault.unit.empty() || with_suffix(fault.unit) == name)) act(entry);
    }
    emit(FaultFired{fault.kind, fault.unit});
  };
  switch (fault.kind) {
    case FaultKind::clear:
      std::erase_if(faults, [&](const PendingFault& armed) { return fault.unit.empty() || armed.fault.unit == fault.unit; });
      return;
    case FaultKind::clear_counters:
      return each([](UnitEntry& entry) {
        entry.service->clear_counters();
        entry.limiter = {};
      });
    case FaultKind::limit_at_burst:
      return each([&](UnitEntry& entry) {
        entry.limiter.begin = now_;
        entry.limiter.count = entry.unit->start_limit_burst;
      });
    case FaultKind::lose_socket:
      for (auto& [name, entry] : units) {
        const bool meant = fault.unit.empty() || fault.unit == name || with_suffix(fault.unit) == entry.unit->socket.service;
        if (!meant || entry.socket_fds.empty()) continue;
        stop_socket(entry, "resources");
        emit(FaultFired{fault.kind, name});
      }
      return;
    default:
      faults.push_back({fault, fault.times});
      return;
  }
}

bool Manager::Impl::has_fault(FaultKind kind, std::string_view unit) const {
  for (const auto& armed : faults) {
    const bool meant = armed.fault.unit.empty() || unit.empty() || with_suffix(armed.fault.unit) == unit;
    if (armed.fault.kind == kind && meant && armed.left != 0) return true;
  }
  return false;
}

const Fault* Manager::Impl::take_fault(FaultKind kind, std::string_view unit) {
  for (auto armed = faults.begin(); armed != faults.end(); ++armed) {
    const bool meant = armed->fault.unit.empty() || unit.empty() || with_suffix(armed->fault.unit) == unit;
    if (armed->fault.kind != kind || !meant || armed->left == 0) continue;
    taken = armed->fault;
    if (armed->left > 0 && --armed->left == 0) faults.erase(armed);
    emit(FaultFired{kind, std::string{unit}});
    return &taken;
  }
  return nullptr;
}

base::Duration Manager::Impl::restart_delay(const ServiceMachine& service, base::Duration delay) {
  if (faults.empty()) return delay;
  if (take_fault(FaultKind::restart_stuck, service.unit().name) != nullptr) return base::kForever;
  if (const auto* fault = take_fault(FaultKind::restart_late, service.unit().name)) return delay + fault->by;
  return delay;
}

}  // namespace harness::manager
