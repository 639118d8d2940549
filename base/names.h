// Enum ↔ text tables as constexpr values: one table per vocabulary, both directions from it.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace base {

/// `Names<Enum, N>` maps enumerators 0..N-1, in order, to their words.
template <class Enum, std::size_t N>
struct Names {
  std::array<std::string_view, N> words;

  constexpr std::string_view operator()(Enum value) const { return words[static_cast<std::size_t>(value)]; }
  constexpr std::optional<Enum> parse(std::string_view word) const {
    for (std::size_t i = 0; i < N; ++i) {
      if (words[i] == word) return static_cast<Enum>(i);
    }
    return std::nullopt;
  }
};

}  // namespace base
