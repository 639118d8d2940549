#include "harness/history/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/history/describe.h"

namespace harness {
namespace {

using base::Json;
using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(History, WrittenAndReadAgainIsTheSameText) {
  History history;
  history.add(0s, "harness", "run", {{"scenario", "billing-402"}, {"seed", 7}});
  history.add(134'000'001ns, "provider", "answer", {{"provider", "acme"}, {"fault", "402"}, {"status", 402}});
  history.add(-2ms, "client", "reply", {{"text", "püng \"x\"\n"}, {"usage", nullptr}});

  const auto text = history.to_jsonl();
  const auto again = History::from_jsonl(text, "h.jsonl");

  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again.value().to_jsonl(), text);
  EXPECT_EQ(again.value().entries()[1].at, 134'000'001ns);
  EXPECT_EQ(again.value().entries()[2].at, -2ms);
  EXPECT_THAT(text, HasSubstr(R"({"t":0.134000001,"seq":1,"lane":"provider","kind":"answer","provider":"acme","fault":"402","status":402})"));
}

TEST(History, SortsByTimeThenByOrderOfArrival) {
  History history;
  history.add(2s, "a", "x", {});
  history.add(1s, "b", "x", {});
  history.add(1s, "c", "x", {});

  history.sort();

  EXPECT_EQ(history.entries()[0].lane, "b");
  EXPECT_EQ(history.entries()[1].lane, "c");
  EXPECT_EQ(history.entries()[2].lane, "a");
}

TEST(History, EveryBadLineIsReportedWithItsNumber) {
  const auto read = History::from_jsonl("{\"t\":0,\"lane\":\"a\",\"kind\":\"b\"}\nnonsense\n\n{\"t\":1}\n", "h.jsonl");

  ASSERT_TRUE(read.has_error());
  const auto text = base::render(read.error());
  EXPECT_THAT(text, HasSubstr("h.jsonl:2: this line is not a JSON object"));
  EXPECT_THAT(text, HasSubstr("h.jsonl:4: this line has no"));
}

TEST(History, MembersNamedLikeTheFrameDoNotBreakIt) {
  History history;
  history.add(1s, "gateway", "log", {{"kind", "x"}, {"t", 9}, {"event", "e"}});

  const auto again = History::from_jsonl(history.to_jsonl(), "h");

  EXPECT_EQ(again.value().entries()[0].kind, "log");
  EXPECT_EQ(again.value().entries()[0].at, 1s);
}

Entry entry(std::string lane, std::string kind, Json data) { return {.at = 134ms, .lane = std::move(lane), .kind = std::move(kind), .data = std::move(data)}; }

TEST(Describe, SaysInWordsWhatHappened) {
  EXPECT_EQ(describe(entry("manager", "spawn", {{"unit", "gw.service"}, {"pid", 4117}})), "start gw.service (pid 4117)");
  EXPECT_EQ(describe(entry("client", "request", {{"id", 1}, {"method", "POST"}, {"path", "/v1/chat/completions"}, {"text", "ping"}})), "#1 POST /v1/chat/completions \"ping\"");
  EXPECT_EQ(describe(entry("provider", "answer", {{"provider", "acme"}, {"credential", "key-a"}, {"fault", "402"}, {"status", 402}})), "acme key-a → 402 payment required");
  EXPECT_EQ(describe(entry("provider", "answer", {{"provider", "acme"}, {"credential", "key-a"}, {"fault", "hang-before-headers"}, {"status", 0}})), "acme key-a → hang-before-headers");
  EXPECT_EQ(describe(entry("client", "reply", {{"id", 1}, {"status", 402}, {"error", "no money"}, {"reason", "billing"}, {"ended", "complete"}})), "#1 402 \"no money\" reason billing");
  EXPECT_EQ(describe(entry("manager", "exit", {{"pid", 4117}, {"code", "killed"}, {"status", "KILL"}})), "pid 4117 killed KILL");
  EXPECT_EQ(describe(entry("cli", "start", {{"args", {"restart", "--now"}}})), "gateway restart --now");
  EXPECT_EQ(describe_line(entry("provider", "rule", {{"provider", "acme"}, {"rule", 0}, {"fault", "402"}, {"fired", 2}})), "  0.134  provider   acme rule 0 (402) fired 2 times");
}

TEST(Describe, PutsTheGatewaysOwnEventsIntoWords) {
  const auto log = [](Json data) { return describe(entry("gateway", "log", std::move(data))); };
  EXPECT_EQ(log({{"event", "credential out"}, {"provider", "acme"}, {"key", "key-a"}, {"reason", "billing"}, {"out_ms", 3'600'000}}), "acme key-a is out for 1 h (billing)");
  EXPECT_EQ(log({{"event", "attempt failed"}, {"attempt", 1}, {"target", "acme/gpt"}, {"key", "key-a"}, {"reason", "auth"}, {"status", 401}, {"next", "next key"}}),
            "attempt 1 at acme/gpt key-a failed: auth (401); next: next key");
  EXPECT_EQ(log({{"event", "request done"}, {"reason", "billing"}, {"trail", {{{"target", "acme/gpt"}, {"key", "key-a"}, {"reason", "billing"}}}}}), "request failed: billing, last acme/gpt key-a billing");
  EXPECT_EQ(log({{"event", "something new"}, {"level", "info"}, {"n", 3}}), "something new n=3");
}

TEST(Describe, DoesNotRepeatAKeyThatLeaked) {
  EXPECT_EQ(describe(entry("gateway", "stderr", {{"line", "debug: authorization: Bearer sk-sim-acme-key-a-2dc139f137ebebdf"}})), "debug: authorization: Bearer [secret]");
}

TEST(Describe, ShowsOfTheManagerWhatChangesTheUnit) {
  const auto shown = [](std::string kind, Json data) { return worth_showing(entry("manager", std::move(kind), std::move(data))); };
  EXPECT_TRUE(shown("notify", {{"text", "READY=1\nSTATUS=running"}}));
  EXPECT_FALSE(shown("notify", {{"text", "STATUS=running"}}));
  EXPECT_FALSE(shown("notify", {{"text", "WATCHDOG=1"}}));
  EXPECT_TRUE(shown("call", {{"args", "--user restart gw.service"}}));
  EXPECT_FALSE(shown("call", {{"args", "--user show gw.service -p MainPID"}}));
  EXPECT_FALSE(shown("reply", {{"rc", 0}}));
}

TEST(Describe, NeverFailsOnWhatItDoesNotKnow) {
  for (const auto* lane : {"client", "provider", "gateway", "manager", "cli", "harness", "other"}) {
    for (const auto* kind : {"x", "reply", "log", "state", "exit", "start", "step"}) EXPECT_NE(describe(entry(lane, kind, {{"args", 3}, {"status", "KILL"}})), "") << lane << kind;
  }
  EXPECT_LE(describe(entry("cli", "line", {{"line", std::string(5000, 'x')}})).size(), kDescribeMax + 4);
}

}  // namespace
}  // namespace harness
