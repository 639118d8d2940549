// Transitions of a key's state and the choice among keys.
#include "gateway/core/credentials.h"

#include "base/assert.h"
#include "base/hash.h"

namespace gateway {
namespace {

using Kind = CredentialState::Kind;

/// After a probe succeeded the load comes back in steps: 2, 4, … attempts at once, then any number.
constexpr std::int64_t kRampFirst = 2, kRampLast = 32;

Availability of_state(const KeyState& state, std::int64_t in_flight, base::Instant now, const Policy& policy) {
  using A = Availability::Kind;
  switch (state.kind) {
    case Kind::dead:
    case Kind::disabled: return {A::never, base::kNever, state.reason, false, {}};
    case Kind::cooling:
      // Somebody is finding out just now: sooner or later than any time we could name.
      if (state.probing >= policy.probes()) return {A::busy, base::kNever, state.reason, false, {}};
      if (!policy.may_use(state.until, now)) return {A::later, state.until, state.reason, state.stated, state.not_before};
      return {};
    case Kind::ok:
      if (state.ramp > 0 && in_flight >= state.ramp) return {A::busy, base::kNever, Reason::limit, false, {}};
      return {};
  }
  return {};
}

const Availability& worse(const Availability& a, const Availability& b) {
  if (a.kind != b.kind) return a.kind > b.kind ? a : b;
  return a.at >= b.at ? a : b;
}

bool clear(KeyState& state, bool probe, std::uint64_t marks) {
  if (state.kind == Kind::ok) {
    if (state.ramp > 0) state.ramp = state.ramp >= kRampLast ? 0 : state.ramp * 2;
    return false;
  }
  // News from before the key was put out, or from an attempt that was not its probe, proves nothing.
  if (!probe || state.kind != Kind::cooling || state.marks != marks) return false;
  const std::int64_t probing = state.probing;
  const std::uint64_t count = state.marks;
  state = KeyState{};
  state.probing = probing;
  state.marks = count;
  state.ramp = kRampFirst;
  return true;
}

}  // namespace

bool tried_before(const std::vector<Tried>& tried, std::size_t target, const Key* key) {
  return std::any_of(tried.begin(), tried.end(), [&](const Tried& t) { return t.target == target && t.key == key; });
}

Tried* find_tried(std::vector<Tried>& tried, std::size_t target, const Key* key) {
  const auto found = std::find_if(tried.begin(), tried.end(), [&](const Tried& t) { return t.target == target && t.key == key; });
  return found == tried.end() ? nullptr : &*found;
}

const std::string& Key::hash() const {
  if (hash_.empty()) hash_ = base::sha256_hex(salt + '\n' + provider + '\n' + secret);
  return hash_;
}

KeyState* Key::model_state(std::string_view model) {
  for (auto& [name, state] : models) {
    if (name == model) return &state;
  }
  return nullptr;
}
const KeyState* Key::model_state(std::string_view model) const { return const_cast<Key*>(this)->model_state(model); }

Availability Pool::availability(const Key& key, std::string_view model, base::Instant now, const Policy& policy) {
  Availability result = of_state(key.whole, key.in_flight, now, policy);
  if (const KeyState* state = key.model_state(model)) result = worse(result, of_state(*state, key.in_flight, now, policy));
  if (result.usable() && key.concurrent_max > 0 && key.in_flight >= key.concurrent_max) {
    return {Availability::Kind::busy, base::kNever, Reason::limit, false, {}};
  }
  return result;
}

KeyPtr Pool::pick(std::string_view model, const std::vector<Tried>& tried, std::size_t target, base::Instant now, const Policy& policy,
                  base::Random& random) {
  const std::size_t count = keys.size();
  const std::size_t first = strategy == Strategy::round_robin && count > 0 ? next_ % count : 0;
  std::vector<std::size_t> usable;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (first + i) % count;
    if (tried_before(tried, target, keys[at].get()) || !availability(*keys[at], model, now, policy).usable()) continue;
    if (strategy == Strategy::fill_first) return keys[at];
    if (strategy == Strategy::round_robin) {
      next_ = at + 1;
      return keys[at];
    }
    usable.push_back(at);
  }
  if (usable.empty()) return nullptr;
  if (strategy == Strategy::random) return keys[usable[random.below(usable.size())]];
  if (strategy == Strategy::least_used) {
    const auto least = std::min_element(usable.begin(), usable.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(keys[a]->used, keys[a]->in_flight) < std::pair(keys[b]->used, keys[b]->in_flight);
    });
    return keys[*least];
  }
  double total = 0;
  for (const std::size_t at : usable) total += keys[at]->weight;
  double point = random.uniform() * total;
  for (const std::size_t at : usable) {
    point -= keys[at]->weight;
    if (point < 0) return keys[at];
  }
  return keys[usable.back()];
}

bool Pool::any_usable(std::string_view model, const std::vector<Tried>& tried, std::size_t target, base::Instant now,
                      const Policy& policy) const {
  return std::any_of(keys.begin(), keys.end(), [&](const KeyPtr& key) {
    return !tried_before(tried, target, key.get()) && availability(*key, model, now, policy).usable();
  });
}

bool Pool::sole(const Key& key) const {
  return std::none_of(keys.begin(), keys.end(), [&](const KeyPtr& other) {
    return other.get() != &key && other->whole.kind != Kind::dead && other->whole.kind != Kind::disabled;
  });
}

Lease take(const KeyPtr& key, std::string_view model) {
  Lease lease{key, std::string(model)};
  ++key->in_flight;
  ++key->used;
  lease.marks_whole = key->whole.marks;
  if (key->whole.kind == Kind::cooling) {
    lease.probe_whole = true;
    ++key->whole.probing;
  }
  if (KeyState* state = key->model_state(model)) {
    lease.marks_model = state->marks;
    if (state->kind == Kind::cooling) {
      lease.probe_model = true;
      ++state->probing;
    }
  }
  return lease;
}

void release(Lease& lease) {
  ASSERT(lease.key != nullptr);
  ASSERT(lease.key->in_flight > 0);
  --lease.key->in_flight;
  if (lease.probe_whole) --lease.key->whole.probing;
  if (lease.probe_model) --lease.key->model_state(lease.model)->probing;
  lease = Lease{};
}

KeyChange succeeded(const Lease& lease) {
  KeyChange change;
  change.whole = clear(lease.key->whole, lease.probe_whole, lease.marks_whole);
  if (KeyState* state = lease.key->model_state(lease.model)) change.model = clear(*state, lease.probe_model, lease.marks_model);
  return change;
}

namespace {

KeyState& scope(const Lease& lease, bool whole) {
  if (whole) return lease.key->whole;
  if (KeyState* state = lease.key->model_state(lease.model)) return *state;
  return lease.key->models.emplace_back(lease.model, KeyState{}).second;
}

}  // namespace

KeyChange mark(const Lease& lease, const Verdict& verdict, bool sole, base::Instant now, const Policy& policy) {
  const bool whole = policy.whole_key(verdict);
  KeyState& state = scope(lease, whole);
  if (state.kind == Kind::disabled || state.kind == Kind::dead) return {};
  if (policy.kills(verdict)) {
    state.kind = Kind::dead;
    state.reason = verdict.reason;
    ++state.marks;
    return {whole, !whole};
  }
  // Ten requests in flight on one key all fail by the one cause: that is one strike.
  const bool fresh = state.marks == (whole ? lease.marks_whole : lease.marks_model);
  const std::int64_t strikes = fresh ? state.strikes + 1 : std::max<std::int64_t>(state.strikes, 1);
  const base::Duration out = policy.cooldown(verdict, strikes, sole);
  if (out <= base::Duration::zero()) return {};
  if (verdict.wait) state.not_before = std::max(state.not_before, now + std::min(*verdict.wait, kCooldownMax));
  const base::Instant current = state.kind == Kind::cooling ? state.until : now;
  const base::Instant until = policy.extend(current, now + out);
  state.strikes = strikes;
  ++state.marks;
  if (state.kind == Kind::cooling && until == current && !fresh) return {};  // nothing new
  if (state.kind != Kind::cooling || until != current) {
    state.stated = verdict.wait && *verdict.wait > base::Duration::zero();
    state.reason = verdict.reason;
  }
  state.kind = Kind::cooling;
  state.until = until;
  state.ramp = 0;
  return {whole, !whole};
}

KeyChange bench(const Lease& lease, base::Duration wait, base::Instant now, const Policy& policy) {
  KeyState& state = scope(lease, false);
  if (state.kind == Kind::disabled || state.kind == Kind::dead) return {};
  const base::Instant current = state.kind == Kind::cooling ? state.until : now;
  const base::Instant until = policy.extend(current, now + std::min(wait, kCooldownMax));
  if (until == current) return {};
  ++state.marks;
  state.kind = Kind::cooling;
  state.until = until;
  state.reason = Reason::rate_limit;
  state.stated = true;
  state.not_before = std::max(state.not_before, until);
  return {false, true};
}

CredentialState stored(const Key& key, const KeyState& state, std::string_view model, Moment now) {
  CredentialState result;
  result.provider = key.provider;
  result.key_hash = key.hash();
  result.label = key.label;
  result.model = model;
  result.kind = state.kind;
  result.reason = state.reason;
  result.strikes = state.strikes;
  if (state.kind == CredentialState::Kind::cooling) result.until = now.wall + (state.until - now.instant);
  return result;
}

void restore(Key& key, const CredentialState& from, Moment now, const Policy& policy) {
  KeyState* state = &key.whole;
  if (!from.model.empty()) {
    state = key.model_state(from.model);
    if (!state) state = &key.models.emplace_back(from.model, KeyState{}).second;
  }
  state->kind = from.kind;
  state->reason = from.reason;
  state->strikes = std::clamp<std::int64_t>(from.strikes, 0, 64);
  state->marks = 1;
  if (from.kind == Kind::cooling) state->until = now.instant + policy.restored(from.until, now.wall);
}

std::string_view state_word(const KeyState& state, base::Instant now) {
  switch (state.kind) {
    case Kind::ok: return "ok";
    case Kind::cooling: return state.until <= now ? "half-open" : "cooling";
    case Kind::dead: return "dead";
    case Kind::disabled: return "disabled";
  }
  return "ok";
}

}  // namespace gateway
