#include "harness/scenario/needs.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "harness/scenario/vocabulary.h"

namespace harness {
namespace {

using base::Json;

class Needs {
 public:
  void add(std::string_view ability, std::string because) {
    if (std::none_of(list_.begin(), list_.end(), [&](const Need& need) { return need.ability == ability; })) list_.push_back({std::string(ability), std::move(because)});
  }
  std::vector<Need> in_order() const {
    std::vector<Need> sorted;
    for (const auto& row : abilities()) {
      const auto found = std::find_if(list_.begin(), list_.end(), [&](const Need& need) { return need.ability == row.name; });
      if (found != list_.end()) sorted.push_back(*found);
    }
    return sorted;
  }

 private:
  std::vector<Need> list_;
};

std::string_view ability_of(Api api) {
  switch (api) {
    case Api::responses: return "responses";
    case Api::embeddings: return "embeddings";
    case Api::messages:
    case Api::count_tokens: return "messages";
    case Api::models: return "models";
    case Api::chat: return "chat";
    case Api::health:
    case Api::ready: return "health";
    case Api::status:
    case Api::admin: return "status";
    case Api::metrics: return "metrics";
    case Api::chat_completions:
    case Api::raw: return {};
  }
  return {};
}

/// The statuses that stand in the providers' rules, as faults ("429-quota") or as replies written out.
void add_statuses(const Json& json, std::set<std::int64_t>& found) {
  if (json.is_string()) {
    const auto text = json.get<std::string>();
    const auto number = base::parse_integer(text.substr(0, text.find_first_not_of("0123456789")));
    if (number && *number >= 400 && *number < 600) found.insert(*number);
  }
  if (json.is_number_integer()) found.insert(json.get<std::int64_t>());
  if (!json.is_structured()) return;
  for (const auto& each : json) add_statuses(each, found);
}

/// A failure that no provider worded so: the status is a decision of this gateway, and another may decide otherwise.
void add_status(Needs& needs, const Json& wanted, const std::set<std::int64_t>& given, const std::string& where) {
  if (!wanted.is_number_integer()) return;
  const auto status = wanted.get<std::int64_t>();
  if (status >= 400 && !given.contains(status)) needs.add("own-status", fmt::format("{} asks for status {}, which no provider gave", where, status));
}

/// What a reply is asked for that is this gateway's own and no standard.
void add_reply(Needs& needs, const Json& params, const std::string& where) {
  if (params.contains("reason")) needs.add("reason", where + " asks for a reason");
  if (!base::string_or(params, "hint").empty()) needs.add("hint", where + " asks for a hint");
  if (base::string_or(params, "code").starts_with("gateway_")) needs.add("reason", where + " asks for a code of Brownout's own");
  const auto* headers = base::find(params, "headers");
  if (headers == nullptr || !headers->is_object()) return;
  for (const auto& [name, value] : headers->items()) {
    if (name.starts_with("x-gateway-") || name == "x-request-id") needs.add("trail-headers", fmt::format("{} asks for the header {}", where, name));
  }
}

class StepNeeds {
 public:
  StepNeeds(Needs& needs, int line) : needs_(needs), where_(fmt::format("the step in line {}", line)) {}

  void operator()(const SendStep& step) const {
    if (const auto ability = ability_of(step.api); !ability.empty()) needs_.add(ability, where_ + " sends to it");
    if (step.stream) needs_.add("stream", where_ + " asks for a stream");
    if (!step.key.empty()) needs_.add("caller-keys", where_ + " shows a key");
    if (step.raw) needs_.add("bare-requests", where_ + " sends bytes as they are");
    if (step.expect) add_reply(needs_, *step.expect, where_);
  }
  void operator()(const CliStep& step) const {
    needs_.add("cli", where_ + " runs a command of the gateway");
    if (!step.args.empty() && step.args.front() == "classify") needs_.add("classify", where_ + " runs classify");
  }
  void operator()(const SignalStep& step) const {
    needs_.add("unit", where_ + " sends a signal");
    if (step.signal == "USR1") needs_.add("drain-signal", where_ + " sends SIGUSR1");
    if (step.signal == "HUP") needs_.add("reload", where_ + " sends SIGHUP");
  }
  void operator()(const ManagerStep&) const { needs_.add("unit", where_ + " is about the manager"); }
  void operator()(const DiskStep& step) const {
    needs_.add("durable-state", where_ + " changes the state folder");
    if (step.state == "full" || step.state == "read-only") needs_.add("root", where_ + " mounts a small file system");
  }
  void operator()(const WaitStep& step) const {
    if (step.until == "draining") needs_.add("drain-signal", where_ + " waits for a drain");
    if (step.until == "status") needs_.add("status", where_ + " waits for a status");
    if (step.until == "log") needs_.add("json-log", where_ + " waits for a line of the log");
  }
  void operator()(const EditConfigStep& step) const {
    needs_.add("own-config", where_ + " changes the configuration");
    if (step.reload) needs_.add("reload", where_ + " has it read again");
  }
  void operator()(const std::shared_ptr<ParallelStep>& step) const {
    for (const auto& branch : step->branches) add_all(needs_, branch);
  }
  void operator()(const std::shared_ptr<RepeatStep>& step) const { add_all(needs_, step->steps); }
  void operator()(const ScriptStep&) const {}
  void operator()(const AccountStep&) const {}

  static void add_all(Needs& needs, const std::vector<Step>& steps) {
    for (const auto& step : steps) std::visit(StepNeeds(needs, step.line), step.what);
  }

 private:
  Needs& needs_;
  std::string where_;
};

void add_providers(Needs& needs, const std::vector<simulator::ProviderSpec>& providers) {
  for (const auto& provider : providers) {
    if (provider.credentials.size() > 1) needs.add("credential-pool", provider.name + " has several keys");
    if (provider.dialect == simulator::DialectKind::anthropic_messages) needs.add("anthropic-upstream", provider.name + " talks like Anthropic");
    if (provider.dialect == simulator::DialectKind::gemini) needs.add("gemini-upstream", provider.name + " talks like Gemini");
    if (provider.tls != simulator::Tls::none) needs.add("tls-upstream", provider.name + " has a certificate");
  }
}

void add_gateway(Needs& needs, const GatewaySetup& gateway) {
  for (const auto& [route, value] : gateway.routes.items()) {
    const auto* targets = value.is_object() ? base::find(value, "targets") : &value;
    if (targets == nullptr || !targets->is_array()) continue;
    if (targets->size() > 1) needs.add("fallback", fmt::format("the route {} has several targets", route));
    const bool own = (value.is_object() && value.size() > 1) || std::any_of(targets->begin(), targets->end(), [](const Json& target) { return !target.is_string(); });
    if (own) needs.add("own-config", fmt::format("the route {} has settings", route));
  }
  if (!gateway.config.empty()) needs.add("own-config", "it sets the gateway's own settings");
  if (!gateway.args.empty()) needs.add("own-config", "it starts the gateway with arguments of its own");
  if (!gateway.unit.empty()) needs.add("unit", "it has settings of the unit");
  if (gateway.socket) needs.add("socket", "the manager keeps the listening socket");
  if (!gateway.installed) needs.add("cli", "nothing is installed before the gateway does it");
}

void add_check(Needs& needs, const Expectation& expectation) {
  const auto where = fmt::format("the check in line {}", expectation.line);
  const auto& check = expectation.check;
  if (check == "reply") add_reply(needs, expectation.params, where);
  if (check == "hint" && !base::bool_or(expectation.params, "absent", false)) needs.add("hint", where + " asks for a hint");
  if (check.starts_with("restart.") || check == "manager.states" || check == "manager.journal") needs.add("unit", where + " is about the manager");
  if (check == "session.turns") needs.add("chat", where + " counts the turns of a session");
  if (check == "metrics.shows") needs.add("metrics", where + " reads metrics");
  if (check == "log.contains" || (check == "log.never" && expectation.params.contains("event"))) needs.add("json-log", where + " reads the log");
}

void add_rules_of_steps(const std::vector<Step>& steps, std::set<std::int64_t>& found) {
  for (const auto& step : steps) {
    if (const auto* script = std::get_if<ScriptStep>(&step.what)) {
      for (const auto& change : script->changes) add_statuses(change.raw, found);
    } else if (const auto* parallel = std::get_if<std::shared_ptr<ParallelStep>>(&step.what)) {
      for (const auto& branch : (*parallel)->branches) add_rules_of_steps(branch, found);
    } else if (const auto* repeat = std::get_if<std::shared_ptr<RepeatStep>>(&step.what)) {
      add_rules_of_steps((*repeat)->steps, found);
    }
  }
}

void add_statuses_asked(Needs& needs, const Scenario& scenario) {
  std::set<std::int64_t> given;
  add_statuses(scenario.providers_json, given);
  add_rules_of_steps(scenario.steps, given);
  for (const auto* list : {&scenario.expect, &scenario.step_expect}) {
    for (const auto& expectation : *list) {
      const auto* status = expectation.check == "reply" ? base::find(expectation.params, "status") : nullptr;
      if (status != nullptr) add_status(needs, *status, given, fmt::format("the check in line {}", expectation.line));
    }
  }
}

}  // namespace

std::vector<Need> needs_of(const Scenario& scenario) {
  Needs needs;
  for (const auto& ability : scenario.needs) needs.add(ability, "it says so");
  add_providers(needs, scenario.providers);
  add_gateway(needs, scenario.gateway);
  StepNeeds::add_all(needs, scenario.steps);
  for (const auto& expectation : scenario.expect) add_check(needs, expectation);
  for (const auto& expectation : scenario.step_expect) add_check(needs, expectation);
  add_statuses_asked(needs, scenario);
  return needs.in_order();
}

}  // namespace harness
