#include "base/text.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/headers.h"

namespace base {
namespace {

TEST(NearestWord, FindsTheSlipAndNotTheStranger) {
  constexpr std::array<std::string_view, 5> kWords{"402", "429", "credential", "retry_after", "gateway.survives"};

  EXPECT_EQ(nearest_word("420", kWords), "402");
  EXPECT_EQ(nearest_word("credentail", kWords), "credential");
  EXPECT_EQ(nearest_word("retry-after", kWords), "retry_after");
  EXPECT_EQ(nearest_word("gateway.survive", kWords), "gateway.survives");
  EXPECT_EQ(nearest_word("zebra", kWords), std::nullopt);
}

TEST(Utf8, RefusesOverlongAndSurrogates) {
  EXPECT_TRUE(valid_utf8("é😀"));
  for (const auto* bad : {"\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\x80"}) EXPECT_FALSE(valid_utf8(bad));
  EXPECT_EQ(to_valid_utf8("a\xFF" "b"), "a\xEF\xBF\xBD" "b");
}

TEST(Shorten, NeverCutsACharacter) {
  EXPECT_EQ(shorten("éééé", 8), "éééé");
  EXPECT_EQ(shorten("ééééé", 8), "éé…");
  EXPECT_EQ(printable("a\n\n<b>\x01\xFF", 20), "a <b> \xEF\xBF\xBD");
}

TEST(Glob, StarsAndQuestionMarks) {
  EXPECT_TRUE(glob_match("gpt-*", "gpt-4o"));
  EXPECT_TRUE(glob_match("*chat*", "/v1/chat/completions"));
  EXPECT_TRUE(glob_match("a?c*", "abcd"));
  EXPECT_FALSE(glob_match("gpt-*", "claude"));
  EXPECT_TRUE(glob_match("*", ""));
}

TEST(Headers, AreFoundWhateverTheirCase) {
  Headers headers;
  headers.add("Retry-After", "5");
  headers.add("X", "1");
  headers.add("retry-after", "6");

  EXPECT_EQ(headers.get("RETRY-AFTER"), "5");
  headers.set("retry-After", "7");
  EXPECT_EQ(headers.list.size(), 2U);
  EXPECT_EQ(headers.get("retry-after"), "7");
}

TEST(Hash, KnownAnswers) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hmac_sha256_hex("key", "The quick brown fox jumps over the lazy dog"),
            "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abcd"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_EQ(to_base64("hello"), "aGVsbG8=");
}

}  // namespace
}  // namespace base
