#include "base/random.h"

#include <cmath>
#include <numbers>

#include "base/assert.h"

namespace base {

std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return mix(hash);
}

double unit_interval(std::uint64_t bits) { return static_cast<double>(bits >> 11U) * 0x1.0p-53; }

std::uint64_t Random::below(std::uint64_t bound) {
  ASSERT(bound >= 1);
  const std::uint64_t limit = -bound % bound;  // draws below it would make small results likelier
  for (;;) {
    const auto value = next();
    if (value >= limit) return value % bound;
  }
}

std::int64_t Random::between(std::int64_t low, std::int64_t high) {
  ASSERT(low <= high);
  const auto span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  if (span == ~0ULL) return static_cast<std::int64_t>(next());
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + below(span + 1));
}

double Random::uniform() { return unit_interval(next()); }
bool Random::chance(double probability) { return uniform() < probability; }
Duration Random::between(Duration low, Duration high) { return Duration{between(low.count(), high.count())}; }

double Random::normal(double mean, double deviation) {
  const double u = 1.0 - uniform();  // never zero: log(0)
  return mean + deviation * std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * uniform());
}

double Random::exponential(double mean) { return -mean * std::log(1.0 - uniform()); }

Random Random::fork(std::string_view purpose) { return Random{hash_mix({state_, hash_text(purpose)})}; }

}  // namespace base
