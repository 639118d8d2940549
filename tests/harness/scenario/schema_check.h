// The part of JSON Schema that our schema uses, enough to prove that it accepts what the loader accepts.
#pragma once

#include <regex>
#include <string>

#include "base/json.h"

namespace harness {

class SchemaCheck {
 public:
  explicit SchemaCheck(const base::Json& schema) : root_(schema) {}
  /// The first problem, "" when the value fits.
  std::string problem(const base::Json& value) const { return check(value, root_, ""); }

 private:
  using Json = base::Json;
  static bool type_fits(const Json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    return type == "null" && value.is_null();
  }
  std::string check(const Json& value, const Json& schema, const std::string& at) const {
    if (schema.contains("$ref")) return check(value, root_["definitions"][schema["$ref"].get<std::string>().substr(14)], at);
    if (schema.contains("anyOf")) {
      std::string deepest;
      for (const auto& each : schema["anyOf"]) {
        const auto why = check(value, each, at);
        if (why.empty()) return "";
        if (why.size() > deepest.size()) deepest = why;
      }
      return deepest;
    }
    if (schema.contains("const") && value != schema["const"]) return at + ": not " + base::dump(schema["const"]);
    if (schema.contains("enum") && std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end()) return at + ": not one of the words";
    if (schema.contains("type")) {
      const auto& type = schema["type"];
      bool fits = type.is_string() && type_fits(value, type.get<std::string>());
      if (type.is_array()) {
        for (const auto& each : type) fits = fits || type_fits(value, each.get<std::string>());
      }
      if (!fits) return at + ": not of type " + base::dump(type);
    }
    if (schema.contains("minimum") && value.is_number() && value < schema["minimum"]) return at + ": too small";
    if (schema.contains("maximum") && value.is_number() && value > schema["maximum"]) return at + ": too large";
    if (schema.contains("pattern") && value.is_string() && !std::regex_search(value.get<std::string>(), std::regex(schema["pattern"].get<std::string>()))) return at + ": does not match";
    if (value.is_array() && schema.contains("items")) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (const auto why = check(value[i], schema["items"], at + "/" + std::to_string(i)); !why.empty()) return why;
      }
    }
    return value.is_object() ? check_object(value, schema, at) : "";
  }
  std::string check_object(const Json& value, const Json& schema, const std::string& at) const {
    if (schema.contains("required")) {
      for (const auto& key : schema["required"]) {
        if (!value.contains(key.get<std::string>())) return at + ": " + key.get<std::string>() + " is missing";
      }
    }
    for (const auto& [key, member] : value.items()) {
      const Json* rule = nullptr;
      if (schema.contains("properties")) rule = base::find(schema["properties"], key);
      if (!rule && schema.contains("patternProperties") && key.starts_with("X-")) continue;
      if (!rule && schema.contains("additionalProperties")) {
        if (schema["additionalProperties"] == false) return at + "/" + key + ": no such key";
        rule = &schema["additionalProperties"];
      }
      if (!rule) continue;
      if (const auto why = check(member, *rule, at + "/" + key); !why.empty()) return why;
    }
    return "";
  }
  const Json& root_;
};

}  // namespace harness
