#include "tests/mutants/mutants.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"
#include "tests/mutants/around_core.h"
#include "tests/mutants/policies.h"

namespace mutants {
namespace {

template <class P>
Parts policy() {
  Parts parts;
  parts.policy = std::make_unique<P>();
  return parts;
}
Parts core(std::function<std::unique_ptr<GatewayCore>(std::unique_ptr<GatewayCore>)> around_it) {
  Parts parts;
  parts.around_core = std::move(around_it);
  return parts;
}
Parts configured(std::function<void(Config&)> change) {
  Parts parts;
  parts.config = std::move(change);
  return parts;
}
/// What is broken outside the core: the mutant program or the command line looks for the name itself.
Parts outside() { return {}; }

Parts dies_on_402() {
  return core(around([](Event& event) {
    const auto* head = std::get_if<UpstreamHead>(&event);
    if (head != nullptr && head->status == 402) std::_Exit(70);
    return true;
  }));
}
Parts double_reply() {
  return core(around_actions([](Action& action, std::vector<Action>& extra) {
    if (const auto* chunk = std::get_if<SendChunk>(&action)) extra.emplace_back(*chunk);
    if (auto* reply = std::get_if<Reply>(&action); reply != nullptr && reply->status == 200 && reply->body.find("choices") != std::string::npos) reply->body += reply->body;
    return true;
  }));
}
Parts leaks_secret() {
  // Past the log's own redaction, as a forgotten debug print would be.
  return core(around_actions([](Action& action, std::vector<Action>&) {
    if (const auto* start = std::get_if<StartAttempt>(&action)) {
      for (const auto& [name, value] : start->headers.list) std::fprintf(stderr, "debug: %s: %s\n", name.c_str(), value.c_str());
    }
    return true;
  }));
}
Parts silent_cut() {
  auto parts = policy<SilentCut>();
  parts.around_core = around([](Event& event) {
    const auto* failed = std::get_if<UpstreamFailed>(&event);
    if (failed != nullptr && (failed->error == TransportError::reset || failed->error == TransportError::closed)) event = UpstreamEnd{failed->id};
    return true;
  });
  return parts;
}
Parts loses_session() {
  return core(around_actions([](Action& action, std::vector<Action>&) {
    const auto* persist = std::get_if<Persist>(&action);
    return persist == nullptr || !std::holds_alternative<StoreTurn>(persist->op);
  }));
}
Parts forgets_answers() {
  return core(around_actions([](Action& action, std::vector<Action>&) {
    const auto* persist = std::get_if<Persist>(&action);
    const auto* turn = persist == nullptr ? nullptr : std::get_if<StoreTurn>(&persist->op);
    return turn == nullptr || turn->turn.kind == TurnRecord::Kind::accepted;
  }));
}
Parts keeps_nothing() {
  return core(around_actions([](Action& action, std::vector<Action>&) {
    const auto* persist = std::get_if<Persist>(&action);
    return persist == nullptr || !std::holds_alternative<StoreCredential>(persist->op);
  }));
}
Parts ignores_client_leaving() {
  return core(around([](Event& event) { return !std::holds_alternative<ClientGone>(event); }));
}
Parts drops_in_flight() {
  return core(around([](Event& event) {
    if (auto* drain = std::get_if<DrainRequested>(&event)) drain->drain = drain->settle = std::chrono::milliseconds{1};
    return true;
  }));
}
Parts stuck_drain() {
  return core(around([](Event& event) {
    if (auto* drain = std::get_if<DrainRequested>(&event)) drain->drain = std::chrono::hours{10};
    return true;
  }));
}
Parts leaks_descriptors() {
  return core(around([](Event& event) {
    const auto* head = std::get_if<UpstreamHead>(&event);
    if (head != nullptr && head->status >= 400) (void)!::open("/dev/null", O_RDONLY | O_CLOEXEC);
    return true;
  }));
}
Parts leaks_memory() {
  return core(around([](Event& event) {
    static std::vector<std::string> kept;
    if (std::holds_alternative<RequestArrived>(event)) kept.emplace_back(1U << 20, 'x');
    return true;
  }));
}
Parts waits_forever() {
  return configured([](Config& config) {
    for (auto& provider : config.providers) provider.timeouts = {std::chrono::hours{9}, std::chrono::hours{9}, std::chrono::hours{9}, std::chrono::hours{9}, std::chrono::hours{9}};
    config.deadline = std::chrono::hours{9};
  });
}
Parts no_retry_after() {
  return core(around_actions([](Action& action, std::vector<Action>&) {
    if (auto* headers = headers_of(action)) headers->remove("retry-after");
    return true;
  }));
}
Parts no_trail() {
  return core(around_actions([](Action& action, std::vector<Action>&) {
    if (auto* headers = headers_of(action)) {
      headers->remove("x-gateway-attempts");
      headers->remove("x-gateway-provider");
    }
    return true;
  }));
}
Parts health_lies() {
  return core(around_actions([](Action& action, std::vector<Action>&) {
    if (auto* reply = std::get_if<Reply>(&action)) {
      for (const auto* word : {"\"draining\"", "\"degraded\""}) reply->body = base::replace_all(reply->body, word, "\"running\"");
    }
    return true;
  }));
}
Parts accepts_anyone() {
  return configured([](Config& config) { config.caller_keys.clear(); });
}
Parts no_limits() {
  return configured([](Config& config) {
    config.limits.body = 1U << 30;
    config.limits.requests = config.limits.queued = config.limits.connections = 1'000'000;
    for (auto& provider : config.providers) {
      for (auto& credential : provider.credentials) credential.concurrent_max = 0;
    }
  });
}
Parts first_key_only() {
  return configured([](Config& config) {
    for (auto& provider : config.providers) {
      if (provider.credentials.size() > 1) provider.credentials.resize(1);
    }
  });
}
Parts first_target_only() {
  return configured([](Config& config) {
    for (auto& route : config.routes) {
      if (route.targets.size() > 1) route.targets.resize(1);
    }
  });
}
Parts ignores_commit_complete() {
  return configured([](Config& config) {
    for (auto& route : config.routes) route.commit = Commit::first_content;
  });
}
Parts silent_log() {
  return core(around_actions([](Action& action, std::vector<Action>&) { return !std::holds_alternative<Log>(action); }));
}
Parts clean_end_after_error() {
  return core(around_actions([](Action& action, std::vector<Action>& extra) {
    if (auto* end = std::get_if<SendEnd>(&action); end != nullptr && !end->clean) {
      const auto id = end->id;
      action = SendChunk{id, "data: [DONE]\n\n"};
      extra.emplace_back(SendEnd{id, true});
    }
    return true;
  }));
}
Parts ignores_reload() {
  return core(around([](Event& event) { return !std::holds_alternative<ConfigReloaded>(event); }));
}
Parts reuses_request_ids() {
  return core(around_actions([](Action& action, std::vector<Action>&) {
    if (auto* headers = headers_of(action); headers != nullptr && headers->has("x-request-id")) headers->set("x-request-id", "req_same");
    return true;
  }));
}

constexpr std::array kMutants{
    Mutant{"accepts-anyone", "callers need no key although the configuration lists some", accepts_anyone},
    Mutant{"benches-provider", "one key's 429 takes the whole provider out", policy<BenchesProvider>},
    Mutant{"classifies-by-status", "a failure is judged by its status alone", policy<ClassifiesByStatusAlone>},
    Mutant{"clean-end-after-error", "a stream that broke off ends with the terminator of a success", clean_end_after_error},
    Mutant{"commits-at-once", "the first event of a stream is forwarded, so that no failure can be hidden", policy<CommitsAtOnce>},
    Mutant{"dies-on-402", "a 402 ends the process", dies_on_402, false},
    Mutant{"dies-on-bad-reload", "a broken configuration ends the process", outside, false},
    Mutant{"double-reply", "a request is answered twice", double_reply},
    Mutant{"drives-sdks-into-retrying", "SDKs are told to retry what cannot succeed", policy<DrivesSdksIntoRetrying>},
    Mutant{"drops-in-flight", "a drain cuts the work in flight", drops_in_flight},
    Mutant{"exits-0-on-drain", "a planned restart exits 0 and stays down", policy<Exits0OnDrain>},
    Mutant{"exits-0-on-sigterm", "an unexpected SIGTERM looks like a planned stop", policy<Exits0OnSigterm>},
    Mutant{"first-key-only", "only the first key of a provider is known", first_key_only},
    Mutant{"first-target-only", "only the first target of a route is known", first_target_only},
    Mutant{"forgets-answers", "an answered turn is not stored and comes again after a crash", forgets_answers},
    Mutant{"forgets-cooldown-on-restart", "an empty key is tried again after a restart", policy<ForgetsCooldown>},
    Mutant{"hammers-empty-key", "an empty key is asked again and again", policy<HammersEmptyKey>},
    Mutant{"health-lies", "/health always says running", health_lies},
    Mutant{"holds-everything", "a stream is held back until it has ended", policy<HoldsEverything>},
    Mutant{"ignores-client-leaving", "goes on asking for a client that left", ignores_client_leaving},
    Mutant{"ignores-commit-complete", "a route that asked for whole replies gets cut ones", ignores_commit_complete},
    Mutant{"ignores-reload", "a changed configuration is never used", ignores_reload},
    Mutant{"ignores-retry-after", "comes back before it was told to", policy<IgnoresRetryAfter>},
    Mutant{"keeps-nothing", "no credential's state is stored", keeps_nothing},
    Mutant{"keeps-revoked", "a revoked key is tried again with every request", policy<KeepsRevoked>},
    Mutant{"kills-on-401", "one 401 takes a key out for good", policy<KillsOn401>},
    Mutant{"leaks-descriptors", "each failed attempt leaves a descriptor open", leaks_descriptors, false},
    Mutant{"leaks-memory", "each request leaves a megabyte behind", leaks_memory, false},
    Mutant{"leaks-secret", "a key is written to the log", leaks_secret},
    Mutant{"loses-session", "a turn is forgotten over a restart", loses_session},
    Mutant{"never-ready", "the manager is never told that it is ready", outside, false},
    Mutant{"never-recovers", "a target that failed is never used again", policy<NeverRecovers>},
    Mutant{"never-resends", "a kept-alive connection that died costs the request", policy<NeverResends>},
    Mutant{"never-retries", "a transient failure is final", policy<NeverRetries>},
    Mutant{"no-backoff", "retries come without a pause", policy<NoBackoff>},
    Mutant{"no-fallback", "the next target is never tried", policy<NoFallback>},
    Mutant{"no-hint-on-402", "the reply to an empty balance has no hint", policy<NoHintOn402>},
    Mutant{"no-limits", "no size and no number is ever too large", no_limits},
    Mutant{"no-retry-after", "callers are not told when to come back", no_retry_after},
    Mutant{"no-rotation", "the next key is never tried", policy<NoRotation>},
    Mutant{"no-trail", "replies do not say what it took", no_trail},
    Mutant{"pings-are-life", "comments and pings count as content", policy<PingsAreLife>},
    Mutant{"probe-storm", "many requests probe a failed target at once", policy<ProbeStorm>},
    Mutant{"refuses-with-kept-socket", "new requests are refused although the manager keeps the socket", policy<RefusesWithKeptSocket>},
    Mutant{"replays-forever", "a session that crashes the gateway is replayed again and again", policy<ReplaysForEver>},
    Mutant{"resends-overflow", "a request that was too large is sent again unchanged", policy<ResendsOverflow>},
    Mutant{"retries-billing", "an empty balance is retried as if it would pass", policy<RetriesBilling>},
    Mutant{"retries-callers-fault", "a 400 is sent again", policy<RetriesCallersFault>},
    Mutant{"retries-forever", "retries know no budget", policy<RetriesForEver>},
    Mutant{"returns-from-restart-at-once", "the restart command does not wait", outside, false},
    Mutant{"reuses-request-ids", "every reply has the same request id", reuses_request_ids},
    Mutant{"rotates-on-overload", "an overloaded provider costs a key", policy<RotatesOnOverload>},
    Mutant{"routes-around-policy", "what one provider's safety system declined is sent to another", policy<RoutesAroundPolicy>},
    Mutant{"serves-while-draining", "new work is taken on while leaving", policy<ServesWhileDraining>},
    Mutant{"shortens-cooldown", "a later, shorter cooldown replaces a longer one", policy<ShortensCooldown>},
    Mutant{"silent-cut", "a cut stream ends as if it were complete", silent_cut},
    Mutant{"silent-log", "nothing is written down", silent_log},
    Mutant{"status-always-500", "every failure is a 500 to the caller", policy<StatusAlways500>},
    Mutant{"stuck-drain", "a drain has no deadline", stuck_drain},
    Mutant{"uses-cooling-keys", "a key is used although it is out", policy<UsesCoolingKeys>},
    Mutant{"waits-forever", "a silent provider is waited for without end", waits_forever},
    Mutant{"waits-too-long", "an absurd Retry-After is waited for", policy<WaitsTooLong>},
    Mutant{"wrong-hint", "the hint is another reason's", policy<WrongHint>},
};

}  // namespace

std::span<const Mutant> all() { return kMutants; }

const Mutant* find(std::string_view name) {
  const auto found = std::find_if(kMutants.begin(), kMutants.end(), [&](const Mutant& mutant) { return mutant.name == name; });
  return found == kMutants.end() ? nullptr : &*found;
}

}  // namespace mutants
