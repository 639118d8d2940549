#include "simulator/core/faults.h"

#include <fstream>
#include <sstream>

namespace simulator {
namespace {

WirePlan compile(const std::string& name, bool stream = true, base::Json params = base::Json::object()) {
  const ProviderSpec spec{.name = "acme", .personality = "openai", .keys_any = true};
  ProviderRequest request{.method = "POST", .path = "/v1/chat/completions", .model = "m", .stream = stream, .attempt = 1};
  request.body = stream ? R"({"model":"m","stream":true,"messages":[{"role":"user","content":"ping"}]})" : R"({"model":"m","messages":[{"role":"user","content":"ping"}]})";
  ReplyScript script;
  script.text = "one two three four five";
  const auto healthy = make_healthy_reply(spec, request, script, {});
  return compile_fault({.name = name, .params = std::move(params)}, healthy, {.spec = &spec, .request = &request});
}

std::size_t count(const WirePlan& plan, Step::Kind kind) {
  return static_cast<std::size_t>(std::count_if(plan.steps.begin(), plan.steps.end(), [&](const auto& step) { return step.kind == kind; }));
}

TEST(Faults, EveryRowHasAPlanOfKnownSteps) {
  for (const auto& row : fault_rows()) {
    const auto plan = base::parse_wire_json(row.plan);
    ASSERT_TRUE(plan) << row.name;
    EXPECT_THAT(check_plan(*plan), testing::IsEmpty()) << row.name;
    EXPECT_FALSE(row.summary.empty()) << row.name;
  }
}

TEST(Faults, NamesAreUniqueAndEachIsFound) {
  std::set<std::string> seen;
  for (const auto& name : fault_names()) {
    EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_TRUE(find_fault(name)) << name;
  }
  EXPECT_GE(catalogue().size(), 281U);
  EXPECT_FALSE(find_fault("420"));
}

TEST(Faults, EveryCatalogueEntryHasASourceAndItsOwnStatusAndBody) {
  for (const auto& entry : catalogue()) {
    EXPECT_FALSE(entry.source.empty()) << entry.id;
    const auto plan = compile(entry.id);
    if (entry.status != 0) {
      EXPECT_EQ(plan.status, entry.status) << entry.id;
    }
    std::string body;
    for (const auto& step : plan.steps) body += step.kind == Step::Kind::event || step.kind == Step::Kind::bytes ? step.data : "";
    if (entry.encoding.empty()) {
      EXPECT_EQ(body, entry.body) << entry.id;
    }
  }
}

TEST(Faults, ACutOrAHangNeverPassesForAWholeJsonBody) {
  const auto whole = [](const WirePlan& plan) {
    std::int64_t sent = 0;
    for (const auto& step : plan.steps) sent += step.kind == Step::Kind::bytes || step.kind == Step::Kind::event ? static_cast<std::int64_t>(step.data.size()) : 0;
    const bool head = count(plan, Step::Kind::head) == 1;
    return head && (count(plan, Step::Kind::finish) == 1 || (framing_of(plan) == Framing::length && plan.length_claimed.value_or(sent) <= sent));
  };
  for (const auto& row : fault_rows()) {
    if (row.stage != Stage::request || row.name == "keep-alive-race" || (row.group != "cut" && row.group != "hang")) continue;
    EXPECT_FALSE(whole(compile(std::string(row.name), false))) << row.name;
  }
  EXPECT_EQ(compile("cut-after-bytes-fin", false).length_claimed, compile("cut-after-headers-rst", false).length_claimed);
  EXPECT_TRUE(whole(compile("hang-after-headers", false, {{"for", "1s"}})));
}

TEST(Faults, EveryFaultCompilesOverAStreamAndAWholeReply) {
  for (const auto& info : all_faults()) {
    for (const bool stream : {true, false}) {
      const auto plan = compile(info.name, stream);
      const auto last = plan.steps.empty() ? Step::Kind::hold : plan.steps.back().kind;
      if (info.stage != Stage::request) continue;
      if (info.ending == Ending::fin) { EXPECT_EQ(last, Step::Kind::fin) << info.name; }
      if (info.ending == Ending::rst) { EXPECT_EQ(last, Step::Kind::rst) << info.name; }
      if (info.ending == Ending::complete) { EXPECT_TRUE(last == Step::Kind::finish || last == Step::Kind::wait) << info.name; }
    }
  }
}

TEST(Faults, ParametersReplaceTheDefaults) {
  EXPECT_EQ(count(compile("cut-after-events-rst"), Step::Kind::event), 3U);
  EXPECT_EQ(count(compile("cut-after-events-rst", true, {{"events", 1}}), Step::Kind::event), 1U);
}

TEST(Faults, RetryAfterFormsReachTheHeaders) {
  EXPECT_EQ(compile("retry-after-fraction").headers.get("retry-after"), "0.5");
  EXPECT_EQ(compile("retry-after-milliseconds").headers.get("retry-after-ms"), "1500");
  EXPECT_EQ(compile("retry-after-date").headers.get("retry-after"), "Thu, 01 Jan 1970 00:00:02 GMT");
  EXPECT_FALSE(compile("retry-after-missing").headers.has("retry-after"));
  EXPECT_EQ(compile("429", true, {{"retry_after", "2s"}}).headers.get("retry-after"), "2");
}

TEST(Faults, TheDocumentListsEveryRow) {
  std::ifstream file(BROWNOUT_SOURCE_DIR "/docs/simulator.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const auto& row : fault_rows()) {
    EXPECT_THAT(text.str(), testing::HasSubstr("| `" + std::string(row.name) + "` |")) << "refresh with: simulator faults --format markdown";
  }
}

}  // namespace
}  // namespace simulator
