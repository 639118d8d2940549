// Durations, dates and saturation.
#include "base/time.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Duration, ParsesWhatPeopleWrite) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("1m30s"), 90s);
  EXPECT_EQ(parse_duration("6m0s"), 360s);
  EXPECT_EQ(parse_duration("2h"), 2h);
  EXPECT_EQ(parse_duration("1min 30s"), 90s);
  EXPECT_EQ(parse_duration("10us"), 10us);
  EXPECT_EQ(parse_duration("-1s"), -1s);
}

TEST(Duration, RefusesWhatIsNone) {
  for (const auto* text : {"", "5", "s", "5x", "1s1", "--1s", "1e400s", "999999999999d", "nan s", "infs"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, FormatsSoThatItReadsBack) {
  for (const Duration d : {Duration{0ns}, Duration{1ns}, Duration{250ms}, Duration{1500ms}, Duration{90s}, Duration{25h},
                           Duration{1s + 1ns}, Duration{-90s}}) {
    EXPECT_EQ(parse_duration(format_duration(d)), d) << format_duration(d);
  }
}

TEST(Instant, SaturatesInsteadOfOverflowing) {
  EXPECT_EQ(Instant{1s} + kForever, kNever);
  EXPECT_EQ(kNever + 1s, kNever);
  EXPECT_EQ(Instant{Duration::max() - 1ns} + 1s, kNever);
  EXPECT_EQ(kNever - Instant{1s}, kForever);
  EXPECT_EQ(from_seconds(1e300), kForever);
  EXPECT_EQ(from_seconds(std::numeric_limits<double>::quiet_NaN()), 0ns);
}

TEST(Dates, AllThreeFormsOfAnHttpDateAreOne) {
  const auto expected = WallTime{784111777s};

  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), expected);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), expected);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), expected);
  EXPECT_EQ(format_http_date(expected), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const auto* bad : {"", "soon", "Sun, 36 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(bad)) << bad;
  }
}

TEST(Dates, Rfc3339WithOffsetsAndFractions) {
  EXPECT_EQ(parse_rfc3339("1994-11-06T08:49:37Z"), WallTime{784111777s});
  EXPECT_EQ(parse_rfc3339("1994-11-06T09:49:37.5+01:00"), WallTime{784111777s + 500ms});
  EXPECT_EQ(format_rfc3339(WallTime{784111777s + 123ms}), "1994-11-06T08:49:37.123Z");
  for (const auto* bad : {"", "1994-11-06", "1994-13-06T08:49:37Z", "1994-11-06T08:49:37X", "1994-11-06T25:49:37Z"}) {
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
  }
}

}  // namespace
}  // namespace base
