// W3C Trace Context, level 1: "00-" trace-id "-" parent-id "-" flags, lower-case hex, all-zero ids are invalid.
#include "gateway/core/trace.h"

#include "base/text.h"

namespace gateway {
namespace {

constexpr std::size_t kRequestIdMax = 128;

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }
bool all_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

bool good_request_id(std::string_view id) {
  if (id.empty() || id.size() > kRequestIdMax) return false;
  for (const char c : id) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.' || c == ':';
    if (!plain) return false;
  }
  return true;
}

}  // namespace

Trace make_trace(const base::Headers& headers, base::Random& random) {
  Trace trace;
  if (const auto given = headers.find("x-request-id"); given && good_request_id(*given)) trace.request_id = *given;
  if (trace.request_id.empty()) base::append_hex(trace.request_id = "req_", random.next());
  if (const auto given = headers.find("traceparent"); given && given->size() >= 55 && given->starts_with("00-")) {
    const std::string_view id = given->substr(3, 32), parent = given->substr(36, 16), flags = given->substr(53, 2);
    const bool shaped = (*given)[35] == '-' && (*given)[52] == '-' && given->size() == 55;
    if (shaped && is_hex(id) && is_hex(parent) && is_hex(flags) && !all_zero(id) && !all_zero(parent)) {
      trace.trace_id = id;
      trace.flags = flags;
    }
  }
  if (trace.trace_id.empty()) {
    trace.trace_id.reserve(32);
    base::append_hex(trace.trace_id, random.next());
    base::append_hex(trace.trace_id, random.next() | 1);
  }
  return trace;
}

std::string traceparent(const Trace& trace, base::Random& random) {
  std::string out;
  out.reserve(55);
  out.append("00-").append(trace.trace_id) += '-';
  base::append_hex(out, random.next() | 1);
  (out += '-') += trace.flags;
  return out;
}

}  // namespace gateway
