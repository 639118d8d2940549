#include "harness/dialogue/reply_reader.h"

#include "base/text.h"
#include "harness/dialogue/text_scan.h"

namespace harness {
namespace {

using base::Json;

std::string text_of_blocks(const Json* blocks) {
  std::string text;
  if (blocks == nullptr || !blocks->is_array()) return text;
  for (const auto& block : *blocks) text += base::string_or(block, "text");
  return text;
}

}  // namespace

ReplyReader::ReplyReader(Api api, base::Duration start, Reads reads) : api_(api), reads_(reads), start_(start), now_(start), last_event_(start) {
  sse_.on_event = [this](const std::string& name, const std::string& data) { on_event(name, data); };
}

void ReplyReader::head(int status, const base::Headers& headers, base::Duration at) {
  status_ = status;
  if (reads_ == Reads::everything) headers_ = headers;
  now_ = at;
  streaming_ = base::icontains(headers.get("content-type"), "text/event-stream");
}

void ReplyReader::body(std::string_view bytes, base::Duration at) {
  now_ = at;
  if (body_.size() < kReplyBodyKept) {
    body_ += bytes.substr(0, kReplyBodyKept - body_.size());
  } else {
    body_cut_ = body_cut_ || !bytes.empty();
  }
  if (streaming_) sse_.feed(bytes);
}

void ReplyReader::on_event(const std::string& name, const std::string& data) {
  ++events_;
  largest_gap_ = std::max(largest_gap_, now_ - last_event_);
  last_event_ = now_;
  if (data == "[DONE]") {
    terminator_ = true;
    return;
  }
  if (reads_ == Reads::text && api_ == Api::chat_completions) {
    if (auto text = scan_chunk_text(data)) return on_content(*text);
  }
  const auto json = base::parse_wire_json(data);
  if (!json || !json->is_object()) return;
  switch (api_) {
    case Api::messages: read_anthropic_event(*json); break;
    case Api::responses: read_responses_event(*json); break;
    case Api::chat: read_chat_event(name, *json); break;
    default: read_openai_chunk(*json); break;
  }
}

void ReplyReader::on_content(const std::string& text) {
  if (text.empty()) return;
  if (!first_content_) first_content_ = now_ - start_;
  text_ += text;
}

void ReplyReader::note_model(const Json& json) {
  if (const auto model = base::string_or(json, "model"); !model.empty()) model_ = model;
}

void ReplyReader::note_usage(const Json& json) {
  const auto* usage = base::find(json, "usage");
  if (usage == nullptr || !usage->is_object()) return;
  if (!usage_) usage_ = Json::object();
  for (const auto& [key, value] : usage->items()) (*usage_)[key] = value;
}

void ReplyReader::read_error(const Json& json) {
  const auto* error = base::find(json, "error");
  const auto& from = error != nullptr && error->is_object() ? *error : json;
  const auto take = [](std::string& into, const Json& object, const char* key) {
    if (const auto value = base::string_or(object, key); !value.empty()) into = value;
  };
  take(error_, from, "message");
  take(code_, from, "code");
  if (code_.empty()) take(code_, from, "type");
  take(reason_, from, "reason");
  take(hint_, from, "hint");
  if (hint_.empty()) take(hint_, json, "hint");
  if (reason_.empty()) take(reason_, json, "reason");
  if (error != nullptr && error->is_string()) error_ = error->get<std::string>();
}

void ReplyReader::read_openai_chunk(const Json& json) {
  if (base::find(json, "error") != nullptr) {
    error_event_ = true;
    read_error(json);
    return;
  }
  note_model(json);
  note_usage(json);
  const auto* choice = base::find_path(json, "choices.0");
  if (choice == nullptr) return;
  if (const auto* delta = base::find(*choice, "delta")) {
    on_content(base::string_or(*delta, "content"));
    if (const auto* calls = base::find(*delta, "tool_calls"); calls != nullptr && !first_content_) first_content_ = now_ - start_;
  }
  if (const auto reason = base::string_or(*choice, "finish_reason"); !reason.empty()) finish_ = reason;
}

void ReplyReader::read_anthropic_event(const Json& json) {
  const auto type = base::string_or(json, "type");
  if (type == "error") {
    error_event_ = true;
    read_error(json);
  } else if (type == "message_start") {
    if (const auto* message = base::find(json, "message")) {
      note_model(*message);
      note_usage(*message);
    }
  } else if (type == "content_block_delta") {
    if (const auto* delta = base::find(json, "delta")) {
      on_content(base::string_or(*delta, "text"));
      if (base::string_or(*delta, "type") == "input_json_delta" && !first_content_) first_content_ = now_ - start_;
    }
  } else if (type == "message_delta") {
    note_usage(json);
    if (const auto* delta = base::find(json, "delta")) {
      if (const auto reason = base::string_or(*delta, "stop_reason"); !reason.empty()) finish_ = reason;
    }
  } else if (type == "message_stop") {
    terminator_ = true;
  }
}

void ReplyReader::read_responses_event(const Json& json) {
  const auto type = base::string_or(json, "type");
  if (type == "response.output_text.delta") on_content(base::string_or(json, "delta"));
  const auto* response = base::find(json, "response");
  if (response != nullptr) {
    note_model(*response);
    note_usage(*response);
  }
  if (type == "error" || type == "response.failed") {
    error_event_ = true;
    read_error(response != nullptr ? *response : json);
  } else if (type == "response.completed" || type == "response.incomplete") {
    terminator_ = true;
    finish_ = response != nullptr ? base::string_or(*response, "status") : type;
  }
}

void ReplyReader::read_chat_event(const std::string& name, const Json& json) {
  if (name == "error") {
    error_event_ = true;
    read_error(json);
  } else if (name == "done") {
    terminator_ = true;
    note_model(json);
    note_usage(json);
    if (const auto whole = base::string_or(json, "reply"); !whole.empty()) text_ = whole;
  } else {
    on_content(base::string_or(json, "text"));
  }
}

void ReplyReader::read_plain() {
  if (reads_ == Reads::text && status_ < 400) {
    if (auto text = scan_reply_text(api_, body_)) {
      text_ = *std::move(text);
      return;
    }
  }
  const auto json = base::parse_wire_json(body_);
  if (!json || !json->is_object()) return;
  if (status_ >= 400 || base::find(*json, "error") != nullptr) read_error(*json);
  note_model(*json);
  note_usage(*json);
  const auto take = [this](const Json* value) {
    if (value != nullptr && value->is_string()) text_ = value->get<std::string>();
  };
  switch (api_) {
    case Api::messages:
      text_ = text_of_blocks(base::find(*json, "content"));
      finish_ = base::string_or(*json, "stop_reason");
      break;
    case Api::responses:
      if (const auto* output = base::find(*json, "output"); output != nullptr && output->is_array()) {
        for (const auto& item : *output) text_ += text_of_blocks(base::find(item, "content"));
      }
      finish_ = base::string_or(*json, "status");
      break;
    case Api::chat:
      take(base::find(*json, "reply"));
      read_error(*json);
      break;
    default:
      take(base::find_path(*json, "choices.0.message.content"));
      if (const auto* finish = base::find_path(*json, "choices.0.finish_reason"); finish != nullptr && finish->is_string()) finish_ = finish->get<std::string>();
      break;
  }
}

void ReplyReader::close(base::Duration at) {
  largest_gap_ = std::max(largest_gap_, at - last_event_);
  if (!streaming_ && !body_.empty()) read_plain();
  if (reason_.empty()) reason_ = headers_.get("x-gateway-reason");
}

Json ReplyReader::entry(std::string_view ended, base::Duration at) const {
  Json headers = Json::object();
  for (const auto& [name, value] : headers_.list) headers[base::lower(name)] = value;
  Json entry{{"status", status_}, {"headers", std::move(headers)}, {"body", body_}, {"text", text_}};
  if (body_cut_) entry["body_cut"] = true;
  if (!reason_.empty()) entry["reason"] = reason_;
  if (!hint_.empty()) entry["hint"] = hint_;
  if (!code_.empty()) entry["code"] = code_;
  if (!error_.empty()) entry["error"] = error_;
  if (!model_.empty()) entry["model"] = model_;
  if (!finish_.empty()) entry["finish"] = finish_;
  if (usage_) entry["usage"] = *usage_;
  entry["ms"] = base::milliseconds(at - start_);
  entry["ended"] = ended;
  if (streaming_) {
    entry["stream"] = true;
    entry["events"] = events_;
    entry["terminator"] = terminator_;
    entry["error_event"] = error_event_;
    entry["largest_gap_ms"] = base::milliseconds(largest_gap_);
    if (first_content_) entry["first_content_ms"] = base::milliseconds(*first_content_);
  }
  return entry;
}

}  // namespace harness
