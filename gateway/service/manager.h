// What the service manager says of our unit, asked through `systemctl --user` on PATH; every call has a bound.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "gateway/core/unit_state.h"
#include "gateway/service/command.h"

namespace gateway {

class Manager {
 public:
  explicit Manager(std::string unit, base::Duration bound = kManagerBound) : unit_(std::move(unit)), bound_(bound) {}
  const std::string& unit() const { return unit_; }
  /// `failure` says why there is no answer.
  std::optional<UnitState> show(std::string& failure) const;
  /// systemctl --user VERB… UNIT.service
  CommandResult verb(std::vector<std::string> words, std::optional<base::Duration> bound = {}) const;
  /// The unit's last lines since a point such as "2 min ago"; -o cat.
  CommandResult journal(const std::string& since, int lines) const;
  static constexpr base::Duration kManagerBound = std::chrono::seconds{5};

 private:
  std::string unit_;
  base::Duration bound_;
};


}  // namespace gateway
