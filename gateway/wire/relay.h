// Bytes of a provider's reply → bytes for the caller, in any pair of dialects, incrementally. Pure: no sockets, no clock.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "gateway/wire/dialect.h"

namespace gateway {

struct Usage {
  std::int64_t input = 0, output = 0, cached = 0, reasoning = 0;
};

/// One piece for the caller: a whole frame of a stream, or the whole body of a plain reply.
struct RelayPiece {
  enum class Kind {
    startup,   ///< head-like events: roles, message_start, empty deltas: held until content
    content,   ///< visible text, a tool call, reasoning: the commit point
    finish,    ///< carries the finish reason; bytes empty when they came with the content. Before any content: startup instead
    terminal,  ///< [DONE], message_stop, response.completed: the reply is whole
    ping,      ///< comments and pings: forwarded after the commit point only; no sign of life
    body,      ///< the whole translated body of a plain (not streamed) reply
  };
  Kind kind = Kind::content;
  std::string bytes;  ///< may be empty (an upstream frame that the caller's dialect does not know)
};

/// What the relay found wrong in the reply; the core decides what it means.
struct RelayFault {
  enum class Kind { error_event, malformed, empty, too_large };
  Kind kind = Kind::malformed;
  std::string body;  ///< JSON text for the classifier: of an error event, or of a refusal without content as an error of code
                     ///< content_filter; of an empty reply: what carried its finish reason; of a malformed one: its bytes
  std::string what;  ///< for the log
};

struct RelayOptions {
  Dialect front = Dialect::openai_chat;
  Dialect upstream = Dialect::openai_chat;
  bool stream = false;             ///< the caller wants SSE
  bool include_usage = false;      ///< stream_options.include_usage of the caller
  std::string model_shown;         ///< the model name written into translated replies; empty: the upstream's own
  std::string id;                  ///< of made-up reply ids
  std::int64_t created = 0;        ///< unix seconds, for dialects that carry it
  bool keep_text = true;           ///< fill text(); off where nobody asks for it: memory of every open stream
};

/// One reply. Same dialect on both sides: frames pass through unchanged (unknown fields survive); they are still decoded, to
/// see content, finish, usage and errors. A provider that answers JSON to a stream request, or a stream to a JSON request,
/// is understood by `content_type`.
class Relay {
 public:
  explicit Relay(RelayOptions options);
  ~Relay();
  Relay(Relay&&) noexcept;
  Relay& operator=(Relay&&) noexcept;

  /// Head of a 2xx reply. `content_type` as sent.
  void begin(std::string_view content_type);
  /// Body bytes, any slicing gives the same pieces. Frames over kFrameMax: a too_large fault.
  void feed(std::string_view bytes, std::vector<RelayPiece>& out);
  /// The body ended as its framing promised.
  void end(std::vector<RelayPiece>& out);

  const std::optional<RelayFault>& fault() const;  ///< once set, feed and end do nothing
  bool content_seen() const;
  bool finish_seen() const;      ///< a finish reason has come
  bool terminated() const;       ///< the dialect's terminator has come (or the plain body is whole and well-formed)
  std::optional<Usage> usage() const;
  const std::string& text() const;         ///< the assistant's visible text so far (at most kTextMax bytes)
  const std::string& model_answered() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};
inline constexpr std::size_t kFrameMax = 8U << 20;
inline constexpr std::size_t kTextMax = 4U << 20;
inline constexpr std::size_t kPlainBodyMax = 64U << 20;

}  // namespace gateway
