#include "harness/scenario/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/scenario/check_table.h"
#include "harness/scenario/step_table.h"
#include "tests/harness/scenario/sample.h"
#include "tests/support/golden.h"

namespace harness {
namespace {

using base::Json;
using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(ScenarioLoader, ReadsTheSketch) {
  const auto loaded = parse_scenario(R"({ "$schema": "scenario.schema.json", "version": 1,
  "title": "A 402 costs one request and one key, never the gateway",
  "why": "A provider's 402 took the whole service down; every chat died with it.",
  "origin": ["someone/somewhere#1"], "tags": ["billing", "smoke"],
  "providers": { "acme": { "like": "openai", "credentials": ["key-a", "key-b"],
                           "script": [ { "when": {"credential": "key-a"}, "fault": "402" } ] } },
  "gateway": { "routes": {"default": ["acme/gpt-test"]}, "config": {}, "unit": {"RestartSec": "30s"} },
  "steps": [ { "send": {"text": "ping"}, "as": "first", "expect": {"status": 200, "within": "5s"} },
             { "script": {"provider": "acme", "replace": [ {"fault": "402"} ]} },
             { "send": {"text": "ping", "api": "chat", "session": "s1"}, "as": "last" } ],
  "expect": [ {"check": "gateway.survives"},
              {"check": "credentials.order", "provider": "acme", "is": ["key-a", "key-b", "key-b"]},
              {"check": "hint", "reply": "last", "is": "Your API balance or quota is exhausted. Check your provider dashboard."} ],
  "catches": ["dies-on-402", "no-hint-on-402", "hammers-empty-key"] })", "scenarios/billing-402.json");

  ASSERT_FALSE(loaded.has_error()) << base::render(loaded.error());
  const auto& scenario = loaded.value();
  EXPECT_EQ(scenario.name, "billing-402");
  ASSERT_EQ(scenario.steps.size(), 3U);
  const auto& send = std::get<SendStep>(scenario.steps[0].what);
  EXPECT_EQ(send.as, "first");
  EXPECT_EQ(send.api, Api::chat_completions);
  EXPECT_EQ((*send.expect)["within"], "5s");
  const auto& script = std::get<ScriptStep>(scenario.steps[1].what);
  EXPECT_EQ(script.changes[0].op, "replace");
  EXPECT_EQ(script.changes[0].rules[0].fault.name, "402");
  EXPECT_EQ(script.changes[0].raw.size(), 1U);
  EXPECT_EQ(std::get<SendStep>(scenario.steps[2].what).session, "s1");
  ASSERT_EQ(scenario.step_expect.size(), 1U);
  EXPECT_EQ(scenario.step_expect[0].check, "reply");
  EXPECT_EQ(scenario.step_expect[0].params["reply"], "first");
  EXPECT_EQ(scenario.step_expect[0].line, 8);
  EXPECT_EQ(scenario.gateway.unit[0], (std::pair<std::string, std::string>{"RestartSec", "30s"}));
  EXPECT_EQ(scenario.expect[1].params["is"].size(), 3U);
}

TEST(ScenarioLoader, ReadsEveryShortForm) {
  const auto loaded = parse_scenario(sample(R"({"send":"hello"},{"cli":"status"},{"cli":["logs","-n","5"]},{"signal":"USR1"},{"disk":"full"},{"wait":"2s"},{"manager":"oom-kill"},
    {"script":[{"provider":"acme","clear":true},{"provider":"spare","add":[{"fault":"500","times":1}]}]},{"parallel":[[{"send":"a"}],[{"send":"b"},{"wait":"1s"}]]},
    {"repeat":{"times":3,"steps":[{"send":"c"}]}},{"manager":{"systemctl":["stop","brownout-gateway"]},"as":"stop","expect":{"code":0}},
    {"edit-config":{"set":{"retry.attempts":1},"reload":false}},{"account":{"provider":"acme","credential":"key-a","top_up":5}})"), "s.json");

  ASSERT_FALSE(loaded.has_error()) << base::render(loaded.error());
  const auto& steps = loaded.value().steps;
  EXPECT_EQ(std::get<SendStep>(steps[0].what).text, "hello");
  EXPECT_EQ(std::get<SendStep>(steps[0].what).as, "send-1");
  EXPECT_EQ(std::get<CliStep>(steps[1].what).args, (std::vector<std::string>{"status"}));
  EXPECT_EQ(std::get<CliStep>(steps[2].what).args.size(), 3U);
  EXPECT_EQ(std::get<SignalStep>(steps[3].what).signal, "USR1");
  EXPECT_EQ(std::get<DiskStep>(steps[4].what).state, "full");
  EXPECT_EQ(std::get<WaitStep>(steps[5].what).time, 2s);
  EXPECT_EQ(std::get<ManagerStep>(steps[6].what).fault, "oom-kill");
  EXPECT_EQ(std::get<ScriptStep>(steps[7].what).changes.size(), 2U);
  EXPECT_EQ(std::get<std::shared_ptr<ParallelStep>>(steps[8].what)->branches[1].size(), 2U);
  EXPECT_EQ(std::get<std::shared_ptr<RepeatStep>>(steps[9].what)->times, 3);
  EXPECT_EQ(std::get<ManagerStep>(steps[10].what).systemctl->front(), "stop");
  EXPECT_FALSE(std::get<EditConfigStep>(steps[11].what).reload);
  EXPECT_EQ(std::get<AccountStep>(steps[12].what).change["top_up"], 5);
}

TEST(ScenarioLoader, TheExampleOfEveryStepLoads) {
  for (const auto& row : step_rows()) EXPECT_EQ(problems_of(sample(std::string(row.example))), "") << row.verb;
}

TEST(ScenarioLoader, TheExampleOfEveryCheckLoads) {
  for (const auto& row : check_rows()) {
    if (row.always) continue;
    EXPECT_EQ(problems_of(sample(R"({"send":{"text":"ping"},"as":"first"},{"cli":["restart"],"as":"restart"})", std::string(row.example))), "") << row.name;
  }
}

TEST(ScenarioLoader, EveryProblemIsReportedAtOnceWithItsPlace) {
  const auto text = problems_of(R"({
  "version": 1,
  "title": "a title",
  "tags": ["biling"],
  "needs": ["chatt"],
  "providers": { "acme": { "like": "opnai", "credentials": ["key-a"], "script": [ { "fault": "420" } ] } },
  "gateway": { "routes": { "default": ["acm/gpt-test"] }, "unit": { "RestrtSec": "30s" }, "sokcet": true },
  "steps": [ { "sned": "ping" },
             { "send": { "text": "ping", "strem": true }, "as": "first", "expect": { "within": "5" } },
             { "send": "again", "as": "first" },
             { "signal": "URS1" },
             { "wait": { "until": "activ" } },
             { "script": { "provider": "acne", "clear": true } },
             { "send": "ping", "cli": "status" } ],
  "expect": [ { "check": "gateway.survive" },
              { "check": "hint", "reply": "frist" },
              { "check": "credentials.order", "provider": "acme" },
              { "check": "attempts.max", "max": "two" },
              { "check": "requests.end-once" },
              { "check": "time.between", "from": { "plus": "1s" }, "to": "soon" } ],
  "title": "another"
}
)", "scenarios/broken.json");

  support::expect_golden("scenario/every_problem.txt", text);
}

struct Bad {
  const char* name;
  std::string text;
};
class BadScenario : public testing::TestWithParam<Bad> {};
TEST_P(BadScenario, IsRefusedInWordsThatHelp) { support::expect_golden(std::string("scenario/bad_") + GetParam().name + ".txt", problems_of(GetParam().text)); }
INSTANTIATE_TEST_SUITE_P(Loader, BadScenario, testing::Values(
    Bad{"syntax", "{\"version\": 1,\n \"title\" \"x\"}"},
    Bad{"not_an_object", "[]"},
    Bad{"version", sample("", R"({"check":"gateway.survives"})", R"("version":2)")},
    Bad{"two_verbs", sample(R"({"send":"a","wait":"1s"})")},
    Bad{"no_verb", sample(R"({"as":"x"})")},
    Bad{"chat_without_session", sample(R"({"send":{"api":"chat"}})")},
    Bad{"raw_without_bytes", sample(R"({"send":{"api":"raw"}})")},
    Bad{"name_with_number", sample(R"({"send":"a","as":"x.2"})")},
    Bad{"account_without_change", sample(R"({"account":{"provider":"acme","credential":"key-c"}})")},
    Bad{"manager_fault_needs", sample(R"({"manager":"delay-ready"},{"manager":{"fault":"dely-ready","by":"1s"}},{"manager":"oom-kill","expect":{"code":0}})")},
    Bad{"wait_for_nothing", sample(R"({"wait":{}},{"wait":{"until":"state"}},{"wait":{"until":"active","count":1}})")},
    Bad{"script_change", sample(R"({"script":{"provider":"acme"}},{"script":{"provider":"acme","replace":[{"fault":"5000"}]}})")},
    Bad{"counts", sample(R"({"send":{"count":0,"rate":-1}})", R"({"check":"attempts.count","count":{"min":3,"max":1}},{"check":"attempts.count","count":{}})")},
    Bad{"world", sample("", R"({"check":"gateway.survives"})", R"("world":{"virtual":false})")},
    Bad{"unmanaged", R"({"version":1,"title":"t","why":"w","tags":[],"providers":{},"gateway":{"managed":false,"socket":true,"unit":{"Restart":"no"},"files":{"../x":""}},"steps":[],"expect":[]})"},
    Bad{"nothing_there", "{}"},
    Bad{"deep", sample([] { std::string s = R"({"send":"a"})"; for (int i = 0; i < 9; ++i) s = R"({"repeat":{"times":1,"steps":[)" + s + "]}}"; return s; }())},
    Bad{"list_shapes", sample("", R"({"check":"gateway.survives"})", R"("origin":"x","needs":["chat","chat",1],"catches":{},"speed":51,"seed":-1,"time_limit":"0s","unused_faults":"")")},
    Bad{"gateway_shapes", R"({"version":1,"title":"t","why":"w","tags":[],"providers":{},"gateway":{"routes":{"a":"x","b":["y"],"c":[1]},"config":[],"unit":{"Restart":{},"ExecStart":[[]],"X-Mine":1},"env":{"A":1},"files":[]},"steps":[],"expect":[]})"},
    Bad{"gateway_unit_shape", R"({"version":1,"title":"t","why":"w","tags":[],"providers":[],"gateway":{"routes":[],"unit":"x","env":[]},"steps":{},"expect":{}})"},
    Bad{"step_shapes", sample(R"(1,{"send":1},{"cli":{}},{"cli":[1]},{"signal":["TERM"]},{"account":"x"},{"wait":1},{"parallel":[]},{"parallel":{"branches":[1]}},{"repeat":[]},{"repeat":{"times":0,"steps":[]}},{"script":[]},{"edit-config":{}})")},
    Bad{"send_contradictions", sample(R"({"send":{"raw":"x","body":{}},"as":"a*"},{"send":{"api":"admin"}},{"signal":"TERM","as":"x","expect":{}},{"disk":"ful"})")},
    Bad{"check_shapes", sample("", R"({"check":1},{},{"check":"reply","reply":"first","status":"9xx","headers":{"a":{}},"contains":[1],"usage":1,"ended":"well","within":5,"provider":"acne"},
{"check":"gateway.exits","code":"BOOM","from":{"reply":"first","exit":1}},{"check":"credentials.never","provider":"acme","credential":"key-s"},{"check":"log.contains","count":-1,"fields":[]},{"check":"cli.output","cli":"restrat"})")},
    Bad{"too_many_requests", sample(R"({"repeat":{"times":2000,"steps":[{"send":{"text":"a","count":1000}}]}})")}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(ScenarioLoader, NamesOfSeveralRequestsAreFound) {
  EXPECT_TRUE(reply_matches("burst", "burst"));
  EXPECT_TRUE(reply_matches("burst.3", "burst"));
  EXPECT_TRUE(reply_matches("b*", "burst"));
  EXPECT_FALSE(reply_matches("burst.x", "burst"));
  EXPECT_FALSE(reply_matches("bursts", "burst"));
}

/// Every value of the document replaced by every kind of value, one at a time.
void replace_each(const Json& whole, const Json::json_pointer& at, const std::function<void(const Json&)>& look) {
  for (const Json& odd : {Json(nullptr), Json(true), Json(-1), Json(1.5), Json("x"), Json::array(), Json::object(), Json::array({Json::object(), 1})}) {
    auto changed = whole;
    changed[at] = odd;
    look(changed);
  }
  const auto& here = whole[at];
  if (here.is_object()) {
    for (const auto& [key, value] : here.items()) replace_each(whole, at / key, look);
  } else if (here.is_array()) {
    for (std::size_t i = 0; i < here.size(); ++i) replace_each(whole, at / i, look);
  }
}

TEST(ScenarioLoader, NoValueOfAnyKindInAnyPlaceBreaksIt) {
  std::string steps, checks;
  for (const auto& row : step_rows()) steps += (steps.empty() ? "" : ",") + std::string(row.example);
  for (const auto& row : check_rows()) {
    if (!row.always) checks += (checks.empty() ? "" : ",") + std::string(row.example);
  }
  const auto whole = base::parse_wire_json(sample(steps, checks, R"("needs":["chat"],"catches":["dies-on-402"],"world":{"virtual":false,"because":"x"})"));
  ASSERT_TRUE(whole);
  ASSERT_EQ(problems_of(base::dump(*whole)), "");
  int tried = 0;

  replace_each(*whole, Json::json_pointer(), [&](const Json& changed) {
    ++tried;
    const auto loaded = parse_scenario(base::dump(changed), "s.json");
    if (loaded.has_error()) {
      EXPECT_FALSE(loaded.error().problems.empty());
    }
  });

  EXPECT_GT(tried, 1000);
}

TEST(ScenarioLoader, AMissingFileIsAProblemWithItsName) {
  const auto loaded = load_scenario("/nowhere/at-all.json");
  ASSERT_TRUE(loaded.has_error());
  EXPECT_THAT(base::render(loaded.error()), HasSubstr("/nowhere/at-all.json"));
}

}  // namespace
}  // namespace harness
