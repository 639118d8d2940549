// JSON that is written, not built: replies are made by the ten thousand a second. Syntax is the caller's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace base {

/// Appends `text` as a JSON string, quotes included, in the same bytes as dump(). Invalid UTF-8 is replaced.
void append_json_string(std::string& out, std::string_view text);
std::string json_string(std::string_view text);
void append_json_integer(std::string& out, std::int64_t value);

}  // namespace base
