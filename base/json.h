// The JSON value type of the tree. Reading what a person wrote goes through json_reader.h, never through get<int>().
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace base {

/// Keeps the order of keys: what a provider or a person wrote goes on in the same order.
using Json = nlohmann::ordered_json;

/// Parses what came over the wire. nullopt when it is not JSON; never throws. Nesting is bounded by kJsonDepthMax.
/// Invalid UTF-8 is replaced (U+FFFD) rather than refused: a provider's broken byte is no reason to lose its error.
std::optional<Json> parse_wire_json(std::string_view text);
inline constexpr int kJsonDepthMax = 200;

/// Compact text; invalid UTF-8 is replaced, never thrown at the caller.
std::string dump(const Json& value);
std::string dump_pretty(const Json& value);

/// Lenient looks into a value of unknown shape: never throw, never convert.
const Json* find(const Json& object, std::string_view key);                   ///< nullptr unless an object has it
const Json* find_path(const Json& value, std::string_view dotted);            ///< "error.metadata.raw"; digits index arrays
std::string string_or(const Json& object, std::string_view key, std::string_view otherwise = "");
bool bool_or(const Json& object, std::string_view key, bool otherwise);
std::int64_t integer_or(const Json& object, std::string_view key, std::int64_t otherwise);
std::optional<double> number_of(const Json& value);                            ///< numbers, and strings that are numbers

}  // namespace base

// Instantiated once, in json.cpp: it is the most expensive template of the tree.
extern template class nlohmann::basic_json<nlohmann::ordered_map>;
