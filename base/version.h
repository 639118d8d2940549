// The one place of the version: the programs' --version, the gateway's /health, and the CMake project read it.
#pragma once

#include <string_view>

namespace base {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace base
