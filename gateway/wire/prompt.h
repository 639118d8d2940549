// A request in no dialect: what a reader of one front found, for a writer of another upstream. Only between dialects that differ.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "gateway/wire/dialect.h"

namespace gateway {

struct PromptPart {
  enum class Kind { text, image, document, tool_call, tool_result };
  Kind kind = Kind::text;
  std::string text;         ///< text; of a tool call: its arguments
  std::string media_type;   ///< of data: "image/png", "application/pdf"
  std::string data;         ///< base64
  std::string url;          ///< of a picture that is not inline
  std::string detail;       ///< "low", "high", …: a hint of OpenAI's
  std::string name;         ///< of a tool call, or the file name of a document
  std::string id;           ///< of a tool call and its result
  std::string signature;    ///< what Gemini wants back with a call
  bool error = false;       ///< the tool failed
  std::vector<PromptPart> content;  ///< of a tool result: text and pictures
  std::string at;           ///< where it stands in the caller's body
};
struct PromptMessage {
  enum class Role { system, user, assistant, tool };
  Role role = Role::user;
  std::vector<PromptPart> parts;
  std::string at;
};
struct PromptTool {
  std::string name, description;
  base::Json schema;              ///< null: none given
  std::optional<bool> strict;
};
struct ToolChoice {
  enum class Mode { automatic, none, required, named };
  Mode mode = Mode::automatic;
  std::string name;
};
struct OutputFormat {
  enum class Kind { text, json, schema };
  Kind kind = Kind::text;
  std::string name, description;
  base::Json schema;
  std::optional<bool> strict;
};
struct Reasoning {
  std::string effort;                 ///< none, minimal, low, medium, high, xhigh, max; empty: not said
  std::optional<std::int64_t> budget; ///< tokens
  bool on = false, off = false;       ///< asked for, or forbidden, without an effort
  bool shown = false;                 ///< the caller wants to see it
  std::string at;
};

struct Prompt {
  Dialect front = Dialect::openai_chat;
  std::vector<PromptMessage> messages;
  std::vector<PromptTool> tools;
  std::optional<ToolChoice> tool_choice;
  std::optional<bool> parallel_tools;
  std::optional<std::int64_t> max_tokens, top_k;
  base::Json temperature, top_p, presence_penalty, frequency_penalty;  ///< numbers, kept as written; null: not said
  std::optional<std::int64_t> seed;
  std::vector<std::string> stop;
  OutputFormat format;
  Reasoning reasoning;
  std::string verbosity, user;
  bool stream = false;
  /// The names the caller's dialect has for what a writer may have to refuse: "stop" is "stop_sequences" at Anthropic.
  std::map<std::string, std::string> names;
  std::string named(const std::string& member) const;
};

using ReadPrompt = std::variant<Prompt, RequestProblem>;
using WrittenBody = std::variant<base::Json, RequestProblem>;

ReadPrompt read_openai_chat(const base::Json& body);
ReadPrompt read_openai_responses(const base::Json& body);
ReadPrompt read_anthropic(const base::Json& body);

WrittenBody write_openai_chat(const Prompt& prompt, std::string_view model);
WrittenBody write_openai_responses(const Prompt& prompt, std::string_view model);
WrittenBody write_anthropic(const Prompt& prompt, std::string_view model);
WrittenBody write_gemini(const Prompt& prompt, std::string_view model);

/// Thrown and caught within read_* and write_*: translation has dozens of places that may refuse, deep in lists of lists.
struct Refused {
  RequestProblem problem;
};
[[noreturn]] void refuse(std::string what, std::string param);

/// "data:image/png;base64,…" taken apart; false when it is none.
bool split_data_url(const std::string& url, std::string& media_type, std::string& data);
std::string data_url(const PromptPart& part);
/// All text of a message or tool result, joined; refuses what is no text.
std::string only_text(const std::vector<PromptPart>& parts, const std::string& why);
/// The last message is the assistant's own words: a beginning to go on from, which other dialects take for history.
void refuse_prefill(const Prompt& prompt);
/// The word of OpenAI's that comes nearest; empty: none is sent.
std::string openai_effort(const Reasoning& reasoning);
/// Tokens for thinking that an effort stands for, as Google's own OpenAI endpoint reads it; 0: none.
std::int64_t effort_budget(const std::string& effort);

}  // namespace gateway
