// Names of requests: x-request-id and W3C Trace Context, taken over from the caller when they are well-formed.
#pragma once

#include <string>

#include "base/headers.h"
#include "base/random.h"

namespace gateway {

struct Trace {
  std::string request_id;
  std::string trace_id;  ///< 32 hex digits; the caller's, or a new one
  std::string flags = "01";
};
Trace make_trace(const base::Headers& headers, base::Random& random);
/// A traceparent for one attempt: a child span of its own.
std::string traceparent(const Trace& trace, base::Random& random);

}  // namespace gateway
