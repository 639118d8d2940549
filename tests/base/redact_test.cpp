#include "base/redact.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Redactor, ReplacesARegisteredSecretByItsLabelWhereverItStands) {
  Redactor redactor;
  redactor.add("hunter2-hunter2", "key-a");

  EXPECT_EQ(redactor.apply("x=hunter2-hunter2&y"), "x=[key-a]&y");
  EXPECT_EQ(redactor.find("…hunter2-hunter2…"), "key-a");
  EXPECT_EQ(redactor.find("nothing"), "");
}

TEST(Redactor, KnowsTheShapesOfKeys) {
  const Redactor redactor;

  EXPECT_EQ(redactor.apply("key sk-proj-abcdefghijklmnop rejected"), "key [secret] rejected");
  EXPECT_EQ(redactor.apply("Authorization: Bearer abcdefgh12345"), "Authorization: Bearer [secret]");
  EXPECT_EQ(redactor.apply("AIzaSyA1234567890abcdefghijk"), "[secret]");
}

TEST(Redactor, LeavesHonestWordsAlone) {
  const Redactor redactor;

  for (const auto* text : {"ask-me-anything-about-this", "task-force-of-the-decade", "risk-free", "sk-1"}) {
    EXPECT_EQ(redactor.apply(text), text);
  }
}

}  // namespace
}  // namespace base
