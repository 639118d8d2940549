// What a process needs in its environment to run N times faster: the shim, the factor and the common zero.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace harness::timewarp {

/// One clock for all processes of a run. The zero is taken once, by whoever starts the run, from the real clocks.
struct Clock {
  double factor = 1;
  std::int64_t monotonic_zero = 0, wall_zero = 0;  ///< nanoseconds

  static Clock starting_now(double factor);
  std::string text() const;  ///< the value of TIMEWARP
  /// Where a real monotonic point lies on the clock of the processes under the shim, and back.
  std::int64_t to_virtual(std::int64_t monotonic_ns) const;
  std::int64_t to_real(std::int64_t virtual_ns) const;
};

/// build/libexec/brownout/timewarp.so beside the running program (…/bin or …/libexec/brownout); empty when it is not there.
std::filesystem::path shim_beside_program();

/// Sets LD_PRELOAD and TIMEWARP over `environment` (KEY=VALUE entries), keeping other preloads; with factor 1 it changes nothing.
/// A program built with a sanitizer insists on coming first unless told otherwise, so ASAN_OPTIONS gets verify_asan_link_order=0.
void put_under(const Clock& clock, const std::filesystem::path& shim, std::vector<std::string>& environment);

}  // namespace harness::timewarp
