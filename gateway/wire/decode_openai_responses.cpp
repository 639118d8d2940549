// Replies of OpenAI's responses API.
#include <map>

#include "gateway/wire/decoder.h"

namespace gateway {
namespace {

using base::Json;
using Kind = ReplyEvent::Kind;

class ResponsesDecoder : public Decoder {
 public:
  bool frame(const SseFrame& frame, std::vector<ReplyEvent>& out) override {
    if (fast_openai_responses(frame.data, out)) {
      said_ = true;
      return true;
    }
    const auto json = base::parse_wire_json(frame.data);
    if (!json || !json->is_object()) return false;
    const auto type = base::string_or(*json, "type", frame.event);
    if (type == "error" || type == "response.failed" || type.empty()) {
      auto error = error_inside(*json);
      if (error.empty() && type.empty()) return false;
      out.push_back(make_event(Kind::error, failed_body(*json)));
    } else if (type == "response.created") {
      if (const auto* response = base::find(*json, "response")) start(*response, out);
    } else if (type == "response.completed" || type == "response.incomplete" || type == "response.cancelled") {
      const auto* response = base::find(*json, "response");
      completed(response ? *response : Json::object(), type, out);
    } else {
      piece(*json, type, out);
    }
    return true;
  }

  bool body(const Json& json, std::vector<ReplyEvent>& out) override {
    const auto* output = base::find(json, "output");
    if (!output || !output->is_array()) return false;
    if (base::string_or(json, "status") == "failed") {
      out.push_back(make_event(Kind::error, failed_body(json)));
      return true;
    }
    completed(json, "response." + base::string_or(json, "status", "completed"), out);
    return true;
  }

 private:
  /// The envelope all of OpenAI's errors have, made from whichever form came; what came is kept beside it.
  static std::string failed_body(const Json& json) {
    if (!error_inside(json).empty()) return base::dump(json);
    if (const auto* inner = base::find_path(json, "response.error"); inner && inner->is_object()) return base::dump(Json{{"type", "response.failed"}, {"error", *inner}});
    return base::dump(json);
  }

  void start(const Json& response, std::vector<ReplyEvent>& out) {
    if (started_) return;
    started_ = true;
    auto event = make_event(Kind::start);
    event.id = base::string_or(response, "id");
    event.name = base::string_or(response, "model");
    out.push_back(std::move(event));
  }

  struct Item {
    int tool = 0;
    bool call = false, arguments = false;
  };

  static void text(Kind kind, const Json& from, std::string_view member, std::vector<ReplyEvent>& out) {
    auto value = base::string_or(from, member);
    if (!value.empty()) out.push_back(make_event(kind, std::move(value)));
  }

  void piece(const Json& json, const std::string& type, std::vector<ReplyEvent>& out) {
    const auto at = base::integer_or(json, "output_index", 0);
    if (type == "response.output_text.delta" || type == "response.refusal.delta") {
      said_ = true;
      text(Kind::text, json, "delta", out);
    } else if (type == "response.reasoning_summary_text.delta" || type == "response.reasoning_text.delta") {
      reasoned_ = true;
      text(Kind::reasoning, json, "delta", out);
    } else if (type == "response.function_call_arguments.delta") {
      arguments(items_[at], base::string_or(json, "delta"), out);
    } else if (type == "response.function_call_arguments.done") {
      if (!items_[at].arguments) arguments(items_[at], base::string_or(json, "arguments"), out);
    } else if (type == "response.output_item.added") {
      if (const auto* item = base::find(json, "item"); item && item->is_object()) item_added(*item, at, out);
    } else if (type == "response.output_item.done") {
      if (const auto* item = base::find(json, "item"); item && item->is_object()) item_done(*item, at, out);
    }
  }

  void arguments(Item& item, std::string value, std::vector<ReplyEvent>& out) {
    if (!item.call || value.empty()) return;
    item.arguments = true;
    auto event = make_event(Kind::tool_arguments, std::move(value));
    event.index = item.tool;
    out.push_back(std::move(event));
  }

  void item_added(const Json& item, std::int64_t at, std::vector<ReplyEvent>& out) {
    const auto type = base::string_or(item, "type");
    if (type == "message" || type == "reasoning") return;
    if (type != "function_call") {
      // A server-side tool at work: content, though no other dialect can show it.
      out.push_back(make_event(Kind::opaque));
      return;
    }
    auto& state = items_[at];
    if (state.call) return;
    state = {next_tool_++, true, false};
    auto event = make_event(Kind::tool_start);
    event.index = state.tool;
    event.id = base::string_or(item, "call_id", base::string_or(item, "id"));
    event.name = base::string_or(item, "name");
    out.push_back(std::move(event));
  }

  /// What the deltas did not bring.
  void item_done(const Json& item, std::int64_t at, std::vector<ReplyEvent>& out) {
    const auto type = base::string_or(item, "type");
    if (type == "function_call") {
      item_added(item, at, out);
      if (!items_[at].arguments) arguments(items_[at], base::string_or(item, "arguments"), out);
    } else if (type == "message" && !said_) {
      message(item, out);
    } else if (type == "reasoning" && !reasoned_) {
      reasoning(item, out);
    }
  }

  void message(const Json& item, std::vector<ReplyEvent>& out) {
    const auto* content = base::find(item, "content");
    if (!content || !content->is_array()) return;
    for (const auto& part : *content) {
      said_ = true;
      text(Kind::text, part, base::string_or(part, "type") == "refusal" ? "refusal" : "text", out);
    }
  }

  void reasoning(const Json& item, std::vector<ReplyEvent>& out) {
    for (const auto* member : {"summary", "content"}) {
      const auto* parts = base::find(item, member);
      if (!parts || !parts->is_array()) continue;
      for (const auto& part : *parts) {
        reasoned_ = true;
        text(Kind::reasoning, part, "text", out);
      }
    }
  }

  void completed(const Json& response, const std::string& type, std::vector<ReplyEvent>& out) {
    start(response, out);
    if (const auto* output = base::find(response, "output"); output && output->is_array()) {
      // Each item that no event brought; in a plain body that is every one.
      const bool all_said = said_, all_reasoned = reasoned_;
      for (std::size_t i = 0; i < output->size(); ++i) {
        const auto& item = (*output)[i];
        said_ = all_said;
        reasoned_ = all_reasoned;
        if (item.is_object()) whole_item(item, static_cast<std::int64_t>(i), out);
      }
    }
    if (const auto* usage = base::find(response, "usage"); usage && usage->is_object()) {
      Usage counts;
      counts.input = base::integer_or(*usage, "input_tokens", 0);
      counts.output = base::integer_or(*usage, "output_tokens", 0);
      if (const auto* details = base::find(*usage, "input_tokens_details")) counts.cached = base::integer_or(*details, "cached_tokens", 0);
      if (const auto* details = base::find(*usage, "output_tokens_details")) counts.reasoning = base::integer_or(*details, "reasoning_tokens", 0);
      out.push_back(make_usage(counts));
    }
    const auto* why = base::find_path(response, "incomplete_details.reason");
    const std::string reason = why && why->is_string() ? why->get<std::string>() : "";
    Finish finish = next_tool_ > 0 ? Finish::tool_calls : Finish::stop;
    if (type == "response.incomplete") finish = reason == "content_filter" ? Finish::content_filter : Finish::length;
    out.push_back(make_finish(finish, reason.empty() ? type.substr(type.find('.') + 1) : reason));
    out.push_back(make_event(Kind::terminal));
  }

  void whole_item(const Json& item, std::int64_t at, std::vector<ReplyEvent>& out) {
    const auto type = base::string_or(item, "type");
    if (type == "message" || type == "reasoning" || type == "function_call") item_done(item, at, out);
    else out.push_back(make_event(Kind::opaque));
  }

  std::map<std::int64_t, Item> items_;
  int next_tool_ = 0;
  bool started_ = false, said_ = false, reasoned_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_openai_responses_decoder() { return std::make_unique<ResponsesDecoder>(); }

}  // namespace gateway
