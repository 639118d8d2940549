// Where plain text ends inside a JSON string: what the reader and the writer of JSON text both look for.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace base {

/// The first quote, backslash or control character at or after `at`, or `end`: sixteen or eight bytes at a time.
inline const char* find_json_stop(const char* at, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U, kHigh = 0x8080808080808080U;
  const auto zero_in = [](std::uint64_t v) { return (v - kOnes) & ~v & kHigh; };
#ifdef __SSE2__
  while (end - at >= 16) {
    const auto v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);
    const auto stops = _mm_or_si128(control, _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
    if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(stops)); mask != 0) return at + std::countr_zero(mask);
    at += 16;
  }
#endif
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
