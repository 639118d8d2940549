// Finds many phrases in one pass over a text (Aho and Corasick, 1975). Knows nothing of providers.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gateway {

/// Add phrases, finish once, then search: const and safe from any thread.
class PhraseMatcher {
 public:
  void add(std::string_view phrase, std::uint64_t groups);
  void finish();
  /// The groups of all phrases that stand in `text`. Cost: one table look-up a byte.
  std::uint64_t find(std::string_view text) const;

 private:
  std::uint16_t child(std::uint16_t state, unsigned char byte, bool create);

  // Bytes that occur in no phrase share symbol 0, which leads back to the start.
  std::array<std::uint8_t, 256> symbol_{};
  std::vector<std::pair<std::string, std::uint64_t>> phrases_;
  std::size_t symbols_ = 1;
  std::vector<std::uint16_t> next_;     // state * symbols_ + symbol
  std::vector<std::uint64_t> groups_;   // what ends in a state, with what ends in its suffixes
};

}  // namespace gateway
