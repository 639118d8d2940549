// Replies of Gemini's generateContent and streamGenerateContent.
#include "gateway/wire/decoder.h"

namespace gateway {
namespace {

using base::Json;
using Kind = ReplyEvent::Kind;

Finish finish_of(std::string_view word) {
  if (word == "STOP") return Finish::stop;
  if (word == "MAX_TOKENS") return Finish::length;
  for (const auto blocked : {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE"}) {
    if (word == blocked) return Finish::content_filter;
  }
  return Finish::other;
}

class GeminiDecoder : public Decoder {
 public:
  bool frame(const SseFrame& frame, std::vector<ReplyEvent>& out) override {
    const auto json = base::parse_wire_json(frame.data);
    return json && json->is_object() && read(*json, out);
  }

  bool body(const Json& json, std::vector<ReplyEvent>& out) override {
    if (json.is_array()) {
      // A stream without alt=sse: one array of chunks.
      for (const auto& chunk : json) {
        if (!read(chunk, out)) return false;
      }
    } else if (!read(json, out)) {
      return false;
    }
    out.push_back(make_event(Kind::terminal));
    return true;
  }

 private:
  bool read(const Json& json, std::vector<ReplyEvent>& out) {
    if (auto error = error_inside(json); !error.empty()) {
      out.push_back(make_event(Kind::error, std::move(error)));
      return true;
    }
    const auto* candidates = base::find(json, "candidates");
    const auto* usage = base::find(json, "usageMetadata");
    const auto* feedback = base::find(json, "promptFeedback");
    if (!candidates && !usage && !feedback) return false;
    if (!started_) {
      started_ = true;
      auto event = make_event(Kind::start);
      event.id = base::string_or(json, "responseId");
      event.name = base::string_or(json, "modelVersion");
      out.push_back(std::move(event));
    }
    if (usage && usage->is_object()) read_usage(*usage, out);
    if (candidates && candidates->is_array() && !candidates->empty()) read_candidate((*candidates)[0], out);
    if (feedback && !base::string_or(*feedback, "blockReason").empty()) out.push_back(make_finish(Finish::content_filter, base::string_or(*feedback, "blockReason")));
    return true;
  }

  void read_usage(const Json& json, std::vector<ReplyEvent>& out) {
    Usage usage;
    usage.input = base::integer_or(json, "promptTokenCount", 0) + base::integer_or(json, "toolUsePromptTokenCount", 0);
    usage.reasoning = base::integer_or(json, "thoughtsTokenCount", 0);
    usage.output = base::integer_or(json, "candidatesTokenCount", 0) + usage.reasoning;
    usage.cached = base::integer_or(json, "cachedContentTokenCount", 0);
    out.push_back(make_usage(usage));
  }

  void read_candidate(const Json& candidate, std::vector<ReplyEvent>& out) {
    if (const auto* parts = base::find_path(candidate, "content.parts"); parts && parts->is_array()) {
      for (const auto& part : *parts) {
        if (part.is_object()) read_part(part, out);
      }
    }
    const auto word = base::string_or(candidate, "finishReason");
    if (!word.empty() && word != "FINISH_REASON_UNSPECIFIED") out.push_back(make_finish(finish_of(word) == Finish::stop && calls_ > 0 ? Finish::tool_calls : finish_of(word), word));
  }

  void read_part(const Json& part, std::vector<ReplyEvent>& out) {
    if (const auto* text = base::find(part, "text"); text && text->is_string()) {
      const auto& value = text->get_ref<const std::string&>();
      if (!value.empty()) out.push_back(make_event(base::bool_or(part, "thought", false) ? Kind::reasoning : Kind::text, value));
      return;
    }
    const auto* call = base::find(part, "functionCall");
    if (!call || !call->is_object()) {
      out.push_back(make_event(Kind::opaque));
      return;
    }
    auto start = make_event(Kind::tool_start, base::string_or(part, "thoughtSignature"));
    start.index = calls_;
    start.id = base::string_or(*call, "id");
    start.name = base::string_or(*call, "name");
    out.push_back(std::move(start));
    const auto* args = base::find(*call, "args");
    auto arguments = make_event(Kind::tool_arguments, args && args->is_object() ? base::dump(*args) : "{}");
    arguments.index = calls_++;
    out.push_back(std::move(arguments));
  }

  bool started_ = false;
  int calls_ = 0;
};

}  // namespace

std::unique_ptr<Decoder> make_gemini_decoder() { return std::make_unique<GeminiDecoder>(); }

}  // namespace gateway
