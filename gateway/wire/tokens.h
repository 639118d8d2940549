// How heavy a request is: an estimate, for context windows and for count_tokens where the provider has none.
#pragma once

#include "base/json.h"

namespace gateway {

struct RequestWeight {
  std::int64_t tokens = 0, messages = 0;
  bool tools = false, images = false;
};
/// Any front's request body. Text counts four bytes a token, a picture kImageTokens whatever its bytes.
RequestWeight weigh_request(const base::Json& body);
/// Of plain text alone.
std::int64_t text_tokens(std::int64_t bytes, std::int64_t messages);
inline constexpr std::int64_t kImageTokens = 1'500;  // a full-size picture at Anthropic (width × height / 750)
inline constexpr std::int64_t kMessageTokens = 4;    // role and separators

}  // namespace gateway
