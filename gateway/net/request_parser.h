// Requests of callers from bytes, strictly (RFC 9112): what two parsers could read in two ways is refused. Pure, incremental.
#pragma once

#include <string>
#include <string_view>

#include "gateway/core/events.h"
#include "gateway/wire/http_fields.h"

namespace gateway::net {

struct RequestLimits {
  std::size_t head = 64U << 10;  ///< request line and headers; over it 431
  std::size_t body = 32U << 20;  ///< over it 413
};

/// What a caller did wrong, in a reply's terms.
struct Refusal {
  int status = 400;
  std::string_view code;
  std::string message;
  std::uint64_t body_over = 0;  ///< not 0: the head is whole, only the body is too large; take() gives the request without it
};

class RequestParser {
 public:
  enum class State { more, ready, refused };

  /// Takes from `data` what belongs to this request; the rest stays in `data`.
  State feed(std::string_view& data, const RequestLimits& limits);
  /// The whole request; the parser begins anew. Only when ready, or when only the body was too large.
  HttpRequest take();
  void reset();

  /// True once after a head that asked for "100 Continue" and whose body has not come yet.
  bool take_continue() { return std::exchange(continue_wanted_, false); }
  bool begun() const { return phase_ != Phase::start || !lines_.empty(); }
  bool in_body() const { return phase_ == Phase::body || phase_ == Phase::chunks; }
  const Refusal& refusal() const { return refusal_; }
  /// Of the request at hand; good until reset().
  bool keep_alive() const { return keep_alive_; }
  bool http10() const { return http10_; }
  bool head_only() const { return head_only_; }

 private:
  enum class Phase : std::uint8_t { start, fields, body, chunks, done, bad };
  State refuse(int status, std::string_view code, std::string message);
  State refuse_body(std::uint64_t size);
  State take_line(std::string_view line, const RequestLimits& limits);
  bool request_line(std::string_view line);
  bool version(std::string_view text);
  State end_of_head(const RequestLimits& limits);
  State read_body(std::string_view& data, const RequestLimits& limits);

  Phase phase_ = Phase::start;
  bool http10_ = false, keep_alive_ = true, head_only_ = false, continue_wanted_ = false;
  LineReader lines_;
  ChunkReader chunks_;
  HttpRequest request_;
  std::size_t head_size_ = 0;
  std::uint64_t body_left_ = 0;
  Refusal refusal_;
};

}  // namespace gateway::net
