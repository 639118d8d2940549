// From a provider's failure to a verdict: the reason, what to do, how long to wait, and the hint a person sees. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/headers.h"
#include "base/time.h"
#include "gateway/classify/reason.h"

namespace gateway {

/// How an exchange broke below HTTP. `none`: there was an HTTP reply.
enum class TransportError : std::uint8_t {
  none,
  refused,
  unreachable,
  dns,
  reset,            ///< RST, or a broken pipe
  closed,           ///< FIN before the reply was whole
  tls,              ///< a handshake that failed for another reason than the certificate
  tls_certificate,  ///< the certificate does not verify
  connect_timeout,
  first_byte_timeout,
  first_content_timeout,
  idle_timeout,
  total_timeout,
  malformed,        ///< bytes that are no HTTP
  too_large,        ///< over a named limit of the gateway
  unknown,
};

/// What is known of one failure; all members optional. `body` is as received (decompressed or not).
struct Failure {
  std::string dialect;   ///< "openai-chat", …; empty or unknown: the generic rules
  std::string provider;  ///< the vendor, e.g. "openrouter"; a host name is good too
  std::string model;
  std::optional<int> status;
  base::Headers headers;
  std::string body;
  std::string message;   ///< the text an SDK printed
  TransportError transport = TransportError::none;
  std::string transport_word;  ///< free words such as "ReadTimeout"
  std::string when;
  bool after_output = false;
  bool error_event = false;    ///< `body` is an error event inside a stream, or an error inside a 200
  base::WallTime now;
  std::optional<std::int64_t> approx_tokens, context_length, num_messages;
};

/// Which text of the hint table; see hints.h.
enum class HintId : std::uint8_t {
  none, auth, billing, rate_limit, usage_limit_reset, overloaded, rejected, context_overflow, server_error, forbidden,
  model_not_found, timeout, payload_too_large, content_policy, unreachable, certificate, stream_cut, draining,
  caller_auth, gateway_limit,
};

struct Verdict {
  Reason reason = Reason::unknown;
  bool retry = false;     ///< the same credential may be tried again
  bool rotate = false;    ///< another credential of the same provider may help
  bool fallback = false;  ///< another target may help
  bool compress = false;  ///< a shorter conversation would help
  bool abort = false;     ///< nothing the gateway can do helps
  std::optional<base::Duration> wait;  ///< what the provider asked for; unclamped, never negative
  HintId hint = HintId::none;
  std::string why;        ///< the rule that decided: its name, for logs and `gateway classify`
  std::string message;    ///< the provider's own words, safe to show: one line, at most 300 bytes, no HTML
};

/// Never throws; any bytes are allowed. Cost: O(body, at most 64 KiB of it) times the rules.
Verdict classify(const Failure& failure);

/// The exact text (gateway.md, "Hints"). `reset` fills in usage_limit_reset's "~{N}h" or "~{N} min".
std::string hint_text(HintId id, std::optional<base::Duration> reset = std::nullopt);
/// The hint for a reason when there is no verdict of the classifier.
HintId hint_of(Reason reason);

}  // namespace gateway
