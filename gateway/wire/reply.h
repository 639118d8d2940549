// What a reply says, in no dialect: the events between a decoder of one dialect and an encoder of another.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/names.h"
#include "gateway/wire/relay.h"

namespace gateway {

enum class Finish : std::uint8_t { stop, stop_sequence, length, tool_calls, content_filter, refusal, context_window, pause, error, other };

struct ReplyEvent {
  enum class Kind : std::uint8_t {
    start,           ///< id, name = the model that answers; usage where known
    text,            ///< text
    reasoning,       ///< text
    signature,       ///< text: the seal of the reasoning before it, of use to its maker only
    redacted,        ///< text: reasoning that only its maker can read
    tool_start,      ///< index, id, name; text: a signature that must go back with the call (Gemini)
    tool_arguments,  ///< index, text: a piece of the arguments' JSON
    opaque,          ///< content that no other dialect knows (server-side tools, audio, pictures)
    finish,          ///< finish, text: the provider's own word; name: the stop sequence, where known
    usage,           ///< usage, the newest and whole
    terminal,        ///< the reply is whole
    error,           ///< text: the JSON of an error inside a 200
    noise,           ///< known, and says nothing: pings, empty pieces
    duplicate,       ///< a repeated event that would trip clients: never forwarded
  };
  Kind kind = Kind::noise;
  int index = 0;  ///< of a tool call: 0, 1, … in the order they began
  std::string text, id, name;
  Finish finish = Finish::other;
  Usage usage;
};

/// A whole reply, gathered from its events.
struct Gathered {
  struct Block {
    ReplyEvent::Kind kind = ReplyEvent::Kind::text;  ///< text, reasoning, redacted or tool_start
    std::string text;                                ///< of a tool call: its arguments
    std::string id, name;
    std::string signature;
    int index = 0;
  };
  std::string id, model;
  std::vector<Block> blocks;
  Finish finish = Finish::stop;
  std::string finish_sequence;  ///< the stop sequence that was met, where known
  bool finished = false;
  Usage usage;
  bool usage_known = false;

  void add(const ReplyEvent& event);
  std::string text() const;
  bool has_tools() const;
};

/// The content of a tool call as a JSON object: what is no object (cut by a token limit) gives an empty one.
base::Json arguments_object(const std::string& arguments);

}  // namespace gateway
