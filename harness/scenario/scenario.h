// A scenario as typed values. Reading it: loader.h. Running it: harness/live or harness/explore. Judging it: harness/checks.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "simulator/core/providers_loader.h"

namespace harness {

/// An expectation: the name of a check and its parameters (validated against the check table at loading).
struct Expectation {
  std::string check;
  base::Json params = base::Json::object();  ///< without "check"
  int line = 0;
};

enum class Api { chat_completions, responses, embeddings, messages, count_tokens, models, chat, raw, admin, health, ready, status, metrics };
inline constexpr std::array<std::string_view, 13> kApiNames{"chat-completions", "responses", "embeddings", "messages", "count-tokens", "models",
                                                             "chat", "raw", "admin", "health", "ready", "status", "metrics"};

/// What one reply must be; absent members are not looked at. Also the parameters of the check "reply".
struct ReplyExpect {
  base::Json params = base::Json::object();  ///< status, text, contains, reason, hint, headers, within, code, stream members …
};

struct SendStep {
  Api api = Api::chat_completions;
  std::string text = "ping";
  std::string model;                  ///< empty: "default"
  bool stream = false;
  std::string session;                ///< of the chat front
  std::optional<base::Json> body;     ///< replaces the made-up body
  std::optional<std::string> raw;     ///< bytes as they are, on a fresh connection
  std::string method, path;           ///< replace the api's own
  std::vector<std::pair<std::string, std::string>> headers;
  std::int64_t count = 1, concurrency = 1;
  double rate = 0;                    ///< a second; 0: as fast as it goes
  std::optional<base::Duration> hang_up_after;   ///< the client leaves after this time …
  std::optional<std::int64_t> hang_up_events;    ///< … or after so many stream events
  bool slow_reader = false;
  base::Duration connect_ahead{0};    ///< the connection is made so long before the request is sent
  bool background = false;            ///< go on with the next step at once; joined at the end or by wait
  std::string as;                     ///< the name checks use (never empty after loading); "name" of count>1 or repeat: name, name.2, name.3 …
  base::Duration timeout = std::chrono::minutes{10};  ///< the harness's own patience
  base::Duration think{0};            ///< between two of `count`
  std::optional<base::Json> expect;   ///< ReplyExpect's params; judged by the check "reply"
  std::string key;                    ///< caller key, sent as the front's SDK would
};
struct CliStep {
  std::vector<std::string> args;      ///< after "gateway"
  std::optional<std::string> input;   ///< stdin
  std::string as;                     ///< never empty after loading
  bool background = false;
  base::Duration timeout = std::chrono::minutes{5};
  std::vector<std::pair<std::string, std::string>> env;
  std::optional<base::Json> expect;   ///< code, lines, contains, never, within
};
struct SignalStep { std::string signal; std::string to = "main"; };
struct ScriptStep {
  struct Change { std::string provider; std::string op; std::vector<simulator::Rule> rules; base::Json raw; };
  std::vector<Change> changes;        ///< applied atomically
};
struct AccountStep { std::string provider, credential; base::Json change; };
struct ManagerStep {
  std::string fault;                  ///< lose-ready, delay-ready, oom-kill, freeze, start-limit, lose-socket, unreachable, … (manager's table)
  base::Json params = base::Json::object();
  std::optional<std::vector<std::string>> systemctl;  ///< or a plain systemctl call, e.g. ["stop", "brownout-gateway"]
  std::optional<base::Json> expect;   ///< of a systemctl call: as for cli
  std::string as;                     ///< of a systemctl call: the name in the cli lane, never empty after loading
};
struct DiskStep { std::string state; };            ///< full, read-only, ok, corrupt, missing
struct WaitStep {
  std::optional<base::Duration> time;              ///< a plain pause
  std::string until;                               ///< condition word, see docs/scenarios.md: "active", "gateway-running", "reply", "attempts", "log", "pid-new", "background", "draining" …
  base::Json params = base::Json::object();
  base::Duration deadline = std::chrono::seconds{60};
};
struct EditConfigStep { std::map<std::string, base::Json> set; std::optional<std::string> raw; bool reload = true; };
struct ParallelStep;
struct RepeatStep;

struct Step {
  std::variant<SendStep, CliStep, SignalStep, ScriptStep, AccountStep, ManagerStep, DiskStep, WaitStep, EditConfigStep,
               std::shared_ptr<ParallelStep>, std::shared_ptr<RepeatStep>> what;
  int line = 0;
  std::string note;                   ///< for people, shown in the timeline
};
struct ParallelStep { std::vector<std::vector<Step>> branches; };
struct RepeatStep { std::int64_t times = 1; std::vector<Step> steps; };

struct GatewaySetup {
  base::Json routes = base::Json::object();
  base::Json config = base::Json::object();      ///< merged over what the harness writes
  std::vector<std::pair<std::string, std::string>> unit;     ///< [Service] (and [Unit]) settings over the default unit
  bool socket = false;                           ///< the manager keeps the listening socket
  bool managed = true;                           ///< false: started without a manager
  bool start = true;                             ///< false: installed, not started
  bool installed = true;
  std::vector<std::string> args;                 ///< after "gateway run"
  std::map<std::string, std::string> env;
  std::map<std::string, std::string> files;      ///< relative to the state folder: made before the start (a stale pid file)
};

struct Scenario {
  std::int64_t version = 1;
  std::string name, file, title, why;
  std::vector<std::string> origin, tags, needs, catches;
  std::vector<simulator::ProviderSpec> providers;
  base::Json providers_json;                     ///< as written: what the simulator is given
  GatewaySetup gateway;
  std::vector<Step> steps;
  std::vector<Expectation> expect;
  std::optional<double> speed;                   ///< 1 is real time
  std::optional<std::uint64_t> seed;
  bool virtual_world = true;                     ///< false: needs a real process feature; `virtual_reason` says which
  std::string virtual_reason;
  std::string unused_faults_reason;              ///< non-empty: rules that need not fire, with the reason
  /// The step-level expectations as checks "reply" and "cli.output", with the line of their step; beside `expect`, not in it.
  std::vector<Expectation> step_expect;
  base::Duration time_limit = std::chrono::minutes{10};   ///< nominal, of the whole run
};

}  // namespace harness
