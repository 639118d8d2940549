// libFuzzer target: any bytes as JSON, to each of the readers; they must agree with the library and with each other.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/json.h"
#include "base/json_cursor.h"
#include "base/json_text.h"
#include "harness/dialogue/text_scan.h"

namespace {

using base::Json;

/// What the full reader would say that a reply says.
std::string text_of(const Json& json, std::string_view holder) {
  const auto* choice = base::find_path(json, "choices.0");
  const auto* inner = choice == nullptr ? nullptr : base::find(*choice, holder);
  return inner == nullptr ? std::string() : base::string_or(*inner, "content");
}

bool has_twice(const Json& json, std::string_view text) {
  // A key that stands twice is read by each reader in its own way: what the library keeps is shorter than what came.
  return base::dump(json).size() + 2 < text.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto built = base::parse_wire_json(text);
  base::JsonCursor cursor(text);
  const bool passed = cursor.skip_value() && cursor.at_end();
  if (!built) {
    ASSERT(!passed);
    return 0;
  }
  const auto brackets = std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; });
  ASSERT(passed || brackets > base::kCursorDepthMax || text.starts_with("\xEF\xBB\xBF"));
  const auto again = base::dump(*built);
  const auto rebuilt = base::parse_wire_json(again);
  ASSERT(rebuilt.has_value());
  ASSERT(base::dump(*rebuilt) == again);
  if (built->is_string()) ASSERT(base::json_string(built->get_ref<const std::string&>()) == again);
  if (has_twice(*built, text)) return 0;
  if (const auto said = harness::scan_chunk_text(text)) ASSERT(*said == text_of(*built, "delta"));
  if (const auto said = harness::scan_reply_text(harness::Api::chat_completions, text)) ASSERT(*said == text_of(*built, "message"));
  return 0;
}
