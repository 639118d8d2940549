#include "harness/dialogue/call.h"

#include <fmt/format.h>

namespace harness {
namespace {

using base::Json;

Json default_body(const SendStep& step, const std::string& text) {
  const auto model = step.model.empty() ? "default" : step.model;
  const auto messages = Json::array({Json{{"role", "user"}, {"content", text}}});
  switch (step.api) {
    case Api::chat_completions: {
      Json body{{"model", model}, {"messages", messages}};
      if (step.stream) body["stream"] = true;
      return body;
    }
    case Api::responses: {
      Json body{{"model", model}, {"input", text}};
      if (step.stream) body["stream"] = true;
      return body;
    }
    case Api::embeddings:
      return {{"model", model}, {"input", text}};
    case Api::messages: {
      Json body{{"model", model}, {"max_tokens", 1024}, {"messages", messages}};
      if (step.stream) body["stream"] = true;
      return body;
    }
    case Api::count_tokens:
      return {{"model", model}, {"messages", messages}};
    case Api::chat: {
      Json body{{"text", text}};
      if (!step.model.empty()) body["model"] = step.model;
      return body;
    }
    default:
      return Json::object();
  }
}

struct Place {
  const char *method, *path;
  bool admin;
};
Place place_of(Api api) {
  switch (api) {
    case Api::chat_completions: return {"POST", "/v1/chat/completions", false};
    case Api::responses: return {"POST", "/v1/responses", false};
    case Api::embeddings: return {"POST", "/v1/embeddings", false};
    case Api::messages: return {"POST", "/v1/messages", false};
    case Api::count_tokens: return {"POST", "/v1/messages/count_tokens", false};
    case Api::models: return {"GET", "/v1/models", false};
    case Api::chat: return {"POST", "/chat/", false};
    case Api::health: return {"GET", "/health", false};
    case Api::ready: return {"GET", "/ready", false};
    case Api::status: return {"GET", "/status", true};
    case Api::metrics: return {"GET", "/metrics", true};
    case Api::admin: return {"GET", "/status", true};
    case Api::raw: return {"POST", "/v1/chat/completions", false};
  }
  return {"GET", "/", false};
}

}  // namespace

Call make_call(const SendStep& step, std::int64_t index) {
  const auto place = place_of(step.api);
  Call call{.method = place.method, .path = place.path, .headers = {}, .body = {}, .admin = place.admin};
  if (step.api == Api::chat) call.path += (step.session.empty() ? std::string("s1") : step.session) + "/messages";
  if (!step.method.empty()) call.method = step.method;
  if (!step.path.empty()) call.path = step.path;
  const auto text = step.count > 1 ? fmt::format("{} {}", step.text, index) : step.text;
  if (step.body) {
    call.body = base::dump(*step.body);
  } else if (call.method == "POST" || call.method == "PUT") {
    call.body = base::dump(default_body(step, text));
  }
  if (!call.body.empty()) call.headers.add("content-type", "application/json");
  if (step.api == Api::messages || step.api == Api::count_tokens) call.headers.add("anthropic-version", "2023-06-01");
  if (step.api == Api::chat && step.stream) call.headers.add("accept", "text/event-stream");
  if (!step.key.empty()) {
    if (step.api == Api::messages || step.api == Api::count_tokens) {
      call.headers.add("x-api-key", step.key);
    } else {
      call.headers.add("authorization", "Bearer " + step.key);
    }
  }
  for (const auto& [name, value] : step.headers) call.headers.set(name, value);
  return call;
}

std::string render_call(const Call& call, const std::string& host) {
  auto text = fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\nuser-agent: brownout-client\r\n", call.method, call.path, host);
  for (const auto& [name, value] : call.headers.list) text += name + ": " + value + "\r\n";
  if (!call.body.empty() || call.method == "POST") text += fmt::format("content-length: {}\r\n", call.body.size());
  text += "connection: close\r\n\r\n";
  return text + call.body;
}

std::string call_name(const SendStep& step, std::int64_t index) {
  if (step.as.empty() || index <= 1) return step.as;
  return fmt::format("{}.{}", step.as, index);
}

base::Json request_entry(const SendStep& step, const Call& call, std::int64_t id, const std::string& name) {
  base::Json entry{{"id", id}, {"as", name}, {"api", kApiNames[static_cast<std::size_t>(step.api)]}, {"method", call.method}, {"path", call.path},
                   {"model", step.model.empty() ? "default" : step.model}, {"session", step.session}, {"stream", step.stream}, {"text", step.text}};
  if (const auto given = call.headers.find("x-request-id")) entry["request_id"] = *given;
  return entry;
}

}  // namespace harness
