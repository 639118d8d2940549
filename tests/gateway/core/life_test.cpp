// Leaving and coming back: drains, exit codes, chat sessions across crashes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/core/rig.h"

namespace gateway::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kDrainHint = "The gateway is restarting. Please retry in a moment.";

DrainRequested drain(DrainRequested::Kind kind = DrainRequested::Kind::restart, bool socket = false) { return {kind, 60s, 5s, socket}; }

RequestId say(Rig& rig, const std::string& session, const std::string& text, bool stream = false) {
  base::Headers headers{{{"content-type", "application/json"}}};
  if (stream) headers.add("accept", "text/event-stream");
  return rig.http("POST", "/chat/" + session + "/messages", base::dump(base::Json{{"text", text}}), headers);
}

// ---- drain ----
TEST(Drain, WithoutWorkItLeavesAtOnceWithTheCodeOfItsKind) {
  struct Row { DrainRequested::Kind kind; int code; };
  for (const Row& row : {Row{DrainRequested::Kind::restart, 75}, Row{DrainRequested::Kind::stop_planned, 0}, Row{DrainRequested::Kind::stop_unplanned, 1}}) {
    Rig rig(one_provider());
    rig.step(drain(row.kind));
    EXPECT_EQ(rig.exit, row.code);
    EXPECT_EQ(rig.stored<StoreMeta>().back().key, "ended");
    EXPECT_EQ(rig.stored<StoreMeta>().back().value, "clean");
    EXPECT_EQ(rig.core->next_wake(), base::kNever);
  }
}

TEST(Drain, ActiveWorkFinishesAndNewWorkIsRefused) {
  Rig rig(one_provider());
  const RequestId old = rig.chat_completion();
  rig.step(drain());
  EXPECT_FALSE(rig.exit);
  EXPECT_THAT(rig.statuses.back(), StartsWith("Draining 1 active request"));

  const RequestId fresh = rig.chat_completion();
  EXPECT_EQ(rig.answer(fresh).status, 503);
  EXPECT_EQ(rig.answer(fresh).json()["error"]["code"], "gateway_draining");
  EXPECT_EQ(rig.answer(fresh).json()["error"]["hint"], kDrainHint);
  EXPECT_EQ(rig.answer(fresh).headers.get("retry-after"), "1");
  rig.http("GET", "/health");
  EXPECT_EQ(rig.last().status, 200);
  EXPECT_EQ(rig.last().json()["status"], "draining");
  rig.http("GET", "/ready");
  EXPECT_EQ(rig.last().status, 503);
  rig.succeed();

  EXPECT_EQ(rig.answer(old).status, 200);
  EXPECT_EQ(rig.exit, 75);
}

TEST(Drain, WithTheManagersSocketAcceptedRequestsAreServedAndTheirConnectionsClosed) {
  Rig rig(one_provider());
  rig.chat_completion();
  rig.step(drain(DrainRequested::Kind::restart, true));
  EXPECT_EQ(rig.stopped_accepting, 1);

  const RequestId accepted = rig.chat_completion();
  rig.succeed();
  EXPECT_EQ(rig.answer(accepted).status, 200);
  EXPECT_TRUE(rig.answer(accepted).close);
  EXPECT_EQ(rig.answer(accepted).headers.get("connection"), "close");
  rig.head(0, 200, {{{"content-type", "application/json"}}});
  rig.bytes(0, completion());
  rig.end(0);
  EXPECT_EQ(rig.exit, 75);
}

TEST(Drain, AStuckRequestIsEndedHonestlyAtDrainPlusSettle) {
  Rig rig(one_provider());
  rig.chat_completion();
  rig.step(drain());
  rig.advance(64s);
  EXPECT_FALSE(rig.exit);
  rig.advance(1s);

  EXPECT_EQ(rig.last().status, 503);
  EXPECT_EQ(rig.last().json()["error"]["hint"], kDrainHint);
  EXPECT_EQ(rig.exit, 75);
  EXPECT_TRUE(rig.cancelled.contains(rig.attempt(0).id.value));
  EXPECT_GE(rig.extended, 10) << "the manager is asked for time while it drains";
}

TEST(Drain, AStreamIsCutWithAnErrorEventAndNeverCleanly) {
  Rig rig(one_provider());
  rig.chat_completion(true);
  rig.stream_head(0);
  rig.bytes(0, frame("one "));
  rig.step(drain());
  for (int i = 0; i < 65; ++i) {
    if (rig.open(0)) rig.bytes(0, frame("x"));
    rig.advance(1s);
  }
  EXPECT_TRUE(rig.last().ended);
  EXPECT_FALSE(rig.last().clean);
  EXPECT_THAT(rig.last().body, HasSubstr(kDrainHint));
  EXPECT_EQ(rig.exit, 75);
}

TEST(Drain, WhoOnlyWaitsIsToldAtTheEndOfTheDrain) {
  Rig rig(one_provider(1));
  rig.chat_completion();
  rig.reply(429, openai_error("rate_limit_error", "slow"), {{{"retry-after", "200"}}});
  rig.step(drain());
  EXPECT_FALSE(rig.exit);
  rig.advance(60s);

  EXPECT_EQ(rig.last().status, 503);
  EXPECT_EQ(rig.exit, 75);
}

TEST(Drain, ASecondRequestChangesNothing) {
  Rig rig(one_provider());
  rig.chat_completion();
  rig.step(drain());
  rig.advance(30s);
  rig.step(drain(DrainRequested::Kind::stop_planned));
  rig.advance(35s);

  EXPECT_EQ(rig.exit, 75);
}

TEST(Drain, ALateArrivalAfterTheExitIsStillAnswered) {
  Rig rig(one_provider());
  rig.step(drain(DrainRequested::Kind::restart, true));
  rig.chat_completion();
  EXPECT_EQ(rig.last().status, 503);
  EXPECT_EQ(rig.last().json()["error"]["hint"], kDrainHint);
  rig.messages();
  EXPECT_EQ(rig.last().json()["type"], "error");
  EXPECT_EQ(rig.count(), 0U);
}

// ---- chat ----
TEST(Chat, ATurnIsAnsweredAndDurableFirst) {
  Rig rig(one_provider());
  say(rig, "s1", "hello");
  EXPECT_EQ(rig.stored<StoreTurn>().back().turn.kind, TurnRecord::Kind::accepted) << "before the provider is asked";
  rig.reply(200, completion("hi there"));

  EXPECT_EQ(rig.last().status, 200);
  EXPECT_EQ(rig.last().json()["reply"], "hi there");
  const auto turn = rig.stored<StoreTurn>().back().turn;
  EXPECT_EQ(turn.kind, TurnRecord::Kind::answered);
  EXPECT_EQ(turn.reply, "hi there");
  std::size_t persisted = 0, replied = 0;
  for (std::size_t i = 0; i < rig.actions.size(); ++i) {
    if (std::holds_alternative<Persist>(rig.actions[i])) persisted = i;
    if (std::holds_alternative<Reply>(rig.actions[i])) replied = i;
  }
  EXPECT_LT(persisted, replied);
}

TEST(Chat, AStreamedTurnIsDurableBeforeItsEnd) {
  Rig rig(one_provider());
  say(rig, "s1", "hello", true);
  rig.stream_head(0);
  rig.bytes(0, kRole + frame("hi "));
  EXPECT_THAT(rig.last().body, HasSubstr("hi "));
  rig.bytes(0, frame("there") + kStop + kDone);

  EXPECT_TRUE(rig.last().clean);
  EXPECT_EQ(rig.stored<StoreTurn>().back().turn.reply, "hi there");
  EXPECT_TRUE(std::holds_alternative<Persist>(rig.actions.front()));
}

TEST(Chat, TurnsOfOneSessionAreOrderedAndBuildOnEachOther) {
  Rig rig(one_provider());
  const RequestId one = say(rig, "s1", "first"), two = say(rig, "s1", "second");
  say(rig, "s2", "other session");
  EXPECT_EQ(rig.count(), 2U) << "the second turn waits, the other session does not";
  rig.head(0, 200, {{{"content-type", "application/json"}}});
  rig.bytes(0, completion("answer one"));
  rig.end(0);

  EXPECT_EQ(rig.answer(one).json()["reply"], "answer one");
  ASSERT_EQ(rig.count(), 3U);
  EXPECT_THAT(rig.latest().body, HasSubstr("answer one"));
  EXPECT_THAT(rig.latest().body, HasSubstr("second"));
  rig.succeed("answer two");
  EXPECT_EQ(rig.answer(two).json()["reply"], "answer two");
}

TEST(Chat, AFailureIsShownWithItsHintAndNotBuiltUpon) {
  Rig rig(one_provider(1));
  say(rig, "s1", "broke");
  rig.reply(402, openai_error("insufficient_quota", "no credits", "insufficient_quota"));
  EXPECT_EQ(rig.last().json()["hint"], kBillingHint);
  EXPECT_EQ(rig.last().json()["reason"], "billing");
  EXPECT_THAT(rig.last().json()["reply"].get<std::string>(), StartsWith("⚠️ "));
  EXPECT_THAT(rig.last().json()["reply"].get<std::string>(), HasSubstr("\n" + kBillingHint));
  EXPECT_EQ(rig.stored<StoreTurn>().back().turn.kind, TurnRecord::Kind::failed);

  rig.advance(1h);
  say(rig, "s1", "again");
  EXPECT_THAT(rig.latest().body, testing::Not(HasSubstr("broke")));
}

TEST(Chat, HistoryIsReadAndDeleted) {
  Rig rig(one_provider());
  say(rig, "s1", "hello");
  rig.http("DELETE", "/chat/s1");
  EXPECT_EQ(rig.last().status, 409) << "a turn is running";
  rig.succeed("hi");
  rig.http("GET", "/chat/s1");
  EXPECT_EQ(rig.last().json()["turns"][0]["reply"], "hi");
  EXPECT_EQ(rig.last().json()["turns"][0]["state"], "answered");
  rig.http("DELETE", "/chat/s1");
  EXPECT_EQ(rig.last().status, 200);
  EXPECT_EQ(rig.stored<DeleteSession>().size(), 1U);
  rig.http("GET", "/chat/s1");
  EXPECT_EQ(rig.last().status, 404);
}

TEST(Chat, ACallerThatLeavesMakesRoomForTheNextTurn) {
  Rig rig(one_provider());
  const RequestId one = say(rig, "s1", "first"), two = say(rig, "s1", "second"), three = say(rig, "s1", "third");
  rig.answer(two).gone = true;
  rig.step(ClientGone{two});
  rig.answer(one).gone = true;
  rig.step(ClientGone{one});

  ASSERT_EQ(rig.count(), 2U);
  EXPECT_THAT(rig.latest().body, HasSubstr("third"));
  rig.succeed("ok");
  EXPECT_EQ(rig.answer(three).status, 200);
}

TEST(Chat, ATurnWhoseTimeRunsOutInTheQueueIsToldSo) {
  Config config = one_provider();
  config.deadline = 20s;
  Rig rig(config);
  say(rig, "s1", "first");
  rig.advance(10s);
  const RequestId two = say(rig, "s1", "second");
  rig.stream_head(0);  // the first one's answer trickles in
  rig.advance(9s);
  rig.bytes(0, kRole);
  const RequestId three = say(rig, "s1", "third");
  rig.advance(1s);
  EXPECT_EQ(rig.count(), 2U) << "the first is over, the second has its turn";
  rig.advance(10s);
  EXPECT_EQ(rig.answer(two).status, 504);
  rig.advance(20s);
  EXPECT_EQ(rig.answer(three).status, 504);
  EXPECT_EQ(rig.stored<StoreTurn>().back().turn.kind, TurnRecord::Kind::failed);
}

TEST(Chat, ATurnBehindALongStreamIsNotForgotten) {
  Config config = one_provider();
  config.deadline = 20s;
  Rig rig(config);
  say(rig, "s1", "first", true);
  rig.stream_head(0);
  rig.bytes(0, kRole + frame("long "));
  const RequestId two = say(rig, "s1", "second");
  for (int i = 0; i < 21; ++i) {
    rig.advance(1s);
    rig.bytes(0, frame("x"));
  }
  EXPECT_EQ(rig.answer(two).status, 504);
  EXPECT_THAT(rig.answer(two).json()["reply"].get<std::string>(), HasSubstr("earlier turns"));
}

TEST(Chat, TheLimitOfTurnsIsSaid) {
  Config config = one_provider();
  config.limits.session_turns = 1;
  Rig rig(config);
  say(rig, "s1", "one");
  rig.succeed();
  say(rig, "s1", "two");
  EXPECT_EQ(rig.last().status, 429);
}

Snapshot after(const Rig& rig) {
  Snapshot s;
  std::map<std::pair<std::string, std::int64_t>, TurnRecord> turns;
  std::map<std::string, SessionMark> marks;
  for (const StoreOp& op : rig.store) {
    if (const auto* turn = std::get_if<StoreTurn>(&op)) turns[{turn->turn.session, turn->turn.number}] = turn->turn;
    if (const auto* mark = std::get_if<StoreSession>(&op)) marks[mark->mark.session] = mark->mark;
    if (const auto* meta = std::get_if<StoreMeta>(&op)) s.meta[meta->key] = meta->value;
  }
  for (auto& [key, turn] : turns) s.turns.push_back(turn);
  for (auto& [key, mark] : marks) s.sessions.push_back(mark);
  return s;
}

CoreOptions crashed() {
  CoreOptions options;
  options.after_crash = true;
  return options;
}

TEST(Chat, ATurnLostInACrashIsAskedAgainExactlyOnce) {
  Rig first(one_provider());
  say(first, "s1", "hello");
  EXPECT_EQ(after(first).meta.at("ended"), "no");

  Rig second(one_provider(), after(first), crashed());
  second.advance(0s);
  ASSERT_EQ(second.count(), 1U);
  EXPECT_THAT(second.latest().body, HasSubstr("hello"));
  second.succeed("hi at last");
  second.http("GET", "/chat/s1");
  EXPECT_EQ(second.last().json()["turns"][0]["state"], "answered");
  EXPECT_EQ(second.last().json()["turns"][0]["reply"], "hi at last");

  Snapshot joined = after(second);
  Rig third(one_provider(), joined, crashed());
  third.advance(1h);
  EXPECT_EQ(third.count(), 0U) << "once";
}

TEST(Chat, AnAnsweredTurnIsNotAskedAgain) {
  Rig first(one_provider());
  say(first, "s1", "hello");
  first.succeed();

  Rig second(one_provider(), after(first), crashed());
  second.advance(1h);
  EXPECT_EQ(second.count(), 0U);
}

TEST(Chat, AReplayThatFailsIsReportedOnce) {
  Rig first(one_provider(1));
  say(first, "s1", "hello");
  Rig second(one_provider(1), after(first), crashed());
  second.advance(0s);
  second.reply(402, openai_error("insufficient_quota", "no credits", "insufficient_quota"));

  second.http("GET", "/chat/s1");
  EXPECT_EQ(second.last().json()["turns"][0]["state"], "reported");
  EXPECT_THAT(second.last().json()["turns"][0]["reply"].get<std::string>(), HasSubstr(kBillingHint));
}

TEST(Chat, ASessionActiveAtThreeCrashesIsSuspendedAndNotReplayed) {
  auto rig = std::make_unique<Rig>(one_provider());
  say(*rig, "s1", "poison");
  Snapshot snapshot = after(*rig);
  for (int crash = 1; crash <= 3; ++crash) {
    rig = std::make_unique<Rig>(one_provider(), snapshot, crashed());
    rig->advance(0s);
    EXPECT_EQ(rig->count(), crash < 3 ? 1U : 0U) << crash;
    const Snapshot now = after(*rig);
    snapshot.sessions = now.sessions;
    if (!now.turns.empty()) snapshot.turns = now.turns;
  }
  rig->http("GET", "/chat/s1");
  EXPECT_EQ(rig->last().json()["suspended"], true);
  EXPECT_EQ(rig->last().json()["turns"][0]["state"], "reported");
  say(*rig, "s1", "more");
  EXPECT_EQ(rig->last().status, 409);
}

TEST(Chat, ATurnCutByADrainIsReportedAndNotReplayed) {
  Rig first(one_provider());
  say(first, "s1", "hello");
  first.step(drain());
  first.advance(65s);
  EXPECT_EQ(first.exit, 75);
  EXPECT_THAT(first.last().json()["reply"].get<std::string>(), HasSubstr(kDrainHint));

  Rig second(one_provider(), after(first));
  second.advance(1h);
  EXPECT_EQ(second.count(), 0U);
}

}  // namespace
}  // namespace gateway::test
