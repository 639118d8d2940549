// The quick JSON reader must agree with the real one on every text.
#include "gateway/wire/json_cursor.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/random.h"

namespace gateway {
namespace {

bool accepts(std::string_view text) {
  JsonCursor in(text);
  return in.skip_value() && in.at_end();
}

TEST(JsonCursor, AcceptsWhatTheParserAcceptsAndNothingElse) {
  const std::string seeds[] = {R"({"a":[1,-2.5e+3,true,false,null,"x\n\u00e9\\"],"b":{},"c":[[],[{}]]})", R"(  [ 1 , { "k" : "v" } ] )", "0", "01", "-", "1.", "1e", "[1,]", "{\"a\"}",
                               "{\"a\":}", "\"\x01\"", "\"\\x\"", "\"\\u12g4\"", "nul", "{unparsable}", R"(["\ud83d\ude00"])", R"("\ud83d")", R"("\ude00\ud83d")", R"("\ud83d\u0041")", "1e308", "1e309", "-1e309", "[1e-999]", "[}", "{\"a\":1,}", "", "\"open"};
  base::Random random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seeds[random.below(std::size(seeds))];
    for (auto edits = random.below(3); edits > 0 && !text.empty(); --edits) {
      const auto at = random.below(text.size());
      if (random.chance(0.5)) text[at] = "{}[]\",:\\0e-tn "[random.below(14)];
      else text.erase(at, 1);
    }
    EXPECT_EQ(accepts(text), base::Json::accept(text)) << text;
  }
}

TEST(JsonCursor, EscapesComeBackAsTheParserReadsThem) {
  for (const std::string text : {R"(a\n\t\"\\\/\b\f\r)", R"(\u00e9\u4e16\u0000)", "h\xC3\xA9llo \xF0\x9F\x98\x80", ""}) {
    std::string mine;
    ASSERT_TRUE(unescape(text, mine));
    EXPECT_EQ(mine, base::Json::parse("\"" + text + "\"").get<std::string>());
    EXPECT_EQ(base::Json::parse(json_string(mine)).get<std::string>(), mine);
  }
  std::string out;
  EXPECT_FALSE(unescape(R"(\ud83d\ude00)", out));
  EXPECT_FALSE(unescape("\xC3", out));
}

TEST(JsonCursor, TheModelIsReplacedAndNothingElseTouched) {
  EXPECT_EQ(with_model(R"( {"seed": 12345678901234567890123, "model" : "a\"b", "x": {"model": "inner"}, "t": 1.0 } )", "new\"m"),
            R"( {"seed": 12345678901234567890123, "model" : "new\"m", "x": {"model": "inner"}, "t": 1.0 } )");
  EXPECT_EQ(with_model(R"({"model":"a","model":"b"})", "c"), R"({"model":"c","model":"c"})");
  EXPECT_EQ(with_model(R"({"x":1})", "c"), "");
  EXPECT_EQ(with_model(R"({"model":"a")", "c"), "");
}

}  // namespace
}  // namespace gateway
