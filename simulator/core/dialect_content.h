// What a healthy reply says, before any dialect words it. Pure; inside simulator/core only.
#pragma once

#include <string>
#include <vector>

#include "simulator/core/provider_reply.h"

namespace simulator {

enum class Finish { stop, length, tool_calls, content_filter };

struct ToolCall {
  std::string id;         ///< without the dialect's prefix when made up
  std::string name;
  std::string arguments;  ///< JSON text, perhaps broken on purpose
};

struct Content {
  std::uint64_t number = 0;  ///< the same for the same seed and attempt; ids are made of it
  std::int64_t created = 0;  ///< seconds since 1970
  std::string model;
  std::string text;
  std::vector<std::string> pieces;  ///< the text as a stream sends it
  std::string reasoning;
  std::vector<ToolCall> tool_calls;
  Finish finish = Finish::stop;
  std::string finish_verbatim;  ///< a scripted word that is none of the four
  int prompt_tokens = 0;
  int completion_tokens = 0;
  int reasoning_tokens = 0;
  std::string id(std::string_view prefix) const;  ///< prefix and 24 hex digits
};

Content make_content(const ProviderRequest& request, const ReplyScript& script, const ReplyContext& context);

/// The pieces in which tool-call arguments are streamed: at least two where there is something to split.
std::vector<std::string> argument_pieces(std::string_view arguments);

/// About four bytes make a token; at least one.
int token_estimate_of(std::string_view text);

// One function for each dialect. They fill parts, content_first and terminal_parts; headers are the caller's.
void openai_chat_reply(HealthyReply& reply, const ProviderRequest& request, const Content& content);
void openai_responses_reply(HealthyReply& reply, const ProviderRequest& request, const Content& content);
void anthropic_reply(HealthyReply& reply, const ProviderRequest& request, const Content& content);
void gemini_reply(HealthyReply& reply, const ProviderRequest& request, const Content& content);

}  // namespace simulator
