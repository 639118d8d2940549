// A caller's body read once: its shape checked where every provider would refuse it, and what the core must know of it.
#include "base/assert.h"
#include "base/text.h"
#include "gateway/wire/dialect.h"
#include "gateway/wire/json_cursor.h"
#include "gateway/wire/tokens.h"

namespace gateway {
namespace {

using base::Json;

RequestProblem problem(std::string what, std::string param = {}) { return {400, std::move(what), std::move(param)}; }

/// Members of a wrong type, and a missing model: what no target could do anything with.
std::optional<RequestProblem> check_common(const Json& body) {
  const auto* model = base::find(body, "model");
  if (!model || model->is_null()) return problem("the request names no model: add \"model\"", "model");
  if (!model->is_string() || model->get_ref<const std::string&>().empty()) return problem("\"model\" must be a string that is not empty", "model");
  const auto* stream = base::find(body, "stream");
  if (stream && !stream->is_null() && !stream->is_boolean()) return problem("\"stream\" must be true or false", "stream");
  const auto* options = base::find(body, "stream_options");
  if (options && !options->is_null() && !options->is_object()) return problem("\"stream_options\" must be an object", "stream_options");
  const auto* tools = base::find(body, "tools");
  if (tools && !tools->is_null() && !tools->is_array()) return problem("\"tools\" must be a list", "tools");
  return std::nullopt;
}

std::optional<RequestProblem> check_messages(const Json& body) {
  const auto* messages = base::find(body, "messages");
  if (!messages || messages->is_null()) return problem("the request has no messages: add \"messages\"", "messages");
  if (!messages->is_array()) return problem("\"messages\" must be a list", "messages");
  if (messages->empty()) return problem("\"messages\" is empty: a request needs at least one", "messages");
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const auto at = "messages[" + std::to_string(i) + "]";
    const auto& message = (*messages)[i];
    if (!message.is_object()) return problem(at + " must be an object", at);
    if (base::string_or(message, "role").empty()) return problem(at + " has no role", at + ".role");
    const auto* content = base::find(message, "content");
    if (content && !content->is_null() && !content->is_string() && !content->is_array()) return problem(at + ".content must be a string or a list of parts", at + ".content");
  }
  return std::nullopt;
}

std::optional<RequestProblem> check_input(const Json& body) {
  const auto* input = base::find(body, "input");
  if (!input || input->is_null()) {
    // A stored prompt or an earlier response can stand in for the input.
    for (const auto* other : {"prompt", "previous_response_id", "conversation"}) {
      if (const auto* value = base::find(body, other); value && !value->is_null()) return std::nullopt;
    }
    return problem("the request has no input: add \"input\"", "input");
  }
  if (!input->is_string() && !input->is_array()) return problem("\"input\" must be a string or a list of items", "input");
  return std::nullopt;
}

std::optional<RequestProblem> check(Dialect front, const Json& body) {
  if (auto wrong = check_common(body)) return wrong;
  if (front == Dialect::openai_responses) return check_input(body);
  if (front == Dialect::openai_embeddings) {
    const auto* input = base::find(body, "input");
    return input && (input->is_string() || input->is_array()) ? std::nullopt : std::optional(problem("the request has no input: add \"input\", a string or a list", "input"));
  }
  return check_messages(body);
}

/// A list of messages of plain text: {"role": …, "content": "…"} and no more. False: not that, or not well-formed.
bool quick_messages(JsonCursor& in, std::int64_t& messages, std::int64_t& bytes) {
  if (in.peek() != '[' || !in.enter_array()) return false;
  while (in.next_item()) {
    std::string_view key, role, content;
    if (in.peek() != '{' || !in.enter_object()) return false;
    while (in.next_key(key)) {
      if ((key != "role" && key != "content") || in.peek() != '"' || !in.string(key == "role" ? role : content)) return false;
    }
    if (!in.ok() || role.empty()) return false;
    ++messages;
    bytes += static_cast<std::int64_t>(content.size());
  }
  return in.ok() && messages > 0;
}

/// The commonest request, a few messages of text, read without building JSON: most requests go on as the caller wrote them, and
/// their text is all that is needed. False: the full reader decides, and says what is wrong.
bool quick_request(Dialect front, std::string_view body, ClientRequest& out) {
  if (front != Dialect::openai_chat && front != Dialect::anthropic_messages) return false;
  JsonCursor in(body);
  std::string_view key;
  std::int64_t messages = 0, bytes = 0;
  std::string model;
  bool stream = false;
  if (in.peek() != '{' || !in.enter_object()) return false;
  while (in.next_key(key)) {
    if (key == "messages") {
      if (messages > 0 || !quick_messages(in, messages, bytes)) return false;
    } else if (key == "model") {
      std::string_view raw;
      if (!model.empty() || in.peek() != '"' || !in.string(raw) || !unescape(raw, model)) return false;
    } else if (key == "stream") {
      if (!in.boolean(stream)) return false;
    } else if (key == "stream_options" || key == "tools" || key == "functions" || key == "system" || key == "input" || key == "instructions" || key.find('\\') != std::string_view::npos || !in.skip_value()) {
      return false;
    }
  }
  if (!in.at_end() || messages == 0 || model.empty() || !base::valid_utf8(body)) return false;
  out.front = front;
  out.model = std::move(model);
  out.stream = stream;
  out.messages = messages;
  out.approx_tokens = text_tokens(bytes, messages);
  out.raw = body;
  return true;
}

}  // namespace

ParsedRequest parse_request(Dialect front, std::string_view body) {
  ASSERT(front != Dialect::gemini && front != Dialect::chat);
  if (ClientRequest quick; quick_request(front, body, quick)) return quick;
  if (base::trim(body).empty()) return problem("the request has no body: send a JSON object");
  auto json = base::parse_wire_json(body);
  if (!json) return problem("the request's body is no JSON, or nested too deeply");
  if (!json->is_object()) return problem("the request's body must be a JSON object");
  if (auto wrong = check(front, *json)) return *std::move(wrong);
  ClientRequest request;
  request.front = front;
  request.model = base::string_or(*json, "model");
  request.stream = front != Dialect::openai_embeddings && base::bool_or(*json, "stream", false);
  if (const auto* options = base::find(*json, "stream_options")) request.include_usage = base::bool_or(*options, "include_usage", false);
  const auto weight = weigh_request(*json);
  request.tools = weight.tools;
  request.images = weight.images;
  request.approx_tokens = weight.tokens;
  request.messages = weight.messages;
  request.raw = base::valid_utf8(body) ? std::string(body) : base::to_valid_utf8(body);
  request.body = *std::move(json);
  return request;
}

ClientRequest chat_request(const std::vector<Turn>& history, std::string model, bool stream) {
  ClientRequest request;
  std::int64_t bytes = 0;
  request.front = Dialect::chat;
  request.model = std::move(model);
  request.stream = stream;
  // Written, not built: a session of a thousand turns is sent whole with each new one.
  auto& out = request.raw;
  append_json_string(out += R"({"model":)", request.model);
  out += R"(,"messages":[)";
  for (const auto& turn : history) {
    if (&turn != &history.front()) out += ',';
    append_json_string(out += R"({"role":)", turn.role);
    append_json_string(out += R"(,"content":)", turn.text);
    out += '}';
    if (!turn.text.starts_with("data:")) bytes += static_cast<std::int64_t>(turn.text.size());  // as weigh_request counts
  }
  out += stream ? R"(],"stream":true})" : "]}";
  request.messages = static_cast<std::int64_t>(history.size());
  request.approx_tokens = text_tokens(bytes, request.messages);
  return request;
}

}  // namespace gateway
