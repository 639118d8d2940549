#include "harness/scenario/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/manager/faults.h"
#include "harness/scenario/check_table.h"
#include "harness/scenario/explain.h"
#include "harness/scenario/lint.h"
#include "harness/scenario/step_table.h"
#include "harness/scenario/vocabulary.h"
#include "tests/harness/scenario/sample.h"
#include "tests/harness/scenario/schema_check.h"
#include "tests/support/golden.h"

namespace harness {
namespace {

using base::Json;
using testing::HasSubstr;

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::filesystem::path> library() {
  std::vector<std::filesystem::path> files;
  for (const auto* folder : {"scenarios", "scenarios/regressions"}) {
    const auto path = std::filesystem::path(BROWNOUT_SOURCE_DIR) / folder;
    if (!std::filesystem::is_directory(path)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.path().extension() == ".json" && entry.path().filename() != "scenario.schema.json") files.push_back(entry.path());
    }
  }
  return files;
}

TEST(ScenarioSchema, AcceptsEveryScenarioOfTheLibrary) {
  const auto schema = scenario_schema();
  const SchemaCheck check(schema);
  for (const auto& path : library()) {
    const auto json = base::parse_wire_json(read_text(path));
    ASSERT_TRUE(json) << path;
    EXPECT_EQ(check.problem(*json), "") << path;
  }
}

TEST(ScenarioSchema, AcceptsTheExampleOfEveryStepAndCheck) {
  const auto schema = scenario_schema();
  const SchemaCheck check(schema);
  for (const auto& row : step_rows()) EXPECT_EQ(check.problem(*base::parse_wire_json(sample(std::string(row.example)))), "") << row.verb;
  for (const auto& row : check_rows()) {
    if (row.always) continue;
    EXPECT_EQ(check.problem(*base::parse_wire_json(sample("", std::string(row.example)))), "") << row.name;
  }
}

TEST(ScenarioSchema, RefusesWhatTheLoaderRefuses) {
  const auto schema = scenario_schema();
  const SchemaCheck check(schema);
  for (const auto& text : {sample(R"({"sned":"ping"})"), sample(R"({"send":{"strem":true}})"), sample("", R"({"check":"hint"})"), sample("", R"({"check":"gateway.survive"})"),
                           sample(R"({"wait":{"until":"activ"}})"), sample(R"({"signal":"URS1"})"), sample(R"({"send":"a","wait":"1s"})"), sample("", R"({"check":"gateway.survives"})", R"("color":1)"),
                           sample(R"({"script":{"provider":"acme","replace":[{"fault":"5000"}]}})"), sample(R"({"manager":{"fault":"delay-ready"}})")}) {
    EXPECT_NE(problems_of(text), "") << text;
    EXPECT_NE(check.problem(*base::parse_wire_json(text)), "") << text;
  }
}

/// The keys the loader knows in an object, from what it says about a key that nobody has.
std::set<std::string> known_keys(const std::string& text) {
  std::set<std::string> keys;
  const auto problems = problems_of(text);
  const auto at = problems.find("known here: ");
  if (at == std::string::npos) return keys;
  for (const auto& key : base::split(problems.substr(at + 12, problems.find('\n', at) - at - 12), ',')) keys.insert(std::string(base::trim(key)));
  return keys;
}

std::set<std::string> schema_keys(const Json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object["properties"].items()) keys.insert(key);
  return keys;
}

std::string providers(const std::string& inside) {
  return R"({"version":1,"title":"t","why":"w","tags":[],"providers":{"acme":)" + inside + R"(},"gateway":{},"steps":[],"expect":[]})";
}

TEST(ScenarioSchema, KnowsExactlyTheKeysTheLoaderKnows) {
  const auto schema = scenario_schema();
  const auto& definitions = schema["definitions"];
  EXPECT_EQ(schema_keys(definitions["provider"]), known_keys(providers(R"({"zzzzzzzzzz":1})")));
  EXPECT_EQ(schema_keys(definitions["rule"]), known_keys(providers(R"({"script":[{"fault":"402","zzzzzzzzzz":1}]})")));
  EXPECT_EQ(schema_keys(definitions["when"]), known_keys(providers(R"({"script":[{"fault":"402","when":{"zzzzzzzzzz":1}}]})")));
  EXPECT_EQ(schema_keys(definitions["reply"]), known_keys(providers(R"({"reply":{"zzzzzzzzzz":1}})")));
  EXPECT_EQ(schema_keys(definitions["provider"]["properties"]["credentials"]["anyOf"][1]["additionalProperties"]), known_keys(providers(R"({"credentials":{"a":{"zzzzzzzzzz":1}}})")));
  auto text = providers("{}");
  text = base::replace_all(text, R"("gateway":{})", R"("gateway":{"zzzzzzzzzz":1})");
  EXPECT_EQ(schema_keys(schema["properties"]["gateway"]), known_keys(text));
}

TEST(ScenarioSchema, EveryKeyOfItIsKnownToTheLoader) {
  const auto schema = scenario_schema();
  for (const auto& key : schema_keys(schema)) EXPECT_THAT(problems_of("{\"" + key + "\":[[]]}"), testing::Not(HasSubstr("no key is called"))) << key;
}

TEST(ScenarioVocabulary, NamesTheManagersFaultsAndTheirMembersAsTheManagerDoes) {
  for (const auto& row : manager::kFaults) EXPECT_NE(find_row(manager_faults(), row.name), nullptr) << row.name;
  for (const auto& row : manager_faults()) {
    const auto* known = manager::find_fault(row.name);
    ASSERT_NE(known, nullptr) << row.name;
    // What the loader lets through, the manager takes; what the manager needs, the loader asks for.
    Json params = Json::object();
    for (const auto& param : row.params) {
      const bool text = param.type == ParamType::text && param.name != "by";
      params[std::string(param.name)] = param.name == "signal" ? "TERM" : param.name == "whom" ? "all" : text ? "x" : param.type == ParamType::integer ? "1" : "1s";
    }
    EXPECT_EQ(manager::check_fault(row.name, params), "") << base::dump(params);
    for (const auto& param : known->params) {
      if (param.name.empty() || !param.otherwise.empty()) continue;
      const auto* asked = find_row(row.params, param.name);
      EXPECT_TRUE(asked != nullptr && asked->required) << row.name << ": " << param.name;
    }
  }
}

TEST(ScenarioVocabulary, HasNoWordTwice) {
  const auto unique = [](const auto& rows) {
    std::set<std::string_view> names;
    for (const auto& row : rows) EXPECT_TRUE(names.insert(row.name).second) << row.name;
  };
  unique(tags()), unique(abilities()), unique(mutants()), unique(unit_settings()), unique(manager_faults()), unique(wait_conditions()), unique(disk_states()), unique(check_rows());
}

TEST(ScenarioVocabulary, EveryMutantOfACheckIsOne) {
  for (const auto& row : check_rows()) {
    if (row.mutants.empty()) continue;
    for (const auto& name : base::split(row.mutants, ' ')) EXPECT_NE(find_row(mutants(), name), nullptr) << row.name << ": " << name;
  }
}

TEST(ScenarioDocument, ItsTablesAreThoseOfTheCode) {
  const auto path = std::filesystem::path(BROWNOUT_SOURCE_DIR) / "docs/scenarios.md";
  auto text = read_text(path);
  const std::string begin = "<!-- tables -->\n", end = "<!-- end of tables -->\n";
  const auto from = text.find(begin), to = text.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  if (std::getenv("BROWNOUT_APPROVE")) {
    std::ofstream(path) << text.substr(0, from + begin.size()) + scenario_tables_markdown() + text.substr(to);
    return;
  }
  EXPECT_EQ(text.substr(from + begin.size(), to - from - begin.size()), scenario_tables_markdown()) << "ci/approve ScenarioDocument refreshes docs/scenarios.md";
}

TEST(ScenarioDocument, ItsFirstExampleIsCleanAndFitsTheSchema) {
  const auto text = read_text(std::filesystem::path(BROWNOUT_SOURCE_DIR) / "docs/scenarios.md");
  const auto from = text.find("```json\n") + 8;
  const auto example = text.substr(from, text.find("```", from) - from);

  EXPECT_EQ(render(lint_text(example, "example.json")), "");
  const auto schema = scenario_schema();
  EXPECT_EQ(SchemaCheck(schema).problem(*base::parse_wire_json(example)), "");
}

TEST(ScenarioLint, WarnsOfWhatIsProbablyNotMeant) {
  const auto text = R"({"version":1,"title":"t","why":"w","tags":[],
"providers":{"acme":{"like":"openai","credentials":["key-a"],"script":[
  {"fault":"500"},
  {"when":{"credential":"key-a"},"fault":"402"},
  {"when":{"state":"empty"},"fault":"429","probability":0.5}]},
 "spare":{"like":"anthropic"}},
"gateway":{"routes":{"default":["acme/gpt-test"]}},
"steps":[
  {"send":{"text":"ping","concurrency":4}},
  {"send":{"text":"ping","hang_up_events":2},"as":"leaver"}],
"expect":[
  {"check":"reply","reply":"leaver"},
  {"check":"log.never"}],
"catches":["dies-on-420"]})";

  support::expect_golden("scenario/lint_warnings.txt", render(lint_text(text, "scenarios/odd.json")));
}

TEST(ScenarioLint, SaysProblemsBeforeWarnings) {
  EXPECT_THAT(render(lint_text(sample(R"({"sned":1})"), "s.json")), HasSubstr("2 problems, 0 warnings"));
  EXPECT_EQ(lint_file("/nowhere.json").problems.size(), 1U);
}

TEST(ScenarioExplain, SaysInWordsWhatHappens) {
  const auto loaded = parse_scenario(R"({"version":1,"title":"Restart under load","why":"A restart lost requests.","origin":["a/b#1"],"tags":["restart"],"needs":["drain-signal"],
"providers":{"acme":{"like":"openai","credentials":{"key-a":{"credit":3},"key-b":{}},"script":[{"when":{"credential":"key-a","nth":[2,4]},"fault":"429","retry_after":"2s","times":2},{"when":{"stream":true},"fault":"cut-after-events-rst","probability":0.1}]}},
"gateway":{"routes":{"default":["acme/gpt-test"]},"unit":{"RestartSec":"30s"},"socket":true,"files":{"gateway.pid":"1"}},
"steps":[{"send":{"text":"ping","count":20,"concurrency":4,"background":true},"as":"load","note":"callers that do not stop"},{"wait":{"until":"attempts","provider":"acme","count":3}},{"signal":"USR1"},
 {"parallel":[[{"wait":"2s"}],[{"cli":["status"],"as":"status","expect":{"code":0}}]]},{"repeat":{"times":2,"steps":[{"manager":{"fault":"delay-ready","by":"5s"}}]}},
 {"script":{"provider":"acme","clear":true}},{"account":{"provider":"acme","credential":"key-a","top_up":2}},{"disk":"full"},{"edit-config":{"set":{"retry.attempts":1}}}],
"expect":[{"check":"restart.completes","total":"60s","count":{"min":1}},{"check":"reply","reply":"load","status":"2xx"}],"catches":["drops-in-flight"],"world":{"virtual":false,"because":"a real signal"}})",
                                     "scenarios/restart-load.json");
  ASSERT_FALSE(loaded.has_error()) << base::render(loaded.error());

  support::expect_golden("scenario/explain.txt", explain(loaded.value()));
}

TEST(ScenarioExplain, HelpsWithAChecksParameters) {
  support::expect_golden("scenario/check_help.txt", check_help("credentials.never"));
  EXPECT_EQ(check_help("nothing"), "");
  for (const auto& row : check_rows()) EXPECT_THAT(check_list(), HasSubstr(std::string(row.name)));
}

}  // namespace
}  // namespace harness
