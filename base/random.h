// The only source of random numbers: from a printed seed, with our own distributions (those of std:: differ between libraries).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/time.h"

namespace base {

/// SplitMix64's finaliser: a good 64-bit mix of one value (Steele, Lea, Flood 2014).
std::uint64_t mix(std::uint64_t value);
/// An order-sensitive hash of several values: verdict = hash_mix({seed, rule, credential, attempt}).
std::uint64_t hash_mix(std::initializer_list<std::uint64_t> values);
/// FNV-1a, 64 bits, then mixed.
std::uint64_t hash_text(std::string_view text);
/// Maps 64 random bits to [0, 1).
double unit_interval(std::uint64_t bits);

/// SplitMix64 sequence: small state, any seed is good (0 and 1 too), copyable for shrinking.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
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
