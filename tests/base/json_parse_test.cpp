// The wire's JSON parser against the library's own, which it must equal in all but speed.
#include <gtest/gtest.h>

#include <chrono>

#include "base/json.h"
#include "base/random.h"
#include "base/text.h"

namespace base {
namespace {

std::optional<Json> by_library(const std::string& text) {
  auto value = Json::parse(to_valid_utf8(text), nullptr, false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

/// Empty when both agree: accepted or not, values, types, order of keys.
std::string difference(const std::string& text) {
  const auto ours = parse_wire_json(text);
  const auto theirs = by_library(text);
  if (ours.has_value() != theirs.has_value()) return std::string(ours ? "only we accept " : "only the library accepts ") + text;
  if (!ours) return "";
  if (dump(*ours) != dump(*theirs) || *ours != *theirs || ours->type() != theirs->type()) return "differs: " + dump(*ours) + " and " + dump(*theirs);
  return "";
}

TEST(WireJson, EqualsTheLibraryOnWhatIsTricky) {
  for (const std::string text :
       {"", " ", "null", "nul", "nullx", "true", "false", "True", "tru", "0", "-0", "00", "01", "-", "-1", "+1", "1.", ".5", "1.5", "-1.5e3", "1e", "1e+", "1e+5", "1E-5", "1e400", "-1e400", "1e-400",
        "4.9e-324", "18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "9223372036854775808", "123456789012345678901234567890", "0.1", "0x1", "1 2", "NaN",
        "Infinity", "-Infinity", "\"\"", "\"a", "\"a\"b", "\"\\\"", "\"\\\\\"", "\"\\/\\b\\f\\n\\r\\t\"", "\"\\x\"", "\"\\u0041\"", "\"\\u00e9\"", "\"\\u20ac\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\"",
        "\"\\ude00\"", "\"\\ud83d\\u0041\"", "\"\\ud83dx\"", "\"\\u00\"", "\"\\u00g0\"", "\"\\u0000\"", "\"\t\"", "\"\n\"", "\"\x7f\"", "\"\xc3\xa9\"", "\"\xff\"", "\"\xed\xa0\x80\"", "[]", "[ ]", "[1]",
        "[1,]", "[,1]", "[1 2]", "[1,2]]", "[[[]]]", "[", "]", "{}", "{ }", "{\"a\":1}", "{\"a\":1,}", "{,}", "{\"a\"}", "{\"a\":}", "{a:1}", "{'a':1}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"b\":2,\"a\":{\"c\":3},\"d\":4}", "{\"\":0}", "\xef\xbb\xbf{}", "\xef\xbb{}", "/*x*/1", "1//x", " \r\n\t{ \"a\" : [ 1 , 2 ] } \n", "{\"a\":1}}", "{\"a\":1}x", "{\"a\":[}", "tfn"}) {
    EXPECT_EQ(difference(text), "");
  }
}

TEST(WireJson, EqualsTheLibraryOnDamagedDocuments) {
  const std::string good =
      R"({"id":"chatcmpl-9","created":1700000000,"usage":{"in":19,"out":-42,"cost":1.25e-3},"choices":[{"index":0,"message":{"role":"assistant","content":"p\u00f6ng \ud83d\ude00 \"x\"\n","refusal":null},"ok":true}],"empty":[{},[],""]})";
  ASSERT_EQ(difference(good), "");
  Random random(7);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto text = good;
    for (auto i = random.below(3) + 1; i > 0; --i) {
      const auto at = random.below(text.size());
      const auto kind = random.below(4);
      if (kind == 0) text[at] = static_cast<char>(random.below(256));
      if (kind == 1) text[at] = "{}[]\",:\\0e-. nt"[random.below(15)];
      if (kind == 2) text.erase(at, random.below(6));
      if (kind == 3) text.insert(at, text.substr(random.below(text.size()), random.below(30)));
    }
    // The library takes a NUL for the end of the text; nobody else does.
    if (text.find('\0') != std::string::npos) continue;
    ASSERT_EQ(difference(text), "");
    accepted += parse_wire_json(text).has_value();
  }
  EXPECT_GT(accepted, 500);
}

TEST(WireJson, KeepsTheLastOfManyEqualKeysAtTheFirstsPlace) {
  std::string text = "{";
  for (int i = 0; i < 100; ++i) text += "\"k" + std::to_string(i % 40) + "\":" + std::to_string(i) + ",";
  text += "\"end\":0}";
  EXPECT_EQ(difference(text), "");
  EXPECT_EQ((*parse_wire_json(text))["k3"], 83);
}

TEST(WireJson, AnObjectOfManyKeysCostsNoMoreThanItsSize) {
  std::string text = "{";
  for (int i = 0; i < 300'000; ++i) text += "\"key" + std::to_string(i) + "\":1,";
  text += "\"end\":0}";
  const auto begun = std::chrono::steady_clock::now();

  ASSERT_TRUE(parse_wire_json(text));

  // Pairwise it would be 45 thousand million comparisons, minutes at best.
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{10});
}

TEST(WireJson, BoundsTheDepth) {
  const auto nested = [](int depth) { return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']'); };
  EXPECT_TRUE(parse_wire_json(nested(kJsonDepthMax)));
  EXPECT_FALSE(parse_wire_json(nested(kJsonDepthMax + 1)));
  EXPECT_FALSE(parse_wire_json(std::string(1'000'000, '[')));
}

}  // namespace
}  // namespace base
