// HTTP/1.1 requests from bytes, strictly (RFC 9112) and with a named limit for everything. Pure, incremental.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "simulator/core/request.h"

namespace simulator {

struct HttpLimits {
  std::size_t line_max = 16 << 10;     ///< the request line; over it 414
  std::size_t head_max = 64 << 10;     ///< request line and headers; over it 431
  std::size_t headers_max = 200;       ///< how many; over it 431
  std::size_t body_max = 32 << 20;     ///< over it 413
};

class HttpParser {
 public:
  explicit HttpParser(HttpLimits limits = {}) : limits_(limits) {}

  enum class State { more, continue_wanted, ready, refused };
  /// Takes bytes from the wire. `ready`: request() is whole and what follows stays buffered for the next one.
  State feed(std::string_view bytes);
  /// The whole request; resets the parser for the next. Only when ready.
  ProviderRequest take();
  /// Goes on with what is already buffered (pipelining) after take().
  State resume() { return feed({}); }

  int status() const { return status_; }                      ///< of a refusal: 400, 413, 414, 417, 431, 501, 505
  const std::string& problem() const { return problem_; }
  bool keep_alive() const { return keep_alive_; }             ///< of the request taken last
  bool idle() const { return phase_ == Phase::head && buffer_.empty(); }
  std::size_t buffered() const { return buffer_.size() + request_.body.size(); }

 private:
  enum class Phase { head, body, chunk_size, chunk_data, chunk_end, trailer, done, bad };
  State refuse(int status, std::string problem);
  State parse_head();
  State head_line(std::string_view line);
  State header_line(std::string_view line);
  State after_head();
  State parse_body();
  bool chunk_size_line(std::string_view line);
  std::string_view rest() const { return std::string_view(buffer_).substr(at_); }

  HttpLimits limits_;
  Phase phase_ = Phase::head;
  std::string buffer_;
  std::size_t at_ = 0;       // of buffer_, consumed
  std::size_t scanned_ = 0;  // of buffer_, searched for the end of the head
  std::size_t body_left_ = 0;
  std::size_t trailer_bytes_ = 0;
  ProviderRequest request_;
  std::optional<std::size_t> length_;
  bool chunked_ = false;
  bool http10_ = false;
  bool keep_alive_ = true;
  bool keep_alive_next_ = true;
  bool expect_ = false;
  int status_ = 0;
  std::string problem_;
};

}  // namespace simulator
