#include "base/json_text.h"

#include <gtest/gtest.h>

#include "base/json.h"

TEST(JsonText, AStringIsWrittenAsDumpWritesIt) {
  std::string every;
  for (int c = 0; c < 0x80; ++c) every += static_cast<char>(c);
  for (const auto& text : {every, std::string("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), std::string("broken \xff\xc3 bytes\x80"), std::string()}) {
    EXPECT_EQ(base::json_string(text), base::dump(base::Json(text)));
  }
}

TEST(JsonText, AnIntegerIsWrittenAsDumpWritesIt) {
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, INT64_MAX, INT64_MIN}) {
    std::string out;
    base::append_json_integer(out, value);
    EXPECT_EQ(out, base::dump(base::Json(value)));
  }
}
