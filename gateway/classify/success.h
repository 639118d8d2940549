// A 2xx that may be no success: an error inside it, a stream that stops, an answer that says nothing. Only looks; judges nothing.
#pragma once

#include <string>
#include <string_view>

namespace gateway {

struct SuccessFacts {
  std::string error;          ///< the JSON of an error found inside; empty when there is none
  bool readable = false;      ///< at least one part of a known reply shape
  bool content = false;       ///< text or a tool call was seen (before the error, if there is one)
  bool finished = false;      ///< a finish reason or a terminator was seen
  bool by_length = false;     ///< it ended at its length limit
  bool by_window = false;     ///< it ended at the model's context window
  bool by_policy = false;     ///< it ended at a safety filter
  bool garbage = false;       ///< a part could not be read
  bool broken_tool_call = false;  ///< finished, but a tool call's arguments are not JSON
};

/// `body` is a whole reply or as much of one as came: JSON, JSON lines, or server-sent events. Any bytes; never throws.
SuccessFacts read_success(std::string_view body);
/// True when the text is framed as server-sent events.
bool looks_like_events(std::string_view body);

}  // namespace gateway
