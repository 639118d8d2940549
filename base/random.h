// The only source of random numbers: from a printed seed, with our own distributions (those of std:: differ between libraries).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/time.h"

namespace base {

/// SplitMix64's finaliser: a good 64-bit mix of one value (Steele, Lea, Flood 2014).
inline std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31U);
}
/// An order-sensitive hash of several values: verdict = hash_mix({seed, rule, credential, attempt}).
inline std::uint64_t hash_mix(std::initializer_list<std::uint64_t> values) {
  std::uint64_t state = 0x9E3779B97F4A7C15ULL;
  // The added constant keeps a zero seed from being a fixed point: the first draw of every small seed is good.
  for (const auto value : values) state = mix(state + mix(value + 0x9E3779B97F4A7C15ULL));
  return state;
}
/// FNV-1a, 64 bits, then mixed.
std::uint64_t hash_text(std::string_view text);
/// Maps 64 random bits to [0, 1).
double unit_interval(std::uint64_t bits);

/// SplitMix64 sequence: small state, any seed is good (0 and 1 too), copyable for shrinking.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() { return mix(state_ += 0x9E3779B97F4A7C15ULL); }
  std::uint64_t below(std::uint64_t bound);                   ///< [0, bound), unbiased; bound ≥ 1
  std::int64_t between(std::int64_t low, std::int64_t high);  ///< [low, high], both included
  double uniform();                                           ///< [0, 1)
  bool chance(double probability);
  Duration between(Duration low, Duration high);
  double normal(double mean, double deviation);
  double exponential(double mean);
  Random fork(std::string_view purpose);  ///< an independent stream; does not disturb this one's sequence

 private:
  std::uint64_t state_;
};

}  // namespace base
