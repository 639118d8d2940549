// The shell's side of the contract, and the assertions on the core's.
#include "tests/gateway/core/rig.h"

#include <gtest/gtest.h>

namespace gateway::test {

Rig::Rig(Config config, Snapshot snapshot, CoreOptions options, const Policy* policy) {
  now.instant = base::Instant{1000s};
  now.wall = base::WallTime{std::chrono::seconds{1'790'000'000}};
  core = make_core(std::move(config), std::move(options), std::move(snapshot), policy ? *policy : default_policy, now);
}

void Rig::step(const Event& event) {
  actions.clear();
  core->step(now, event, actions);
  for (const Action& action : actions) record(action);
}

void Rig::advance(base::Duration by) {
  const base::Instant until = now.instant + by;
  int ticks = 0;
  while (core->next_wake() <= until) {
    const base::Instant at = std::max(core->next_wake(), now.instant);
    now.wall = now.wall + (at - now.instant);
    now.instant = at;
    step(Tick{});
    ASSERT_LT(++ticks, 100'000) << "the core asks to be woken for ever";
  }
  now.wall = now.wall + (until - now.instant);
  now.instant = until;
}

void Rig::until_attempt() {
  const std::size_t before = attempts.size();
  for (int i = 0; i < 1000 && attempts.size() == before && core->next_wake() != base::kNever; ++i) {
    advance(std::max(core->next_wake() - now.instant, base::Duration::zero()));
  }
}

void Rig::record(const Action& action) {
  if (const auto* start = std::get_if<StartAttempt>(&action)) {
    ASSERT_TRUE(known_attempts_.insert(start->id.value).second) << "an attempt id was given twice";
    ASSERT_FALSE(exit) << "an attempt after Exit";
    attempts.push_back(*start);
    started.push_back(now.instant);
    open_attempts.insert(start->id.value);
  } else if (const auto* cancel = std::get_if<CancelAttempt>(&action)) {
    ASSERT_EQ(open_attempts.erase(cancel->id.value), 1U) << "a cancel of an attempt that is over";
    cancelled.insert(cancel->id.value);
  } else if (const auto* pause = std::get_if<PauseAttempt>(&action)) {
    ASSERT_TRUE(open_attempts.contains(pause->id.value));
    ASSERT_TRUE(paused.insert(pause->id.value).second);
  } else if (const auto* resume = std::get_if<ResumeAttempt>(&action)) {
    ASSERT_TRUE(open_attempts.contains(resume->id.value));
    ASSERT_EQ(paused.erase(resume->id.value), 1U);
  } else if (const auto* reply = std::get_if<Reply>(&action)) {
    Answer& a = answers.at(reply->id.value);
    ASSERT_TRUE(!a.ended && !a.gone && a.status == 0) << "a second answer to one request";
    a.status = reply->status;
    a.headers = reply->headers;
    a.body = reply->body;
    a.close = reply->close;
    a.ended = a.clean = true;
  } else if (const auto* sent = std::get_if<SendHead>(&action)) {
    Answer& a = answers.at(sent->id.value);
    ASSERT_TRUE(!a.ended && !a.gone && a.status == 0);
    a.status = sent->status;
    a.headers = sent->headers;
    a.stream = true;
  } else if (const auto* chunk = std::get_if<SendChunk>(&action)) {
    Answer& a = answers.at(chunk->id.value);
    ASSERT_TRUE(a.stream && !a.ended && !a.gone);
    a.body += chunk->bytes;
  } else if (const auto* over = std::get_if<SendEnd>(&action)) {
    Answer& a = answers.at(over->id.value);
    ASSERT_TRUE(a.stream && !a.ended && !a.gone);
    a.ended = true;
    a.clean = over->clean;
  } else if (const auto* persist = std::get_if<Persist>(&action)) {
    store.push_back(persist->op);
  } else if (const auto* line = std::get_if<Log>(&action)) {
    logs.push_back(*line);
  } else if (const auto* status = std::get_if<ServiceStatus>(&action)) {
    statuses.push_back(status->text);
  } else if (const auto* left = std::get_if<Exit>(&action)) {
    ASSERT_FALSE(exit) << "two exits";
    exit = left->code;
  } else if (std::holds_alternative<ExtendTimeout>(action)) {
    ++extended;
  } else if (std::holds_alternative<StopAccepting>(action)) {
    ++stopped_accepting;
  }
}

RequestId Rig::http(std::string method, std::string target, std::string body, base::Headers headers, bool admin) {
  last_id = ++requests_;
  answers[last_id] = {};
  RequestArrived event{RequestId{last_id}, {std::move(method), std::move(target), std::move(headers), std::move(body), "127.0.0.1:1"}, admin};
  step(event);
  return RequestId{requests_};
}

RequestId Rig::chat_completion(bool stream, std::string model) {
  base::Json body{{"model", model}, {"messages", base::Json::array({{{"role", "user"}, {"content", "ping"}}})}};
  if (stream) body["stream"] = true;
  return http("POST", "/v1/chat/completions", base::dump(body), {{{"content-type", "application/json"}}});
}

RequestId Rig::messages(bool stream) {
  base::Json body{{"model", "default"}, {"max_tokens", 64}, {"messages", base::Json::array({{{"role", "user"}, {"content", "ping"}}})}};
  if (stream) body["stream"] = true;
  return http("POST", "/v1/messages", base::dump(body), {{{"content-type", "application/json"}, {"anthropic-version", "2023-06-01"}}});
}

void Rig::head(std::size_t i, int status, base::Headers headers) { step(UpstreamHead{attempts.at(i).id, status, std::move(headers)}); }
void Rig::bytes(std::size_t i, std::string text) { step(UpstreamBytes{attempts.at(i).id, std::move(text)}); }
void Rig::end(std::size_t i) {
  open_attempts.erase(attempts.at(i).id.value);
  step(UpstreamEnd{attempts.at(i).id});
}
void Rig::fail(std::size_t i, TransportError error, bool replayable) {
  open_attempts.erase(attempts.at(i).id.value);
  step(UpstreamFailed{attempts.at(i).id, error, "broken", replayable});
}

void Rig::reply(int status, const std::string& body, base::Headers headers) {
  const std::size_t i = attempts.size() - 1;
  if (!headers.has("content-type")) headers.add("content-type", "application/json");
  head(i, status, std::move(headers));
  if (open(i)) bytes(i, body);
  if (open(i)) end(i);
}

void Rig::succeed(const std::string& text, std::string model) { reply(200, completion(text, model)); }

std::vector<std::string> Rig::keys_tried() const {
  std::vector<std::string> out;
  for (const StartAttempt& start : attempts) out.push_back(start.credential);
  return out;
}

const Log* Rig::log_line(std::string_view event) const {
  for (auto it = logs.rbegin(); it != logs.rend(); ++it) {
    if (it->event == event) return &*it;
  }
  return nullptr;
}
bool Rig::logged(std::string_view event) const { return log_line(event) != nullptr; }

Config one_provider(int keys) {
  Config config;
  ProviderConfig acme;
  acme.name = "acme";
  acme.url = "https://api.acme.example/v1";
  for (int i = 0; i < keys; ++i) {
    const std::string letter(1, static_cast<char>('a' + i));
    acme.credentials.push_back({"key-" + letter, "sk-acme-secret-" + letter, 1, 0});
  }
  config.providers.push_back(std::move(acme));
  config.routes.push_back({"default", {{"acme", "gpt-x"}}, Commit::first_content, false});
  return config;
}

Config with_fallback(int keys) {
  Config config = one_provider(keys);
  ProviderConfig spare;
  spare.name = "spare";
  spare.url = "https://spare.example/v1";
  spare.credentials.push_back({"key-s", "sk-spare-secret", 1, 0});
  config.providers.push_back(std::move(spare));
  config.routes[0].targets.push_back({"spare", "gpt-y"});
  return config;
}

std::string completion(const std::string& text, const std::string& model) {
  return base::dump(base::Json{{"id", "chatcmpl-1"}, {"object", "chat.completion"}, {"created", 1}, {"model", model},
                               {"choices", base::Json::array({{{"index", 0}, {"message", {{"role", "assistant"}, {"content", text}}}, {"finish_reason", "stop"}}})},
                               {"usage", {{"prompt_tokens", 3}, {"completion_tokens", 1}, {"total_tokens", 4}}}});
}

namespace {

std::string chunk(const base::Json& delta, const base::Json& finish) {
  return "data: " + base::dump(base::Json{{"id", "chatcmpl-1"}, {"object", "chat.completion.chunk"}, {"created", 1}, {"model", "gpt-x"},
                                          {"choices", base::Json::array({{{"index", 0}, {"delta", delta}, {"finish_reason", finish}}})}}) + "\n\n";
}

}  // namespace

std::string frame(const std::string& text) { return chunk({{"content", text}}, nullptr); }
const std::string kRole = chunk({{"role", "assistant"}, {"content", ""}}, nullptr);
const std::string kStop = chunk(base::Json::object(), "stop");
const std::string kDone = "data: [DONE]\n\n";

std::string openai_error(const std::string& type, const std::string& message, const std::string& code) {
  return base::dump(base::Json{{"error", {{"message", message}, {"type", type}, {"code", code.empty() ? base::Json(nullptr) : base::Json(code)}}}});
}

}  // namespace gateway::test
