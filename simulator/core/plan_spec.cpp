#include "simulator/core/plan_spec.h"

#include <fmt/format.h>

#include "base/text.h"
#include "simulator/core/faults.h"
#include "simulator/core/plan_steps.h"

namespace simulator {
namespace {

using base::Json;

bool is_duration(const Json& value) {
  if (!value.is_string()) return false;
  const auto text = value.get<std::string>();
  return text == "forever" || base::parse_duration(text).has_value();
}

bool fits(ValueKind kind, const Json& value) {
  if (value.is_string() && value.get<std::string>().starts_with("$")) return true;
  switch (kind) {
    case ValueKind::integer: return value.is_number_integer();
    case ValueKind::count: return (value.is_number_integer() && value >= 0) || value == "all";
    case ValueKind::text: return value.is_string();
    case ValueKind::duration: return is_duration(value);
    case ValueKind::flag: return value.is_boolean();
    case ValueKind::object: return value.is_object();
    case ValueKind::any: return true;
  }
  return false;
}

std::string_view wanted(ValueKind kind) {
  switch (kind) {
    case ValueKind::integer: return "a whole number";
    case ValueKind::count: return "a number of them, or \"all\"";
    case ValueKind::text: return "text";
    case ValueKind::duration: return "a duration (\"2s\", \"forever\")";
    case ValueKind::flag: return "true";
    case ValueKind::object: return "an object";
    case ValueKind::any: return "a value";
  }
  return "";
}

std::string check_words(const Json& step) {
  if (step.contains("edit") && step["edit"].is_string()) {
    const auto word = step["edit"].get<std::string>();
    if (std::find(kEdits.begin(), kEdits.end(), word) == kEdits.end()) {
      const auto near = base::nearest_word(word, kEdits);
      return fmt::format("no edit is called \"{}\"{}", word, near ? "; did you mean \"" + *near + "\"?" : "");
    }
  }
  for (const auto* key : {"error", "error_event"}) {
    if (!step.contains(key) || !step[key].is_string()) continue;
    const auto word = step[key].get<std::string>();
    const auto known = error_families();
    if (!word.starts_with("$") && std::find(known.begin(), known.end(), word) == known.end()) {
      const auto near = base::nearest_word(word, known);
      return fmt::format("no error family is called \"{}\"{}", word, near ? "; did you mean \"" + *near + "\"?" : "");
    }
  }
  if (step.contains("framing") && step["framing"] != "chunked" && step["framing"] != "length" && step["framing"] != "close") {
    return "framing is one of: chunked, length, close";
  }
  for (const auto* key : {"garbage", "body_bytes", "header_bytes", "drip", "length", "status"}) {
    if (!step.contains(key) || !step[key].is_number_integer()) continue;
    const auto value = base::integer_or(step, key, 0);
    const std::int64_t min = std::string_view(key) == "status" ? 100 : std::string_view(key) == "drip" ? 1 : std::string_view(key) == "length" ? -kPlanBytesMax : 0;
    const std::int64_t max = std::string_view(key) == "status" ? 999 : kPlanBytesMax;
    if (value < min || value > max) return fmt::format("\"{}\" is out of range: {} to {}", key, min, max);
  }
  return {};
}

std::string check_step(const Json& step) {
  if (!step.is_object() || step.empty()) return "a step is an object such as {\"wait\":\"1s\"}";
  const auto& first = step.begin().key();
  const auto row = std::find_if(kSteps.begin(), kSteps.end(), [&](const auto& each) { return each.name == first; });
  if (row == kSteps.end()) {
    const auto near = base::nearest_word(first, step_names());
    return fmt::format("no step is called \"{}\"{}", base::printable(first, 60), near ? "; did you mean \"" + *near + "\"?" : "");
  }
  if (!fits(row->kind, step.begin().value())) return fmt::format("\"{}\" wants {}", first, wanted(row->kind));
  const auto companions = base::split(row->companions, ' ');
  for (auto it = std::next(step.begin()); it != step.end(); ++it) {
    if (std::find(companions.begin(), companions.end(), it.key()) == companions.end()) {
      return fmt::format("the step \"{}\" has no \"{}\"; each step is an object of its own", first, base::printable(it.key(), 60));
    }
    const bool is_time = it.key() == "every" || it.key() == "for" || it.key() == "to" || it.key() == "retry_after";
    if (is_time && !fits(ValueKind::duration, it.value())) return fmt::format("\"{}\" wants a duration (\"2s\")", it.key());
    if (it.key() == "message" && !it.value().is_string()) return "\"message\" wants text";
  }
  return check_words(step);
}

void check_params(base::JsonReader& in, const base::JsonNode& node, const FaultInfo& info, Json& params) {
  std::vector<std::string> known;
  std::map<std::string, std::string> defaults;
  for (const auto& pair : base::split(info.params, ' ')) {
    const auto at = pair.find('=');
    if (at == std::string::npos) continue;
    known.push_back(pair.substr(0, at));
    defaults[pair.substr(0, at)] = pair.substr(at + 1);
  }
  for (const auto& member : node.members) {
    const auto where = in.pointer() + "/params/" + member.key;
    if (!defaults.contains(member.key)) {
      const auto near = base::nearest_word(member.key, known);
      in.problem_at(member.value, where, fmt::format("the fault \"{}\" has no parameter \"{}\"", info.name, base::printable(member.key, 60)),
                    near ? "did you mean \"" + *near + "\"?" : known.empty() ? "it has none" : "it has: " + base::join(known, ", "));
      continue;
    }
    const auto& model = defaults[member.key];
    const auto value = member.value.to_json();
    const bool time = model == "forever" || base::parse_duration(model).has_value();
    if (time ? !is_duration(value) : base::parse_integer(model) && member.key != "error" && member.key != "value" && !value.is_number_integer()) {
      in.problem_at(member.value, where, time ? "a duration is wanted here (\"2s\", \"forever\")" : "a whole number is wanted here",
                    "the default is " + model);
      continue;
    }
    if (member.key == "error") {
      const auto families = error_families();
      const auto word = value.is_string() ? value.get<std::string>() : base::dump(value);
      if (std::find(families.begin(), families.end(), word) == families.end()) {
        const auto near = base::nearest_word(word, families);
        in.problem_at(member.value, where, fmt::format("no error family is called \"{}\"", base::printable(word, 60)), near ? "did you mean \"" + *near + "\"?" : "");
        continue;
      }
    }
    params[member.key] = value;
  }
}

}  // namespace

std::span<const std::string_view> step_names() {
  static const auto names = [] {
    std::array<std::string_view, kSteps.size()> list{};
    for (std::size_t i = 0; i < list.size(); ++i) list[i] = kSteps[i].name;
    return list;
  }();
  return names;
}

std::span<const std::string_view> edit_names() { return kEdits; }

std::vector<std::string> check_plan(const Json& plan) {
  std::vector<std::string> problems;
  if (!plan.is_array()) return {"a plan is a list of steps"};
  if (plan.size() > kPlanStepsMax) return {fmt::format("a plan has at most {} steps", kPlanStepsMax)};
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].is_object() && plan[i].contains("close_on_reuse")) continue;
    if (auto text = check_step(plan[i]); !text.empty()) problems.push_back(fmt::format("step {}: {}", i, text));
  }
  return problems;
}

FaultUse read_fault(base::JsonReader& in) {
  FaultUse use;
  const auto name = in.optional_string("fault", {.max = 200});
  const auto* plan = in.raw("plan");
  const auto* params = in.raw("params");
  const auto retry_after = in.optional_duration("retry_after");
  if (name && plan) in.problem("plan", "a rule has a fault or a plan, not both");
  if (name) {
    const auto info = find_fault(*name);
    if (!info) {
      const auto names = fault_names();
      const auto near = base::nearest_word(*name, std::span<const std::string>(names));
      in.problem("fault", fmt::format("no fault is called \"{}\"", base::printable(*name, 80)),
                 (near ? "did you mean \"" + *near + "\"?  " : std::string()) + "All faults: simulate faults");
    } else {
      use.name = *name;
      if (params && params->kind == base::JsonNode::Kind::object) check_params(in, *params, *info, use.params);
      if (retry_after && info->params.find("retry_after=") == std::string::npos) {
        in.problem("retry_after", fmt::format("the fault \"{}\" has no retry_after", *name), "it is for status faults such as \"429\"");
      }
    }
  } else if (retry_after) {
    in.problem("retry_after", "only a rule with a fault has a retry_after");
  }
  if (params && params->kind != base::JsonNode::Kind::object) in.problem("params", "an object is wanted here");
  if (params && !name) in.problem("params", "only a rule with a fault has parameters");
  if (retry_after) use.params["retry_after"] = base::format_duration(*retry_after);
  if (plan) {
    use.plan = plan->to_json();
    for (std::size_t i = 0; use.plan.is_array() && i < plan->items.size() && i < kPlanStepsMax; ++i) {
      if (auto text = check_step(use.plan[i]); !text.empty()) in.problem_at(plan->items[i], in.pointer() + "/plan/" + std::to_string(i), text);
    }
    if (!use.plan.is_array()) in.problem("plan", "a list of steps is wanted here");
    if (plan->items.size() > kPlanStepsMax) in.problem("plan", fmt::format("more than {} steps", kPlanStepsMax));
  }
  return use;
}

}  // namespace simulator
