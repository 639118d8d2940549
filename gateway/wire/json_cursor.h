// The tree-less reader and writer of JSON, as the frames of a stream are read and written: base/json_cursor.h and base/json_text.h.
#pragma once

#include <string>
#include <string_view>

#include "base/json_cursor.h"
#include "base/json_text.h"

namespace gateway {

using base::append_json_string;
using base::json_string;
using base::JsonCursor;
using base::scan_string;
using base::unescape;

/// The text with every top-level "model" member set to `model`, all else byte for byte; empty when there is none.
std::string with_model(std::string_view object_text, std::string_view model);

}  // namespace gateway
