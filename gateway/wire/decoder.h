// Reads replies of one upstream dialect: frames of a stream, or a whole JSON body, as reply events.
#pragma once

#include <memory>

#include "gateway/wire/reply.h"
#include "gateway/wire/sse.h"

namespace gateway {

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// False: the data is no JSON of this dialect. [DONE] is told by the caller of this function, not here.
  virtual bool frame(const SseFrame& frame, std::vector<ReplyEvent>& out) = 0;
  /// A whole plain body. False: a JSON document, but not of this dialect.
  virtual bool body(const base::Json& json, std::vector<ReplyEvent>& out) = 0;
};

std::unique_ptr<Decoder> make_decoder(Dialect upstream);
std::unique_ptr<Decoder> make_openai_chat_decoder();
std::unique_ptr<Decoder> make_openai_responses_decoder();
std::unique_ptr<Decoder> make_anthropic_decoder();
std::unique_ptr<Decoder> make_gemini_decoder();
std::unique_ptr<Decoder> make_embeddings_decoder();

/// An error in a 200 of any provider: an `error` member, or an object that is nothing but an error. Empty: none.
std::string error_inside(const base::Json& json);
ReplyEvent make_event(ReplyEvent::Kind kind, std::string text = {});
ReplyEvent make_finish(Finish finish, std::string_view word);
ReplyEvent make_usage(const Usage& usage);

/// What the text deltas of one stream have in common: all but the text (and OpenAI's random padding). Once one was understood,
/// the next ones are compared, not parsed: with another string in the same place they have the same structure.
class DeltaTemplate {
 public:
  bool read(std::string_view data, std::vector<ReplyEvent>& out) const;
  /// `text` and `padding` are raw strings within `data`; no padding: a null view.
  void learn(std::string_view data, std::string_view text, std::string_view padding);

 private:
  std::string before_, between_, after_;
  bool padded_ = false;
};

/// Fast paths: true when the frame is a plain delta of visible text (or nothing), fully understood; then `out` has its event.
bool fast_openai_chat(std::string_view data, std::vector<ReplyEvent>& out, DeltaTemplate& known);
bool fast_anthropic(std::string_view data, std::vector<ReplyEvent>& out, DeltaTemplate& known);
bool fast_openai_responses(std::string_view data, std::vector<ReplyEvent>& out);
/// The commonest whole bodies: one piece of text, finished or cut at the limit of tokens. `out` as the decoder's body() would fill it.
bool fast_plain_openai_chat(std::string_view body, std::vector<ReplyEvent>& out);
bool fast_plain_anthropic(std::string_view body, std::vector<ReplyEvent>& out);

}  // namespace gateway
