// Replies that need no provider: models, health, and refusals in the caller's words.
#include "base/text.h"
#include "gateway/core/engine.h"
#include "gateway/core/limits.h"

namespace gateway {

void Engine::reply_json(RequestId id, int status, const base::Json& body, const Trace* trace, base::Headers extra) {
  Reply reply{id, status, std::move(extra), base::dump(body), closing()};
  reply.headers.add("content-type", "application/json");
  if (trace) reply.headers.add("x-request-id", trace->request_id);
  if (reply.close) reply.headers.add("connection", "close");
  act(std::move(reply));
}

/// An answer before any attempt: the caller's fault, a limit of the gateway, or its leaving.
void Engine::refuse(const Caller& caller, int status, Reason reason, std::string message, std::string code, std::string param,
                    std::optional<base::Duration> retry_after) {
  Verdict verdict;
  verdict.reason = reason;
  if (reason == Reason::caller_fault) verdict.hint = HintId::rejected;
  ErrorInfo error;
  error.status = status;
  error.reason = reason;
  error.message = std::move(message);
  error.hint = policy_.hint(verdict, std::nullopt);
  error.code = std::move(code);
  error.param = std::move(param);
  error.request_id = caller.trace->request_id;
  Reply reply{caller.id, status, {}, error_body(caller.front, error), closing()};
  reply.headers.add("content-type", "application/json");
  reply.headers.add("x-request-id", caller.trace->request_id);
  reply.headers.add("x-gateway-attempts", "0");
  error_headers(reply.headers, reason, retry_after);
  if (reply.close) reply.headers.add("connection", "close");
  ++metrics_.requests[static_cast<std::size_t>(caller.front)][static_cast<std::size_t>(reason)];
  if (status >= 100 && status < 600) ++metrics_.statuses[static_cast<std::size_t>(status / 100)];
  if (says(Level::info)) {
    log(Level::info, "request refused",
        {{"request", caller.trace->request_id}, {"front", kDialectNames(caller.front)}, {"status", status}, {"reason", kReasonNames(reason)}, {"what", error.message}});
  }
  act(std::move(reply));
}

void Engine::refuse_method(const Caller& caller, std::string_view method, std::string_view allowed) {
  const std::size_t before = out_->size();
  refuse(caller, 405, Reason::caller_fault, base::printable(method, 20) + " is not taken here, " + std::string(allowed) + " is", "method_not_allowed");
  for (std::size_t i = before; i < out_->size(); ++i) {
    if (auto* reply = std::get_if<Reply>(&(*out_)[i])) reply->headers.add("allow", std::string(allowed));
  }
}

/// The routes, by the names callers may ask for. Anthropic's clients say who they are by their version header.
void Engine::page_models(const Caller& caller, std::string_view path, const base::Headers& headers) {
  const bool anthropic = headers.has("anthropic-version");
  const auto model = [&](const std::string& name) {
    if (anthropic) return base::Json{{"type", "model"}, {"id", name}, {"display_name", name}, {"created_at", "2026-01-01T00:00:00Z"}};
    return base::Json{{"id", name}, {"object", "model"}, {"created", 1767225600}, {"owned_by", "brownout"}};
  };
  if (path.size() > std::string_view("/v1/models/").size()) {
    const std::string name(path.substr(std::string_view("/v1/models/").size()));
    if (setup_->routes.contains(name)) return reply_json(caller.id, 200, model(name), caller.trace);
    Caller asked = caller;
    if (anthropic) asked.front = Dialect::anthropic_messages;
    return refuse(asked, 404, Reason::model_not_found, "no route is called " + base::printable(name, 120), "model_not_found", "model");
  }
  base::Json list = base::Json::array();
  for (const Route& route : config().routes) list.push_back(model(route.name));
  base::Json body{{"object", "list"}, {"data", list}};
  if (anthropic) {
    body = {{"data", list}, {"has_more", false}};
    body["first_id"] = list.empty() ? base::Json(nullptr) : list.front()["id"];
    body["last_id"] = list.empty() ? base::Json(nullptr) : list.back()["id"];
  }
  reply_json(caller.id, 200, body, caller.trace);
}

std::string_view Engine::health_word() const {
  if (draining_) return "draining";
  return store_problem_.empty() ? "running" : "degraded";
}

/// Alive is not ready: a draining gateway is healthy, but no place for new work.
void Engine::page_health(RequestId id, bool ready) {
  base::Json body{{"status", health_word()}, {"version", options_.version}, {"pid", options_.pid},
                  {"uptime_s", base::milliseconds(now_.instant - born_.instant) / 1000}, {"active_requests", requests_.size()}};
  if (!store_problem_.empty()) body["problem"] = store_problem_;
  const bool unready = ready && draining_;
  if (unready) body["failing"] = base::Json::array({"draining"});
  reply_json(id, unready ? 503 : 200, body);
}

}  // namespace gateway
