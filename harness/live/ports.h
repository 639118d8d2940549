// Ports that no other run of this machine is given: below the kernel's ephemeral range, each held by a lock file.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"

namespace harness {

/// Holds its ports until it goes. A port is free when its lock file is and nothing listens there.
class PortLease {
 public:
  PortLease() = default;
  ~PortLease();
  PortLease(const PortLease&) = delete;
  PortLease& operator=(const PortLease&) = delete;
  base::Result<std::uint16_t> take();

 private:
  std::vector<int> locks_;
};
inline constexpr std::uint16_t kPortFirst = 21000;
inline constexpr std::uint16_t kPortLast = 29999;

}  // namespace harness
