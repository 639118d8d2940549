// What a failure's body says, whatever its shape: JSON of any provider, cut JSON, HTML, plain text, gzip, bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/classify/words.h"

namespace gateway {

/// At most this much of a body is looked at: the useful part comes first, even when tens of kB of debug text follow.
inline constexpr std::size_t kBodyScanMax = 64U * 1024U;
/// Messages gathered for the rules, together.
inline constexpr std::size_t kBodyTextMax = 8U * 1024U;
/// Objects and arrays inside each other; what is deeper is skipped.
inline constexpr int kBodyDepthMax = 64;
/// JSON inside a JSON string ("raw", "message"), inside a JSON string, …
inline constexpr int kBodyNestingMax = 3;

/// A wait the body names, before it is understood (see wait.h).
enum class WaitKey : std::uint8_t {
  seconds,       ///< retry_after, estimated_time, resets_in_seconds
  milliseconds,
  duration,      ///< Google's retryDelay "34.4s", quotaResetDelay "539ms"
  instant,       ///< resets_at: epoch s or ms, or a date
};

struct BodyFacts {
  enum class Kind : std::uint8_t { empty, json, html, text, binary } kind = Kind::empty;
  std::string text;             ///< lower case; one message a line
  std::string display;          ///< the first message as sent; of a page its title
  words::Set codes = 0;
  int inner_status = 0;         ///< 400..599 written inside the body
  bool has_error = false;       ///< an error member that is not null, or "type": "error"
  bool wrapped_upstream = false;  ///< OpenRouter's metadata.raw
  bool truncated = false;       ///< the JSON ends early
  std::string ray;              ///< Cloudflare's Ray ID, of a page
  std::vector<std::pair<WaitKey, std::string>> waits;
};

/// Never throws; any bytes. `body` may be gzip (told by its first bytes). Appends to nothing, allocates O(text).
BodyFacts read_body(std::string_view body);
/// Adds a text that did not come as the body, such as the one an SDK printed; JSON in it is read as JSON.
void add_message(BodyFacts& facts, std::string_view message);
/// Inflates gzip or zlib data, at most kBodyScanMax of it; what can be had of damaged data; "" when it is none.
std::string inflate_body(std::string_view data);
bool looks_compressed(std::string_view data);

}  // namespace gateway
