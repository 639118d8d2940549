// `gateway classify` as a function: one answer a line, bad lines named, the others still answered.
#include <gtest/gtest.h>

#include "base/json.h"
#include "gateway/classify/classify_command.h"

namespace gateway {
namespace {

using base::Json;

Json answer(std::string_view line) {
  const auto json = base::parse_wire_json(classify_line(line));
  EXPECT_TRUE(json);
  return json ? *json : Json();
}

TEST(ClassifyCommand, AnswersWithEveryMember) {
  EXPECT_EQ(classify_line(R"({"status":402,"body":"Payment Required"})"),
            R"({"reason":"billing","retry":false,"rotate":true,"fallback":true,"compress":false,"abort":false,"wait_s":null,)"
            R"("hint":"Your API balance or quota is exhausted. Check your provider dashboard.","why":"402","message":"Payment Required"})");
}

TEST(ClassifyCommand, FillsTheResetIntoTheHint) {
  const auto said = answer(R"({"status":429,"provider":"openai-codex","body":{"error":{"type":"usage_limit_reached","resets_in_seconds":13872}}})");
  EXPECT_EQ(base::string_or(said, "hint"), "Your plan's usage limit has been reached. It resets in ~4h.");
  EXPECT_EQ(base::number_of(*base::find(said, "wait_s")), 13872.0);
}

TEST(ClassifyCommand, TakesTransportAsAWordOrAnObject) {
  EXPECT_EQ(base::string_or(answer(R"({"transport":"ReadTimeout"})"), "reason"), "timeout");
  EXPECT_EQ(base::string_or(answer(R"({"status":0,"transport":{"close":"tls_cert_invalid"}})"), "reason"), "ssl_cert_verification");
  EXPECT_EQ(base::string_or(answer(R"({"transport":"refused"})"), "hint"), "The provider cannot be reached. Check its address and your network.");
}

TEST(ClassifyCommand, UsesTheLinesOwnClock) {
  const auto said = answer(R"({"status":503,"now":"2026-10-21T07:27:30Z","headers":{"Retry-After":"Wed, 21 Oct 2026 07:28:00 GMT"}})");
  EXPECT_EQ(base::number_of(*base::find(said, "wait_s")), 30.0);
}

TEST(ClassifyCommand, EverythingIsOptionalAndStrangersAreIgnored) {
  EXPECT_EQ(base::string_or(answer("{}"), "reason"), "unknown");
  EXPECT_EQ(base::string_or(answer(R"({"dialect":"klingon","provider":"qo'noS","status":429,"planet":1,"model":null})"), "reason"), "rate_limit");
}

TEST(ClassifyCommand, ABadLineIsNamedAndTheOthersAreAnswered) {
  const auto output = classify_lines("{\"status\":402}\n\nnot json\n[1]\n{\"status\":\"four hundred\",\"headers\":7}\r\n{\"status\":429}");

  ASSERT_EQ(output.lines.size(), 5U);
  EXPECT_EQ(output.exit_code, 2);
  EXPECT_EQ(base::string_or(*base::parse_wire_json(output.lines[0]), "reason"), "billing");
  EXPECT_EQ(output.lines[1], R"({"line":3,"error":{"what":"this is not JSON","hint":"write one object on the line, such as {\"status\":402,\"body\":\"Payment Required\"}"}})");
  EXPECT_EQ(base::integer_or(*base::parse_wire_json(output.lines[2]), "line", 0), 4);
  const auto both = *base::parse_wire_json(output.lines[3]);
  EXPECT_EQ(base::find(both, "problems")->size(), 2U) << "all problems at once";
  EXPECT_EQ(base::string_or(*base::parse_wire_json(output.lines[4]), "reason"), "rate_limit");
}

TEST(ClassifyCommand, GoodLinesEndWithZero) { EXPECT_EQ(classify_lines("{\"status\":402}\n{}").exit_code, 0); }

TEST(ClassifyCommand, ALineHasALimit) {
  const std::string start = R"({"status":402,"body":")", end = R"("})";
  std::string line = start + std::string(kClassifyLineMax - start.size() - end.size(), 'x') + end;
  EXPECT_EQ(base::string_or(answer(line), "reason"), "billing");
  line.insert(start.size(), "x");
  EXPECT_NE(base::find(answer(line), "error"), nullptr);
}

}  // namespace
}  // namespace gateway
