#include "harness/scenario/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace harness {
namespace {

using base::Json;
using base::JsonNode;
using base::JsonReader;
using Kind = JsonNode::Kind;

constexpr std::array kMomentRows{
    ParamRow{"request", ParamType::reply, "when the client sent it"},
    ParamRow{"reply", ParamType::reply, "when its reply ended"},
    ParamRow{"first-content", ParamType::reply, "when its first content arrived"},
    ParamRow{"attempt", ParamType::integer, "the n-th attempt, from the end when negative; narrowed by provider, credential, model"},
    ParamRow{"answer", ParamType::integer, "the n-th answer of a provider; narrowed by provider, credential, fault"},
    ParamRow{"provider", ParamType::provider, "narrows attempt and answer"},
    ParamRow{"credential", ParamType::credential, "narrows attempt and answer"},
    ParamRow{"model", ParamType::text, "narrows attempt"},
    ParamRow{"fault", ParamType::text, "narrows answer; \"\" is a healthy one"},
    ParamRow{"spawn", ParamType::integer, "the n-th start of the main process"},
    ParamRow{"exit", ParamType::integer, "the n-th exit of the main process"},
    ParamRow{"state", ParamType::text, "the unit reached this state (sub or active); with nth"},
    ParamRow{"nth", ParamType::integer, "which time the state was reached; 1 without"},
    ParamRow{"log", ParamType::text, "the first log line with this event"},
    ParamRow{"notify", ParamType::text, "the first notification that matches, e.g. \"READY=1*\""},
    ParamRow{"manager-fault", ParamType::text, "a fault of the manager took effect"},
    ParamRow{"cli", ParamType::cli, "when the command began"},
    ParamRow{"cli-exit", ParamType::cli, "when the command ended"},
    ParamRow{"step", ParamType::text, "the first step whose words or note match, e.g. \"signal*\""},
    ParamRow{"plus", ParamType::duration, "later than that"},
    ParamRow{"minus", ParamType::duration, "earlier than that"},
};

constexpr std::array<std::string_view, 15> kSignals{"HUP", "INT", "QUIT", "KILL", "TERM", "USR1", "USR2", "STOP", "CONT", "ABRT", "SEGV", "PIPE", "ALRM", "BUS", "FPE"};

bool status_fits(const JsonNode& value) {
  if (value.kind == Kind::integer) return value.integer >= 0 && value.integer <= 999;
  return value.kind == Kind::string && value.string.size() == 3 && value.string[0] >= '1' && value.string[0] <= '5' && value.string.substr(1) == "xx";
}

bool code_fits(const JsonNode& value) {
  if (value.kind == Kind::integer) return value.integer >= 0 && value.integer <= 255;
  return value.kind == Kind::string && std::find(kSignals.begin(), kSignals.end(), value.string) != kSignals.end();
}

template <class Fits>
bool one_or_all(const JsonNode& value, Fits fits) {
  if (value.kind != Kind::array) return fits(value);
  return !value.items.empty() && std::all_of(value.items.begin(), value.items.end(), fits);
}

bool is_text(const JsonNode& value) { return value.kind == Kind::string; }

bool count_fits(JsonReader& in, const JsonNode& value, const std::string& pointer) {
  if (value.kind == Kind::integer) return value.integer >= 0;
  if (value.kind != Kind::object) return false;
  auto reader = in.reader_of(value, pointer);
  const auto min = reader.optional_integer("min");
  const auto max = reader.optional_integer("max");
  reader.done();
  if (!min && !max) reader.problem("", "a count has \"min\", \"max\" or both");
  if (min && max && *min > *max) reader.problem("min", "min is more than max");
  return true;
}

bool moment_fits(JsonReader& in, const JsonNode& value, const std::string& pointer, References& references) {
  if (value.kind == Kind::string) return value.string == "start" || value.string == "end" || base::parse_duration(value.string).has_value();
  if (value.kind != Kind::object) return false;
  auto reader = in.reader_of(value, pointer);
  read_params(reader, kMomentRows, references);
  reader.done();
  constexpr std::array<std::string_view, 14> anchors{"request", "reply", "first-content", "attempt", "answer", "spawn", "exit", "state", "log", "notify", "manager-fault", "cli", "cli-exit", "step"};
  const auto named = std::count_if(anchors.begin(), anchors.end(), [&](auto key) { return value.find(key) != nullptr; });
  if (named != 1) reader.problem("", named == 0 ? "this moment names nothing that happened" : "a moment names one thing that happened, not several", "one of: request, reply, first-content, attempt, answer, spawn, exit, state, log, notify, cli, cli-exit, step");
  return true;
}

bool map_fits(JsonReader& in, const JsonNode& value, const std::string& pointer) {
  if (value.kind != Kind::object) return false;
  for (const auto& member : value.members) {
    if (member.value.kind == Kind::array || member.value.kind == Kind::object) in.problem_at(member.value, pointer + "/" + member.key, "text, a number, true or false is wanted here");
  }
  return true;
}

bool words_fit(JsonReader& in, const JsonNode& value, const std::string& pointer, const ParamRow& row) {
  if (!is_text(value)) return false;
  if (std::find(row.words.begin(), row.words.end(), value.string) != row.words.end()) return true;
  const auto near = base::nearest_word(value.string, row.words);
  const std::vector<std::string> all(row.words.begin(), row.words.end());
  in.problem_at(value, pointer, fmt::format("no {} is called \"{}\"", row.name, base::printable(value.string, 80)),
                near ? fmt::format("did you mean \"{}\"?", *near) : "one of: " + base::join(all, ", "));
  return true;  // reported already
}

void refer(const JsonNode& value, const std::string& pointer, ParamType type, std::string_view provider, References& references) {
  if (value.kind == Kind::array) {
    for (std::size_t i = 0; i < value.items.size(); ++i) refer(value.items[i], pointer + "/" + std::to_string(i), type, provider, references);
  } else {
    references.push_back({type, value.string, std::string(provider), &value, pointer});
  }
}

bool fits(JsonReader& in, const JsonNode& value, const std::string& pointer, const ParamRow& row, References& references) {
  switch (row.type) {
    case ParamType::text: return is_text(value);
    case ParamType::texts: return one_or_all(value, is_text);
    case ParamType::integer: return value.kind == Kind::integer && !value.integer_overflow;
    case ParamType::count: return count_fits(in, value, pointer);
    case ParamType::number: return value.kind == Kind::integer || value.kind == Kind::real;
    case ParamType::flag: return value.kind == Kind::boolean;
    case ParamType::duration: return is_text(value) && base::parse_duration(value.string).has_value();
    case ParamType::status: return one_or_all(value, status_fits);
    case ParamType::codes: return one_or_all(value, code_fits);
    case ParamType::words: return words_fit(in, value, pointer, row);
    case ParamType::map: return map_fits(in, value, pointer);
    case ParamType::object: return value.kind == Kind::object;
    case ParamType::any: return true;
    case ParamType::reply:
    case ParamType::cli:
    case ParamType::provider:
    case ParamType::credential: return is_text(value) && !value.string.empty();
    case ParamType::credentials: return value.kind == Kind::array && std::all_of(value.items.begin(), value.items.end(), is_text);
    case ParamType::moment: return moment_fits(in, value, pointer, references);
  }
  return false;
}

Json alternatives(std::initializer_list<Json> list) { return Json{{"anyOf", Json(list)}}; }
Json of_type(std::string_view type) { return Json{{"type", type}}; }
Json list_of(Json item) { return Json{{"type", "array"}, {"items", std::move(item)}}; }
constexpr auto kDurationPattern = "^([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|min|h|d))+$";

Json bare_schema(const ParamRow& row) {
  switch (row.type) {
    case ParamType::text: return of_type("string");
    case ParamType::texts: return alternatives({of_type("string"), list_of(of_type("string"))});
    case ParamType::integer: return of_type("integer");
    case ParamType::count:
      return alternatives({Json{{"type", "integer"}, {"minimum", 0}},
                           Json{{"type", "object"}, {"properties", {{"min", of_type("integer")}, {"max", of_type("integer")}}}, {"additionalProperties", false}}});
    case ParamType::number: return of_type("number");
    case ParamType::flag: return of_type("boolean");
    case ParamType::duration: return Json{{"type", "string"}, {"pattern", kDurationPattern}};
    case ParamType::status: {
      const Json one = alternatives({Json{{"type", "integer"}, {"minimum", 0}, {"maximum", 999}}, Json{{"type", "string"}, {"pattern", "^[1-5]xx$"}}});
      return alternatives({one, list_of(one)});
    }
    case ParamType::codes: {
      Json names = Json::array();
      for (const auto each : kSignals) names.push_back(each);
      const Json one = alternatives({Json{{"type", "integer"}, {"minimum", 0}, {"maximum", 255}}, Json{{"enum", names}}});
      return alternatives({one, list_of(one)});
    }
    case ParamType::words: {
      Json names = Json::array();
      for (const auto each : row.words) names.push_back(each);
      return Json{{"enum", names}};
    }
    case ParamType::map: return Json{{"type", "object"}, {"additionalProperties", Json{{"type", Json::array({"string", "number", "boolean", "null"})}}}};
    case ParamType::object: return of_type("object");
    case ParamType::any: return Json::object();
    case ParamType::reply:
    case ParamType::cli:
    case ParamType::provider:
    case ParamType::credential: return of_type("string");
    case ParamType::credentials: return list_of(of_type("string"));
    case ParamType::moment: return Json{{"$ref", "#/definitions/moment"}};
  }
  return Json::object();
}

}  // namespace

std::span<const ParamRow> moment_rows() { return kMomentRows; }

std::string wanted(const ParamRow& row) {
  switch (row.type) {
    case ParamType::text: return "text";
    case ParamType::texts: return "text, or a list of texts";
    case ParamType::integer: return "a whole number";
    case ParamType::count: return "a count, or {\"min\": 1, \"max\": 3}";
    case ParamType::number: return "a number";
    case ParamType::flag: return "true or false";
    case ParamType::duration: return "a duration with its unit, such as \"2s\" or \"250ms\"";
    case ParamType::status: return "a status such as 200 or \"2xx\", or a list of those";
    case ParamType::codes: return "an exit code, a signal's name such as \"KILL\", or a list of those";
    case ParamType::words: return "one of the known words";
    case ParamType::map: return "an object: name to text";
    case ParamType::object: return "an object";
    case ParamType::any: return "a value";
    case ParamType::reply: return "the name (\"as\") of a send step";
    case ParamType::cli: return "the name (\"as\") of a cli step";
    case ParamType::provider: return "the name of a provider";
    case ParamType::credential: return "the label of a credential";
    case ParamType::credentials: return "a list of credential labels";
    case ParamType::moment: return "a moment: \"2s\" since the start, \"start\", \"end\", or such as {\"reply\": \"first\"}";
  }
  return "";
}

std::string type_words(const ParamRow& row) {
  constexpr std::array<std::string_view, 19> names{"text", "text or texts", "whole number", "count", "number", "true or false", "duration", "status", "", "map", "object", "any value", "reply", "cli", "provider", "credential", "credentials", "moment", "codes"};
  if (row.type != ParamType::words) return std::string(names[static_cast<std::size_t>(row.type)]);
  const std::vector<std::string> all(row.words.begin(), row.words.end());
  return base::join(all, ", ");
}

Json schema_of(const ParamRow& row) {
  auto schema = bare_schema(row);
  schema["description"] = row.doc;
  return schema;
}

Json schema_of(std::span<const ParamRow> rows) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const auto& row : rows) {
    properties[std::string(row.name)] = schema_of(row);
    if (row.required) required.push_back(row.name);
  }
  Json schema{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = required;
  return schema;
}

bool check_value(JsonReader& in, const JsonNode& value, const std::string& pointer, const ParamRow& row, std::string_view provider, References& references) {
  if (!fits(in, value, pointer, row, references)) {
    in.problem_at(value, pointer, wanted(row) + " is wanted here");
    return false;
  }
  switch (row.type) {
    case ParamType::reply:
    case ParamType::cli:
    case ParamType::provider:
    case ParamType::credential:
    case ParamType::credentials: refer(value, pointer, row.type, provider, references); break;
    default: break;
  }
  return true;
}

Json read_params(JsonReader& in, std::span<const ParamRow> rows, References& references) {
  Json out = Json::object();
  const auto* provider = in.node().find("provider");
  const std::string_view at = provider && provider->kind == Kind::string ? std::string_view(provider->string) : std::string_view();
  for (const auto& row : rows) {
    const auto* value = in.raw(row.name, row.required);
    if (value && check_value(in, *value, in.pointer() + "/" + std::string(row.name), row, at, references)) out[std::string(row.name)] = value->to_json();
  }
  return out;
}

}  // namespace harness
