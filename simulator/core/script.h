// Which rule decides an attempt: the first that matches and still has a use. Pure; counts uses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/core/faults.h"

namespace simulator {

struct ScriptContext {
  std::uint64_t seed = 0;
  base::Duration elapsed{0};  ///< since the start of the run, control's clock included
};

class Script {
 public:
  Script() = default;
  explicit Script(std::vector<Rule> rules) { replace(std::move(rules)); }

  /// The index of the rule that decides; nothing when none does. Counts the use and moves to the rule's state.
  /// Only rules of `stage` are looked at. Cost: O(rules).
  std::optional<std::size_t> decide(const ProviderRequest& request, Stage stage, const ScriptContext& context);
  /// Whether a rule of the listen stage wants to act now. "" when none. The first time counts as a use.
  std::string_view listening(const ScriptContext& context);

  void replace(std::vector<Rule> rules);
  void add(std::vector<Rule> rules);
  void clear() { replace({}); }

  const Rule& rule(std::size_t index) const { return rules_[index].rule; }
  Stage stage_of(std::size_t index) const { return rules_[index].stage; }
  std::size_t size() const { return rules_.size(); }
  std::int64_t fired(std::size_t index) const { return rules_[index].fired; }
  bool has_stage(Stage stage) const;
  const std::string& state() const { return state_; }

 private:
  struct Entry {
    Rule rule;
    Stage stage = Stage::request;
    std::uint64_t key = 0;  // hash of the rule's place, for the dice
    std::int64_t matched = 0;
    std::int64_t fired = 0;
  };
  std::vector<Entry> rules_;
  std::string state_ = "start";
};

/// Whether the request is what `when` describes. `state` is the script's.
bool matches(const When& when, const ProviderRequest& request, std::string_view state, base::Duration elapsed);

/// A dice throw that neither arrival order nor threads change: from the seed, the rule, the credential and the
/// credential's own count of attempts.
double dice(std::uint64_t seed, std::uint64_t rule, std::string_view credential, std::uint64_t nth);

/// Replaces {{model}}, {{nth}}, {{credential}}, {{last}} (the last user text) and {{body:/pointer}}.
std::string fill_template(const std::string& text, const ProviderRequest& request);

}  // namespace simulator
