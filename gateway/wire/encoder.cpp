#include "gateway/wire/encoder.h"

namespace gateway {

std::string shown_model(const EncoderOptions& options, const std::string& answered) {
  return options.model_shown.empty() ? answered : options.model_shown;
}

std::string made_id(std::string_view prefix, const EncoderOptions& options) {
  return std::string(prefix) + (options.id.empty() ? "gateway" : options.id);
}

std::string call_id(const EncoderOptions& options, const std::string& id, int index) {
  return id.empty() ? made_id("call_", options) + "_" + std::to_string(index) : id;
}

void append_frame(std::string& out, std::string_view event, const base::Json& data) {
  if (!event.empty()) {
    out += "event: ";
    out += event;
    out += '\n';
  }
  out += "data: ";
  out += base::dump(data);
  out += "\n\n";
}

std::string terminator(Dialect front) {
  switch (front) {
    case Dialect::openai_chat: return "data: [DONE]\n\n";
    case Dialect::anthropic_messages: return "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    default: return {};
  }
}

std::unique_ptr<Encoder> make_encoder(Dialect front, EncoderOptions options) {
  switch (front) {
    case Dialect::openai_responses: return make_openai_responses_encoder(std::move(options));
    case Dialect::anthropic_messages: return make_anthropic_encoder(std::move(options));
    case Dialect::chat: return make_chat_encoder(std::move(options));
    default: return make_openai_chat_encoder(std::move(options));
  }
}

std::string encode_plain(Dialect front, const EncoderOptions& options, const Gathered& reply) {
  switch (front) {
    case Dialect::openai_responses: return plain_openai_responses(options, reply);
    case Dialect::anthropic_messages: return plain_anthropic(options, reply);
    case Dialect::chat: return plain_chat(options, reply);
    default: return plain_openai_chat(options, reply);
  }
}

}  // namespace gateway
