// Where the programs of a run are: beside this one, in a build folder or installed.
#pragma once

#include <filesystem>
#include <string>

namespace harness {

struct Paths {
  std::filesystem::path bin;      ///< gateway, simulator, simulate
  std::filesystem::path libexec;  ///< brownout-manager, fronts/, timewarp.so, mutant-gateway
  std::filesystem::path library;  ///< the scenario library
  std::filesystem::path runs;     ///< where run folders go by default

  /// From /proc/self/exe: build/bin → build/libexec/brownout and the source tree's scenarios; PREFIX/bin → PREFIX/libexec/brownout, PREFIX/share/brownout.
  static Paths find();
};

}  // namespace harness
