// From HTTP to a request: which front, whose key, within which limits.
#include "base/hash.h"
#include "base/text.h"
#include "gateway/core/engine.h"
#include "gateway/core/limits.h"

namespace gateway {
namespace {

struct FrontPath {
  std::string_view path;
  Dialect front;
  bool count_tokens = false;
};
constexpr std::array<FrontPath, 5> kFronts{{{"/v1/chat/completions", Dialect::openai_chat},
                                            {"/v1/responses", Dialect::openai_responses},
                                            {"/v1/embeddings", Dialect::openai_embeddings},
                                            {"/v1/messages", Dialect::anthropic_messages},
                                            {"/v1/messages/count_tokens", Dialect::anthropic_messages, true}}};

}  // namespace

Dialect Engine::words_for(std::string_view path) {
  if (path.starts_with("/v1/messages")) return Dialect::anthropic_messages;
  if (path.starts_with("/v1/responses")) return Dialect::openai_responses;
  if (path.starts_with("/v1/embeddings")) return Dialect::openai_embeddings;
  return path.starts_with("/chat/") ? Dialect::chat : Dialect::openai_chat;
}

void Engine::arrive(const RequestArrived& event, const Trace& trace) {
  const HttpRequest& http = event.request;
  const std::string_view path = std::string_view(http.target).substr(0, http.target.find('?'));
  const Caller caller{event.id, words_for(path), &trace};
  const bool reads = http.method == "GET" || http.method == "HEAD";
  if (reads && (path == "/health" || path == "/ready")) return page_health(event.id, path == "/ready");
  if (const auto size = std::max<std::uint64_t>(http.body.size(), http.body_over); size > config().limits.body) {
    return refuse(caller, 413, Reason::payload_too_large, "the body has " + std::to_string(size) + " bytes; at most " + std::to_string(config().limits.body) + " are taken (limits.body)");
  }
  if (!authorised(http.headers)) {
    return refuse(caller, 401, Reason::caller_auth, "this gateway takes callers with one of its own keys only", "gateway_auth_failed");
  }
  for (const FrontPath& front : kFronts) {
    if (path != front.path) continue;
    if (http.method != "POST") return refuse_method(caller, http.method, "POST");
    return ask_model(event, caller, front.count_tokens);
  }
  if (path == "/v1/models" || path.starts_with("/v1/models/")) {
    return reads ? page_models(caller, path, http.headers) : refuse_method(caller, http.method, "GET");
  }
  if (const auto session = parse_chat_path(path)) return chat(event, caller, *session);
  if (path == "/health" || path == "/ready") return refuse_method(caller, http.method, "GET");
  refuse(caller, 404, Reason::caller_fault, "nothing is at " + base::printable(path, 120), "not_found");
}

bool Engine::authorised(const base::Headers& headers) const {
  if (setup_->caller_hashes.empty()) return true;
  std::string_view key = headers.find("x-api-key").value_or("");
  if (const auto bearer = headers.find("authorization"); bearer && bearer->size() > 7 && base::iequals(bearer->substr(0, 7), "bearer ")) {
    key = base::trim(bearer->substr(7));
  }
  // Hashes of equal length are compared, all of them: the time tells nothing about the keys.
  const std::string hash = base::sha256_hex(key);
  bool found = false;
  for (const std::string& known : setup_->caller_hashes) found |= base::equal_constant_time(hash, known);
  return found && !key.empty();
}

void Engine::refuse_draining(const Caller& caller) {
  ++metrics_.refused;
  refuse(caller, policy_.status(Reason::draining), Reason::draining, "the gateway finishes its work before it restarts and takes no more",
         "gateway_draining", {}, kDrainRetryAfter);
}

/// New work is taken unless the gateway is leaving or full.
bool Engine::admitted(const Caller& caller) {
  if (draining_ && policy_.refuses_when_draining(draining_->socket_kept)) {
    refuse_draining(caller);
    return false;
  }
  const std::int64_t most = config().limits.requests;
  if (static_cast<std::int64_t>(requests_.size()) >= most) {
    ++metrics_.refused;
    refuse(caller, 503, Reason::limit, std::to_string(most) + " requests are in progress (limits.requests)", {}, {}, std::chrono::seconds{1});
    return false;
  }
  return true;
}

std::unique_ptr<Request> Engine::new_request(const Caller& caller, const HttpRequest& http) {
  auto made = std::make_unique<Request>();
  made->id = caller.id;
  made->setup = setup_;
  made->front = caller.front;
  made->trace = *caller.trace;
  made->arrived = now_.instant;
  made->deadline = now_.instant + config().deadline;
  constexpr std::array<std::string_view, 3> kPassed{"anthropic-beta", "anthropic-version", "openai-beta"};
  for (const auto& [name, value] : http.headers.list) {
    if ((name.front() | 0x20) != 'a' && (name.front() | 0x20) != 'o') continue;
    for (const std::string_view passed : kPassed) {
      if (base::iequals(name, passed)) made->passed_on.add(std::string(passed), value);
    }
  }
  return made;
}

void Engine::ask_model(const RequestArrived& event, const Caller& caller, bool count_tokens) {
  const HttpRequest& http = event.request;
  if (!admitted(caller)) return;
  if (!json_body(caller, http)) return;
  ParsedRequest parsed;
  if (count_tokens) {
    // The same request without what only an answer needs.
    auto body = base::parse_wire_json(http.body);
    if (body && body->is_object() && !body->contains("max_tokens")) (*body)["max_tokens"] = 1;
    if (body && body->is_object()) body->erase("stream");
    parsed = parse_request(caller.front, body ? base::dump(*body) : http.body);
  } else {
    parsed = parse_request(caller.front, http.body);
  }
  if (const auto* problem = std::get_if<RequestProblem>(&parsed)) {
    return refuse(caller, problem->status, Reason::caller_fault, problem->what, {}, problem->param);
  }
  auto made = new_request(caller, http);
  made->ask = std::move(std::get<ClientRequest>(parsed));
  made->count_tokens = count_tokens;
  made->route = setup_->route_for(made->ask.model);
  if (!made->route || made->route->targets.empty()) {
    return refuse(caller, 404, Reason::model_not_found, "no route serves the model " + base::printable(made->ask.model, 120), "model_not_found", "model");
  }
  if (count_tokens && !any_counts(*made->route)) {
    return reply_json(caller.id, 200, {{"input_tokens", std::max<std::int64_t>(made->ask.approx_tokens, 1)}}, caller.trace);
  }
  begin_request(add_request(std::move(made)));
}

/// Bodies are JSON. A missing content type is forgiven, a wrong one is not.
bool Engine::json_body(const Caller& caller, const HttpRequest& http) {
  const auto type = http.headers.find("content-type");
  if (!type || type->empty() || base::icontains(*type, "json")) return true;
  refuse(caller, 415, Reason::caller_fault, "the body is " + base::printable(*type, 80) + "; application/json is taken", "unsupported_media_type");
  return false;
}

void Engine::begin_request(Request& r) {
  if (says(Level::debug)) {
    log(Level::debug, "request", {{"request", r.trace.request_id}, {"front", kDialectNames(r.front)}, {"model", r.ask.model}, {"stream", r.ask.stream}, {"trace_id", r.trace.trace_id}});
  }
  if (r.ask.stream && r.commit_mode() == Commit::complete && !r.internal) r.keep_alive_at = now_.instant + kKeepAliveEvery;
  pursue(r);
  if (r.phase != Phase::done) schedule(r);
}

bool Engine::any_counts(const RouteEntry& route) {
  return std::any_of(route.targets.begin(), route.targets.end(),
                     [](const TargetEntry& t) { return t.provider->config->dialect == Dialect::anthropic_messages; });
}

void as_count_tokens(UpstreamBody& body) {
  body.path += "/count_tokens";
  auto json = base::parse_wire_json(body.body);
  if (!json || !json->is_object()) return;
  for (const char* key : {"max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "metadata", "service_tier"}) json->erase(key);
  body.body = base::dump(*json);
}

}  // namespace gateway
