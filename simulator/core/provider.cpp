#include "simulator/core/provider.h"

#include <fmt/format.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/text.h"
#include "simulator/core/provider_reply.h"

namespace simulator {
namespace {

/// "/space/NAME/rest" → NAME, and the path without it.
std::string take_space(std::string& path) {
  constexpr std::string_view kPrefix = "/space/";
  if (!path.starts_with(kPrefix)) return {};
  const auto end = path.find('/', kPrefix.size());
  if (end == std::string::npos) return {};
  auto name = path.substr(kPrefix.size(), end - kPrefix.size());
  path.erase(0, end);
  return name;
}

/// About four bytes make a token.
double token_estimate(const ProviderRequest& request) { return 1 + static_cast<double>(request.body.size()) / 4; }

}  // namespace

std::optional<base::Duration> wait_in(const base::Headers& headers, base::WallTime wall) {
  if (const auto ms = headers.find("retry-after-ms")) {
    if (const auto value = base::parse_number(*ms)) return base::from_seconds(*value / 1000);
  }
  const auto value = headers.find("retry-after");
  if (!value) return std::nullopt;
  if (const auto number = base::parse_number(*value)) return base::from_seconds(*number);
  if (const auto date = base::parse_http_date(*value)) return *date - wall;
  return std::nullopt;
}

Model::Model(std::vector<ProviderSpec> specs, ModelOptions options, base::Instant start)
    : specs_(std::move(specs)), options_(std::move(options)), start_(start) {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    std::map<std::string, std::string> labels;
    for (const auto& credential : specs_[i].credentials) {
      const auto secret = secret_of(i, credential);
      labels.emplace(secret, credential.label);
      redactor_.add(secret, credential.label);
    }
    labels_.push_back(std::move(labels));
  }
  space("");
}

std::optional<std::size_t> Model::provider_named(std::string_view name) const {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (specs_[i].name == name) return i;
  }
  return std::nullopt;
}

std::string Model::secret_of(std::size_t provider, const CredentialSpec& credential) const {
  if (!credential.secret.empty()) return credential.secret;
  return make_secret(fmt::format("{}/{}", options_.salt, options_.seed), specs_[provider].name, specs_[provider].personality, credential.label);
}

Model::Space& Model::space(std::string_view name) {
  if (const auto found = spaces_.find(name); found != spaces_.end()) return found->second;
  if (spaces_.size() >= kSpacesMax) return spaces_.begin()->second;
  Space fresh{.start = start_};
  for (const auto& spec : specs_) fresh.providers.push_back({.script = Script(spec.script), .accounts = Accounts(spec)});
  return spaces_.emplace(std::string(name), std::move(fresh)).first->second;
}

void Model::identify(std::size_t index, Provider& state, ProviderRequest& request, std::string& shown) {
  if (!request.secret.empty()) {
    const auto found = labels_[index].find(request.secret);
    if (found != labels_[index].end()) request.credential = found->second;
    // Salted, so that a weak secret cannot be guessed from the journal.
    if (found != labels_[index].end()) {
      shown = found->second;
    } else {
      if (unknown_.size() >= kCredentialsSeenMax) unknown_.clear();
      auto& name = unknown_[request.secret];
      if (name.empty()) name = "unknown:" + base::hmac_sha256_hex(options_.salt, request.secret).substr(0, 8);
      shown = name;
    }
  }
  request.attempt = ++attempts_;
  request.nth = ++state.nth;
  if (state.nth_credential.size() < kCredentialsSeenMax) request.nth_credential = ++state.nth_credential[shown];
  if (!request.session.empty() && state.nth_session.size() < kCredentialsSeenMax) request.nth_session = ++state.nth_session[request.session];
}

Decision Model::on_request(std::size_t index, ProviderRequest& request, Now real) {
  const auto now = skewed(real);
  const auto space_name = take_space(request.path);
  interpret(request);
  auto& in_space = space(space_name);
  auto& state = in_space.providers[index];
  const auto& spec = specs_[index];
  std::string shown;
  identify(index, state, request, shown);

  const auto not_before = state.not_before.find(shown);
  if (options_.keep_journal) {
    JournalEvent event{.at = real.instant, .attempt = request.attempt, .connection = request.connection, .nth = request.nth,
                       .nth_credential = request.nth_credential, .space = space_name, .provider = spec.name, .credential = shown,
                       .model = base::shorten(request.model, 200), .method = request.method, .path = base::shorten(request.path, 500),
                       .body = base::shorten(request.body, kJournalBodyMax), .stream = request.stream};
    event.too_early = not_before != state.not_before.end() && now.instant < not_before->second;
    journal_.append(std::move(event));
  }

  const ReplyContext reply_context{.seed = options_.seed, .wall = now.wall};
  CompileContext context{.spec = &spec, .request = &request, .reply = reply_context, .dice = base::hash_mix({options_.seed, request.attempt})};
  Open open{.space = space_name, .provider = index, .credential = request.credential};
  Decision decision{.attempt = request.attempt};
  // A rule decides before the account does: a script says what happens, whatever the account holds.
  decision.rule = state.script.decide(request, Stage::request, {.seed = options_.seed, .elapsed = now.instant - in_space.start});
  const Rule* rule = decision.rule ? &state.script.rule(*decision.rule) : nullptr;
  const bool spelled = rule && !rule->fault.none();
  AccountAnswer account;
  if (!spelled) account = state.accounts.admit(request, token_estimate(request), now.instant, now.wall);
  if (spelled) {
    decision.fault = rule->fault.name.empty() ? "plan" : rule->fault.name;
  } else if (!account.refused.empty()) {
    decision.fault = "account:" + account.refused;
  }
  if (!account.refused.empty()) {
    const ErrorWords words{.kind = account.refused, .retry_after = account.retry_after};
    decision.plan = healthy_plan(error_reply(spec, request, words, reply_context));
  } else {
    open.admitted = !spelled;
    ReplyScript script = rule && rule->reply ? *rule->reply : spec.reply;
    if (script.text) script.text = fill_template(*script.text, request);
    if (spec.slow_per_open > 0) {
      script.gap = base::from_seconds(base::seconds(script.gap) * (1 + spec.slow_per_open * static_cast<double>(open_.size())));
    }
    auto healthy = make_healthy_reply(spec, request, script, reply_context);
    for (const auto& header : account.headers.list) healthy.headers.list.push_back(header);
    static const FaultUse no_fault;
    decision.plan = compile_fault(spelled ? rule->fault : no_fault, healthy, context);
  }
  if (!account.refused.empty()) {
    for (const auto& header : account.headers.list) decision.plan.headers.list.push_back(header);
  }
  if (const auto wait = wait_in(decision.plan.headers, now.wall); wait && decision.plan.status >= 400) {
    state.not_before[shown] = now.instant + std::min(*wait, base::Duration{std::chrono::hours{24 * 365}});
  }
  if (!decision.rule) ++state.unmatched;
  if (!decision.fault.empty()) ++faults_fired_[decision.fault];
  open.fault = decision.fault;
  open.rule = decision.rule;
  open_.emplace(request.attempt, std::move(open));
  return decision;
}

Decision Model::on_accept(std::size_t index, std::uint64_t connection, Now real, Stage stage) {
  const auto now = skewed(real);
  auto& in_space = space("");
  auto& state = in_space.providers[index];
  Decision decision;
  if (!state.script.has_stage(stage)) return decision;
  if (stage == Stage::accept || !state.script.has_stage(Stage::accept)) ++state.connections;
  ProviderRequest request{.connection = connection, .nth = state.connections};
  request.nth_credential = request.nth;
  decision.rule = state.script.decide(request, stage, {.seed = options_.seed, .elapsed = now.instant - in_space.start});
  if (!decision.rule) return decision;
  const auto& rule = state.script.rule(*decision.rule);
  decision.fault = rule.fault.name;
  ++faults_fired_[decision.fault];
  decision.attempt = ++attempts_;
  decision.plan = compile_fault(rule.fault, {}, {.spec = &specs_[index], .request = &request, .reply = {.seed = options_.seed, .wall = now.wall}});
  if (options_.keep_journal) journal_.append({.at = real.instant, .attempt = decision.attempt, .connection = connection, .nth = request.nth, .provider = specs_[index].name});
  open_.emplace(decision.attempt, Open{.provider = index, .fault = decision.fault, .rule = decision.rule});
  on_answer(decision.attempt, 0, 0, 0, real);
  return decision;
}

std::string_view Model::listening(std::size_t index, Now real) {
  const auto now = skewed(real);
  auto& in_space = space("");
  return in_space.providers[index].script.listening({.seed = options_.seed, .elapsed = now.instant - in_space.start});
}

std::string_view Model::certificate_fault(std::size_t index, Now real) const {
  const auto now = skewed(real);
  const auto& in_space = spaces_.find("")->second;
  const auto& state = in_space.providers[index];
  ProviderRequest request{.nth = state.connections + 1};
  request.nth_credential = request.nth;
  auto script = state.script;  // a copy: deciding counts
  const auto rule = script.decide(request, Stage::tls, {.seed = options_.seed, .elapsed = now.instant - in_space.start});
  return rule ? std::string_view(state.script.rule(*rule).fault.name) : std::string_view{};
}

bool Model::stage_used(std::size_t index, Stage stage) const { return spaces_.find("")->second.providers[index].script.has_stage(stage); }

void Model::on_answer(std::uint64_t attempt, int status, std::uint64_t events, std::uint64_t bytes, Now now) {
  const auto found = open_.find(attempt);
  ASSERT(found != open_.end());
  ++answers_[status];
  if (options_.keep_journal) journal_.append({.kind = JournalEvent::Kind::answer, .at = now.instant, .attempt = attempt, .space = found->second.space, .provider = specs_[found->second.provider].name,
                   .status = status, .fault = found->second.fault, .rule = found->second.rule, .events = events, .bytes = bytes});
}

void Model::on_end(std::uint64_t attempt, std::string_view ended, std::uint64_t events, std::uint64_t bytes, Now now) {
  const auto found = open_.find(attempt);
  ASSERT(found != open_.end());
  const auto& open = found->second;
  if (open.admitted) provider(open.space, open.provider).accounts.release(open.credential);
  ++endings_[std::string(ended)];
  if (options_.keep_journal) journal_.append({.kind = JournalEvent::Kind::end, .at = now.instant, .attempt = attempt, .space = open.space, .provider = specs_[open.provider].name,
                   .ended = std::string(ended), .events = events, .bytes = bytes});
  open_.erase(found);
}

void Model::change_rules(std::string_view space_name, std::vector<RuleChange> changes) {
  for (auto& change : changes) {
    auto& script = provider(space_name, change.provider).script;
    if (change.op == RuleChange::Op::add) script.add(std::move(change.rules));
    else script.replace(std::move(change.rules));
  }
}

bool Model::change_account(std::string_view space_name, std::size_t index, const std::string& label, const AccountChange& change) {
  return provider(space_name, index).accounts.change(label, change);
}

void Model::reset(std::string_view space_name, Now now) {
  spaces_.erase(std::string(space_name));
  if (space_name.empty()) skew_ = base::Duration{0};
  space(space_name).start = now.instant;
}

base::Json Model::counters(std::string_view space_name) const {
  auto rules = base::Json::array();
  std::uint64_t unmatched = 0;
  const auto found = spaces_.find(space_name);
  if (found != spaces_.end()) {
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      const auto& state = found->second.providers[i];
      unmatched += state.unmatched;
      for (std::size_t r = 0; r < state.script.size(); ++r) {
        const auto& fault = state.script.rule(r).fault;
        rules.push_back({{"provider", specs_[i].name}, {"index", r}, {"fault", fault.none() ? base::Json(nullptr) : base::Json(fault.name.empty() ? "plan" : fault.name)},
                         {"fired", state.script.fired(r)}});
      }
    }
  }
  return {{"rules", std::move(rules)}, {"unmatched", unmatched}, {"open", open_.size()}};
}

base::Json Model::accounts(std::string_view space_name) const {
  base::Json all = base::Json::object();
  const auto found = spaces_.find(space_name);
  for (std::size_t i = 0; found != spaces_.end() && i < specs_.size(); ++i) all[specs_[i].name] = found->second.providers[i].accounts.to_json();
  return all;
}

std::string Model::metrics() const {
  std::string out = "# TYPE simulator_attempts_total counter\n";
  out += fmt::format("simulator_attempts_total {}\n# TYPE simulator_attempts_open gauge\nsimulator_attempts_open {}\n", attempts_, open_.size());
  out += "# TYPE simulator_answers_total counter\n";
  for (const auto& [status, count] : answers_) out += fmt::format("simulator_answers_total{{status=\"{}\"}} {}\n", status, count);
  out += "# TYPE simulator_faults_total counter\n";
  for (const auto& [fault, count] : faults_fired_) out += fmt::format("simulator_faults_total{{fault=\"{}\"}} {}\n", fault, count);
  out += "# TYPE simulator_endings_total counter\n";
  for (const auto& [ended, count] : endings_) out += fmt::format("simulator_endings_total{{ended=\"{}\"}} {}\n", ended, count);
  return out;
}

}  // namespace simulator
