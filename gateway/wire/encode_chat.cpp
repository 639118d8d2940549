// The gateway's own chat front: {"reply", "model"}, or the events delta and done.
#include "gateway/wire/encoder.h"
#include "gateway/wire/json_cursor.h"

namespace gateway {
namespace {

using Kind = ReplyEvent::Kind;

class ChatEncoder : public Encoder {
 public:
  explicit ChatEncoder(EncoderOptions options) : options_(std::move(options)) {}

  void event(const ReplyEvent& event, std::string& out) override {
    gathered_.add(event);
    if (event.kind == Kind::text) {
      out += "event: delta\ndata: {\"text\":";
      append_json_string(out, event.text);
      out += "}\n\n";
    }
    if (event.kind == Kind::terminal) out += "event: done\ndata: " + plain_chat(options_, gathered_) + "\n\n";
  }

 private:
  EncoderOptions options_;
  Gathered gathered_;
};

}  // namespace

std::unique_ptr<Encoder> make_chat_encoder(EncoderOptions options) { return std::make_unique<ChatEncoder>(std::move(options)); }

std::string plain_chat(const EncoderOptions& options, const Gathered& reply) {
  std::string out = R"({"reply":)";
  append_json_string(out, reply.text());
  append_json_string(out += R"(,"model":)", shown_model(options, reply.model));
  return out += '}';
}

}  // namespace gateway
