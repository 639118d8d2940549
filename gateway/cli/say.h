// Words to the person at the terminal: results on stdout, everything else on stderr.
#pragma once

#include <cstdio>
#include <string_view>

namespace gateway {

inline void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}
inline void complain(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace gateway
