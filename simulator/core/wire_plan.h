// What a provider puts on the wire, as a value: the executor of a plan decides nothing. Knows no sockets and no dialects.
#pragma once

#include <string>
#include <vector>

#include "base/headers.h"
#include "base/time.h"

namespace simulator {

/// How the end of a body is known to the client.
enum class Framing {
  automatic,    ///< Content-Length for a whole body, chunked for a stream
  length,       ///< Content-Length, of what the plan sends unless `length_claimed` says otherwise
  chunked,      ///< one chunk for each event or bytes step
  until_close,  ///< neither: the end of the connection is the end of the body
};

/// One step. Steps run in order; the first of fin, rst or hold ends the connection.
struct Step {
  enum class Kind {
    head,     ///< the status line and all headers, in one write with what follows
    event,    ///< one frame of the stream (`data`): counted as an event
    bytes,    ///< body bytes (`data`), framed as the plan's framing says
    raw,      ///< bytes as they are, never framed
    finish,   ///< the clean end of the body (the last chunk); the connection stays for the next request
    wait,     ///< nothing for `time`; kForever is until the client leaves
    repeat,   ///< `data` as body bytes every `every`, for `time`
    fin,      ///< everything sent is delivered, then FIN
    rst,      ///< everything sent is delivered, then RST
    hold,     ///< the connection stays open and silent until the client leaves or the simulator ends
    sent,     ///< waits until the client's kernel has acknowledged everything sent so far
    close_on_reuse,  ///< the reply ends cleanly and promises keep-alive; the next request on the connection gets RST
  };
  Kind kind = Kind::finish;
  std::string data;
  base::Duration time{0};
  base::Duration every{0};
};

struct WirePlan {
  int status = 200;
  std::string reason;  ///< empty: the usual words for the status
  base::Headers headers;
  Framing framing = Framing::automatic;
  std::optional<std::int64_t> length_claimed;  ///< a Content-Length that lies
  std::vector<Step> steps;
};

/// A reply before any fault: the head, and the body in pieces (the SSE frames of a stream, or one whole body).
/// A fault is compiled over it into a WirePlan.
struct HealthyReply {
  int status = 200;
  base::Headers headers;            ///< with content-type; without Content-Length and Transfer-Encoding
  bool stream = false;              ///< `parts` are SSE frames, blank line included
  std::vector<std::string> parts;
  std::size_t content_first = 0;    ///< index of the first part with visible content (stream only)
  std::size_t terminal_parts = 0;   ///< how many parts at the end are the terminator ([DONE], message_stop)
  base::Duration first_token{0};    ///< before the first part
  base::Duration gap{0};            ///< between two parts
};

/// The plan that sends the reply and nothing else.
WirePlan healthy_plan(const HealthyReply& reply);

/// The bytes of the head: status line, headers, framing headers, the blank line.
std::string render_head(const WirePlan& plan);
/// The framing that `automatic` stands for.
Framing framing_of(const WirePlan& plan);
/// "Payment Required" for 402; "Unknown" for a number nobody knows.
std::string_view reason_phrase(int status);
/// One chunk of Transfer-Encoding: chunked around `data`; nothing for empty data (it would end the body).
void append_chunk(std::string& out, std::string_view data);

}  // namespace simulator
