// The respawn guard: a gateway that keeps dying starts slower and slower instead of burning the machine. The decision is pure.
#pragma once

#include <filesystem>
#include <vector>

#include "gateway/core/config.h"

namespace gateway {

enum class LastEnd : std::uint8_t { none_yet, crashed, unplanned, planned };

/// What is known of earlier starts; written at each start and each orderly end.
struct StartRecord {
  std::vector<base::WallTime> unplanned;  ///< starts that followed an unplanned end, oldest first
  LastEnd end = LastEnd::none_yet;
};
struct RespawnVerdict {
  base::Duration pause{0};
  std::int64_t starts = 0;  ///< unplanned ones within the interval, this one included
};
/// Counts this start when the last end was not planned, and tells how long to wait before it goes on. Planned restarts never count.
RespawnVerdict on_start(StartRecord& record, const RespawnGuard& guard, base::WallTime now);

StartRecord read_starts(const std::filesystem::path& file);
/// False: it could not be written; the gateway goes on without the guard.
bool write_starts(const std::filesystem::path& file, const StartRecord& record);

}  // namespace gateway
