// Pages for operators: what the gateway is doing, and the keys it does it with. Labels only, never a secret.
#include "base/text.h"
#include "gateway/core/engine.h"

namespace gateway {
namespace {

/// Without a user's name, a password or a query: they may hold a secret.
std::string shown_url(std::string url) {
  url.erase(std::min(url.find('?'), url.size()));
  const auto host = url.find("://") == std::string::npos ? 0 : url.find("://") + 3;
  const auto at = url.substr(0, url.find('/', host)).rfind('@');
  if (at != std::string::npos && at >= host) url.erase(host, at + 1 - host);
  return url;
}

}  // namespace

void Engine::admin(const RequestArrived& event) {
  const HttpRequest& http = event.request;
  const std::string_view path = std::string_view(http.target).substr(0, http.target.find('?'));
  const bool reads = http.method == "GET" || http.method == "HEAD";
  if (path == "/keys" || path.starts_with("/keys/")) return page_keys(event, path);
  const bool known = path == "/status" || path == "/metrics" || path == "/health" || path == "/ready";
  if (!known) return reply_json(event.id, 404, {{"error", "nothing is at " + base::printable(path, 120)}});
  if (!reads) return reply_json(event.id, 405, {{"error", base::printable(http.method, 20) + " is not taken here, GET is"}});
  if (path == "/status") return page_status(event.id);
  if (path == "/metrics") return page_metrics(event.id);
  page_health(event.id, path == "/ready");
}

base::Json Engine::scope_json(const KeyState& state) const {
  base::Json out{{"state", state_word(state, now_.instant)}};
  const bool cooling = state.kind == CredentialState::Kind::cooling;
  out["usable_at"] = cooling ? base::Json(wall_text(state.until)) : base::Json(nullptr);
  const base::Duration left = cooling ? std::max(state.until - now_.instant, base::Duration::zero()) : base::Duration::zero();
  out["usable_in_s"] = base::milliseconds(left + std::chrono::milliseconds{999}) / 1000;
  if (state.reason != Reason::none) out["reason"] = kReasonNames(state.reason);
  out["strikes"] = state.strikes;
  return out;
}

base::Json Engine::key_json(const Key& key) const {
  base::Json out{{"provider", key.provider}, {"label", key.label}};
  const base::Json whole = scope_json(key.whole);
  for (const auto& [name, value] : whole.items()) out[name] = value;
  out["in_flight"] = key.in_flight;
  out["used"] = key.used;
  base::Json models = base::Json::object();
  for (const auto& [model, state] : key.models) {
    if (state.kind != CredentialState::Kind::ok) models[model] = scope_json(state);
  }
  if (!models.empty()) out["models"] = std::move(models);
  return out;
}

base::Json Engine::provider_json(const ProviderEntry& provider) const {
  base::Json keys = base::Json::array();
  for (const KeyPtr& key : provider.pool.keys) keys.push_back(key_json(*key));
  base::Json targets = base::Json::array();
  for (const auto& [name, breaker] : registry_.breakers) {
    const std::string prefix = provider.config->name + "/";
    if (!name.starts_with(prefix)) continue;
    base::Json one{{"model", name.substr(prefix.size())}, {"breaker", state_word(breaker, now_.instant)}, {"failures", breaker.failures}};
    if (breaker.open) {
      one["reason"] = kReasonNames(breaker.reason);
      one["trial_at"] = wall_text(breaker.until);
    }
    targets.push_back(std::move(one));
  }
  return {{"name", provider.config->name}, {"dialect", kDialectNames(provider.config->dialect)}, {"url", shown_url(provider.config->url)},
          {"strategy", kStrategyNames(provider.config->strategy)}, {"credentials", std::move(keys)}, {"targets", std::move(targets)}};
}

void Engine::page_status(RequestId id) {
  base::Json providers = base::Json::array();
  for (const ProviderEntry& provider : setup_->providers) providers.push_back(provider_json(provider));
  base::Json body{{"status", health_word()},
                  {"version", options_.version},
                  {"pid", options_.pid},
                  {"uptime_s", base::milliseconds(now_.instant - born_.instant) / 1000},
                  {"started_at", base::format_rfc3339(born_.wall)},
                  {"restarts", restarts_},
                  {"active_requests", requests_.size()},
                  {"waiting_requests", parked_.size()},
                  {"sessions", sessions_.all.size()},
                  {"store", store_problem_.empty() ? (config().state.empty() ? "none" : "ok") : store_problem_},
                  {"last_failure", nullptr},
                  {"providers", std::move(providers)}};
  if (last_failure_.reason != Reason::none) {
    const LastFailure& f = last_failure_;
    body["last_failure"] = {{"time", base::format_rfc3339(f.at)}, {"request", f.request}, {"target", f.target}, {"key", f.key}, {"reason", kReasonNames(f.reason)}, {"status", f.status}};
  }
  if (draining_) {
    body["drain"] = {{"since_s", base::milliseconds(now_.instant - draining_->since) / 1000}, {"left_s", base::milliseconds(std::max(draining_->hard - now_.instant, base::Duration::zero())) / 1000}};
  }
  reply_json(id, 200, body);
}

void Engine::page_metrics(RequestId id) {
  std::vector<Gauge> gauges{
      {"brownout_up_info", "{version=\"" + label_value(options_.version) + "\"}", 1, "The version that runs."},
      {"brownout_active_requests", "", static_cast<double>(requests_.size()), "Requests in progress."},
      {"brownout_waiting_requests", "", static_cast<double>(parked_.size()), "Requests that wait for a credential."},
      {"brownout_sessions", "", static_cast<double>(sessions_.all.size()), "Chat sessions."},
      {"brownout_uptime_seconds", "", base::seconds(now_.instant - born_.instant), "Since the start of this process."},
      {"brownout_restarts", "", static_cast<double>(restarts_), "Planned restarts, over all processes on this state."},
      {"brownout_draining", "", draining_ ? 1.0 : 0.0, "1 while draining."},
      {"brownout_degraded", "", store_problem_.empty() ? 0.0 : 1.0, "1 when states are not saved."}};
  const auto labels = [](const Key& key) { return "{provider=\"" + label_value(key.provider) + "\",key=\"" + label_value(key.label) + "\"}"; };
  for (const ProviderEntry& provider : setup_->providers) {
    for (const KeyPtr& key : provider.pool.keys) {
      const bool usable = Pool::availability(*key, "", now_.instant, policy_).usable();
      gauges.push_back({"brownout_credential_usable", labels(*key), usable ? 1.0 : 0.0, "1 when the key may be used now."});
    }
  }
  for (const ProviderEntry& provider : setup_->providers) {
    for (const KeyPtr& key : provider.pool.keys) {
      gauges.push_back({"brownout_credential_in_flight", labels(*key), static_cast<double>(key->in_flight), "Attempts in progress."});
    }
  }
  for (const auto& [name, breaker] : registry_.breakers) {
    gauges.push_back({"brownout_target_open", "{target=\"" + label_value(name) + "\"}", breaker.open ? 1.0 : 0.0, "1 while the target is left alone."});
  }
  Reply reply{id, 200, {}, prometheus_text(metrics_, gauges), false};
  reply.headers.add("content-type", "text/plain; version=0.0.4; charset=utf-8");
  act(std::move(reply));
}

void Engine::page_keys(const RequestArrived& event, std::string_view path) {
  const std::string& method = event.request.method;
  if (path == "/keys") {
    if (method != "GET") return reply_json(event.id, 405, {{"error", "GET is taken here"}});
    base::Json keys = base::Json::array();
    for (const ProviderEntry& provider : setup_->providers) {
      for (const KeyPtr& key : provider.pool.keys) keys.push_back(key_json(*key));
    }
    return reply_json(event.id, 200, {{"keys", std::move(keys)}});
  }
  const auto parts = base::split(path.substr(1), '/');  // keys/PROVIDER/LABEL/VERB
  if (parts.size() != 4) return reply_json(event.id, 404, {{"error", "keys are at /keys/PROVIDER/LABEL/reset, …/disable and …/enable"}});
  if (method != "POST") return reply_json(event.id, 405, {{"error", "POST is taken here"}});
  ProviderEntry* provider = setup_->provider(parts[1]);
  if (!provider) return reply_json(event.id, 404, {{"error", "no provider is called " + base::printable(parts[1], 80)}});
  for (const KeyPtr& key : provider->pool.keys) {
    if (key->label == parts[2]) return change_key(event.id, *key, parts[3]);
  }
  reply_json(event.id, 404, {{"error", "provider " + parts[1] + " has no key " + base::printable(parts[2], 80)}});
}

void Engine::change_key(RequestId id, Key& key, std::string_view verb) {
  const auto set = [](KeyState& state, CredentialState::Kind kind) {
    const KeyState before = state;
    state = KeyState{};
    state.kind = kind;
    state.marks = before.marks + 1;  // attempts in flight prove nothing about the new state
    state.probing = before.probing;
  };
  if (verb == "disable") {
    set(key.whole, CredentialState::Kind::disabled);
    say_scope(key, key.whole, {});
  } else if (verb == "reset" || (verb == "enable" && key.whole.kind == CredentialState::Kind::disabled)) {
    set(key.whole, CredentialState::Kind::ok);
    say_scope(key, key.whole, {});
    for (auto& [model, state] : key.models) {
      if (verb == "enable" || state.kind == CredentialState::Kind::ok) continue;
      set(state, CredentialState::Kind::ok);
      say_scope(key, state, model);
    }
    freed_ = true;
  } else if (verb != "enable") {
    return reply_json(id, 404, {{"error", "a key can be reset, disabled or enabled"}});
  }
  reply_json(id, 200, key_json(key));
}

}  // namespace gateway
