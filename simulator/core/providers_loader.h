// The `providers` block of a scenario: the one loader, for the simulator's command line and the harness.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json_reader.h"
#include "simulator/core/plan_spec.h"

namespace simulator {

enum class DialectKind { openai_chat, openai_responses, anthropic_messages, gemini, any };
inline constexpr std::array<std::string_view, 5> kDialectNames{"openai-chat", "openai-responses", "anthropic-messages", "gemini", "any"};
constexpr std::string_view name_of(DialectKind kind) { return kDialectNames[static_cast<std::size_t>(kind)]; }

struct ToolCallScript {
  std::string name;
  std::string arguments;  ///< JSON text
  std::string id;         ///< empty: made from the request
};

/// What a healthy reply says and how fast. Empty members are made from the request, deterministically.
struct ReplyScript {
  std::optional<std::string> text;  ///< may hold {{model}}, {{nth}}, {{last}}, {{credential}}, {{body:/pointer}}
  std::optional<int> tokens;        ///< length of a made-up text
  std::vector<ToolCallScript> tool_calls;
  std::string finish_reason;
  std::string reasoning;
  std::optional<int> prompt_tokens;
  std::optional<int> completion_tokens;
  base::Duration first_token{0};
  base::Duration gap{0};
  base::Duration gap_jitter{0};  ///< each gap is gap ± jitter, seeded by the attempt
};

struct When {
  std::string credential, model, path, session, state, text, method;  ///< globs, but text; empty matches all
  std::optional<bool> stream;
  std::vector<std::pair<std::string, std::string>> headers;  ///< name → glob
  std::vector<std::pair<std::string, base::Json>> body;      ///< JSON pointer → value; a string is a glob
  std::optional<std::pair<std::int64_t, std::int64_t>> nth, nth_credential, nth_session;
  std::optional<base::Duration> after, before;               ///< since the start of the run
  bool of_the_connection_only() const;                       ///< nothing that needs a request
};

struct Rule {
  When when;
  FaultUse fault;                    ///< an empty name: a healthy reply (perhaps scripted)
  std::optional<ReplyScript> reply;
  std::int64_t times = -1;           ///< uses; -1 is without end
  std::int64_t after = 0;            ///< matches to let pass first
  std::int64_t every = 1;            ///< then each every-th match
  double probability = 1;            ///< with a ramp: at the start of the run
  struct Ramp {
    double to = 1;                   ///< the probability from `over` on
    base::Duration over{0};          ///< from the start of the run, in a straight line
  };
  std::optional<Ramp> ramp;
  double probability_at(base::Duration elapsed) const;
  bool throws_dice() const { return probability < 1 || ramp; }
  std::string go_to;                 ///< the state after this rule fired
  int line = 0;
};

struct RateWindow {
  std::int64_t limit = 0;  ///< 0: none
  base::Duration window = std::chrono::seconds{60};
};
struct CredentialSpec {
  std::string label;
  std::string secret;                     ///< empty: made from seed, provider and label
  std::optional<double> credit;           ///< in requests' cost units; none: without end
  double cost = 1;                        ///< of one answered request
  RateWindow requests, tokens;
  std::int64_t concurrent_max = 0;        ///< 0: none
  bool revoked = false;
  std::vector<std::string> models_blocked;
  bool region_blocked = false;
};

enum class Tls { none, valid };

struct ProviderSpec {
  std::string name;
  DialectKind dialect = DialectKind::openai_chat;
  std::string personality;                ///< "openai", "anthropic", "openrouter", …; never empty after loading
  std::vector<std::string> models;        ///< empty: any model is known
  std::vector<CredentialSpec> credentials;
  bool keys_any = false;                  ///< an unknown credential is welcome
  ReplyScript reply;
  double slow_per_open = 0;               ///< the gap grows by this share for each open stream
  std::vector<Rule> script;
  Tls tls = Tls::none;
  int port = 0;
  int line = 0;
  base::Json options = base::Json::object();  ///< "options": free settings of the dialect, e.g. {"validate":false}
};

/// The members of the object `in` under `key` ("providers"). Problems go to the reader; never throws.
std::vector<ProviderSpec> read_providers(base::JsonReader& in, std::string_view key);
/// One provider from the object that `in` reads; done() included.
ProviderSpec read_provider(base::JsonReader& in, std::string name);
/// A list of rules under `key`.
std::vector<Rule> read_rules(base::JsonReader& in, std::string_view key);
ReplyScript read_reply_script(base::JsonReader& in);

/// Names of personalities the loader accepts.
std::span<const std::string_view> personality_names();

/// The secret of a credential: from (salt, provider, label), shaped like the keys of that personality.
std::string make_secret(std::string_view salt, std::string_view provider, std::string_view personality, std::string_view label);

/// Where the API of the dialect begins under the provider's port: "/v1", "" or "/v1beta".
std::string_view base_path_of(DialectKind dialect);

}  // namespace simulator
