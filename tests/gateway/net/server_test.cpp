// The callers' side on real sockets: bytes, endings, limits, and who is told what.
#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "tests/gateway/net/malformed_requests.h"
#include "tests/gateway/net/rig.h"

namespace gateway::net {
namespace {

using namespace std::chrono_literals;

constexpr auto kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

std::string post(const std::string& body) { return "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body; }

std::size_t bytes_sent(FakeCore& core) {
  std::size_t bytes = 0;
  for (const auto& line : core.lines()) {
    if (line.starts_with("sent 1 ")) bytes += std::strtoul(line.c_str() + 7, nullptr, 10);
  }
  return bytes;
}

TEST(Server, KeepsAConnectionForManyRequests) {
  Rig rig({.script = echo});
  Caller caller(rig.port);
  for (int i = 0; i < 50; ++i) {
    caller.send(post("n" + std::to_string(i)));
    EXPECT_NE(caller.read_until("n" + std::to_string(i)).find("HTTP/1.1 200 OK\r\n"), std::string::npos);
  }
  EXPECT_EQ(rig.core.count("arrived"), 50);
}

TEST(Server, AnswersPipelinedRequestsInTheirOrder) {
  Rig rig({.script = echo});
  Caller caller(rig.port);
  std::string all;
  for (int i = 0; i < 500; ++i) all += post("<" + std::to_string(i) + ">");

  caller.send(all + "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const auto seen = caller.read_all();

  EXPECT_EQ(seen.ending, "fin");
  std::size_t at = 0;
  for (int i = 0; i < 500; ++i) {
    at = seen.bytes.find("POST /p <" + std::to_string(i) + ">", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_NE(seen.bytes.find("GET /last", at), std::string::npos);
  EXPECT_NE(seen.bytes.find("connection: close"), std::string::npos);
}

TEST(Server, HoldsThePipelinedRequestUntilTheFirstIsAnswered) {
  Rig rig;
  Caller caller(rig.port);
  caller.send(post("one") + post("two"));
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");

  EXPECT_EQ(rig.core.count("arrived"), 1);
  rig.act({Reply{.id = RequestId{1}, .status = 402, .body = "first"}});

  EXPECT_NE(rig.core.wait_for("arrived 2"), "");
  EXPECT_NE(caller.read_until("first").find("HTTP/1.1 402 Payment Required"), std::string::npos);
}

TEST(Server, AnswersEachMalformedRequestWith4xxAndCloses) {
  Rig rig({.script = echo});
  int too_large_seen = 0;
  for (const auto& [name, text] : malformed_requests()) {
    Caller caller(rig.port);
    caller.send(text);
    caller.finish();

    const auto seen = caller.read_all();

    EXPECT_NE(seen.ending, "silence") << name;
    ASSERT_TRUE(seen.bytes.starts_with("HTTP/1.1 4") || seen.bytes.starts_with("HTTP/1.1 505")) << name << ": " << seen.bytes;
    EXPECT_NE(seen.bytes.find("connection: close\r\n"), std::string::npos) << name;
    // What is only too large is answered by the core; the rest never gets there.
    const bool too_large = seen.bytes.starts_with("HTTP/1.1 413");
    too_large_seen += too_large ? 1 : 0;
    EXPECT_TRUE(too_large || seen.bytes.find(R"({"error":{"message":")") != std::string::npos) << name;
    EXPECT_EQ(seen.bytes.find("HTTP/1.1 4", 1), std::string::npos) << name << ": a second reply: " << seen.bytes;
  }
  EXPECT_GT(too_large_seen, 0);
  EXPECT_EQ(rig.core.count("arrived"), too_large_seen);
  Caller caller(rig.port);
  caller.send(kGet);
  EXPECT_NE(caller.read_until("GET /a"), "");
}

TEST(Server, NamesItsLimitsInPlainJson) {
  Config config;
  config.limits.body = 10;
  config.limits.headers = 1000;
  Rig rig({.config = config, .script = echo});
  const auto answer = [&](const std::string& text) {
    Caller caller(rig.port);
    caller.send(text);
    auto seen = caller.read_all();
    EXPECT_EQ(seen.ending, "fin");
    return seen.bytes;
  };

  const auto large = answer(post("0123456789a"));
  EXPECT_TRUE(large.starts_with("HTTP/1.1 413 Content Too Large\r\n")) << large;
  EXPECT_NE(large.find("connection: close\r\n"), std::string::npos) << large;
  EXPECT_TRUE(answer("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(1000, 'x') + "\r\n\r\n").starts_with("HTTP/1.1 431 "));
}

TEST(Server, ALargeBodyOverTheLimitStillGetsItsAnswer) {
  Config config;
  config.limits.body = 1000;
  Rig rig({.config = config, .script = echo});
  Caller caller(rig.port);

  // Unless it is read away, the answer drowns in a reset.
  caller.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 700000\r\n\r\n" + std::string(700'000, 'x'));
  const auto seen = caller.read_all();

  EXPECT_TRUE(seen.bytes.starts_with("HTTP/1.1 413 "));
  EXPECT_EQ(seen.ending, "fin");
}

TEST(Server, GivesASlowHeadAndASlowBodyTheirTimeAndNoMore) {
  Config config;
  config.limits.header_time = 200ms;
  config.limits.body_time = 200ms;
  Rig rig({.config = config, .script = echo});
  Caller silent(rig.port), head(rig.port), body(rig.port), trickle(rig.port);

  head.send("GET / HTTP/1.1\r\nHost: h\r\n");
  body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
  std::atomic<bool> over = false;
  std::thread feeder([&] {
    for (int i = 0; i < 400 && !over; ++i) {
      (void)::send(trickle.fd(), i == 0 ? "GET / HTTP/1.1\r\nX: " : "x", i == 0 ? 19 : 1, MSG_NOSIGNAL);
      std::this_thread::sleep_for(10ms);
    }
  });

  EXPECT_EQ(silent.read_all().bytes, "");
  EXPECT_TRUE(head.read_all().bytes.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_TRUE(body.read_all().bytes.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_TRUE(trickle.read_all().bytes.starts_with("HTTP/1.1 408 "));
  over = true;
  feeder.join();
  EXPECT_EQ(rig.core.count("arrived"), 0);
}

TEST(Server, SaysContinueOnlyWhenItWillTakeTheBody) {
  Config config;
  config.limits.body = 10;
  Rig rig({.config = config, .script = echo});
  Caller good(rig.port), bad(rig.port);

  good.send("POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(good.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  good.send("hello");
  EXPECT_NE(good.read_until("hello"), "");
  bad.send("POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 50\r\n\r\n");
  EXPECT_TRUE(bad.read_until("\r\n\r\n").starts_with("HTTP/1.1 413 "));
}

TEST(Server, TellsTheCoreWhenACallerLeavesBeforeTheReply) {
  Rig rig;
  Caller fin(rig.port), rst(rig.port);
  fin.send(post("a"));
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");
  rst.send(post("b"));
  ASSERT_NE(rig.core.wait_for("arrived 2"), "");

  fin.finish();
  rst.reset();

  EXPECT_NE(rig.core.wait_for("gone 1"), "");
  EXPECT_NE(rig.core.wait_for("gone 2"), "");
}

TEST(Server, SeesACallerLeaveBehindAPipelinedRequest) {
  Rig rig;
  Caller caller(rig.port);
  caller.send(post("one") + post("two"));
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");

  caller.finish();

  EXPECT_NE(rig.core.wait_for("gone 1"), "");
  EXPECT_EQ(rig.core.count("arrived"), 1);
}

TEST(Server, AnswersACallerThatEndedItsDirectionWhenTheReplyIsReadyAtOnce) {
  Rig rig({.script = echo});
  Caller caller(rig.port);
  caller.send(kGet);
  caller.finish();
  EXPECT_NE(caller.read_all().bytes.find("GET /a"), std::string::npos);
}

TEST(Server, TellsTheCoreWhenACallerLeavesInTheMiddleOfAStream) {
  Rig rig;
  Caller caller(rig.port);
  caller.send(kGet);
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");
  rig.act({SendHead{.id = RequestId{1}}, SendChunk{RequestId{1}, "x"}});
  caller.read_until("x");

  caller.reset();

  EXPECT_NE(rig.core.wait_for("gone 1"), "");
}

TEST(Server, StreamsInChunksAndCountsWhatLeft) {
  Rig rig;
  Caller caller(rig.port);
  caller.send(kGet);
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");

  base::Headers headers;
  headers.add("Content-Type", "text/event-stream");
  headers.add("Content-Length", "7");
  headers.add("X-Bad", "a\r\nb");
  rig.act({SendHead{RequestId{1}, 200, headers}, SendChunk{RequestId{1}, "data: 1\n\n"}, SendChunk{RequestId{1}, "data: 2\n\n"}});

  const auto head = caller.read_until("data: 2\n\n\r\n");
  EXPECT_NE(head.find("transfer-encoding: chunked\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("Content-Length"), std::string::npos);
  EXPECT_NE(head.find("X-Bad: a  b\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\n\r\n9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n"), std::string::npos);
  EXPECT_EQ(rig.core.wait_for("sent 1"), "sent 1 18");
  rig.act({SendEnd{RequestId{1}, true}});
  EXPECT_EQ(caller.read_until("0\r\n\r\n"), "0\r\n\r\n");
  caller.send(kGet);
  EXPECT_NE(rig.core.wait_for("arrived 2"), "");
}

TEST(Server, AnUncleanEndHasNoLastChunkAndIsNoReset) {
  Rig rig;
  Caller caller(rig.port);
  caller.send(kGet);
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");

  rig.act({SendHead{.id = RequestId{1}}, SendChunk{RequestId{1}, "half"}, SendEnd{RequestId{1}, false}});
  const auto seen = caller.read_all();

  EXPECT_EQ(seen.ending, "fin");
  EXPECT_TRUE(seen.bytes.ends_with("4\r\nhalf\r\n")) << seen.bytes;
  EXPECT_EQ(rig.core.count("gone"), 0);
}

TEST(Server, WhereAFinWouldLookLikeAnEndACutIsAReset) {
  Rig rig;
  Caller cut(rig.port), whole(rig.port);
  cut.send("GET / HTTP/1.0\r\n\r\n");
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");
  whole.send("GET / HTTP/1.0\r\n\r\n");
  ASSERT_NE(rig.core.wait_for("arrived 2"), "");

  rig.act({SendHead{.id = RequestId{1}}, SendChunk{RequestId{1}, "half"}, SendHead{.id = RequestId{2}}, SendChunk{RequestId{2}, "whole"}});
  EXPECT_NE(cut.read_until("half"), "");
  rig.act({SendEnd{RequestId{1}, false}, SendEnd{RequestId{2}, true}});

  EXPECT_EQ(cut.read_all().ending, "rst");
  const auto seen = whole.read_all();
  EXPECT_EQ(seen.ending, "fin");
  EXPECT_TRUE(seen.bytes.ends_with("\r\n\r\nwhole")) << seen.bytes;
}

TEST(Server, CountsAllOfAStreamAndOnlyAsItLeaves) {
  Rig rig;
  Caller caller(rig.port);
  caller.send(kGet);
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");
  constexpr std::size_t kSize = 16U << 20;

  rig.act({SendHead{.id = RequestId{1}}, SendChunk{RequestId{1}, std::string(kSize, 'x')}, SendChunk{RequestId{1}, "end"}});
  ASSERT_NE(rig.core.wait_for("sent 1"), "");
  EXPECT_LT(bytes_sent(rig.core), kSize);
  EXPECT_GT(caller.read_until("end\r\n").size(), kSize);

  for (int i = 0; i < 500 && bytes_sent(rig.core) < kSize + 3; ++i) rig.on_loop([] {});
  EXPECT_EQ(bytes_sent(rig.core), kSize + 3);
}

TEST(Server, HeadHasNoBody) {
  Rig rig({.script = echo});
  Caller caller(rig.port);
  caller.send("HEAD /h HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const auto seen = caller.read_all();
  EXPECT_NE(seen.bytes.find("content-length: 8\r\n"), std::string::npos) << seen.bytes;
  EXPECT_TRUE(seen.bytes.ends_with("\r\n\r\n"));
}

TEST(Server, PastItsConnectionsItClosesAnIdleOneOrSaysThatItIsFull) {
  Config config;
  config.limits.connections = 2;
  Rig rig({.config = config});
  Caller busy(rig.port), idle(rig.port);
  busy.send(kGet);
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");
  idle.send(kGet);
  ASSERT_NE(rig.core.wait_for("arrived 2"), "");

  Caller full(rig.port);
  const auto refused = full.read_all();
  EXPECT_TRUE(refused.bytes.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << refused.bytes;
  EXPECT_NE(refused.bytes.find("\"code\":\"connections_full\""), std::string::npos);
  EXPECT_EQ(rig.logs().size(), 1U);

  rig.act({Reply{.id = RequestId{2}, .body = "done"}});
  idle.read_until("done");
  Caller another(rig.port);
  another.send(kGet);
  EXPECT_NE(rig.core.wait_for("arrived 3"), "");
  EXPECT_EQ(idle.read_all().ending, "fin");
}

TEST(Server, StopAcceptingClosesIdleConnectionsAndServesTheRestToTheirEnd) {
  Rig rig;
  Caller busy(rig.port), idle(rig.port);
  busy.send(kGet);
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");
  idle.send(kGet);
  ASSERT_NE(rig.core.wait_for("arrived 2"), "");
  rig.act({Reply{.id = RequestId{2}, .body = "done"}});
  idle.read_until("done");

  rig.act({StopAccepting{}});

  EXPECT_EQ(idle.read_all().ending, "fin");
  rig.act({Reply{.id = RequestId{1}, .body = "served"}});
  const auto seen = busy.read_all();
  EXPECT_EQ(seen.ending, "fin");
  EXPECT_NE(seen.bytes.find("connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(seen.bytes.ends_with("served"));
}

TEST(Server, ClosesWhenTheCoreSaysSoInTheHeaders) {
  Rig rig;
  Caller caller(rig.port);
  caller.send(kGet);
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");
  base::Headers headers;
  headers.add("Connection", "close");
  rig.act({SendHead{RequestId{1}, 200, headers}, SendChunk{RequestId{1}, "x"}, SendEnd{RequestId{1}, true}});
  const auto seen = caller.read_all();
  EXPECT_EQ(seen.ending, "fin");
  EXPECT_TRUE(seen.bytes.ends_with("1\r\nx\r\n0\r\n\r\n")) << seen.bytes;
  EXPECT_NE(seen.bytes.find("connection: close\r\n"), std::string::npos);
}

TEST(Server, AReplyForACallerThatLeftGoesNowhere) {
  Rig rig;
  Caller caller(rig.port);
  caller.send(kGet);
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");
  caller.reset();
  ASSERT_NE(rig.core.wait_for("gone 1"), "");
  rig.act({Reply{.id = RequestId{1}, .body = "late"}, SendEnd{RequestId{1}, true}, Reply{.id = RequestId{99}}});
  rig.on_loop([] {});
  EXPECT_EQ(rig.core.count("gone"), 1);
}

/// A program that is being started: until its exec it holds a copy of every descriptor.
class ChildWithCopies {
 public:
  ChildWithCopies() {
    if (::pipe2(pipe_.data(), O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::close(pipe_[1]);
    char byte = 0;
    while (::read(pipe_[0], &byte, 1) < 0 && errno == EINTR) {
    }
    ::_exit(0);
  }
  ~ChildWithCopies() {
    ::close(pipe_[1]);
    ::close(pipe_[0]);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }
  bool runs() const { return pid_ > 0; }

 private:
  std::array<int, 2> pipe_{-1, -1};
  pid_t pid_ = -1;
};

TEST(Server, NewsOfAClosedSocketThatAChildStillHoldsReachesNobodyElse) {
  Config config;
  config.limits.connections = 1;
  Rig rig({.config = config});
  const auto ask = [&](Caller& caller, const std::string& number) {
    caller.send(kGet);
    return !rig.core.wait_for("arrived " + number).empty();
  };
  Caller first(rig.port);
  ASSERT_TRUE(ask(first, "1"));
  rig.act({Reply{.id = RequestId{1}, .body = "done"}});
  first.read_until("done");
  const ChildWithCopies child;
  ASSERT_TRUE(child.runs());

  // Each of these closes the idle one before it; the third lies where the first one lay in memory.
  Caller second(rig.port);
  ASSERT_TRUE(ask(second, "2"));
  rig.act({Reply{.id = RequestId{2}, .body = "done"}});
  second.read_until("done");
  Caller third(rig.port);
  ASSERT_TRUE(ask(third, "3"));
  first.finish();
  for (int i = 0; i < 5; ++i) rig.on_loop([] {});

  rig.act({Reply{.id = RequestId{3}, .body = "served"}});
  EXPECT_NE(third.read_until("served").find("200"), std::string::npos);
  EXPECT_EQ(rig.core.count("gone"), 0);
}

}  // namespace
}  // namespace gateway::net
