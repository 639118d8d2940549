#include "harness/live/target.h"

#include <algorithm>

#include "base/text.h"
#include "harness/scenario/needs.h"
#include "harness/scenario/vocabulary.h"

namespace harness {
namespace {

using base::Json;

Target own_gateway(const std::string& executable) {
  Target target;
  target.name = "gateway";
  target.executable = executable;
  target.command = {executable, "run", "--config", "${config}", "--log", "json"};
  for (const auto& ability : abilities()) target.abilities.insert(std::string(ability.name));
  return target;
}

}  // namespace

base::Result<Target> find_target(const std::string& name, const Paths& paths) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (name.empty() || name == "gateway") return own_gateway((paths.bin / "gateway").string());
  if (name.starts_with("mutant:")) {
    const auto program = paths.libexec / "mutant-gateway";
    if (!fs::exists(program, ignored)) return base::problem("there is no mutant gateway at " + program.string(), "build the target mutant-gateway", {}, "--target");
    auto target = own_gateway(program.string());
    target.name = name;
    target.env["BROWNOUT_MUTANT"] = name.substr(7);
    return target;
  }
  if (fs::exists(name, ignored)) return load_profile(name);
  const auto file = paths.library / "targets" / (name + ".json");
  if (fs::exists(file, ignored)) return load_profile(file);
  std::vector<std::string> names{"gateway"};
  for (fs::directory_iterator each(paths.library / "targets", ignored), end; !ignored && each != end; each.increment(ignored)) {
    if (each->path().extension() == ".json") names.push_back(each->path().stem().string());
  }
  std::sort(names.begin(), names.end());
  const auto near = base::nearest_word(name, std::span<const std::string>(names));
  return base::problem(fmt::format("no target is called \"{}\"", base::printable(name, 80)),
                       near ? fmt::format("did you mean \"{}\"?", *near) : fmt::format("one of {}; mutant:NAME; or the FILE of a profile", base::join(names, ", ")), {}, "--target");
}

std::vector<std::string> lacking(const Target& target, const Scenario& scenario) {
  std::vector<std::string> missing;
  for (const auto& need : needs_of(scenario)) {
    // The machine's, not the gateway's.
    if (need.ability != "root" && !target.can(need.ability)) missing.push_back(need.ability);
  }
  return missing;
}

std::string lacking_words(const Target& target, const std::vector<std::string>& abilities) { return fmt::format("the target {} cannot: {}", target.name, base::join(abilities, ", ")); }

}  // namespace harness
