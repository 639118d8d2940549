// The grammar that requests and replies share (RFC 9110, RFC 9112): tokens, field lines, lists, chunks. Pure; no sockets, no decisions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/headers.h"

namespace gateway::net {

inline constexpr std::size_t kHeadersMax = 256;        ///< field lines of one head
inline constexpr std::size_t kChunkLineMax = 1 << 10;  ///< a chunk's size with its extensions
inline constexpr std::size_t kTrailerMax = 8 << 10;    ///< all trailers together

bool is_token(std::string_view text);
/// "name: value" without its line end. False when it is none: no token before the colon, white space around the name, a control
/// character in the value.
bool read_field(std::string_view line, base::Headers& out);
/// Whether a comma-separated list holds the word, whatever its case.
bool list_has(std::string_view list, std::string_view word);
/// Digits alone; saturates, so that an absurd length is too large rather than wrong.
std::optional<std::uint64_t> read_length(std::string_view text);
/// "OK", "Payment Required"…; "Status" for a number nobody knows.
std::string_view reason_phrase(int status);
/// A value that cannot end its line early: CR, LF and NUL become spaces.
void append_value(std::string& out, std::string_view value);
void append_number(std::string& out, std::uint64_t number, int base = 10);

/// Gathers one line that may come in pieces. The view is good until the next call.
class LineReader {
 public:
  enum class State { more, line, too_long };
  /// Takes from `data`. `line`: line() is whole, without LF; the CR is still there if there was one. `max` counts both.
  State feed(std::string_view& data, std::size_t max);
  std::string_view line() const { return line_; }
  /// No part of a line is held that is still to be ended.
  bool empty() const { return taken_ || kept_.empty(); }
  void reset();

 private:
  std::string kept_;
  std::string_view line_;
  bool taken_ = false;  // kept_ holds the line handed out last
};

/// The chunked coding, strictly: CRLF and hexadecimal digits, nothing else. Trailers are read and dropped.
class ChunkReader {
 public:
  enum class State { more, done, bad };
  State feed(std::string_view& data, std::string& body);
  void reset();
  /// Of the chunk being read, what is still to come: known before it arrives.
  std::uint64_t left() const { return left_; }

 private:
  enum class Phase { size, data, data_end, trailer, done };
  bool size_line(std::string_view line);

  Phase phase_ = Phase::size;
  LineReader lines_;
  std::uint64_t left_ = 0;
  std::size_t trailer_bytes_ = 0;
};

}  // namespace gateway::net
