// The rules as one ordered table: what a failure must look like, and what is then said about it. Data; classify.cpp evaluates it.
#pragma once

#include <span>
#include <string_view>

#include "gateway/classify/classify.h"
#include "gateway/classify/words.h"

namespace gateway {

/// Who answered, where it matters. A set.
using Vendors = std::uint32_t;
enum Vendor : Vendors {
  v_any = 0,
  v_openrouter = 1U << 0,
  v_azure = 1U << 1,
  v_vertex = 1U << 2,
  v_gemini = 1U << 3,
  v_dashscope = 1U << 4,
  v_cerebras = 1U << 5,
  v_zai = 1U << 6,
  v_minimax = 1U << 7,
  v_nvidia = 1U << 8,
  v_bedrock = 1U << 9,
  v_anthropic = 1U << 10,
  v_openai = 1U << 11,
};
/// From a configured name or a host ("openrouter", "api.z.ai"); 0 when it is none of them.
Vendors vendor_of(std::string_view provider);

/// Whose vocabulary the code words are, a set; 0 in a rule: any, also when no dialect is known.
using Dialects = std::uint32_t;
enum DialectSet : Dialects {
  d_any = 0,
  d_openai = 1U << 0,
  d_anthropic = 1U << 1,
  d_gemini = 1U << 2,
  d_bedrock = 1U << 3,
  d_other = 1U << 4,
  d_known = d_openai | d_anthropic | d_gemini | d_bedrock | d_other,
};
Dialects dialects_of(std::string_view dialect);

/// Statuses, a set. Those that mean something of their own have a bit; the rest share one.
using Statuses = std::uint32_t;
enum StatusSet : Statuses {
  s_any = 0,
  s_none = 1U << 0,   ///< no HTTP reply
  s_ok = 1U << 1,     ///< 1xx to 3xx, without an error status inside
  s400 = 1U << 2, s401 = 1U << 3, s402 = 1U << 4, s403 = 1U << 5, s404 = 1U << 6, s408 = 1U << 7, s410 = 1U << 8, s412 = 1U << 9,
  s413 = 1U << 10, s422 = 1U << 11, s424 = 1U << 12, s429 = 1U << 13, s451 = 1U << 14, s4xx = 1U << 15, s500 = 1U << 16,
  s502 = 1U << 17, s503 = 1U << 18, s504 = 1U << 19, s524 = 1U << 20, s529 = 1U << 21, s5xx = 1U << 22, s3xx = 1U << 23,
  s_textual = s_none | s_ok,
  s_client = s400 | s401 | s402 | s403 | s404 | s408 | s410 | s412 | s413 | s422 | s424 | s429 | s451 | s4xx,
  s_server = s500 | s502 | s503 | s504 | s524 | s529 | s5xx,
};
Statuses status_set(std::optional<int> status);

/// What else is known of the failure, a set; a rule's `is` must all hold.
using Conditions = std::uint32_t;
enum Condition : Conditions {
  is_html = 1U << 0,
  is_empty = 1U << 1,
  is_large_session = 1U << 2,     ///< a disconnect is then likelier an overflow
  is_vague_and_large = 1U << 3,   ///< a 400 that says nothing, in a large session
  is_wrapped = 1U << 4,
  is_bare_model = 1U << 5,        ///< the model's id has no vendor prefix
  is_redirect = 1U << 6,          ///< a Location header
  is_cloudflare = 1U << 7,
  is_timeout_type = 1U << 8,      ///< the SDK's exception is of the transport family
  is_rate_limit_type = 1U << 9,
  is_certificate_type = 1U << 10,
  has_retry_delay = 1U << 11,     ///< Google's RetryInfo, or a sentence that names the wait
};

/// What the gateway may try (gateway.md, "Recovery").
enum class Act : std::uint8_t {
  rotate,      ///< another key, or another target: billing, auth
  rate,        ///< the same key after a short wait, else another key
  window,      ///< a rate limit too long to wait for on the same key
  again,       ///< the same key, else another target; the key is not at fault
  elsewhere,   ///< only another target
  compress,    ///< a shorter conversation
  abort,
};

struct Rule {
  std::string_view name;
  Vendors vendors;
  Dialects dialects;
  Statuses statuses;
  words::Set codes;       ///< any of these groups; 0: not asked
  words::Set text;        ///< any of these groups; 0: not asked
  words::Set also;        ///< and any of these; 0: not asked
  words::Set without;     ///< none of these
  Conditions is;
  Reason reason;
  Act act;
  HintId hint;            ///< none: that of the reason
  bool ignores_wait;      ///< what the provider says about waiting is not to be believed
  std::string_view source;
};

/// In order; the first that holds decides; the last one holds always.
std::span<const Rule> rules();

}  // namespace gateway
