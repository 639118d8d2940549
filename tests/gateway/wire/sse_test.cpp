// The incremental SSE decoder: every way to end a line, every leniency, any slicing.
#include "gateway/wire/sse.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/gateway/wire/support.h"

namespace gateway {
namespace {

struct Copy {
  std::string event, data, raw;
  bool comment = false, lf_only = true, bare = false, cut = false;
  bool operator==(const Copy&) const = default;
};

std::vector<Copy> decode(std::string_view bytes, const std::vector<std::size_t>& cuts, std::size_t max = 1000) {
  SseDecoder decoder(max);
  std::vector<Copy> frames;
  SseFrame frame;
  const auto keep = [&] { frames.push_back({std::string(frame.event), std::string(frame.data), std::string(frame.raw), frame.comment, frame.lf_only, frame.bare, frame.cut}); };
  std::size_t from = 0;
  const auto push = [&](std::size_t to) {
    decoder.push(bytes.substr(from, to - from));
    from = to;
    while (decoder.next(frame)) keep();
  };
  for (const auto cut : cuts) push(cut);
  push(bytes.size());
  if (decoder.finish(frame)) keep();
  if (decoder.too_large()) frames.push_back({.event = "too large"});
  return frames;
}

TEST(Sse, LineEndsBomCommentsAndSpacesAreReadAsTheStandardSays) {
  for (const std::string end : {"\n", "\r", "\r\n"}) {
    std::string text = "\xEF\xBB\xBF" ": hello|event: a|data: one|data:two|data|id: 7|||data:  x||retry: 5||";
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += end.size()) text.replace(at, 1, end);

    const auto frames = decode(text, {});

    ASSERT_EQ(frames.size(), 4U) << end.size();
    EXPECT_TRUE(frames[0].comment);
    EXPECT_EQ(frames[1].event, "a");
    EXPECT_EQ(frames[1].data, "one\ntwo\n");
    EXPECT_EQ(frames[2].data, " x");
    EXPECT_EQ(frames[3].data, "");
    EXPECT_EQ(frames[2].lf_only, end == "\n");
    if (end == "\n") {
      EXPECT_EQ(frames[1].raw, "event: a\ndata: one\ndata:two\ndata\nid: 7\n\n");
    }
  }
}

TEST(Sse, AnySlicingGivesTheSameFrames) {
  const std::string texts[] = {
      "\xEF\xBB\xBF" "data: a\r\n\r\ndata: b\r\rdata: c\n\n: x\r\ndata: d\r\ndata: e\r\n\r\n",
      "event: e\r\ndata: 1\r\n\r\n\r\n\r\ndata: 2\r\n\r\n",
      "data: a\n\n{\"error\":\n  {\"m\": 1}}\n\ndata: b\n\nevent: x\ndata: half",
      ":\n\n:\n:\ndata:\n\n\r\n\r\n\r\rdata: z\r", "data", "data: [DONE]", "\xEF\xBB", "junk\ndata: a\njunk\n\n"};
  base::Random random(11);
  for (const auto& text : texts) {
    const auto whole = decode(text, {});
    EXPECT_EQ(decode(text, wiretest::every_byte(text.size())), whole) << text;
    for (int i = 0; i < 200; ++i) {
      std::vector<std::size_t> cuts;
      for (std::size_t at = random.below(4); at < text.size(); at += random.below(5)) cuts.push_back(at);
      ASSERT_EQ(decode(text, cuts), whole) << text;
    }
  }
}

TEST(Sse, WhatStandsBareOrUnendedIsDelivered) {
  const auto bare = decode("data: a\n\n{\"error\":\n {\"m\":1}}\n\ndata: b", {});

  ASSERT_EQ(bare.size(), 3U);
  EXPECT_TRUE(bare[1].bare);
  EXPECT_EQ(bare[1].data, "{\"error\":\n {\"m\":1}}");
  EXPECT_TRUE(bare[2].cut);
  EXPECT_EQ(bare[2].data, "b");
}

TEST(Sse, AFrameMayBeAsLargeAsTheLimitAndNoLarger) {
  const std::string fits = "data: " + std::string(92, 'x') + "\n\n", over = "data: " + std::string(93, 'x') + "\n\n";

  for (const auto& cuts : {std::vector<std::size_t>{}, wiretest::every_byte(100)}) {
    EXPECT_EQ(decode(fits + fits, cuts, 100).size(), 2U);
    const auto frames = decode(fits + over, cuts, 100);
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[1].event, "too large");
  }
}

}  // namespace
}  // namespace gateway
