// Replies of providers from bytes: lenient where real servers are sloppy, never where a cut could pass for an end. Pure, incremental.
#pragma once

#include <string>
#include <string_view>

#include "base/headers.h"
#include "gateway/wire/http_fields.h"

namespace gateway::net {

inline constexpr std::size_t kReplyHeadMax = 64U << 10;
inline constexpr int kInterimMax = 16;  ///< 1xx heads before the real one

class ReplyParser {
 public:
  enum class State { more, done, malformed, too_large };

  /// `head_only`: the request was HEAD, so no body follows whatever the head says.
  void begin(bool head_only);
  /// Takes from `data`; appends decoded bytes to `body`. What is left in `data` after done() was not asked for.
  State feed(std::string_view& data, std::string& body);
  /// The connection's FIN came: done when that is how this reply ends.
  bool end_of_file_is_end() const { return phase_ == Phase::until_close; }

  /// True once, when the head has become whole.
  bool take_head() { return std::exchange(head_ready_, false); }
  int status() const { return status_; }
  base::Headers& headers() { return headers_; }
  /// The connection can be used again. After done.
  bool keep_alive() const { return keep_alive_; }
  const std::string& problem() const { return problem_; }

 private:
  enum class Phase : std::uint8_t { status, fields, length, chunks, until_close, done };
  State bad(std::string problem, State state = State::malformed);
  State take_line(std::string_view line);
  bool status_line(std::string_view line);
  State end_of_head();

  Phase phase_ = Phase::status;
  bool head_only_ = false, head_ready_ = false, keep_alive_ = false, http10_ = false;
  int status_ = 0;
  int interim_ = 0;
  std::size_t head_size_ = 0;
  std::uint64_t left_ = 0;
  LineReader lines_;
  ChunkReader chunks_;
  base::Headers headers_;
  std::string problem_;
};

}  // namespace gateway::net
