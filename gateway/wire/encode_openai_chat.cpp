// The openai-chat front: chunks of chat.completion.chunk, or one chat.completion.
#include "gateway/wire/encoder.h"
#include "gateway/wire/json_cursor.h"

namespace gateway {
namespace {

using base::Json;
using Kind = ReplyEvent::Kind;

std::string_view finish_word(Finish finish, bool tools) {
  switch (finish) {
    case Finish::length:
    case Finish::context_window: return "length";
    case Finish::tool_calls: return "tool_calls";
    case Finish::content_filter:
    case Finish::refusal: return "content_filter";
    default: return tools ? "tool_calls" : "stop";  // Gemini says STOP after a call as well
  }
}

Json signature_json(const std::string& signature) { return {{"google", {{"thought_signature", signature}}}}; }

class OpenAiChatEncoder : public Encoder {
 public:
  explicit OpenAiChatEncoder(EncoderOptions options) : options_(std::move(options)) {}

  void event(const ReplyEvent& event, std::string& out) override {
    switch (event.kind) {
      case Kind::start: start(event.name, out); break;
      case Kind::text: delta_text("content", event.text, out); break;
      // The name DeepSeek, vLLM and their clients use; OpenAI itself shows no reasoning.
      case Kind::reasoning: delta_text("reasoning_content", event.text, out); break;
      case Kind::tool_start: tool_start(event, out); break;
      case Kind::tool_arguments:
        start("", out);
        chunk(Json{{"tool_calls", Json::array({{{"index", event.index}, {"function", {{"arguments", event.text}}}}})}}, nullptr, out);
        break;
      case Kind::finish: finish(event.finish, out); break;
      case Kind::usage:
        usage_ = event.usage;
        break;
      case Kind::terminal: terminal(out); break;
      default: break;
    }
  }

 private:
  void start(const std::string& model, std::string& out) {
    if (!head_.empty()) return;
    head_ = "data: {\"id\":" + json_string(made_id("chatcmpl-", options_)) + ",\"object\":\"chat.completion.chunk\",\"created\":" +
            std::to_string(options_.created) + ",\"model\":" + json_string(shown_model(options_, model)) + ",\"choices\":[";
    chunk(Json{{"role", "assistant"}, {"content", ""}}, nullptr, out);
  }
  void close_chunk(std::string& out) { out += options_.include_usage ? "],\"usage\":null}\n\n" : "]}\n\n"; }
  void chunk(const Json& delta, const Json& finish, std::string& out) {
    out += head_ + "{\"index\":0,\"delta\":" + base::dump(delta) + ",\"logprobs\":null,\"finish_reason\":" + base::dump(finish) + "}";
    close_chunk(out);
  }
  void delta_text(std::string_view member, std::string_view text, std::string& out) {
    start("", out);
    out += head_;
    out += "{\"index\":0,\"delta\":{\"";
    out += member;
    out += "\":";
    append_json_string(out, text);
    out += "},\"logprobs\":null,\"finish_reason\":null}";
    close_chunk(out);
  }
  void tool_start(const ReplyEvent& event, std::string& out) {
    start("", out);
    tools_ = true;
    Json call{{"index", event.index}, {"id", call_id(options_, event.id, event.index)}, {"type", "function"}, {"function", {{"name", event.name}, {"arguments", ""}}}};
    if (!event.text.empty()) call["extra_content"] = signature_json(event.text);
    chunk(Json{{"tool_calls", Json::array({std::move(call)})}}, nullptr, out);
  }
  void finish(Finish finish, std::string& out) {
    start("", out);
    if (finished_) return;
    finished_ = true;
    chunk(Json::object(), std::string(finish_word(finish, tools_)), out);
  }
  void terminal(std::string& out) {
    finish(Finish::stop, out);
    if (options_.include_usage) out += head_ + "],\"usage\":" + base::dump(openai_chat_usage(usage_)) + "}\n\n";
    out += "data: [DONE]\n\n";
  }

  EncoderOptions options_;
  std::string head_;  // of every chunk, up to its choices
  Usage usage_;
  bool tools_ = false, finished_ = false;
};

}  // namespace

Json openai_chat_usage(const Usage& usage) {
  return {{"prompt_tokens", usage.input}, {"completion_tokens", usage.output}, {"total_tokens", usage.input + usage.output},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached}}}, {"completion_tokens_details", {{"reasoning_tokens", usage.reasoning}}}};
}

std::unique_ptr<Encoder> make_openai_chat_encoder(EncoderOptions options) { return std::make_unique<OpenAiChatEncoder>(std::move(options)); }

std::string plain_openai_chat(const EncoderOptions& options, const Gathered& reply) {
  std::string reasoning;
  Json calls = Json::array();
  for (const auto& block : reply.blocks) {
    if (block.kind == Kind::reasoning) reasoning += block.text;
    if (block.kind != Kind::tool_start) continue;
    Json call{{"id", call_id(options, block.id, block.index)}, {"type", "function"}, {"function", {{"name", block.name}, {"arguments", block.text}}}};
    if (!block.signature.empty()) call["extra_content"] = signature_json(block.signature);
    calls.push_back(std::move(call));
  }
  const auto text = reply.text();
  std::string out = R"({"id":)" + json_string(made_id("chatcmpl-", options)) + R"(,"object":"chat.completion","created":)" + std::to_string(options.created) + R"(,"model":)" +
                    json_string(shown_model(options, reply.model)) + R"(,"choices":[{"index":0,"message":{"role":"assistant","content":)";
  if (!text.empty() || calls.empty()) append_json_string(out, text);
  else out += "null";
  out += R"(,"refusal":null)";
  if (!reasoning.empty()) append_json_string(out += R"(,"reasoning_content":)", reasoning);
  if (!calls.empty()) out.append(R"(,"tool_calls":)").append(base::dump(calls));
  out += R"(},"logprobs":null,"finish_reason":)";
  append_json_string(out, finish_word(reply.finish, reply.has_tools()));
  out += "}]";
  if (reply.usage_known) out.append(R"(,"usage":)").append(base::dump(openai_chat_usage(reply.usage)));
  return out += '}';
}

}  // namespace gateway
