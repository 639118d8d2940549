// Writes replies of one front: event by event for a stream, or gathered as one JSON body.
#pragma once

#include <memory>

#include "gateway/wire/reply.h"

namespace gateway {

struct EncoderOptions {
  bool include_usage = false;
  std::string model_shown;
  std::string id;
  std::int64_t created = 0;
};

class Encoder {
 public:
  virtual ~Encoder() = default;
  /// Appends the frames of one event to `out`. `terminal` ends everything; nothing follows it.
  virtual void event(const ReplyEvent& event, std::string& out) = 0;
};

std::unique_ptr<Encoder> make_encoder(Dialect front, EncoderOptions options);
std::unique_ptr<Encoder> make_openai_chat_encoder(EncoderOptions options);
std::unique_ptr<Encoder> make_openai_responses_encoder(EncoderOptions options);
std::unique_ptr<Encoder> make_anthropic_encoder(EncoderOptions options);
std::unique_ptr<Encoder> make_chat_encoder(EncoderOptions options);

/// The body of a plain reply.
std::string encode_plain(Dialect front, const EncoderOptions& options, const Gathered& reply);
std::string plain_openai_chat(const EncoderOptions& options, const Gathered& reply);
std::string plain_openai_responses(const EncoderOptions& options, const Gathered& reply);
std::string plain_anthropic(const EncoderOptions& options, const Gathered& reply);
std::string plain_chat(const EncoderOptions& options, const Gathered& reply);

/// The name shown for the model that answered.
std::string shown_model(const EncoderOptions& options, const std::string& answered);
/// An id for a tool call whose provider gave none (Gemini): clients must have one to answer to.
std::string call_id(const EncoderOptions& options, const std::string& id, int index);
/// "id", with the prefix of its dialect.
std::string made_id(std::string_view prefix, const EncoderOptions& options);
void append_frame(std::string& out, std::string_view event, const base::Json& data);  ///< no `event:` line when `event` is empty

/// The bytes that end a stream whose provider forgot to: for frames that passed through.
std::string terminator(Dialect front);

base::Json openai_chat_usage(const Usage& usage);

}  // namespace gateway
