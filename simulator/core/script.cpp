#include "simulator/core/script.h"

#include "base/random.h"
#include "base/text.h"

namespace simulator {
namespace {

bool glob(const std::string& pattern, std::string_view text) { return pattern.empty() || base::glob_match(pattern, text); }

bool in_range(const std::optional<std::pair<std::int64_t, std::int64_t>>& range, std::uint64_t value) {
  const auto count = static_cast<std::int64_t>(value);
  return !range || (count >= range->first && count <= range->second);
}

const base::Json* at_pointer(const base::Json& json, const std::string& pointer) {
  const base::Json* at = &json;
  for (const auto& raw : base::split(std::string_view(pointer).substr(1), '/')) {
    const auto key = base::replace_all(base::replace_all(raw, "~1", "/"), "~0", "~");
    if (at->is_array()) {
      const auto index = key == "-1" && !at->empty() ? std::optional<std::int64_t>(static_cast<std::int64_t>(at->size()) - 1) : base::parse_integer(key);
      if (!index || *index < 0 || static_cast<std::size_t>(*index) >= at->size()) return nullptr;
      at = &(*at)[static_cast<std::size_t>(*index)];
    } else {
      at = base::find(*at, key);
      if (!at) return nullptr;
    }
  }
  return at;
}

std::string text_of(const base::Json& value) { return value.is_string() ? value.get<std::string>() : base::dump(value); }

bool same(const base::Json& wanted, const base::Json& seen) {
  if (wanted.is_string()) return base::glob_match(wanted.get<std::string>(), text_of(seen));
  return wanted == seen;
}

std::string last_text(const ProviderRequest& request) {
  const auto* json = request.json();
  if (!json) return {};
  for (const auto* key : {"messages", "contents", "input"}) {
    const auto* list = base::find(*json, key);
    if (list && list->is_string()) return list->get<std::string>();
    if (!list || !list->is_array() || list->empty()) continue;
    const auto& last = list->back();
    for (const auto* field : {"content", "parts"}) {
      const auto* content = base::find(last, field);
      if (content && content->is_string()) return content->get<std::string>();
      if (content && content->is_array() && !content->empty()) return base::string_or(content->back(), "text");
    }
  }
  return {};
}

}  // namespace

bool matches(const When& when, const ProviderRequest& request, std::string_view state, base::Duration elapsed) {
  if (!when.credential.empty()) {
    const std::string_view label = !request.credential.empty() ? std::string_view(request.credential) : request.secret.empty() ? "none" : "unknown";
    if (!base::glob_match(when.credential, label)) return false;
  }
  if (!glob(when.model, request.model) || !glob(when.path, request.path) || !glob(when.session, request.session)) return false;
  if (!glob(when.method, request.method) || (!when.state.empty() && when.state != state)) return false;
  if (when.stream && *when.stream != request.stream) return false;
  if (!in_range(when.nth, request.nth) || !in_range(when.nth_credential, request.nth_credential) || !in_range(when.nth_session, request.nth_session)) return false;
  if (when.after && elapsed < *when.after) return false;
  if (when.before && elapsed >= *when.before) return false;
  if (!when.text.empty() && request.body.find(when.text) == std::string::npos) return false;
  for (const auto& [name, pattern] : when.headers) {
    const auto value = request.headers.find(name);
    if (!value || !base::glob_match(pattern, *value)) return false;
  }
  for (const auto& [pointer, wanted] : when.body) {
    const auto* json = request.json();
    const auto* seen = json ? at_pointer(*json, pointer) : nullptr;
    if (!seen || !same(wanted, *seen)) return false;
  }
  return true;
}

double dice(std::uint64_t seed, std::uint64_t rule, std::string_view credential, std::uint64_t nth) {
  return base::unit_interval(base::hash_mix({seed, rule, base::hash_text(credential), nth}));
}

double Rule::probability_at(base::Duration elapsed) const {
  if (!ramp) return probability;
  const double part = std::clamp(base::seconds(elapsed) / base::seconds(ramp->over), 0.0, 1.0);
  return probability + (ramp->to - probability) * part;
}

std::optional<std::size_t> Script::decide(const ProviderRequest& request, Stage stage, const ScriptContext& context) {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    auto& entry = rules_[i];
    const auto& rule = entry.rule;
    if (entry.stage != stage || (rule.times >= 0 && entry.fired >= rule.times)) continue;
    if (!matches(rule.when, request, state_, context.elapsed)) continue;
    const auto match = entry.matched++;
    if (match < rule.after || (match - rule.after) % rule.every != 0) continue;
    if (rule.throws_dice() && dice(context.seed, entry.key, request.credential.empty() ? request.secret : request.credential, request.nth_credential) >= rule.probability_at(context.elapsed)) continue;
    ++entry.fired;
    if (!rule.go_to.empty()) state_ = rule.go_to;
    return i;
  }
  return std::nullopt;
}

std::string_view Script::listening(const ScriptContext& context) {
  static const ProviderRequest nothing;
  for (auto& entry : rules_) {
    if (entry.stage != Stage::listen || !matches(entry.rule.when, nothing, state_, context.elapsed)) continue;
    entry.fired = std::max<std::int64_t>(1, entry.fired);
    return entry.rule.fault.name;
  }
  return {};
}

void Script::replace(std::vector<Rule> rules) {
  rules_.clear();
  state_ = "start";
  add(std::move(rules));
}

void Script::add(std::vector<Rule> rules) {
  for (auto& rule : rules) {
    Entry entry{.rule = std::move(rule), .key = rules_.size()};
    if (!entry.rule.fault.name.empty()) {
      if (const auto info = find_fault(entry.rule.fault.name)) entry.stage = info->stage;
    }
    rules_.push_back(std::move(entry));
  }
}

bool Script::has_stage(Stage stage) const {
  return std::any_of(rules_.begin(), rules_.end(), [&](const auto& entry) { return entry.stage == stage; });
}

std::string fill_template(const std::string& text, const ProviderRequest& request) {
  if (text.find("{{") == std::string::npos) return text;
  std::string out;
  std::string_view rest = text;
  for (auto open = rest.find("{{"); open != std::string_view::npos; open = rest.find("{{")) {
    const auto close = rest.find("}}", open);
    if (close == std::string_view::npos) break;
    out.append(rest.substr(0, open));
    const auto word = base::trim(rest.substr(open + 2, close - open - 2));
    if (word == "model") out += request.model;
    else if (word == "nth") out += std::to_string(request.nth);
    else if (word == "credential") out += request.credential;
    else if (word == "last") out += last_text(request);
    else if (word.starts_with("body:/") && request.json()) {
      if (const auto* value = at_pointer(*request.json(), std::string(word.substr(5)))) out += text_of(*value);
    } else if (!word.starts_with("body:")) {
      out.append(rest.substr(open, close + 2 - open));  // not ours: stays as written
    }
    rest.remove_prefix(close + 2);
  }
  return out.append(rest);
}

}  // namespace simulator
