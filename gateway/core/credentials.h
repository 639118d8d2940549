// Keys and their state: who may be used, since when not, until when. Knows nothing of requests or HTTP.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "gateway/core/config.h"
#include "gateway/core/events.h"
#include "gateway/core/policy.h"

namespace gateway {

/// The state of one scope: a whole key, or a key with one model.
struct KeyState {
  CredentialState::Kind kind = CredentialState::Kind::ok;
  base::Instant until;         ///< of cooling
  Reason reason = Reason::none;
  std::int64_t strikes = 0;    ///< failures in a row
  bool stated = false;         ///< `until` is what the provider said, not our guess
  base::Instant not_before;    ///< the latest time the provider itself has named; no later guess of ours moves it
  std::uint64_t marks = 0;     ///< how often it was put out: an attempt knows by it whether its news is old
  std::int64_t probing = 0;    ///< attempts in flight since the time out ended
  std::int64_t ramp = 0;       ///< attempts allowed at once after a successful probe; 0: any number
};

struct Key {
  std::string provider, label, secret, salt;
  double weight = 1;
  std::int64_t concurrent_max = 0;
  std::int64_t in_flight = 0, used = 0;
  KeyState whole;
  std::vector<std::pair<std::string, KeyState>> models;  ///< few: only models that once failed on this key

  /// Salted hash of the secret: the key's name in the store. Worked out when first needed: most keys never fail.
  const std::string& hash() const;
  KeyState* model_state(std::string_view model);
  const KeyState* model_state(std::string_view model) const;

 private:
  mutable std::string hash_;
};
using KeyPtr = std::shared_ptr<Key>;

/// Whether a key can be used with a model.
struct Availability {
  enum class Kind : std::uint8_t { now, busy, later, never } kind = Kind::now;
  base::Instant at;               ///< of later: when
  Reason reason = Reason::none;   ///< why not
  bool stated = false;            ///< the provider said when
  base::Instant not_before;       ///< no attempt before, not even a forced one: the provider named the time
  bool usable() const { return kind == Kind::now; }
};

/// One attempt's hold on a key. Given back exactly once, by release().
struct Lease {
  KeyPtr key;
  std::string model;
  bool probe_whole = false, probe_model = false;
  std::uint64_t marks_whole = 0, marks_model = 0;
};

/// A key that a request has asked at one of its targets.
struct Tried {
  std::size_t target = 0;
  const Key* key = nullptr;
  bool worth_waiting = false;  ///< it failed for a time the provider named, or while another request is its probe
};

/// Which scopes of a key have changed: the store and the log are told.
struct KeyChange {
  bool whole = false, model = false;
};

/// The keys of one provider. `model` is the upstream model's name everywhere.
class Pool {
 public:
  Strategy strategy = Strategy::fill_first;
  std::vector<KeyPtr> keys;

  static Availability availability(const Key& key, std::string_view model, base::Instant now, const Policy& policy);
  /// A usable key that was not tried at that target; nullptr when there is none. Sampling is without replacement, through `tried`.
  KeyPtr pick(std::string_view model, const std::vector<Tried>& tried, std::size_t target, base::Instant now, const Policy& policy,
              base::Random& random);
  bool any_usable(std::string_view model, const std::vector<Tried>& tried, std::size_t target, base::Instant now,
                  const Policy& policy) const;
  /// Whether `key` is the only one that could ever be used again.
  bool sole(const Key& key) const;

 private:
  std::size_t next_ = 0;  ///< of round-robin
};

/// A key that is out may be taken too, by the request that owns the one retry on it: it counts as the probe.
Lease take(const KeyPtr& key, std::string_view model);
void release(Lease& lease);
/// The attempt proved the key. Clears the scopes it was the probe of, unless they were put out again meanwhile.
KeyChange succeeded(const Lease& lease);
bool tried_before(const std::vector<Tried>& tried, std::size_t target, const Key* key);
Tried* find_tried(std::vector<Tried>& tried, std::size_t target, const Key* key);
/// The verdict is about the key: puts it out. A cooldown only grows; failures of one burst strike once.
KeyChange mark(const Lease& lease, const Verdict& verdict, bool sole, base::Instant now, const Policy& policy);
/// The provider said the next request would be refused (remaining: 0): out until then, without a strike.
KeyChange bench(const Lease& lease, base::Duration wait, base::Instant now, const Policy& policy);

/// `model` is empty for the whole key's state.
CredentialState stored(const Key& key, const KeyState& state, std::string_view model, Moment now);
void restore(Key& key, const CredentialState& state, Moment now, const Policy& policy);
/// "ok", "cooling", "half-open", "dead", "disabled".
std::string_view state_word(const KeyState& state, base::Instant now);

}  // namespace gateway
