// The gateway's configuration, typed. Reading it from JSON: config_loader.h; nothing here reads files or the environment.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "gateway/wire/dialect.h"

namespace gateway {

struct CredentialConfig {
  std::string label;
  std::string secret;
  double weight = 1;
  std::int64_t concurrent_max = 0;  ///< 0: none
};
enum class Strategy : std::uint8_t { fill_first, round_robin, least_used, random, weighted };
inline constexpr base::Names<Strategy, 5> kStrategyNames{{"fill-first", "round-robin", "least-used", "random", "weighted"}};

struct Timeouts {
  base::Duration connect = std::chrono::seconds{10};
  base::Duration first_byte = std::chrono::seconds{90};
  base::Duration first_content = std::chrono::seconds{120};
  base::Duration idle = std::chrono::seconds{120};
  base::Duration total = std::chrono::minutes{30};
};
struct ProviderConfig {
  std::string name;
  Dialect dialect = Dialect::openai_chat;
  std::string url;     ///< "https://api.acme.example/v1"; http for local ones
  std::string vendor;  ///< for the classifier's vendor rules; empty: by the host
  std::vector<CredentialConfig> credentials;  ///< may be empty: a local provider without keys
  Strategy strategy = Strategy::fill_first;
  Timeouts timeouts;
  std::string ca_file;                          ///< empty: the system's certificates
  std::map<std::string, std::int64_t> context;  ///< model → context window in tokens, where known
  bool tools = true, images = true;
  std::map<std::string, std::string> headers;   ///< added to each attempt
  std::string resolve;                          ///< "host:port" to connect to instead of the URL's host; empty: DNS
};
struct Target {
  std::string provider, model;
};
enum class Commit : std::uint8_t { first_content, complete };
struct Route {
  std::string name;  ///< what callers ask for as model; "default" serves every other model
  std::vector<Target> targets;
  Commit commit = Commit::first_content;
  bool fallback_on_content_policy = false;
};
struct RetryConfig {
  int attempts = 3;  ///< on one target, for transient failures; 1..10
  base::Duration backoff_base = std::chrono::seconds{2};
  base::Duration backoff_max = std::chrono::seconds{60};
  double jitter = 0.5;  ///< 0..1: each wait is times [1-jitter, 1]
  base::Duration retry_after_max = std::chrono::seconds{600};
  base::Duration same_key_wait_max = std::chrono::seconds{5};  ///< a 429's wait that is worth staying on a sole healthy key
};
struct Limits {
  std::size_t body = 32U << 20, headers = 64U << 10;
  base::Duration header_time = std::chrono::seconds{10};
  base::Duration body_time = std::chrono::seconds{60};
  std::int64_t connections = 20'000, requests = 10'000, queued = 1'000, sessions = 100'000, session_turns = 1'000;
};
struct RestartConfig {
  base::Duration drain = std::chrono::seconds{60};
  base::Duration settle = std::chrono::seconds{5};
};
struct RespawnGuard {
  int starts = 5;
  base::Duration interval = std::chrono::seconds{120};
  base::Duration pause = std::chrono::seconds{5};  ///< doubles with each further start, up to pause_max
  base::Duration pause_max = std::chrono::minutes{5};
};
struct Config {
  std::string listen = "127.0.0.1:8642";
  std::string admin = "127.0.0.1:8643";  ///< "off": no admin port
  std::string state;                     ///< SQLite file; empty: no persistence
  std::vector<ProviderConfig> providers;
  std::vector<Route> routes;             ///< "default" is always there after loading
  std::vector<std::string> caller_keys;  ///< plain or "sha256:HEX"; empty: callers need none
  RetryConfig retry;
  Limits limits;
  RestartConfig restart;
  RespawnGuard respawn;
  base::Duration deadline = std::chrono::minutes{5};  ///< of one request, over all attempts and waits, until content flows
  std::string unit = "brownout-gateway";
  std::string log_level = "info";        ///< debug, info, warn, error
  std::string system_prompt;             ///< of the chat front; empty: none
};

}  // namespace gateway
