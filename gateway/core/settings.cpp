#include "gateway/core/settings.h"

#include "base/text.h"

namespace gateway {
namespace {

constexpr double kDay = 86'400;
constexpr double kMax = 1e9;

constexpr std::array kRoot{
    Setting<Config>{"listen", &Config::listen, "Address of the gateway's port. Port 0 lets the system choose. A socket from the service manager wins over it.", 1, 200, "", Form::address},
    Setting<Config>{"admin", &Config::admin, "Address of /status, /metrics and /keys, or \"off\". Keep it on loopback: it asks for no key.", 1, 200, "", Form::address_or_off},
    Setting<Config>{"state", &Config::state, "SQLite file for cooldowns, sessions and turns in flight; \"off\" keeps nothing across restarts. One gateway per file.", 1, 4000, "", Form::optional_path},
    Setting<Config>{"caller_keys", &Config::caller_keys, "Keys callers must send (Bearer or x-api-key): plain, ${ENV} or sha256:HEX. Empty: callers need none.", 1, 1000, "", Form::secret},
    Setting<Config>{"deadline", &Config::deadline, "Of one request, over all its attempts, waits and fallbacks.", 0.001, kDay},
    Setting<Config>{"unit", &Config::unit, "Name of the service unit that start, stop, restart and install speak of.", 1, 200},
    Setting<Config>{"log_level", &Config::log_level, "The least level that is logged.", 0, 0, "", Form::level},
    Setting<Config>{"system_prompt", &Config::system_prompt, "Put before every conversation of the chat front. Empty: none.", 0, 1e6},
};

constexpr std::array kProvider{
    Setting<ProviderConfig>{"dialect", &ProviderConfig::dialect, "The protocol the provider speaks.", 0, 0, "", Form::plain, true},
    Setting<ProviderConfig>{"url", &ProviderConfig::url, "Where its API begins, such as https://api.acme.example/v1. http is for local ones.", 1, 4000, "", Form::url, true},
    Setting<ProviderConfig>{"vendor", &ProviderConfig::vendor, "Whose error rules apply (openrouter, groq, …). Empty: told by the host.", 0, 100},
    Setting<ProviderConfig>{"strategy", &ProviderConfig::strategy, "Which of the usable keys is taken."},
    Setting<ProviderConfig>{"ca_file", &ProviderConfig::ca_file, "PEM file of the authority behind its certificate. Empty: the system's.", 0, 4000, "", Form::optional_path},
    Setting<ProviderConfig>{"context", &ProviderConfig::context, "Model → context window, where known: a request that cannot fit skips the target.", 1, kMax, "tokens"},
    Setting<ProviderConfig>{"tools", &ProviderConfig::tools, "Whether it takes tool calls; a request with tools skips it if not."},
    Setting<ProviderConfig>{"images", &ProviderConfig::images, "Whether it takes images; a request with images skips it if not."},
    Setting<ProviderConfig>{"headers", &ProviderConfig::headers, "Headers added to every attempt, name → value.", 0, 8000},
    Setting<ProviderConfig>{"resolve", &ProviderConfig::resolve, "host:port to connect to instead of the URL's host; certificate and Host stay the URL's.", 0, 300, "", Form::address},
};

constexpr std::array kCredential{
    Setting<CredentialConfig>{"label", &CredentialConfig::label, "What logs and /status call the key; unique within the provider.", 1, 100, "", Form::plain, true},
    Setting<CredentialConfig>{"secret", &CredentialConfig::secret, "The key itself, best as ${ENV}.", 1, 8000, "", Form::secret, true},
    Setting<CredentialConfig>{"weight", &CredentialConfig::weight, "Its share under the strategy \"weighted\".", 0, 1e6},
    Setting<CredentialConfig>{"concurrent_max", &CredentialConfig::concurrent_max, "Requests it may carry at once; 0: no limit.", 0, 1e6, "requests"},
};

constexpr std::array kTimeouts{
    Setting<Timeouts>{"connect", &Timeouts::connect, "Until the connection, TLS included, stands.", 0.001, kDay},
    Setting<Timeouts>{"first_byte", &Timeouts::first_byte, "From the request sent to the head of the reply.", 0.001, kDay},
    Setting<Timeouts>{"first_content", &Timeouts::first_content, "From the request sent to the first content; pings and comments are none.", 0.001, kDay},
    Setting<Timeouts>{"idle", &Timeouts::idle, "Between two pieces of content.", 0.001, kDay},
    Setting<Timeouts>{"total", &Timeouts::total, "Of one attempt.", 0.001, kDay},
};

constexpr std::array kRoute{
    Setting<Route>{"commit", &Route::commit, "When a reply can no longer be retried unseen: at its first content, or (complete) only once it is whole."},
    Setting<Route>{"fallback_on_content_policy", &Route::fallback_on_content_policy, "Whether a refusal by a provider's safety system may try the next target."},
};

constexpr std::array kRetry{
    Setting<RetryConfig>{"attempts", &RetryConfig::attempts, "On one target, for transient failures. Other keys and targets do not count.", 1, 10},
    Setting<RetryConfig>{"backoff.base", &RetryConfig::backoff_base, "The first wait; it doubles.", 0.001, 3600},
    Setting<RetryConfig>{"backoff.max", &RetryConfig::backoff_max, "The longest wait.", 0.001, kDay},
    Setting<RetryConfig>{"backoff.jitter", &RetryConfig::jitter, "Each wait is times a random number from 1-jitter to 1.", 0, 1},
    Setting<RetryConfig>{"retry_after_max", &RetryConfig::retry_after_max, "A longer wait asked for by a provider means: go to the next target now.", 0, kDay},
    Setting<RetryConfig>{"same_key_wait_max", &RetryConfig::same_key_wait_max, "A 429's wait up to which the only healthy key is tried once more.", 0, kDay},
};

constexpr std::array kLimits{
    Setting<Limits>{"body", &Limits::body, "Of a request's body; more is a 413.", 1024, 1e9, "bytes"},
    Setting<Limits>{"headers", &Limits::headers, "Of a request's head; more is a 431.", 1024, 1e7, "bytes"},
    Setting<Limits>{"header_time", &Limits::header_time, "Until a request's head is whole.", 0.001, 3600},
    Setting<Limits>{"body_time", &Limits::body_time, "Until a request's body is whole.", 0.001, kDay},
    Setting<Limits>{"connections", &Limits::connections, "Callers' connections at once.", 1, 1e6, "connections"},
    Setting<Limits>{"requests", &Limits::requests, "Requests in work at once.", 1, 1e6, "requests"},
    Setting<Limits>{"queued", &Limits::queued, "Requests that wait for a key; one more is a 503.", 0, 1e6, "requests"},
    Setting<Limits>{"sessions", &Limits::sessions, "Sessions of the chat front that are kept.", 1, 1e7, "sessions"},
    Setting<Limits>{"session_turns", &Limits::session_turns, "Turns one session may have.", 1, 1e6, "turns"},
};

constexpr std::array kRestart{
    Setting<RestartConfig>{"drain", &RestartConfig::drain, "How long a restart or stop lets active work finish. The unit's TimeoutStopSec bounds it.", 0, kDay},
    Setting<RestartConfig>{"settle", &RestartConfig::settle, "How long what is cut off then gets for its honest end.", 0, 600},
};

constexpr std::array kRespawn{
    Setting<RespawnGuard>{"starts", &RespawnGuard::starts, "Starts after unplanned ends within the interval before the next one pauses.", 1, 1000, "starts"},
    Setting<RespawnGuard>{"interval", &RespawnGuard::interval, "The window those starts are counted in.", 1, kDay},
    Setting<RespawnGuard>{"pause", &RespawnGuard::pause, "The first pause; doubles with each further start. 0 switches the guard off.", 0, 3600},
    Setting<RespawnGuard>{"pause_max", &RespawnGuard::pause_max, "The longest pause.", 0, kDay},
};

}  // namespace

std::span<const Setting<Config>> root_settings() { return kRoot; }
std::span<const Setting<ProviderConfig>> provider_settings() { return kProvider; }
std::span<const Setting<CredentialConfig>> credential_settings() { return kCredential; }
std::span<const Setting<Timeouts>> timeout_settings() { return kTimeouts; }
std::span<const Setting<Route>> route_settings() { return kRoute; }
std::span<const Setting<RetryConfig>> retry_settings() { return kRetry; }
std::span<const Setting<Limits>> limit_settings() { return kLimits; }
std::span<const Setting<RestartConfig>> restart_settings() { return kRestart; }
std::span<const Setting<RespawnGuard>> respawn_settings() { return kRespawn; }

}  // namespace gateway
