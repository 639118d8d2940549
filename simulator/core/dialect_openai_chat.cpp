#include "base/json_text.h"
#include "simulator/core/dialect_content.h"

namespace simulator {
namespace {

using base::append_json_integer;
using base::append_json_string;
using base::json_string;

// Members in the provider's own order, which people's eyes and some parsers know.

std::string finish_word(const Content& content) {
  constexpr std::array<std::string_view, 4> kWords{"stop", "length", "tool_calls", "content_filter"};
  return content.finish_verbatim.empty() ? std::string(kWords[static_cast<std::size_t>(content.finish)]) : content.finish_verbatim;
}

std::string call_id(const ToolCall& call) { return call.id.starts_with("call_") ? call.id : "call_" + call.id; }

void append_usage(std::string& out, const Content& content) {
  out += R"({"prompt_tokens":)";
  append_json_integer(out, content.prompt_tokens);
  out += R"(,"completion_tokens":)";
  append_json_integer(out, content.completion_tokens);
  out += R"(,"total_tokens":)";
  append_json_integer(out, content.prompt_tokens + content.completion_tokens);
  out += R"(,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":)";
  append_json_integer(out, content.reasoning_tokens);
  out += R"(,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}})";
}

/// `index`: of a streamed call; a whole reply's have none.
void append_call(std::string& out, const ToolCall& call, std::optional<std::size_t> index, std::string_view arguments) {
  out += '{';
  if (index) {
    out += R"("index":)";
    append_json_integer(out, static_cast<std::int64_t>(*index));
    out += ',';
  }
  out += R"("id":)";
  append_json_string(out, call_id(call));
  out += R"(,"type":"function","function":{"name":)";
  append_json_string(out, call.name);
  out += R"(,"arguments":)";
  append_json_string(out, arguments);
  out += "}}";
}

/// What begins each reply and each chunk; `room`: for what will follow.
std::string head_of(const Content& content, std::string_view object, std::size_t room) {
  std::string out;
  out.reserve(128 + content.model.size() + room);
  out += R"({"id":)";
  append_json_string(out, content.id("chatcmpl-"));
  out.append(R"(,"object":")").append(object).append(R"(","created":)");
  append_json_integer(out, content.created);
  out += R"(,"model":)";
  append_json_string(out, content.model);
  return out;
}

std::string whole(const Content& content) {
  auto out = head_of(content, "chat.completion", content.text.size() + 640);
  out += R"(,"choices":[{"index":0,"message":{"role":"assistant","content":)";
  if (content.text.empty() && !content.tool_calls.empty()) out += "null";
  else append_json_string(out, content.text);
  out += R"(,"refusal":null,"annotations":[])";
  if (!content.reasoning.empty()) {
    out += R"(,"reasoning_content":)";
    append_json_string(out, content.reasoning);
  }
  for (std::size_t i = 0; i < content.tool_calls.size(); ++i) {
    out += i == 0 ? R"(,"tool_calls":[)" : ",";
    append_call(out, content.tool_calls[i], std::nullopt, content.tool_calls[i].arguments);
  }
  if (!content.tool_calls.empty()) out += ']';
  out += R"(},"logprobs":null,"finish_reason":)";
  append_json_string(out, finish_word(content));
  out += R"(}],"usage":)";
  append_usage(out, content);
  out += R"(,"service_tier":"default","system_fingerprint":"fp_de604bd877"})";
  return out;
}

/// Writes the chunks of a stream.
struct Chunks {
  HealthyReply& reply;
  std::string head;   ///< of every chunk, up to its choices
  bool with_usage;    ///< the key is there only when usage was asked for, and then it is null in all chunks but the last

  void frame(std::string_view choices, std::string_view usage) {
    std::string part;
    part.reserve(head.size() + choices.size() + usage.size() + 32);
    part.append("data: ").append(head).append(choices);
    if (with_usage) part.append(R"(,"usage":)").append(usage);
    part += "}\n\n";
    reply.parts.push_back(std::move(part));
  }
  void delta(std::string_view value, std::string_view finish = "null") {
    std::string choices = R"([{"index":0,"delta":)";
    choices.append(value).append(R"(,"logprobs":null,"finish_reason":)").append(finish).append("}]");
    frame(choices, "null");
  }
  void text(std::string_view name, std::string_view value) {
    std::string out;
    out.append("{\"").append(name).append("\":");
    append_json_string(out, value);
    out += '}';
    delta(out);
  }
};

}  // namespace

void openai_chat_reply(HealthyReply& reply, const ProviderRequest& request, const Content& content) {
  if (!request.stream) {
    reply.parts.push_back(whole(content));
    return;
  }
  const auto* json = request.plain ? nullptr : request.json();
  const auto* asked = json ? base::find_path(*json, "stream_options.include_usage") : nullptr;
  Chunks chunks{.reply = reply, .head = head_of(content, "chat.completion.chunk", 96) + R"(,"service_tier":"default","system_fingerprint":"fp_de604bd877","choices":)",
                .with_usage = asked && asked->is_boolean() && asked->get<bool>()};
  const auto call_head = [&](std::size_t i) {
    std::string out = R"("tool_calls":[)";
    append_call(out, content.tool_calls[i], i, "");
    return out + ']';
  };
  // A reply that is a tool call and nothing else names its first call in the first chunk.
  const bool calls_only = content.pieces.empty() && content.reasoning.empty() && !content.tool_calls.empty();
  chunks.delta(calls_only ? R"({"role":"assistant","content":null,)" + call_head(0) + R"(,"refusal":null})" : R"({"role":"assistant","content":"","refusal":null})");
  if (!content.reasoning.empty()) chunks.text("reasoning_content", content.reasoning);
  reply.content_first = reply.parts.size();
  for (const auto& piece : content.pieces) chunks.text("content", piece);
  for (std::size_t i = 0; i < content.tool_calls.size(); ++i) {
    if (i > 0 || !calls_only) chunks.delta("{" + call_head(i) + "}");
    for (const auto& piece : argument_pieces(content.tool_calls[i].arguments)) {
      std::string out = R"({"tool_calls":[{"index":)";
      append_json_integer(out, static_cast<std::int64_t>(i));
      out += R"(,"function":{"arguments":)";
      append_json_string(out, piece);
      chunks.delta(out + "}}]}");
    }
  }
  chunks.delta("{}", json_string(finish_word(content)));
  if (chunks.with_usage) {
    std::string usage;
    append_usage(usage, content);
    chunks.frame("[]", usage);
  }
  reply.parts.emplace_back("data: [DONE]\n\n");
  reply.terminal_parts = 1;
}

}  // namespace simulator
