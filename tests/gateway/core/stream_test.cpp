// Streams: what is held, what goes out, and how a broken one ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/core/limits.h"
#include "tests/gateway/core/rig.h"

namespace gateway::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Config complete(Config config) {
  config.routes[0].commit = Commit::complete;
  return config;
}

TEST(Streams, AnErrorEventBeforeContentIsRescuedInvisibly) {
  Rig rig(with_fallback(1));

  rig.chat_completion(true);
  rig.stream_head(0);
  rig.bytes(0, kRole + "data: {\"error\":{\"message\":\"Overloaded\",\"type\":\"overloaded_error\"}}\n\n");
  rig.advance(3s);
  ASSERT_EQ(rig.count(), 2U);
  rig.stream_head(1);
  rig.bytes(1, kRole + frame("saved") + kStop + kDone);

  EXPECT_EQ(rig.last().body, kRole + frame("saved") + kStop + kDone);
  EXPECT_TRUE(rig.last().clean);
}

TEST(Streams, AQuotaErrorInsideA200RotatesTheKey) {
  Rig rig(one_provider(2));

  rig.chat_completion(true);
  rig.stream_head(0);
  rig.bytes(0, "data: {\"error\":{\"message\":\"You exceeded your current quota\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}\n\n");

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-b"));
}

TEST(Streams, ACutAfterContentEndsWithAnErrorEventAndNeverCleanly) {
  for (const bool politely : {false, true}) {
    Rig rig(with_fallback(2));
    rig.chat_completion(true);
    rig.stream_head(0);
    rig.bytes(0, kRole + frame("one "));
    if (politely) {
      rig.end(0);
    } else {
      rig.fail(0, TransportError::reset);
    }
    EXPECT_TRUE(rig.last().ended);
    EXPECT_FALSE(rig.last().clean);
    EXPECT_THAT(rig.last().body, HasSubstr("The answer was cut off by the provider. Please try again."));
    EXPECT_THAT(rig.last().body, HasSubstr("stream_cut"));
    EXPECT_THAT(rig.last().body, Not(HasSubstr("[DONE]")));
    EXPECT_EQ(rig.count(), 1U) << "never a silent second start";
  }
}

TEST(Streams, AnErrorEventAfterContentCarriesItsOwnReason) {
  Rig rig(one_provider(2));
  rig.chat_completion(true);
  rig.stream_head(0);
  rig.bytes(0, kRole + frame("one "));
  rig.bytes(0, "data: {\"error\":{\"message\":\"You exceeded your current quota\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}\n\n");

  EXPECT_FALSE(rig.last().clean);
  EXPECT_THAT(rig.last().body, HasSubstr(kBillingHint));
  EXPECT_EQ(rig.stored<StoreCredential>().size(), 1U) << "the key is out all the same";
}

TEST(Streams, AFinishReasonWithoutTerminatorIsACompleteReplyEndedPromptly) {
  Rig rig(one_provider(1));
  rig.chat_completion(true);
  rig.stream_head(0);
  rig.bytes(0, kRole + frame("one") + kStop);
  EXPECT_FALSE(rig.last().ended);
  rig.advance(2s);

  EXPECT_TRUE(rig.last().ended);
  EXPECT_TRUE(rig.last().clean);
  EXPECT_THAT(rig.last().body, HasSubstr("[DONE]"));
}

TEST(Streams, AResetAfterTheFinishReasonIsACompleteReply) {
  Rig rig(one_provider(1));
  rig.chat_completion(true);
  rig.stream_head(0);
  rig.bytes(0, kRole + frame("one") + kStop);
  rig.fail(0, TransportError::reset);

  EXPECT_TRUE(rig.last().clean);
}

TEST(Streams, AnEmpty200IsAFailure) {
  for (const bool stream : {false, true}) {
    Rig rig(with_fallback(1));
    rig.chat_completion(stream);
    if (stream) {
      rig.stream_head(0);
      rig.bytes(0, kRole + kStop + kDone);
    } else {
      rig.reply(200, "");
    }
    rig.advance(3s);
    EXPECT_EQ(rig.count(), 2U);
    EXPECT_EQ(rig.last().status, 0);
  }
}

TEST(Streams, AMalformed200IsAFailure) {
  for (const std::string body : {"<html><title>Welcome</title></html>", "{\"choices\":", "[]", "null"}) {
    Rig rig(one_provider(1));
    rig.chat_completion();
    rig.reply(200, body);
    rig.advance(10s);
    EXPECT_EQ(rig.count(), 2U) << body;
  }
}

TEST(Streams, HeadsWithoutContentFallBackAtTheFirstContentTimeOut) {
  Config config = with_fallback(2);
  config.providers[0].timeouts.first_content = 10s;
  Rig rig(config);

  rig.chat_completion(true);
  rig.stream_head(0);
  rig.bytes(0, kRole);
  for (int i = 0; i < 9; ++i) {
    rig.advance(1s);
    rig.bytes(0, ": ping\n\n");
  }
  EXPECT_EQ(rig.count(), 1U);
  rig.advance(1s);

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-s"));
}

TEST(Streams, PingsAndEmptyChunksAreNoSignOfLife) {
  Config config = one_provider(1);
  config.providers[0].timeouts.idle = 30s;
  Rig rig(config);
  rig.chat_completion(true);
  rig.stream_head(0);
  rig.bytes(0, kRole + frame("one "));
  for (int i = 0; i < 29; ++i) {
    rig.advance(1s);
    rig.bytes(0, i % 2 == 0 ? ": ping\n\n" : kRole);
  }
  EXPECT_FALSE(rig.last().ended);
  rig.advance(1s);

  EXPECT_TRUE(rig.last().ended);
  EXPECT_FALSE(rig.last().clean);
}

TEST(Streams, ContentKeepsAStreamAliveBeyondTheRequestsDeadline) {
  Config config = one_provider(1);
  config.deadline = 60s;
  Rig rig(config);
  rig.chat_completion(true);
  rig.stream_head(0);
  for (int i = 0; i < 10; ++i) {
    rig.bytes(0, frame("x"));
    rig.advance(20s);
  }
  EXPECT_FALSE(rig.last().ended);
  rig.bytes(0, kStop + kDone);
  EXPECT_TRUE(rig.last().clean);
}

TEST(Streams, TheTotalTimeOutEndsAStreamThatNeverEnds) {
  Config config = one_provider(1);
  config.providers[0].timeouts.total = 100s;
  Rig rig(config);
  rig.chat_completion(true);
  rig.stream_head(0);
  for (int i = 0; i < 200 && !rig.last().ended; ++i) {
    rig.bytes(0, frame("x"));
    rig.advance(1s);
  }
  EXPECT_TRUE(rig.last().ended);
  EXPECT_FALSE(rig.last().clean);
}

TEST(Streams, TheHoldBackIsCapped) {
  Rig rig(one_provider(1));
  rig.chat_completion(true);
  rig.stream_head(0);
  for (std::size_t i = 0; i + 1 < kHeldEventsMax; ++i) rig.bytes(0, kRole);
  EXPECT_EQ(rig.last().status, 0);
  rig.bytes(0, kRole);

  EXPECT_EQ(rig.last().status, 200);
}

TEST(Streams, ASlowReaderPausesItsProviderBetweenTwoMarks) {
  Config config = one_provider(1);
  config.providers[0].timeouts.idle = 30s;
  Rig rig(config);
  const RequestId id = rig.chat_completion(true);
  rig.stream_head(0);
  const std::string big = frame(std::string(100'000, 'x'));
  rig.bytes(0, big);
  rig.bytes(0, big);
  EXPECT_TRUE(rig.paused.empty());
  rig.bytes(0, big);
  EXPECT_EQ(rig.paused.size(), 1U);
  rig.advance(5min);
  EXPECT_FALSE(rig.last().ended) << "the silence is not the provider's";

  rig.step(ChunkSent{id, 3 * big.size() - kUnsentLow - 1});
  EXPECT_EQ(rig.paused.size(), 1U);
  rig.step(ChunkSent{id, 1});
  EXPECT_TRUE(rig.paused.empty());
  rig.bytes(0, kStop + kDone);
  EXPECT_TRUE(rig.last().clean);
}

TEST(Streams, ARouteThatGathersRescuesACutInTheMiddle) {
  Rig rig(complete(with_fallback(1)));
  rig.chat_completion(true);
  for (std::size_t i = 0; i < 2; ++i) {
    rig.stream_head(i);
    rig.bytes(i, kRole + frame("half "));
    EXPECT_EQ(rig.last().status, 0);
    rig.fail(i, TransportError::reset);
    rig.advance(3s);
  }
  ASSERT_EQ(rig.count(), 3U);
  rig.stream_head(2);
  rig.bytes(2, kRole + frame("whole") + kStop + kDone);

  EXPECT_EQ(rig.last().body, kRole + frame("whole") + kStop + kDone);
  EXPECT_TRUE(rig.last().clean);
}

TEST(Streams, WhileItGathersCommentsKeepTheCallersConnection) {
  Rig rig(complete(one_provider(1)));
  rig.chat_completion(true);
  rig.stream_head(0);
  rig.bytes(0, kRole + frame("one "));
  rig.advance(31s);
  EXPECT_EQ(rig.last().body, ": keep-alive\n\n: keep-alive\n\n");
  rig.bytes(0, frame("two") + kStop + kDone);

  EXPECT_THAT(rig.last().body, HasSubstr(frame("two")));
  EXPECT_TRUE(rig.last().clean);
}

TEST(Streams, AGatheredFailureAfterAKeepAliveIsAnHonestErrorEvent) {
  Rig rig(complete(one_provider(1)));
  rig.chat_completion(true);
  rig.stream_head(0);
  rig.advance(16s);
  rig.fail(0, TransportError::reset);
  rig.advance(5s);
  rig.fail(1, TransportError::reset);
  rig.advance(10s);
  rig.fail(2, TransportError::reset);

  EXPECT_TRUE(rig.last().ended);
  EXPECT_FALSE(rig.last().clean);
  EXPECT_THAT(rig.last().body, HasSubstr("\"error\""));
}

TEST(Streams, AProviderThatKeepsItsConnectionOpenAfterTheTerminatorIsLetGo) {
  Rig rig(one_provider(1));
  rig.chat_completion(true);
  rig.stream_head(0);
  rig.bytes(0, kRole + frame("one") + kStop + kDone);
  EXPECT_TRUE(rig.last().ended);
  EXPECT_TRUE(rig.open(0)) << "it may become reusable";
  rig.advance(3s);

  EXPECT_TRUE(rig.cancelled.contains(rig.attempt(0).id.value));
}

TEST(Streams, ACallerThatLeavesMidStreamCancelsItsAttempt) {
  Rig rig(one_provider(1));
  const RequestId id = rig.chat_completion(true);
  rig.stream_head(0);
  rig.bytes(0, frame("one"));

  rig.answer(id).gone = true;
  rig.step(ClientGone{id});

  EXPECT_TRUE(rig.cancelled.contains(rig.attempt(0).id.value));
}

}  // namespace
}  // namespace gateway::test
