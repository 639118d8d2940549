// The gateway under test: how to start it, how to configure it, what it can do. Ours is the first; a profile (JSON) describes any other.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/headers.h"
#include "base/json.h"
#include "base/result.h"
#include "harness/live/paths.h"
#include "harness/scenario/profile_form.h"

namespace harness {

/// docs/targets.md says what each is for. Texts hold words of harness/scenario/profile_form.h.
struct Target {
  std::string name;
  bool own = true;                              ///< Brownout's own gateway, or a mutant of it
  std::string program;                          ///< ${program}: the file that was found
  std::string here;                             ///< ${here}: the folder of the profile
  std::vector<std::string> command;
  std::map<std::string, std::string> env;
  std::string health = "/health";
  base::Duration ready_within = std::chrono::seconds{30};  ///< real time: a program loads no faster when the clock is compressed
  std::optional<double> speed;                  ///< no faster than this: a program that needs much CPU would look slow
  std::string config_name = "gateway.json";
  base::Json config;                            ///< null: Brownout's own format, written by config_for
  base::Json headers = base::Json::object();    ///< of every request to it: name → text, or JSON that becomes text
  std::map<std::string, std::string> paths;     ///< api → path
  std::map<std::string, std::string> dialects;  ///< of a provider → what the target calls it
  bool notify = true;                           ///< Type=notify; else ready when `health` answers
  std::vector<std::pair<std::string, std::string>> unit;  ///< [Service] settings of the profile
  std::set<std::string> abilities;              ///< what scenarios may need; see docs/targets.md
  std::string executable;                       ///< for `cli` steps; empty: it has no command line

  bool can(const std::string& ability) const { return abilities.contains(ability); }
};

/// "gateway", "mutant:NAME", or a profile: NAME in the library's targets folder, or a FILE. Looks for its program, too.
base::Result<Target> find_target(const std::string& name, const Paths& paths);
/// A profile, and the program it names. From text: `file` names it in messages, and nothing is looked for.
base::Result<Target> load_profile(const std::filesystem::path& file);
base::Result<Target> parse_profile(std::string text, const std::string& file);
/// What the scenario needs and the target cannot, in the order of the table of abilities.
std::vector<std::string> lacking(const Target& target, const Scenario& scenario);
/// "the target NAME cannot: cli, chat".
std::string lacking_words(const Target& target, const std::vector<std::string>& abilities);

FormFacts form_facts(const Target& target, const Scenario& scenario, const Places& places);
/// The text of the configuration file; Brownout's own for a target that says nothing of it.
std::string config_text(const Target& target, const Scenario& scenario, const Places& places);
/// The headers that a request for `model` takes along.
base::Headers request_headers(const Target& target, const Scenario& scenario, const Places& places, const std::string& model);

}  // namespace harness
