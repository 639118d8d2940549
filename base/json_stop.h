// Where plain text ends inside a JSON string: what the reader and the writer of JSON text both look for.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace base {

/// The first quote, backslash or control character at or after `at`, or `end`: eight bytes at a time.
inline const char* find_json_stop(const char* at, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U, kHigh = 0x8080808080808080U;
  const auto zero_in = [](std::uint64_t v) { return (v - kOnes) & ~v & kHigh; };
  while (end - at >= 8) {
    std::uint64_t v = 0;
    std::memcpy(&v, at, 8);
    const auto control = (v - kOnes * 0x20) & ~v & kHigh;
    const auto stops = control | zero_in(v ^ (kOnes * '"')) | zero_in(v ^ (kOnes * '\\'));
    if (stops != 0) {
      // A borrow makes marks above a true one only: the lowest is true.
      if constexpr (std::endian::native == std::endian::little) return at + std::countr_zero(stops) / 8;
      break;
    }
    at += 8;
  }
  while (at < end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
  return at;
}

}  // namespace base
