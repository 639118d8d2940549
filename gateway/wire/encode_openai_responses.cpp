// The openai-responses front: response.created … response.completed, or one response.
#include "gateway/wire/encoder.h"
#include "gateway/wire/json_cursor.h"

namespace gateway {
namespace {

using base::Json;
using Kind = ReplyEvent::Kind;
using Block = Gathered::Block;

std::string item_id(const EncoderOptions& options, Kind kind, std::size_t index) {
  const auto* prefix = kind == Kind::reasoning ? "rs_" : kind == Kind::tool_start ? "fc_" : "msg_";
  return made_id(prefix, options) + "_" + std::to_string(index);
}

Json text_part(const std::string& text) { return {{"type", "output_text"}, {"annotations", Json::array()}, {"logprobs", Json::array()}, {"text", text}}; }
Json summary_part(const std::string& text) { return {{"type", "summary_text"}, {"text", text}}; }

/// An output item; `whole` false: as it is when it opens.
Json item_json(const EncoderOptions& options, const Block& block, std::size_t index, bool whole) {
  const auto id = item_id(options, block.kind, index);
  const auto* status = whole ? "completed" : "in_progress";
  if (block.kind == Kind::reasoning) return {{"id", id}, {"type", "reasoning"}, {"summary", whole ? Json::array({summary_part(block.text)}) : Json::array()}};
  if (block.kind == Kind::tool_start) {
    return {{"id", id}, {"type", "function_call"}, {"status", status}, {"arguments", whole ? block.text : ""}, {"call_id", call_id(options, block.id, block.index)}, {"name", block.name}};
  }
  return {{"id", id}, {"type", "message"}, {"status", status}, {"content", whole ? Json::array({text_part(block.text)}) : Json::array()}, {"role", "assistant"}};
}

Json usage_json(const Usage& usage) {
  return {{"input_tokens", usage.input}, {"input_tokens_details", {{"cached_tokens", usage.cached}}}, {"output_tokens", usage.output},
          {"output_tokens_details", {{"reasoning_tokens", usage.reasoning}}}, {"total_tokens", usage.input + usage.output}};
}

/// Why a response is not complete; empty when it is.
std::string incomplete_reason(const Gathered& reply) {
  switch (reply.finish) {
    case Finish::length:
    case Finish::context_window: return "max_output_tokens";
    case Finish::content_filter:
    case Finish::refusal: return "content_filter";
    default: return {};
  }
}

Json response_json(const EncoderOptions& options, const Gathered& reply, bool whole) {
  const auto reason = whole ? incomplete_reason(reply) : std::string();
  Json output = Json::array();
  for (std::size_t i = 0; whole && i < reply.blocks.size(); ++i) output.push_back(item_json(options, reply.blocks[i], i, true));
  Json json{{"id", made_id("resp_", options)}, {"object", "response"}, {"created_at", options.created}, {"status", !whole ? "in_progress" : reason.empty() ? "completed" : "incomplete"}, {"background", false}, {"error", nullptr}};
  json["incomplete_details"] = reason.empty() ? Json(nullptr) : Json{{"reason", reason}};
  json["instructions"] = nullptr;
  json["max_output_tokens"] = nullptr;
  json["model"] = shown_model(options, reply.model);
  json["output"] = std::move(output);
  json["parallel_tool_calls"] = true;
  json["previous_response_id"] = nullptr;
  // Nothing is kept: a later previous_response_id cannot refer to it.
  json["store"] = false;
  json["temperature"] = nullptr;
  json["text"] = {{"format", {{"type", "text"}}}};
  json["tool_choice"] = "auto";
  json["tools"] = Json::array();
  json["top_p"] = nullptr;
  json["truncation"] = "disabled";
  json["usage"] = whole && reply.usage_known ? usage_json(reply.usage) : Json(nullptr);
  json["user"] = nullptr;
  json["metadata"] = Json::object();
  return json;
}

/// Reasoning that only its maker can read has no place here.
bool foreign(const ReplyEvent& event) { return event.kind == Kind::signature || event.kind == Kind::redacted; }

class ResponsesEncoder : public Encoder {
 public:
  explicit ResponsesEncoder(EncoderOptions options) : options_(std::move(options)) {}

  void event(const ReplyEvent& event, std::string& out) override {
    if (foreign(event)) return;
    const auto before = reply_.blocks.size();
    reply_.add(event);
    if (event.kind == Kind::start || event.kind == Kind::usage) return;
    if (event.kind != Kind::noise && event.kind != Kind::opaque && event.kind != Kind::duplicate) start(out);
    if (reply_.blocks.size() > before) {
      close(out);
      open(before, out);
    }
    if (event.kind == Kind::text) delta("response.output_text.delta", before_or_last(), "content_index", event.text, ",\"logprobs\":[]", out);
    if (event.kind == Kind::reasoning) delta("response.reasoning_summary_text.delta", before_or_last(), "summary_index", event.text, "", out);
    if (event.kind == Kind::tool_arguments) arguments(event, out);
    if (event.kind == Kind::finish) close(out);
    if (event.kind == Kind::terminal) terminal(out);
  }

 private:
  std::size_t before_or_last() const { return reply_.blocks.size() - 1; }
  void send(const std::string& type, Json members, std::string& out) {
    Json data{{"type", type}, {"sequence_number", sequence_++}};
    data.update(members);
    append_frame(out, type, data);
  }
  Json place(std::size_t index) const { return {{"item_id", item_id(options_, reply_.blocks[index].kind, index)}, {"output_index", index}}; }
  Json place(std::size_t index, const char* inner, const char* name, Json value) const {
    auto json = place(index);
    json[inner] = 0;
    json[name] = std::move(value);
    return json;
  }

  void start(std::string& out) {
    if (started_) return;
    started_ = true;
    const auto response = response_json(options_, reply_, false);
    send("response.created", {{"response", response}}, out);
    send("response.in_progress", {{"response", response}}, out);
  }
  void open(std::size_t index, std::string& out) {
    const auto& block = reply_.blocks[index];
    open_ = true;
    send("response.output_item.added", {{"output_index", index}, {"item", item_json(options_, block, index, false)}}, out);
    if (block.kind == Kind::text) send("response.content_part.added", place(index, "content_index", "part", text_part("")), out);
    if (block.kind == Kind::reasoning) send("response.reasoning_summary_part.added", place(index, "summary_index", "part", summary_part("")), out);
  }
  void close(std::string& out) {
    if (!open_) return;
    open_ = false;
    const auto index = closed_++;
    const auto& block = reply_.blocks[index];
    if (block.kind == Kind::text) {
      auto done = place(index, "content_index", "text", block.text);
      done["logprobs"] = Json::array();
      send("response.output_text.done", std::move(done), out);
      send("response.content_part.done", place(index, "content_index", "part", text_part(block.text)), out);
    } else if (block.kind == Kind::reasoning) {
      send("response.reasoning_summary_text.done", place(index, "summary_index", "text", block.text), out);
      send("response.reasoning_summary_part.done", place(index, "summary_index", "part", summary_part(block.text)), out);
    } else {
      auto done = place(index);
      done["name"] = block.name;
      done["arguments"] = block.text;
      send("response.function_call_arguments.done", std::move(done), out);
    }
    send("response.output_item.done", {{"output_index", index}, {"item", item_json(options_, block, index, true)}}, out);
  }
  void delta(std::string_view type, std::size_t index, std::string_view inner, std::string_view piece, std::string_view more, std::string& out) {
    out += "event: ";
    out += type;
    out += "\ndata: {\"type\":\"";
    out += type;
    out += "\",\"sequence_number\":" + std::to_string(sequence_++) + ",\"item_id\":" + json_string(item_id(options_, reply_.blocks[index].kind, index)) + ",\"output_index\":" + std::to_string(index);
    if (!inner.empty()) {
      out += ",\"";
      out += inner;
      out += "\":0";
    }
    out += ",\"delta\":";
    append_json_string(out, piece);
    out += more;
    out += "}\n\n";
  }
  void arguments(const ReplyEvent& event, std::string& out) {
    for (std::size_t i = 0; i < reply_.blocks.size(); ++i) {
      const auto& block = reply_.blocks[i];
      if (block.kind == Kind::tool_start && block.index == event.index) delta("response.function_call_arguments.delta", i, "", event.text, "", out);
    }
  }
  void terminal(std::string& out) {
    close(out);
    const auto reason = incomplete_reason(reply_);
    send(reason.empty() ? "response.completed" : "response.incomplete", {{"response", response_json(options_, reply_, true)}}, out);
  }

  EncoderOptions options_;
  Gathered reply_;
  std::int64_t sequence_ = 0;
  std::size_t closed_ = 0;  // blocks before this one are done; the next is open where open_ says so
  bool open_ = false, started_ = false;
};

}  // namespace

std::unique_ptr<Encoder> make_openai_responses_encoder(EncoderOptions options) { return std::make_unique<ResponsesEncoder>(std::move(options)); }

std::string plain_openai_responses(const EncoderOptions& options, const Gathered& reply) {
  auto shown = reply;
  std::erase_if(shown.blocks, [](const Block& block) { return block.kind == Kind::redacted || (block.kind == Kind::reasoning && block.text.empty()); });
  return base::dump(response_json(options, shown, true));
}

}  // namespace gateway
