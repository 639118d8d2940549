// Small text tools that the standard library lacks.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace base {

std::string lower(std::string_view text);  ///< ASCII only
bool iequals_same_size(std::string_view a, std::string_view b);  ///< of iequals: `b` must be as long as `a`
/// ASCII only. Inline as far as most comparisons go: names of headers differ in size.
inline bool iequals(std::string_view a, std::string_view b) { return a.size() == b.size() && iequals_same_size(a, b); }
bool icontains(std::string_view text, std::string_view part);
std::string_view trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char at);
std::string join(std::span<const std::string> parts, std::string_view between);
/// The lowest `digits` of the number, 1 to 16, lower case, zeros in front.
void append_hex(std::string& out, std::uint64_t number, std::size_t digits = 16);
std::string replace_all(std::string text, std::string_view from, std::string_view to);

/// Damerau-Levenshtein (adjacent swaps count one).
std::size_t edit_distance(std::string_view a, std::string_view b);
/// The nearest of `words`, if near enough to be a slip of the hand; ties go to the first.
std::optional<std::string> nearest_word(std::string_view word, std::span<const std::string_view> words);
std::optional<std::string> nearest_word(std::string_view word, std::span<const std::string> words);

bool valid_utf8(std::string_view text);
/// Replaces what is not UTF-8 by U+FFFD.
std::string to_valid_utf8(std::string_view text);
/// At most `bytes` bytes, never cutting a character; adds "…" when cut.
std::string shorten(std::string_view text, std::size_t bytes);
/// One line, printable, at most `bytes` bytes: for showing what came from elsewhere.
std::string printable(std::string_view text, std::size_t bytes);

std::optional<std::int64_t> parse_integer(std::string_view text);  ///< the whole text, decimal
std::optional<double> parse_number(std::string_view text);         ///< the whole text, finite

/// Shell-style match with * and ?.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace base
