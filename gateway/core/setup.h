// A configuration made ready for use: names resolved, keys and breakers attached. Lives as long as a request began under it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/core/breaker.h"
#include "gateway/core/config.h"
#include "gateway/core/credentials.h"

namespace gateway {

/// What outlives a reload: the states of keys, by their provider and secret, and of targets, by their name.
struct Registry {
  std::map<std::string, KeyPtr> keys;
  std::map<std::string, Breaker> breakers;
};

struct ProviderEntry {
  const ProviderConfig* config = nullptr;
  std::string vendor;  ///< for the classifier
  Pool pool;           ///< a provider without credentials has one key without a secret
};
struct TargetEntry {
  ProviderEntry* provider = nullptr;
  std::string model;
  std::string name;  ///< "acme/gpt-x"
  Breaker* breaker = nullptr;
  std::int64_t window = 0;  ///< tokens; 0: not known
};
struct RouteEntry {
  const Route* config = nullptr;
  std::vector<TargetEntry> targets;  ///< identical backends once
};
struct Setup {
  Config config;
  std::deque<ProviderEntry> providers;
  std::unordered_map<std::string, RouteEntry> routes;
  const RouteEntry* otherwise = nullptr;   ///< the route "default"
  std::vector<std::string> caller_hashes;  ///< SHA-256, hex

  const RouteEntry* route_for(const std::string& model) const;
  ProviderEntry* provider(std::string_view name);
};

/// Keys known to the registry keep their state; new ones begin well, or as `restored` says.
std::shared_ptr<Setup> make_setup(Config config, Registry& registry, const std::string& salt, const std::vector<CredentialState>& restored,
                                  const Policy& policy, Moment now);

}  // namespace gateway
