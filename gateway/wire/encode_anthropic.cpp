// The anthropic-messages front: message_start … message_stop, or one message.
#include <map>

#include "gateway/wire/encoder.h"
#include "gateway/wire/json_cursor.h"

namespace gateway {
namespace {

using base::Json;
using Kind = ReplyEvent::Kind;

std::string_view stop_word(Finish finish, bool tools) {
  switch (finish) {
    case Finish::stop_sequence: return "stop_sequence";
    case Finish::length: return "max_tokens";
    case Finish::tool_calls: return "tool_use";
    case Finish::content_filter:
    case Finish::refusal: return "refusal";
    case Finish::context_window: return "model_context_window_exceeded";
    case Finish::pause: return "pause_turn";
    default: return tools ? "tool_use" : "end_turn";
  }
}

/// Anthropic counts what came from the cache apart.
Json usage_json(const Usage& usage) {
  return {{"input_tokens", usage.input - std::min(usage.input, usage.cached)}, {"cache_creation_input_tokens", 0}, {"cache_read_input_tokens", usage.cached}, {"output_tokens", usage.output}};
}

class AnthropicEncoder : public Encoder {
 public:
  explicit AnthropicEncoder(EncoderOptions options) : options_(std::move(options)) {}

  void event(const ReplyEvent& event, std::string& out) override {
    switch (event.kind) {
      case Kind::start:
        if (model_.empty()) model_ = event.name;
        break;
      case Kind::usage: usage_ = event.usage; break;
      case Kind::text: text(event.text, out); break;
      case Kind::reasoning:
        open(Open::thinking, Json{{"type", "thinking"}, {"thinking", ""}, {"signature", ""}}, out);
        delta(block_, "thinking_delta", "thinking", event.text, out);
        break;
      case Kind::signature:
        open(Open::thinking, Json{{"type", "thinking"}, {"thinking", ""}, {"signature", ""}}, out);
        delta(block_, "signature_delta", "signature", event.text, out);
        break;
      case Kind::redacted:
        close(out);
        open(Open::other, Json{{"type", "redacted_thinking"}, {"data", event.text}}, out);
        close(out);
        break;
      case Kind::tool_start:
        close(out);
        open(Open::tool, Json{{"type", "tool_use"}, {"id", call_id(options_, event.id, event.index)}, {"name", event.name}, {"input", Json::object()}}, out);
        tools_[event.index] = block_;
        break;
      case Kind::tool_arguments:
        if (const auto found = tools_.find(event.index); found != tools_.end()) delta(found->second, "input_json_delta", "partial_json", event.text, out);
        break;
      case Kind::finish:
        if (!finished_) {
          finish_ = event.finish;
          stop_sequence_ = event.finish == Finish::stop_sequence && !event.name.empty() ? Json(event.name) : Json(nullptr);
        }
        finished_ = true;
        close(out);
        break;
      case Kind::terminal: terminal(out); break;
      default: break;
    }
  }

 private:
  enum class Open { none, text, thinking, tool, other };

  void start(std::string& out) {
    if (started_) return;
    started_ = true;
    Json message{{"id", made_id("msg_", options_)}, {"type", "message"}, {"role", "assistant"}, {"model", shown_model(options_, model_)}, {"content", Json::array()},
                 {"stop_reason", nullptr}, {"stop_sequence", nullptr}, {"usage", usage_json(usage_)}};
    append_frame(out, "message_start", Json{{"type", "message_start"}, {"message", std::move(message)}});
  }
  void open(Open kind, const Json& block, std::string& out) {
    start(out);
    if (open_ == kind && kind != Open::tool) return;
    close(out);
    open_ = kind;
    ++block_;
    append_frame(out, "content_block_start", Json{{"type", "content_block_start"}, {"index", block_}, {"content_block", block}});
  }
  void close(std::string& out) {
    if (open_ == Open::none) return;
    open_ = Open::none;
    append_frame(out, "content_block_stop", Json{{"type", "content_block_stop"}, {"index", block_}});
  }
  void text(std::string_view piece, std::string& out) {
    if (open_ != Open::text) open(Open::text, Json{{"type", "text"}, {"text", ""}}, out);
    delta(block_, "text_delta", "text", piece, out);
  }
  static void delta(int block, std::string_view type, std::string_view member, std::string_view piece, std::string& out) {
    out += "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":";
    out += std::to_string(block);
    out += ",\"delta\":{\"type\":\"";
    out += type;
    out += "\",\"";
    out += member;
    out += "\":";
    append_json_string(out, piece);
    out += "}}\n\n";
  }
  void terminal(std::string& out) {
    start(out);
    close(out);
    append_frame(out, "message_delta", Json{{"type", "message_delta"}, {"delta", {{"stop_reason", std::string(stop_word(finish_, !tools_.empty()))}, {"stop_sequence", stop_sequence_}}}, {"usage", usage_json(usage_)}});
    out += terminator(Dialect::anthropic_messages);
  }

  EncoderOptions options_;
  std::string model_;
  Usage usage_;
  std::map<int, int> tools_;  // call → block
  int block_ = -1;
  Open open_ = Open::none;
  Finish finish_ = Finish::stop;
  Json stop_sequence_ = nullptr;
  bool started_ = false, finished_ = false;
};

}  // namespace

std::unique_ptr<Encoder> make_anthropic_encoder(EncoderOptions options) { return std::make_unique<AnthropicEncoder>(std::move(options)); }

std::string plain_anthropic(const EncoderOptions& options, const Gathered& reply) {
  Json content = Json::array();
  for (const auto& block : reply.blocks) {
    if (block.kind == Kind::text) content.push_back({{"type", "text"}, {"text", block.text}});
    if (block.kind == Kind::reasoning) content.push_back({{"type", "thinking"}, {"thinking", block.text}, {"signature", block.signature}});
    if (block.kind == Kind::redacted) content.push_back({{"type", "redacted_thinking"}, {"data", block.text}});
    if (block.kind != Kind::tool_start) continue;
    // A call that the token limit cut must not be run: it is left out, and the stop reason says why.
    if (reply.finish == Finish::length && !base::Json::accept(block.text)) continue;
    content.push_back({{"type", "tool_use"}, {"id", call_id(options, block.id, block.index)}, {"name", block.name}, {"input", arguments_object(block.text)}});
  }
  const bool stopped = reply.finish == Finish::stop_sequence && !reply.finish_sequence.empty();
  return base::dump(Json{{"id", made_id("msg_", options)}, {"type", "message"}, {"role", "assistant"}, {"model", shown_model(options, reply.model)}, {"content", std::move(content)},
                         {"stop_reason", std::string(stop_word(reply.finish, reply.has_tools()))}, {"stop_sequence", stopped ? Json(reply.finish_sequence) : Json(nullptr)}, {"usage", usage_json(reply.usage)}});
}

}  // namespace gateway
