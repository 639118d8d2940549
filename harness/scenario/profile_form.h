// The texts of a target's profile: words in ${…} are filled in, and {"each": …, "of": …} is written once for each route, target, key
// or provider of the scenario. Pure: the same scenario, places and form give the same text.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/json_reader.h"
#include "harness/scenario/setup.h"

namespace harness {

/// What words stand for in one run. Borrowed: the values outlive the call.
struct FormFacts {
  const Scenario& scenario;
  const Places& places;
  std::map<std::string, std::string> dialects;  ///< dialect → what the target calls it: ${provider.kind}
  std::map<std::string, std::string> words;     ///< more words, such as "program"
  std::function<std::string(const std::string& name)> environment;  ///< ${env:NAME}; empty without
};

/// The text with its words filled in; a word that means nothing here is left as it stands. "$${" is "${" for the target itself.
std::string fill_text(const std::string& text, const FormFacts& facts);
/// The form with every `each` written out. `model` is what a request asks for (a route, or "provider/model"): its route is the one
/// that `targets` outside of any route means; empty is "default".
base::Json fill_form(const base::Json& form, const FormFacts& facts, const std::string& model = {});

/// Reports words and `each` that mean nothing, each at its line. `extra` are words of the profile's own.
void check_form(base::JsonReader& in, const base::JsonNode& form, const std::string& pointer, const std::set<std::string>& extra);

}  // namespace harness
