// Resolving a configuration.
#include "gateway/core/setup.h"

#include "base/hash.h"
#include "base/text.h"

namespace gateway {
namespace {

std::string host_of(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return std::string(url.substr(0, url.find_first_of(":/?")));
}

void add_keys(ProviderEntry& entry, Registry& registry, const std::string& salt) {
  static const std::vector<CredentialConfig> kKeyless{{.label = "none", .secret = ""}};
  const auto& credentials = entry.config->credentials.empty() ? kKeyless : entry.config->credentials;
  for (const CredentialConfig& credential : credentials) {
    KeyPtr& known = registry.keys[entry.config->name + '\n' + credential.secret];
    if (!known) {
      known = std::make_shared<Key>();
      known->provider = entry.config->name;
      known->secret = credential.secret;
      known->salt = salt;
    }
    // Two labels for one secret are one key: what fails for the one fails for the other.
    if (std::find(entry.pool.keys.begin(), entry.pool.keys.end(), known) != entry.pool.keys.end()) continue;
    known->label = credential.label;
    known->weight = credential.weight > 0 ? credential.weight : 1;
    known->concurrent_max = credential.concurrent_max;
    entry.pool.keys.push_back(known);
  }
}

bool same_backend(const TargetEntry& a, const TargetEntry& b) {
  if (a.model != b.model) return false;
  if (a.provider == b.provider) return true;
  if (a.provider->config->url != b.provider->config->url || a.provider->config->dialect != b.provider->config->dialect) return false;
  const auto secrets = [](const TargetEntry& t) {
    std::vector<std::string> result;
    for (const KeyPtr& key : t.provider->pool.keys) result.push_back(key->secret);
    return result;
  };
  return secrets(a) == secrets(b);
}

void add_route(Setup& setup, const Route& route, Registry& registry) {
  RouteEntry& entry = setup.routes[route.name];
  entry.config = &route;
  for (const Target& target : route.targets) {
    ProviderEntry* provider = setup.provider(target.provider);
    if (!provider) continue;
    TargetEntry made{provider, target.model, target.provider + "/" + target.model};
    const auto window = provider->config->context.find(target.model);
    if (window != provider->config->context.end()) made.window = window->second;
    const bool seen = std::any_of(entry.targets.begin(), entry.targets.end(), [&](const TargetEntry& t) { return same_backend(t, made); });
    if (seen) continue;
    made.breaker = &registry.breakers[made.name];
    entry.targets.push_back(std::move(made));
  }
}

}  // namespace

const RouteEntry* Setup::route_for(const std::string& model) const {
  const auto found = routes.find(model);
  return found != routes.end() ? &found->second : otherwise;
}

ProviderEntry* Setup::provider(std::string_view name) {
  for (ProviderEntry& entry : providers) {
    if (entry.config->name == name) return &entry;
  }
  return nullptr;
}

std::shared_ptr<Setup> make_setup(Config config, Registry& registry, const std::string& salt, const std::vector<CredentialState>& restored,
                                  const Policy& policy, Moment now) {
  auto setup = std::make_shared<Setup>();
  setup->config = std::move(config);
  for (const ProviderConfig& provider : setup->config.providers) {
    ProviderEntry& entry = setup->providers.emplace_back();
    entry.config = &provider;
    entry.vendor = provider.vendor.empty() ? host_of(provider.url) : provider.vendor;
    entry.pool.strategy = provider.strategy;
    add_keys(entry, registry, salt);
  }
  for (const CredentialState& state : restored) {
    for (const auto& [name, key] : registry.keys) {
      if (key->provider == state.provider && key->hash() == state.key_hash) restore(*key, state, now, policy);
    }
  }
  for (const Route& route : setup->config.routes) add_route(*setup, route, registry);
  const auto found = setup->routes.find("default");
  if (found != setup->routes.end()) setup->otherwise = &found->second;
  for (const std::string& key : setup->config.caller_keys) {
    const bool hashed = key.starts_with("sha256:");
    setup->caller_hashes.push_back(hashed ? base::lower(key.substr(7)) : base::sha256_hex(key));
  }
  return setup;
}

}  // namespace gateway
