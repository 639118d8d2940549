// The strict reader: every problem at once, each with its place; values a library would narrow silently are refused.
#include "base/json_reader.h"

#include <gtest/gtest.h>

namespace base {
namespace {

JsonDocument parse(std::string text) {
  auto result = parse_json_document(std::move(text), "file.json");
  EXPECT_TRUE(result.has_value()) << (result ? "" : render(result.error()));
  return std::move(*result);
}

std::string syntax_error(std::string text) {
  auto result = parse_json_document(std::move(text), "file.json");
  return result ? "no error" : render(result.error());
}

TEST(JsonReader, ReportsEveryProblemWithItsPlace) {
  const auto document = parse("{\n  \"count\": 3000000000,\n  \"dely\": \"5s\",\n  \"count\": 1.9,\n  \"name\": 7\n}");
  std::vector<Diagnostic> problems;

  JsonReader in(document, problems);
  in.integer("count", {.min = 0, .max = 100, .otherwise = 1});
  in.duration("delay", {.otherwise = 1s});
  in.string("name");
  in.done();

  std::string all;
  for (const auto& p : problems) all += fmt::format("{}:{}: {}: {} ({})\n", p.line, p.column, p.where, p.what, p.hint);
  EXPECT_EQ(all,
            "4:3: /count: \"count\" stands here a second time (the first is on line 2)\n"
            "4:12: /count: a whole number (0 to 100) is wanted here, not a number ()\n"
            "5:11: /name: text is wanted here, not a whole number ()\n"
            "3:3: /dely: no key is called \"dely\" (did you mean \"delay\"?)\n");
}

TEST(JsonReader, ShowsTheSourceLineUnderlined) {
  const auto document = parse("{\n  \"fault\": \"420\"\n}");
  std::vector<Diagnostic> problems;
  constexpr std::array<std::string_view, 3> kNames{"402", "429", "500"};

  JsonReader in(document, problems);
  in.one_of("fault", kNames);
  in.done();

  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(render(problems[0]),
            "file.json:2: /fault: no fault is called \"420\"\n"
            "     2 |   \"fault\": \"420\"\n"
            "       |            ^^^^^ did you mean \"402\"?\n");
}

TEST(JsonReader, RefusesWhatALibraryWouldNarrow) {
  for (const auto* value : {"3000000000", "-1", "1.9", "99999999999999999999", "\"7\"", "true", "null", "1e3"}) {
    const auto document = parse(fmt::format("{{\"n\": {}}}", value));
    std::vector<Diagnostic> problems;

    JsonReader in(document, problems);
    const auto n = in.integer("n", {.min = 0, .max = 1000});
    in.done();

    EXPECT_EQ(problems.size(), 1U) << value;
    EXPECT_EQ(n, 0) << value;
  }
}

TEST(JsonReader, ADurationWithoutUnitSaysHowToWriteIt) {
  const auto document = parse("{\"wait\": 5}");
  std::vector<Diagnostic> problems;

  JsonReader in(document, problems);
  in.duration("wait");
  in.done();

  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].what, "a duration is text with a unit, not a bare number");
  EXPECT_EQ(problems[0].hint, "\"5s\" or \"5ms\"?");
}

TEST(JsonReader, LimitsHoldAtTheLimitAndNotBeyond) {
  const auto document = parse(R"({"a": 10, "b": 11, "c": "10s", "d": "10001ms", "e": "xx", "f": "xxx"})");
  std::vector<Diagnostic> problems;

  JsonReader in(document, problems);
  in.integer("a", {.max = 10});
  in.integer("b", {.max = 10});
  in.duration("c", {.max = 10s});
  in.duration("d", {.max = 10s});
  in.string("e", {.max = 2});
  in.string("f", {.max = 2});
  in.done();

  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(problems[0].where, "/b");
  EXPECT_EQ(problems[1].where, "/d");
  EXPECT_EQ(problems[2].where, "/f");
}

TEST(JsonReader, MissingKeysAndWrongShapesAreNamed) {
  const auto document = parse(R"({"list": {"a": 1}, "map": [1], "items": [{"x": 1}, 2]})");
  std::vector<Diagnostic> problems;

  JsonReader in(document, problems);
  in.string("why");
  in.strings("list");
  in.map("map");
  for (auto& item : in.objects("items")) item.ignore("x"), item.done();
  in.done();

  std::string all;
  for (const auto& p : problems) all += p.where + ": " + p.what + "\n";
  EXPECT_EQ(all,
            "/: \"why\" is missing\n"
            "/list: a list of texts is wanted here, not an object\n"
            "/map: an object is wanted here, not a list\n"
            "/items/1: an object is wanted here, not a whole number\n");
}

TEST(JsonDocument, SyntaxErrorsNameLineAndColumn) {
  EXPECT_EQ(syntax_error("{\n  \"a\": 1,\n}"), "file.json:3: no comma before }\n     3 | }\n       | ^\n");
  EXPECT_EQ(syntax_error("{\"a\": 1 \"b\": 2}"), "file.json:1: a comma or } is missing here\n     1 | {\"a\": 1 \"b\": 2}\n       |         ^\n");
  EXPECT_NE(syntax_error("{\"a\": 'x'}").find("double quotes"), std::string::npos);
  EXPECT_NE(syntax_error("// hello\n{}").find("no comments"), std::string::npos);
  EXPECT_NE(syntax_error("").find("ends where a value should be"), std::string::npos);
  EXPECT_NE(syntax_error("{} {}").find("something follows"), std::string::npos);
  EXPECT_NE(syntax_error("[01]").find("leading zero"), std::string::npos);
  EXPECT_NE(syntax_error("\"\\ud800\"").find("surrogate"), std::string::npos);
  EXPECT_NE(syntax_error("\"\xff\"").find("UTF-8"), std::string::npos);
}

TEST(JsonDocument, NestingIsBounded) {
  const std::string open(kJsonDepthMax, '['), close(kJsonDepthMax, ']');

  EXPECT_EQ(syntax_error(open + close), "no error");
  EXPECT_NE(syntax_error("[[" + open + close + "]]").find("nested deeper"), std::string::npos);
}

TEST(JsonDocument, ReadsWhatItWrote) {
  const auto document = parse(R"({"a": [1, -2.5, true, null, "q\"\u00e9\ud83d\ude00\n"], "b": {}})");

  EXPECT_EQ(dump(document.root.to_json()), "{\"a\":[1,-2.5,true,null,\"q\\\"é😀\\n\"],\"b\":{}}");
}

TEST(WireJson, SurvivesWhatTheWorldSends) {
  EXPECT_FALSE(parse_wire_json("<html>"));
  EXPECT_FALSE(parse_wire_json(""));
  EXPECT_FALSE(parse_wire_json(std::string(100'000, '[')));
  const auto broken = parse_wire_json("{\"m\": \"\xff\"}");
  ASSERT_TRUE(broken);
  EXPECT_EQ(string_or(*broken, "m"), "\xEF\xBF\xBD");
  EXPECT_EQ(find_path(*parse_wire_json(R"({"e":[{"m":5}]})"), "e.0.m")->get<int>(), 5);
  EXPECT_EQ(integer_or(*parse_wire_json(R"({"n":18446744073709551615})"), "n", 3), 3);
}

}  // namespace
}  // namespace base
