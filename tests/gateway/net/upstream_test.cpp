// The providers' side on real sockets: framings, endings, keep-alive, and which failure is which.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <atomic>

#include "base/net/listen.h"
#include "tests/gateway/net/rig.h"

namespace gateway::net {
namespace {

using namespace std::chrono_literals;

constexpr auto kPong = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong";

/// One attempt against a provider that sends `text` and then ends as it says.
std::string outcome_of(const std::string& text, const std::string& ending = "fin") {
  FakeProvider provider([&](int fd, int) {
    read_request(fd);
    send_text(fd, text);
    if (ending == "rst") {
      std::this_thread::sleep_for(30ms);  // so that the bytes are read before the reset
      reset_connection(fd);
    }
    if (ending == "hold") wait_closed(fd);
  });
  std::string all, body;
  {
    Rig rig({.config = config_with(provider.url())});
    rig.act({attempt(1)});
    for (int i = 0; i < 1000 && rig.core.count("end 1") + rig.core.count("failed 1") == 0; ++i) std::this_thread::sleep_for(5ms);
    for (const auto& line : rig.core.lines()) {
      if (line.starts_with("head") || line.starts_with("end") || line.starts_with("failed")) all += line + "; ";
    }
    body = rig.core.body_of(AttemptId{1});
  }
  return all + "body=" + body;
}

TEST(Upstream, SendsItsOwnFramingAndNothingOfTheCallersHop) {
  std::string seen;
  FakeProvider provider([&](int fd, int) {
    seen = read_request(fd);
    send_text(fd, kPong);
    wait_closed(fd);
  });
  Rig rig({.config = config_with(provider.url())});
  auto first = attempt(1, R"({"model":"m"})");
  for (const auto& [name, value] : {std::pair{"Host", "evil"}, {"Accept-Encoding", "gzip, br"}, {"Connection", "close"}, {"Content-Length", "1"}, {"Expect", "100-continue"}, {"X-Own", "a\r\nInjected: b"}}) {
    first.headers.add(name, value);
  }

  rig.act({std::move(first)});
  ASSERT_NE(rig.core.wait_for("end 1"), "");

  EXPECT_TRUE(seen.starts_with("POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:" + std::to_string(provider.port()) + "\r\n")) << seen;
  EXPECT_NE(seen.find("authorization: Bearer key-a\r\n"), std::string::npos);
  EXPECT_NE(seen.find("accept-encoding: identity\r\n"), std::string::npos);
  EXPECT_NE(seen.find("content-length: 13\r\n"), std::string::npos);
  for (const auto* bad : {"evil", "gzip", "Connection", "Expect", "\r\nInjected"}) EXPECT_EQ(seen.find(bad), std::string::npos) << bad;
  EXPECT_TRUE(seen.ends_with(R"({"model":"m"})"));
}

TEST(Upstream, ReadsEachFraming) {
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong", "hold"), "head 1 200; end 1; body=pong");
  EXPECT_EQ(outcome_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\npo\r\n2\r\nng\r\n0\r\n\r\n", "hold"), "head 1 200; end 1; body=pong");
  EXPECT_EQ(outcome_of("HTTP/1.1 402 Payment Required\r\n\r\npong"), "head 1 402; end 1; body=pong");
  EXPECT_EQ(outcome_of("HTTP/1.1 204 No Content\r\n\r\n", "hold"), "head 1 204; end 1; body=");
}

TEST(Upstream, TellsAFinFromAReset) {
  const std::string half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
  EXPECT_EQ(outcome_of(""), "failed 1 closed the provider closed the connection without a reply; body=");
  EXPECT_EQ(outcome_of("", "rst"), "failed 1 reset reading the reply: Connection reset by peer; body=");
  EXPECT_EQ(outcome_of(half), "head 1 200; failed 1 closed the provider closed the connection in the middle of its reply; body=half");
  EXPECT_EQ(outcome_of(half, "rst"), "head 1 200; failed 1 reset reading the reply: Connection reset by peer; body=half");
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
            "head 1 200; failed 1 closed the provider closed the connection in the middle of its reply; body=half");
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\n\r\nhalf", "rst"), "head 1 200; failed 1 reset reading the reply: Connection reset by peer; body=half");
}

TEST(Upstream, NamesWhatIsNoHttp) {
  EXPECT_EQ(outcome_of("garbage\r\n\r\n"), "failed 1 malformed the reply does not begin with a status line but with \"garbage\"; body=");
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\npo\r\nXX\r\n"), "head 1 200; failed 1 malformed a chunk of the reply is malformed; body=po");
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x')).substr(0, 18), "failed 1 too_large");
}

TEST(Upstream, InflatesAReplyThatIsCompressedAllTheSame) {
  std::string packed(200, '\0');
  z_stream z{};
  ASSERT_EQ(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string text = "pong pong pong";
  z.next_in = reinterpret_cast<Bytef*>(text.data());
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  deflate(&z, Z_FINISH);
  packed.resize(packed.size() - z.avail_out);
  deflateEnd(&z);
  const auto head = [](std::size_t size) { return "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n"; };

  EXPECT_EQ(outcome_of(head(packed.size()) + packed, "hold"), "head 1 200; end 1; body=pong pong pong");
  EXPECT_EQ(outcome_of(head(packed.size() - 9) + packed.substr(0, packed.size() - 9)).substr(0, 79), "head 1 200; failed 1 malformed the compressed body of the reply ends too early;");
}

TEST(Upstream, UsesAConnectionAgain) {
  std::atomic<int> connections = 0;
  FakeProvider provider([&](int fd, int) {
    ++connections;
    while (!read_request(fd).empty()) send_text(fd, kPong);
  });
  Rig rig({.config = config_with(provider.url())});
  for (std::uint32_t i = 1; i <= 20; ++i) {
    rig.act({attempt(i)});
    ASSERT_NE(rig.core.wait_for("end " + std::to_string(i)), "");
  }
  EXPECT_EQ(connections, 1);
}

TEST(Upstream, DoesNotUseAConnectionAgainThatSaysCloseOrIsOutOfStep) {
  for (const std::string reply : {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\npong", "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\npong",
                                  "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npongHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"}) {
    std::atomic<int> connections = 0;
    FakeProvider provider([&](int fd, int) {
      ++connections;
      while (!read_request(fd).empty()) send_text(fd, reply);
    });
    Rig rig({.config = config_with(provider.url())});
    for (std::uint32_t i = 1; i <= 2; ++i) {
      rig.act({attempt(i)});
      ASSERT_NE(rig.core.wait_for("end " + std::to_string(i)), "");
      EXPECT_EQ(rig.core.body_of(AttemptId{i}), "pong");
    }
    EXPECT_EQ(connections, 2) << reply;
  }
}

TEST(Upstream, AKeptConnectionThatDiesBeforeTheReplyIsReplayableAFreshOneIsNot) {
  FakeProvider provider([&](int fd, int number) {
    read_request(fd);
    if (number == 0) {
      send_text(fd, kPong);
      read_request(fd);
      reset_connection(fd);
    }
    if (number == 1) {
      send_text(fd, kPong);
      wait_closed(fd);
    }
  });
  Rig rig({.config = config_with(provider.url())});
  rig.act({attempt(1)});
  ASSERT_NE(rig.core.wait_for("end 1"), "");

  rig.act({attempt(2)});
  EXPECT_EQ(rig.core.wait_for("failed 2").substr(0, 25), "failed 2 reset replayable");
  rig.act({attempt(3), attempt(4)});
  EXPECT_NE(rig.core.wait_for("end 3"), "");
  EXPECT_TRUE(rig.core.wait_for("failed 4").starts_with("failed 4 closed the provider"));
}

TEST(Upstream, AKeptConnectionThatTheProviderClosedIsNotUsed) {
  std::atomic<int> connections = 0;
  FakeProvider provider([&](int fd, int) {
    ++connections;
    read_request(fd);
    send_text(fd, kPong);
  });
  Rig rig({.config = config_with(provider.url())});
  for (std::uint32_t i = 1; i <= 5; ++i) {
    rig.act({attempt(i)});
    ASSERT_NE(rig.core.wait_for("end " + std::to_string(i)), "");
    std::this_thread::sleep_for(50ms);  // for the FIN, of which nothing tells the core
  }
  EXPECT_EQ(connections, 5);
  EXPECT_EQ(rig.core.count("failed"), 0);
}

TEST(Upstream, SaysWhyItCannotConnect) {
  auto listener = base::net::listen_tcp({"127.0.0.1", 0}, 1);
  ASSERT_TRUE(listener);
  ::close(listener->fd);
  auto config = config_with("http://127.0.0.1:" + std::to_string(listener->endpoint.port));
  config.providers.push_back(config.providers[0]);
  config.providers[1].name = "nameless";
  config.providers[1].url = "http://no-such-host.invalid";
  Rig rig({.config = config});

  rig.act({attempt(1)});
  EXPECT_TRUE(rig.core.wait_for("failed 1").starts_with("failed 1 refused connecting to 127.0.0.1:")) << rig.core.lines().back();
  auto other = attempt(2);
  other.provider = "nameless";
  rig.act({std::move(other)});
  EXPECT_TRUE(rig.core.wait_for("failed 2").starts_with("failed 2 dns the name no-such-host.invalid does not resolve"));
  auto unknown = attempt(3);
  unknown.provider = "nobody";
  rig.act({std::move(unknown)});
  EXPECT_EQ(rig.core.wait_for("failed 3"), "failed 3 unknown no provider is called \"nobody\"");
}

TEST(Upstream, KeepsTheTimeForConnecting) {
  // listen(2): a queue of 0 still takes one; the SYNs after it are dropped.
  auto listener = base::net::listen_tcp({"127.0.0.1", 0}, 0);
  ASSERT_TRUE(listener);
  Caller filler(listener->endpoint.port);
  Rig rig({.config = config_with("http://127.0.0.1:" + std::to_string(listener->endpoint.port))});
  auto late = attempt(1);
  late.connect_timeout = 150ms;
  const auto begun = std::chrono::steady_clock::now();

  rig.act({std::move(late)});

  EXPECT_EQ(rig.core.wait_for("failed 1"), "failed 1 connect_timeout connecting takes too long");
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 150ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
  ::close(listener->fd);
}

TEST(Upstream, ConnectsWhereResolveSays) {
  std::string seen;
  FakeProvider provider([&](int fd, int) {
    seen = read_request(fd);
    send_text(fd, kPong);
    wait_closed(fd);
  });
  auto config = config_with("http://api.acme.example/v1");
  config.providers[0].resolve = "127.0.0.1:" + std::to_string(provider.port());
  Rig rig({.config = config});

  rig.act({attempt(1)});

  ASSERT_NE(rig.core.wait_for("end 1"), "");
  EXPECT_NE(seen.find("host: api.acme.example\r\n"), std::string::npos) << seen;
}

TEST(Upstream, CancelClosesAtOnceAndNothingFollows) {
  std::promise<bool> closed;
  FakeProvider provider([&](int fd, int number) {
    read_request(fd);
    if (number == 0) {
      send_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
      closed.set_value(wait_closed(fd));
    }
  });
  Rig rig({.config = config_with(provider.url())});
  rig.act({attempt(1)});
  ASSERT_NE(rig.core.wait_for("bytes 1"), "");

  rig.act({CancelAttempt{AttemptId{1}}});

  EXPECT_TRUE(closed.get_future().get());
  rig.on_loop([] {});
  EXPECT_EQ(rig.core.count("failed") + rig.core.count("end"), 0);
}

TEST(Upstream, NothingFollowsACancelInTheVeryStepOfTheHead) {
  FakeProvider provider([&](int fd, int) {
    read_request(fd);
    send_text(fd, kPong);
    wait_closed(fd);
  });
  Rig rig({.config = config_with(provider.url()), .script = [](const Event& event, std::vector<Action>& out) {
             if (const auto* head = std::get_if<UpstreamHead>(&event)) out.push_back(CancelAttempt{head->id});
           }});
  rig.act({attempt(1)});
  ASSERT_NE(rig.core.wait_for("head 1"), "");
  rig.on_loop([] {});
  EXPECT_EQ(rig.core.lines(), std::vector<std::string>{"head 1 200"});
}

TEST(Upstream, NothingFollowsACancelOfAnAttemptThatFailedInTheSameStep) {
  Rig rig({.config = config_with("http://127.0.0.1:1")});
  auto unknown = attempt(1);
  unknown.provider = "nobody";
  rig.act({std::move(unknown), CancelAttempt{AttemptId{1}}});
  rig.on_loop([] {});
  EXPECT_EQ(rig.core.lines(), std::vector<std::string>{});
}

TEST(Upstream, PauseStopsReadingAndResumeGoesOn) {
  constexpr std::size_t kSize = 24U << 20;
  std::atomic<bool> all_sent = false;
  FakeProvider provider([&](int fd, int) {
    read_request(fd);
    send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
    send_text(fd, std::string(kSize, 'x'));
    all_sent = true;
    wait_closed(fd);
  });
  Rig rig({.config = config_with(provider.url()), .script = [](const Event& event, std::vector<Action>& out) {
             if (const auto* head = std::get_if<UpstreamHead>(&event)) out.push_back(PauseAttempt{head->id});
           }});
  rig.act({attempt(1)});
  ASSERT_NE(rig.core.wait_for("head 1"), "");
  std::this_thread::sleep_for(200ms);

  EXPECT_FALSE(all_sent);
  EXPECT_LT(rig.core.body_of(AttemptId{1}).size(), 200'000U);
  rig.act({ResumeAttempt{AttemptId{1}}});

  EXPECT_NE(rig.core.wait_for("end 1"), "");
  EXPECT_EQ(rig.core.body_of(AttemptId{1}).size(), kSize);
}

TEST(Upstream, AnAnswerBeforeTheWholeRequestWasTakenIsStillHeard) {
  FakeProvider provider([&](int fd, int) {
    std::array<char, 1000> some;
    (void)!::recv(fd, some.data(), some.size(), 0);
    send_text(fd, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    ::shutdown(fd, SHUT_WR);
    wait_closed(fd);
  });
  Rig rig({.config = config_with(provider.url())});
  rig.act({attempt(1, std::string(20U << 20, 'x'))});
  EXPECT_EQ(rig.core.wait_for("head 1"), "head 1 413");
  EXPECT_NE(rig.core.wait_for("end 1"), "");
}

TEST(Upstream, SendsALargeBodyWhole) {
  std::string seen;
  FakeProvider provider([&](int fd, int) {
    seen = read_request(fd);
    send_text(fd, kPong);
  });
  Rig rig({.config = config_with(provider.url())});
  std::string body;
  while (body.size() < (12U << 20)) body += std::to_string(body.size()) + ",";
  rig.act({attempt(1, body)});
  ASSERT_NE(rig.core.wait_for("end 1"), "");
  EXPECT_TRUE(seen.ends_with("\r\n\r\n" + body));
}

TEST(Upstream, ANewConfigurationMovesAProviderAndABadOneChangesNothing) {
  FakeProvider first([&](int fd, int) {
    while (!read_request(fd).empty()) send_text(fd, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  });
  FakeProvider second([&](int fd, int) {
    while (!read_request(fd).empty()) send_text(fd, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
  });
  Rig rig({.config = config_with(first.url())});
  rig.act({attempt(1)});
  ASSERT_EQ(rig.core.wait_for("head 1"), "head 1 201");

  rig.on_loop([&] {
    auto bad = config_with("https://127.0.0.1");
    bad.providers[0].ca_file = "/no/such/file.pem";
    const auto refused = rig.shell->reload(bad);
    ASSERT_FALSE(refused);
    EXPECT_NE(base::render(refused.error()).find("/no/such/file.pem"), std::string::npos);
  });
  rig.act({attempt(2)});
  EXPECT_EQ(rig.core.wait_for("head 2"), "head 2 201");
  rig.on_loop([&] { EXPECT_TRUE(rig.shell->reload(config_with(second.url()))); });
  rig.act({attempt(3)});
  EXPECT_EQ(rig.core.wait_for("head 3"), "head 3 202");
  EXPECT_EQ(rig.core.count("reloaded"), 1);
}

}  // namespace
}  // namespace gateway::net
