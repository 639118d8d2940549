// Reads the profile of a foreign gateway: every problem at once, each with its line.
#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "harness/live/target.h"
#include "harness/scenario/loader.h"
#include "harness/scenario/vocabulary.h"

namespace harness {
namespace {

using base::Json;
using base::JsonNode;
using base::JsonReader;

const std::set<std::string> kOwnWords{"here", "program"};

/// An object name → text, each text's words checked; `add` gets what is right.
template <class Add>
void read_texts(JsonReader& in, std::string_view key, const std::set<std::string>& words, Add add) {
  const auto* node = in.raw(key);
  if (node == nullptr) return;
  if (node->kind != JsonNode::Kind::object) return in.problem(key, "an object is wanted here: name to text");
  for (const auto& member : node->members) {
    const auto at = fmt::format("{}/{}/{}", in.pointer(), key, member.key);
    if (member.value.kind != JsonNode::Kind::string) {
      in.problem_at(member.value, at, "text is wanted here");
      continue;
    }
    check_form(in, member.value, at, words);
    add(member, at);
  }
}

/// Names out of a table as the keys of an object of texts.
void read_named(JsonReader& in, std::string_view key, std::string_view noun, std::span<const std::string_view> names, std::map<std::string, std::string>& into) {
  read_texts(in, key, {}, [&](const base::JsonMember& member, const std::string& at) {
    if (std::find(names.begin(), names.end(), member.key) == names.end()) {
      const auto near = base::nearest_word(member.key, names);
      in.problem_at(member.value, at, fmt::format("no {} is called \"{}\"", noun, base::printable(member.key, 80)), near ? fmt::format("did you mean \"{}\"?", *near) : "");
    }
    into[member.key] = member.value.string;
  });
}

void read_command(JsonReader& in, Target& target) {
  target.command = in.strings("command", 100);
  if (target.command.empty()) in.problem("command", "a target needs a command that stays in the foreground", R"(["node", "${program}", "--port=${port}"])");
  if (const auto* node = in.node().find("command")) check_form(in, *node, "/command", kOwnWords);
  const auto names_port = [](const std::string& text) { return text.find("${port}") != std::string::npos; };
  const auto* env = in.node().find("env");
  const auto* config = in.node().find("config");
  const bool named = std::any_of(target.command.begin(), target.command.end(), names_port) || (env != nullptr && names_port(base::dump(env->to_json()))) ||
                     (config != nullptr && (config->kind == JsonNode::Kind::null || names_port(base::dump(config->to_json()))));
  if (!named && !target.command.empty()) in.problem("command", "nothing tells the target its port", "say ${port} in command, env or config");
}

void read_headers(JsonReader& in, Target& target) {
  const auto* node = in.raw("headers");
  if (node == nullptr) return;
  if (node->kind != JsonNode::Kind::object) return in.problem("headers", "an object is wanted here: name to text, or to JSON that is sent as text");
  check_form(in, *node, "/headers", kOwnWords);
  target.headers = node->to_json();
}

void read_config(JsonReader& in, Target& target) {
  target.config = "";
  const auto* node = in.raw("config");
  if (node == nullptr) return;
  const bool wanted = node->kind == JsonNode::Kind::object || node->kind == JsonNode::Kind::array || node->kind == JsonNode::Kind::string || node->kind == JsonNode::Kind::null;
  if (!wanted) return in.problem("config", "an object, a list or text is wanted here", "null: Brownout's own format");
  check_form(in, *node, "/config", kOwnWords);
  target.config = node->to_json();
}

std::string from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

std::string place_of(std::string text) {
  if (text.starts_with("~/")) text = from_environment("HOME") + text.substr(1);
  return text;
}

struct Program {
  std::string file, install;
  std::vector<std::string> folders;
};

Program read_program(JsonReader& in) {
  Program program;
  auto object = in.object("program");
  if (!object) return program;
  program.file = object->string("file", {.max = 1000});
  program.folders = object->strings("in", 20);
  program.install = object->string("install", {.max = 1000, .otherwise = ""});
  if (const auto* node = object->node().find("in")) check_form(*object, *node, "/program/in", {"here"});
  if (program.folders.empty()) object->problem("in", "say in which folders the program may lie", R"(["${env:MY_GATEWAY}", "~/.cache/my-gateway"])");
  object->done();
  return program;
}

Target read_target(JsonReader& in, Program& program) {
  Target target;
  target.own = false;
  in.ignore("$schema");
  in.string("about", {.max = 2000, .otherwise = ""});
  program = read_program(in);
  read_command(in, target);
  read_texts(in, "env", kOwnWords, [&](const base::JsonMember& member, const std::string&) { target.env[member.key] = member.value.string; });
  target.health = in.string("health", {.otherwise = "/"});
  if (!target.health.starts_with("/")) in.problem("health", "a path begins with /", "\"/\"");
  target.ready_within = in.duration("ready_within", {.min = std::chrono::seconds{1}, .max = std::chrono::minutes{10}, .otherwise = target.ready_within});
  target.speed = in.optional_number("speed", {.min = 0.01, .max = 50});
  target.config_name = in.string("config_name", {.max = 100, .otherwise = "config.json"});
  if (target.config_name.find('/') != std::string::npos) in.problem("config_name", "a plain file name is wanted here", "its path is ${config}");
  read_config(in, target);
  read_headers(in, target);
  read_named(in, "paths", "front", kApiNames, target.paths);
  read_named(in, "dialects", "dialect of a provider", simulator::kDialectNames, target.dialects);
  target.notify = in.boolean("notify", false);
  const auto settings = names_of(unit_settings());
  read_texts(in, "unit", kOwnWords, [&](const base::JsonMember& member, const std::string& at) {
    if (std::find(settings.begin(), settings.end(), member.key) == settings.end() && !member.key.starts_with("X-")) {
      const auto near = base::nearest_word(member.key, std::span<const std::string_view>(settings));
      in.problem_at(member.value, at, fmt::format("no setting of a unit is called \"{}\"", member.key), near ? fmt::format("did you mean \"{}\"?", *near) : "");
    }
    target.unit.emplace_back(member.key, member.value.string);
  });
  for (const auto& ability : read_words(in, "abilities", "ability", names_of(abilities()), true)) target.abilities.insert(ability);
  in.done();
  return target;
}

base::Result<Target> read(base::JsonDocument document, Program& program) {
  std::vector<base::Diagnostic> problems;
  JsonReader in(document, problems);
  auto target = read_target(in, program);
  target.name = std::filesystem::path(document.file).stem().string();
  if (problems.empty()) return target;
  std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) { return a.line != b.line ? a.line < b.line : a.column < b.column; });
  return base::Error{std::move(problems)};
}

/// ${program}: the first of the folders that has the file. Folders are filled in without a run: its own words mean nothing yet.
base::Result<bool> find_program(Target& target, const Program& program, const std::filesystem::path& profile) {
  if (program.file.empty()) return true;
  namespace fs = std::filesystem;
  std::error_code ignored;
  const Scenario none;
  const Places nowhere;
  const auto facts = form_facts(target, none, nowhere);
  std::vector<std::string> looked;
  for (const auto& each : program.folders) {
    const auto folder = place_of(fill_text(each, facts));
    if (folder.empty()) continue;
    const auto file = fs::path(folder) / program.file;
    if (fs::exists(file, ignored)) {
      target.program = file.string();
      return true;
    }
    looked.push_back(file.string());
  }
  return base::problem(fmt::format("the program of the target {} is not installed here; looked for {}", target.name, looked.empty() ? program.file : base::join(looked, ", ")),
                       program.install.empty() ? "" : "to install it: " + program.install, profile.string(), "--target");
}

}  // namespace

base::Result<Target> parse_profile(std::string text, const std::string& file) {
  auto document = base::parse_json_document(std::move(text), file);
  if (document.has_error()) return document.error();
  Program program;
  return read(std::move(document.value()), program);
}

base::Result<Target> load_profile(const std::filesystem::path& file) {
  auto document = base::read_json_file(file.string());
  if (document.has_error()) return document.error();
  Program program;
  auto target = read(std::move(document.value()), program);
  if (target.has_error()) return target;
  target.value().here = std::filesystem::absolute(file).parent_path().string();
  if (auto found = find_program(target.value(), program, file); found.has_error()) return found.error();
  return target;
}

FormFacts form_facts(const Target& target, const Scenario& scenario, const Places& places) {
  return {.scenario = scenario, .places = places, .dialects = target.dialects, .words = {{"program", target.program}, {"here", target.here}}, .environment = from_environment};
}

std::string config_text(const Target& target, const Scenario& scenario, const Places& places) {
  if (target.config.is_null()) return fill_words(base::dump_pretty(config_for(scenario, places)), places) + "\n";
  const auto config = fill_form(target.config, form_facts(target, scenario, places));
  return config.is_string() ? config.get<std::string>() : base::dump_pretty(config) + "\n";
}

base::Headers request_headers(const Target& target, const Scenario& scenario, const Places& places, const std::string& model) {
  base::Headers headers;
  if (target.headers.empty()) return headers;
  const auto filled = fill_form(target.headers, form_facts(target, scenario, places), model);
  for (const auto& [name, value] : filled.items()) headers.add(name, value.is_string() ? value.get<std::string>() : base::dump(value));
  return headers;
}

}  // namespace harness
