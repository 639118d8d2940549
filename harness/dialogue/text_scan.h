// The text of a reply and nothing else, without a tree: for a judge of millions. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/scenario/scenario.h"

namespace harness {

/// What a whole reply says. Nothing where it is not plainly a success: an error, another shape, characters that need a real parser.
std::optional<std::string> scan_reply_text(Api api, std::string_view json);
/// The same of one chunk of a chat completion's stream.
std::optional<std::string> scan_chunk_text(std::string_view json);

}  // namespace harness
