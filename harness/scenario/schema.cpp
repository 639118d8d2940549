#include "harness/scenario/schema.h"

#include <fmt/format.h>

#include "harness/scenario/check_table.h"
#include "harness/scenario/step_table.h"
#include "harness/scenario/vocabulary.h"
#include "simulator/core/faults.h"

namespace harness {
namespace {

using base::Json;
using T = ParamType;

Json of_type(std::string_view type, std::string_view doc = "") {
  Json schema{{"type", type}};
  if (!doc.empty()) schema["description"] = doc;
  return schema;
}
Json ref(std::string_view name) { return Json{{"$ref", fmt::format("#/definitions/{}", name)}}; }
Json list_of(Json items, std::string_view doc = "") {
  auto schema = of_type("array", doc);
  schema["items"] = std::move(items);
  return schema;
}
Json map_of(Json values, std::string_view doc) {
  auto schema = of_type("object", doc);
  schema["additionalProperties"] = std::move(values);
  return schema;
}
Json closed(Json properties, std::initializer_list<std::string_view> required = {}) {
  Json schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (required.size() > 0) {
    schema["required"] = Json::array();
    for (const auto each : required) schema["required"].push_back(each);
  }
  return schema;
}
Json duration(std::string_view doc) { return schema_of(ParamRow{"", T::duration, doc}); }
Json whole(std::string_view doc, std::int64_t min = 0) {
  auto schema = of_type("integer", doc);
  schema["minimum"] = min;
  return schema;
}
template <class Names>
Json one_of(const Names& names, std::string_view doc) {
  Json words = Json::array();
  for (const auto& each : names) words.push_back(each);
  Json schema{{"enum", std::move(words)}};
  if (!doc.empty()) schema["description"] = doc;
  return schema;
}
/// A list of words, each with what it means.
Json words(std::span<const Word> table, std::string_view doc) {
  Json alternatives = Json::array();
  for (const auto& each : table) alternatives.push_back({{"const", each.name}, {"description", each.doc}});
  return list_of(Json{{"anyOf", std::move(alternatives)}}, doc);
}
Json unite(Json properties, const Json& more) {
  for (const auto& [key, value] : more.items()) properties[key] = value;
  return properties;
}

// ---- providers: the simulator's vocabulary ----

Json when_schema() {
  Json properties = Json::object();
  for (const auto& [key, doc] : {std::pair{"credential", "a label, unknown or none"}, {"model", "the model"}, {"path", "the path"}, {"method", "the method"}, {"session", "the session"},
                                 {"state", "the state of the script; the first is start"}, {"text", "part of the body"}}) {
    properties[key] = of_type("string", std::string(doc) + "; * and ? match");
  }
  properties["text"] = of_type("string", "part of the body");
  properties["stream"] = of_type("boolean", "whether a stream is wanted");
  const Json range{{"anyOf", Json::array({whole("", 1), list_of(whole("", 1))})}};
  for (const auto* key : {"nth", "nth_credential", "nth_session"}) properties[key] = unite(range, {{"description", "which attempt: a number from 1, or [first, last]"}});
  properties["after"] = duration("since the start of the run");
  properties["before"] = duration("since the start of the run");
  properties["header"] = map_of(of_type("string"), "header → what it must be");
  properties["body"] = map_of(Json::object(), "JSON pointer → what stands there");
  return closed(std::move(properties));
}

Json reply_schema() {
  return closed({{"text", of_type("string", "may hold {{model}}, {{nth}}, {{last}}, {{credential}}, {{body:/pointer}}")}, {"tokens", whole("length of a made-up text")},
                 {"tool_calls", list_of(closed({{"name", of_type("string")}, {"id", of_type("string")}, {"arguments", Json::object()}}, {"name"}))},
                 {"usage", closed({{"prompt_tokens", whole("")}, {"completion_tokens", whole("")}})}, {"finish_reason", of_type("string")}, {"reasoning", of_type("string")},
                 {"first_token", duration("before the first token")}, {"gap", duration("between two tokens")}, {"gap_jitter", duration("each gap differs by up to this")},
                 {"tokens_per_second", of_type("number", "another way to say gap")}});
}

Json fault_schema() {
  Json alternatives = Json::array();
  for (const auto& info : simulator::all_faults()) alternatives.push_back({{"const", info.name}, {"description", info.params.empty() ? info.summary : info.summary + " (" + info.params + ")"}});
  return Json{{"anyOf", std::move(alternatives)}};
}

Json plan_schema() {
  Json step{{"type", "object"}, {"minProperties", 1}, {"properties", Json::object()}};
  for (const auto name : simulator::step_names()) step["properties"][std::string(name)] = Json::object();
  return list_of(std::move(step), "the steps of the reply on the wire");
}

Json rule_schema() {
  return closed({{"when", ref("when")}, {"fault", ref("fault")}, {"params", of_type("object", "of the fault")}, {"retry_after", of_type("string", "of a refusal: \"2s\"")},
                 {"plan", plan_schema()}, {"reply", ref("reply")}, {"times", whole("uses; without end without", 1)}, {"after", whole("matches to let pass first")},
                 {"every", whole("then each so many-th match", 1)}, {"probability", Json{{"type", "number"}, {"minimum", 0}, {"maximum", 1}}},
                 {"ramp", closed({{"to", Json{{"type", "number"}, {"minimum", 0}, {"maximum", 1}}}, {"over", duration("from the start of the run, in a straight line")}}, {"to", "over"})},
                 {"goto", of_type("string", "the script's state after it")}});
}

Json provider_schema() {
  const auto window = closed({{"limit", whole("", 1)}, {"window", duration("one minute without")}}, {"limit"});
  const auto credential = closed({{"secret", of_type("string")}, {"credit", of_type("number", "in requests; without end without")}, {"cost", of_type("number", "of one answer")},
                                  {"requests", window}, {"tokens", window}, {"concurrent_max", whole("")}, {"revoked", of_type("boolean")}, {"region_blocked", of_type("boolean")},
                                  {"models_blocked", list_of(of_type("string"))}});
  return closed({{"like", one_of(simulator::personality_names(), "whose words and headers it uses, and the dialect it speaks")},
                 {"dialect", one_of(simulator::kDialectNames, "the dialect, when it is another")}, {"personality", one_of(simulator::personality_names(), "whose words and headers it uses")},
                 {"models", list_of(of_type("string"), "the models it knows; any without")},
                 {"credentials", Json{{"anyOf", Json::array({list_of(of_type("string")), map_of(credential, "")})}, {"description", "labels, or label → account"}}},
                 {"keys_any", of_type("boolean", "an unknown key is welcome")}, {"reply", ref("reply")}, {"slow_per_open", of_type("number", "the gap grows by this share with each open stream")},
                 {"script", list_of(ref("rule"), "rules in order; the first that matches decides")}, {"tls", of_type("boolean")}, {"port", whole("0: any")},
                 {"options", of_type("object", "settings of the dialect")}});
}

// ---- the scenario ----

Json gateway_schema() {
  Json unit = Json::object();
  const Json scalar{{"type", Json::array({"string", "number", "boolean"})}};
  for (const auto& setting : unit_settings()) unit[std::string(setting.name)] = Json{{"anyOf", Json::array({scalar, list_of(scalar)})}, {"description", fmt::format("[{}]", setting.section)}};
  return closed({{"routes", of_type("object", "route → list of \"provider/model\"")}, {"config", of_type("object", "merged over the configuration the harness writes")},
                 {"unit", Json{{"type", "object"}, {"description", "settings of the unit"}, {"properties", std::move(unit)}, {"patternProperties", {{"^X-", Json::object()}}}, {"additionalProperties", false}}},
                 {"socket", of_type("boolean", "the manager keeps the listening socket")}, {"managed", of_type("boolean", "false: no service manager")},
                 {"start", of_type("boolean", "false: installed, not started")}, {"installed", of_type("boolean", "false: not even installed")},
                 {"args", list_of(of_type("string"), "after \"gateway run\"")}, {"env", map_of(of_type("string"), "more environment")},
                 {"files", map_of(of_type("string"), "made in the state folder before the start")}});
}

/// {"fault": NAME, …} and {"until": NAME, …}: a word with members of its own.
Json worded(std::string_view key, std::span<const WordWithParams> table, const Json& more) {
  Json alternatives = Json::array();
  for (const auto& word : table) {
    auto schema = schema_of(word.params);
    schema["properties"] = unite({{std::string(key), {{"const", word.name}, {"description", word.doc}}}}, unite(schema["properties"], more));
    Json required = Json::array({key});
    if (schema.contains("required")) for (const auto& each : schema["required"]) required.push_back(each);
    schema["required"] = std::move(required);
    alternatives.push_back(std::move(schema));
  }
  return alternatives;
}

Json long_form(const StepRow& row) {
  if (row.verb == "script") {
    return closed({{"provider", of_type("string", "whose rules")}, {"replace", list_of(ref("rule"), "these rules instead of all others")}, {"add", list_of(ref("rule"), "these rules after the others")},
                   {"clear", of_type("boolean", "no rules any more")}}, {"provider"});
  }
  if (row.verb == "parallel") return closed({{"branches", list_of(list_of(ref("step")))}}, {"branches"});
  if (row.verb == "repeat") return closed({{"times", whole("how often", 1)}, {"steps", list_of(ref("step"))}}, {"times", "steps"});
  if (row.verb == "manager") {
    auto alternatives = worded("fault", manager_faults(), Json::object());
    alternatives.push_back(closed({{"systemctl", schema_of(row.params[1])}}, {"systemctl"}));
    return Json{{"anyOf", std::move(alternatives)}};
  }
  if (row.verb == "wait") {
    auto alternatives = worded("until", wait_conditions(), {{"deadline", duration("how long it may take; 60s without")}});
    alternatives.push_back(closed({{"time", duration("a plain pause")}}, {"time"}));
    return Json{{"anyOf", std::move(alternatives)}};
  }
  return schema_of(row.params);
}

Json short_form(const StepRow& row, const Json& long_one) {
  if (row.verb == "script") return list_of(long_one);
  if (row.verb == "parallel") return list_of(list_of(ref("step")));
  if (row.verb == "manager") return one_of(names_of(manager_faults()), "the fault");
  const auto& first = row.verb == "send" ? row.params[1] : row.params[0];
  return schema_of(first);
}

Json step_schema() {
  Json alternatives = Json::array();
  for (const auto& row : step_rows()) {
    const auto long_one = long_form(row);
    Json verb = row.short_form == ShortForm::none ? long_one : Json{{"anyOf", Json::array({short_form(row, long_one), long_one})}};
    verb["description"] = row.doc;
    Json properties{{std::string(row.verb), std::move(verb)}, {"note", of_type("string", "for people; shown in the timeline")}};
    if (!row.expect.empty()) {
      properties["as"] = of_type("string", "the name checks use");
      properties["expect"] = schema_of(row.expect);
    }
    alternatives.push_back(closed(std::move(properties), {row.verb}));
  }
  return Json{{"anyOf", std::move(alternatives)}};
}

Json check_schema() {
  Json alternatives = Json::array();
  for (const auto& row : check_rows()) {
    if (row.always) continue;
    auto schema = schema_of(row.params);
    schema["properties"] = unite({{"check", {{"const", row.name}, {"description", row.doc}}}}, schema["properties"]);
    Json required = Json::array({"check"});
    if (schema.contains("required")) for (const auto& each : schema["required"]) required.push_back(each);
    schema["required"] = std::move(required);
    alternatives.push_back(std::move(schema));
  }
  return Json{{"anyOf", std::move(alternatives)}};
}

}  // namespace

Json scenario_schema() {
  auto schema = closed({{"$schema", of_type("string")}, {"version", Json{{"const", 1}}}, {"title", of_type("string", "one line: what must be true")},
                        {"why", of_type("string", "what went wrong without it, and for whom")}, {"origin", list_of(of_type("string"), "where it was seen: owner/repository#number or an address")},
                        {"tags", words(tags(), "what it is about")}, {"needs", words(abilities(), "what a target must be able to do; otherwise it is skipped")},
                        {"providers", map_of(ref("provider"), "the fake providers, by name")}, {"gateway", gateway_schema()}, {"steps", list_of(ref("step"), "what is done, in order")},
                        {"expect", list_of(ref("check"), "what must be true of the run")},
                        {"catches", list_of(Json{{"anyOf", Json::array({one_of(names_of(mutants()), ""), of_type("string")})}}, "the broken gateways that it must fail on")},
                        {"speed", Json{{"type", "number"}, {"minimum", 0.01}, {"maximum", 50}, {"description", "how many times faster than real; 1 is real time"}}},
                        {"seed", whole("of everything random")},
                        {"world", closed({{"virtual", of_type("boolean", "false: only with real processes")}, {"because", of_type("string", "which real thing it needs")}})},
                        {"unused_faults", of_type("string", "why a rule need not fire")}, {"time_limit", duration("of the whole run; 10m without")}},
                       {"version", "title", "why", "tags", "providers", "gateway", "steps", "expect"});
  auto definitions = Json{{"provider", provider_schema()}, {"rule", rule_schema()}, {"when", when_schema()}, {"reply", reply_schema()}, {"fault", fault_schema()}, {"step", step_schema()},
                          {"check", check_schema()}};
  Json moment = schema_of(moment_rows());
  definitions["moment"] = Json{{"anyOf", Json::array({of_type("string", "\"2s\" since the start, \"start\" or \"end\""), std::move(moment)})}};
  Json out{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "A Brownout scenario"}};
  out = unite(std::move(out), schema);
  out["definitions"] = std::move(definitions);
  return out;
}

}  // namespace harness
