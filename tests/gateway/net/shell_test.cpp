// The loop itself: order, timers, the store, leaving; the admin port; TLS to providers.
#include <gtest/gtest.h>
#include <httplib.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "simulator/net/certificates.h"
#include "tests/gateway/net/rig.h"

namespace gateway::net {
namespace {

using namespace std::chrono_literals;

struct BrokenStore final : Store {
  base::Result<Snapshot> load() override { return Snapshot{}; }
  base::Result<bool> apply(const StoreOp&) override {
    ++calls;
    if (calls < 3) return true;
    return base::problem("disk full: gateway.db");
  }
  int calls = 0;
};

TEST(Shell, StepsWithoutRecursionAndInOrder) {
  // Each failed attempt starts the next within its own step: FakeCore asserts that no step is inside another.
  Rig rig({.script = [](const Event& event, std::vector<Action>& out) {
    const auto* failed = std::get_if<UpstreamFailed>(&event);
    if (failed && failed->id.value < 1000) out.push_back(attempt(failed->id.value + 1));
  }});
  rig.act({attempt(1)});
  EXPECT_NE(rig.core.wait_for("failed 1000 unknown"), "");
  EXPECT_EQ(rig.core.count("failed"), 1000);
}

TEST(Shell, WakesTheCoreWhenItAskedFor) {
  Rig rig;
  const auto at = instant_now() + base::Duration{150ms};
  rig.on_loop([&] {
    rig.core.script = [&](const Event& event, std::vector<Action>&) {
      if (std::holds_alternative<Tick>(event) && instant_now() >= at) rig.core.wake = base::kNever;
      else rig.core.wake = at;
    };
  });

  rig.act({});

  EXPECT_EQ(rig.core.wait_for("tick"), "tick");
  EXPECT_GE(instant_now(), at);
  EXPECT_LT(instant_now(), at + base::Duration{1s});
  EXPECT_EQ(rig.core.count("tick"), 1);
}

TEST(Shell, AFailingStoreIsToldOnceAndThenLeftAlone) {
  BrokenStore store;
  Rig rig({.store = &store});
  rig.act({Persist{StoreMeta{"a", "1"}}, Persist{StoreMeta{"b", "2"}}, Persist{StoreMeta{"c", "3"}}, Persist{StoreMeta{"d", "4"}}});
  EXPECT_NE(rig.core.wait_for("store failed"), "");
  rig.act({Persist{StoreMeta{"e", "5"}}});
  rig.on_loop([] {});

  EXPECT_EQ(store.calls, 3);
  EXPECT_EQ(rig.core.count("store failed"), 1);
  EXPECT_NE(rig.core.lines()[0].find("disk full: gateway.db"), std::string::npos);
}

TEST(Shell, LeavesOnlyWhenTheLastReplyIsOut) {
  Rig rig;
  Caller caller(rig.port);
  caller.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");
  constexpr std::size_t kSize = 16U << 20;

  rig.act({Reply{.id = RequestId{1}, .body = std::string(kSize, 'x'), .close = true}, Exit{75}});
  rig.on_loop([] {});
  EXPECT_TRUE(rig.exits().empty());

  EXPECT_GT(caller.read_all().bytes.size(), kSize);
  for (int i = 0; i < 500 && rig.exits().empty(); ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(rig.exits(), std::vector<int>{75});
}

TEST(Shell, ACallerThatTakesNothingCannotHoldTheExit) {
  Rig rig;
  Caller caller(rig.port);
  caller.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");
  rig.act({Reply{.id = RequestId{1}, .body = std::string(16U << 20, 'x')}, Exit{0}});
  for (int i = 0; i < 1000 && rig.exits().empty(); ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(rig.exits(), std::vector<int>{0});
}

TEST(Shell, TakesEventsFromAnyThreadAndNoneAfterClose) {
  Rig rig;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 250; ++k) rig.post(DrainRequested{});
    });
  }
  for (auto& thread : threads) thread.join();
  rig.on_loop([] {});
  EXPECT_EQ(rig.core.count("drain"), 1000);

  rig.on_loop([&] { rig.shell->close(); });
  rig.post(DrainRequested{});
  rig.on_loop([] {});
  EXPECT_EQ(rig.core.count("drain"), 1000);
}

TEST(Admin, HandsRequestsToTheCoreAndAnswersWithItsReply) {
  Rig rig({.script = [](const Event& event, std::vector<Action>& out) {
    const auto* arrived = std::get_if<RequestArrived>(&event);
    if (!arrived) return;
    base::Headers headers;
    headers.add("content-type", "application/json");
    headers.add("x-own", "y");
    if (arrived->request.target != "/stream") {
      out.push_back(Reply{arrived->id, 202, headers, arrived->request.method + arrived->request.target + arrived->request.body});
      return;
    }
    out.push_back(SendHead{arrived->id, 200, headers});
    out.push_back(SendChunk{arrived->id, "one "});
    out.push_back(SendChunk{arrived->id, "two"});
    out.push_back(SendEnd{arrived->id, true});
  }});
  int port = 0;
  rig.on_loop([&] { port = rig.shell->serve_admin("127.0.0.1:0").value(); });
  httplib::Client client("127.0.0.1", port);

  const auto get = client.Get("/status?a=b");
  const auto post = client.Post("/keys", "{}", "application/json");
  const auto stream = client.Get("/stream");

  ASSERT_TRUE(get && post && stream);
  EXPECT_EQ(get->status, 202);
  EXPECT_EQ(get->body, "GET/status?a=b");
  EXPECT_EQ(get->get_header_value("x-own"), "y");
  EXPECT_EQ(get->get_header_value("content-type"), "application/json");
  EXPECT_EQ(post->body, "POST/keys{}");
  EXPECT_EQ(stream->body, "one two");
  EXPECT_NE(rig.core.lines()[0].find("admin=true"), std::string::npos);
}

TEST(Admin, AnswersAHundredCallersAtOnce) {
  Rig rig({.script = echo});
  int port = 0;
  rig.on_loop([&] { port = rig.shell->serve_admin("127.0.0.1:0").value(); });
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < 100; ++i) {
    callers.push_back(std::make_unique<Caller>(static_cast<std::uint16_t>(port)));
    callers.back()->send("GET /s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  }
  for (auto& caller : callers) EXPECT_NE(caller->read_all().bytes.find("GET /s"), std::string::npos);
}

TEST(Admin, SaysThatThePortIsTaken) {
  Rig rig;
  rig.on_loop([&] {
    const auto taken = rig.shell->serve_admin("127.0.0.1:" + std::to_string(rig.port));
    ASSERT_FALSE(taken);
    EXPECT_NE(base::render(taken.error()).find("the admin port cannot be opened on 127.0.0.1:"), std::string::npos);
  });
}

TEST(Admin, ACallerThatWaitsDoesNotHoldTheEnd) {
  Rig rig;  // its core never answers
  int port = 0;
  rig.on_loop([&] { port = rig.shell->serve_admin("127.0.0.1:0").value(); });
  Caller waiting(static_cast<std::uint16_t>(port)), silent(static_cast<std::uint16_t>(port));
  waiting.send("GET /status HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_NE(rig.core.wait_for("arrived 1"), "");
  const auto begun = std::chrono::steady_clock::now();

  rig.on_loop([&] { rig.shell->close(); });

  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
  EXPECT_NE(waiting.read_until("gateway_stopping"), "");
}

/// A provider behind TLS, with one of the simulator's certificates.
struct TlsProvider {
  explicit TlsProvider(boost::asio::ssl::context simulator::TlsContexts::* which) : contexts(simulator::make_tls_contexts().value()) {
    ca_file = std::filesystem::temp_directory_path() / ("gateway-net-ca-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + ".pem");
    std::ofstream(ca_file) << contexts.ca_pem;
    provider = std::make_unique<FakeProvider>([this, which](int fd, int) {
      auto* ssl = SSL_new((contexts.*which).native_handle());
      SSL_set_fd(ssl, fd);
      if (SSL_accept(ssl) == 1) {
        if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) server_name = name;
        std::array<char, 4096> buffer;
        for (int got = 0; (got = SSL_read(ssl, buffer.data(), buffer.size())) > 0;) {
          request.append(buffer.data(), static_cast<std::size_t>(got));
          if (!request.ends_with("{}")) continue;
          const std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong";
          SSL_write(ssl, reply.data(), static_cast<int>(reply.size()));
        }
      }
      SSL_free(ssl);
    });
  }
  ~TlsProvider() {
    provider.reset();
    std::filesystem::remove(ca_file);
  }
  Config config() const {
    auto out = config_with("https://localhost:" + std::to_string(provider->port()) + "/v1");
    out.providers[0].ca_file = ca_file;
    return out;
  }
  static inline int count = 0;
  simulator::TlsContexts contexts;
  std::string ca_file, server_name, request;
  std::unique_ptr<FakeProvider> provider;
};

TEST(Tls, VerifiesNamesAndTalksTwiceOnOneConnection) {
  TlsProvider tls(&simulator::TlsContexts::valid);
  {
    Rig rig({.config = tls.config()});
    rig.act({attempt(1)});
    ASSERT_NE(rig.core.wait_for("end 1"), "");
    rig.act({attempt(2)});
    ASSERT_NE(rig.core.wait_for("end 2"), "");
    EXPECT_EQ(rig.core.body_of(AttemptId{2}), "pong");
  }
  tls.provider.reset();
  EXPECT_EQ(tls.server_name, "localhost");
  EXPECT_NE(tls.request.find("{}POST /v1/chat/completions"), std::string::npos);
}

TEST(Tls, EachBadCertificateIsACertificateFailure) {
  const std::pair<boost::asio::ssl::context simulator::TlsContexts::*, std::string> cases[] = {
      {&simulator::TlsContexts::expired, "expired"}, {&simulator::TlsContexts::wrong_host, "hostname mismatch"}, {&simulator::TlsContexts::unknown_ca, "issuer certificate"}};
  for (const auto& [which, word] : cases) {
    TlsProvider tls(which);
    {
      Rig rig({.config = tls.config()});
      rig.act({attempt(1)});
      const auto failed = rig.core.wait_for("failed 1");
      EXPECT_TRUE(failed.starts_with("failed 1 tls_certificate TLS with localhost: ")) << failed;
      EXPECT_NE(failed.find(word), std::string::npos) << failed;
    }
    tls.provider.reset();
    EXPECT_EQ(tls.request, "");
  }
}

TEST(Tls, AServerThatSpeaksNoTlsIsATlsFailureAndOneThatIsSilentATimeOut) {
  FakeProvider plain([](int fd, int) {
    std::array<char, 4096> some;
    (void)!::recv(fd, some.data(), some.size(), 0);
    send_text(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  FakeProvider silent([](int fd, int) { wait_closed(fd); });
  auto config = config_with("https://127.0.0.1:" + std::to_string(plain.port()));
  config.providers.push_back(config.providers[0]);
  config.providers[1].name = "silent";
  config.providers[1].url = "https://127.0.0.1:" + std::to_string(silent.port());
  Rig rig({.config = config});

  rig.act({attempt(1)});
  EXPECT_TRUE(rig.core.wait_for("failed 1").starts_with("failed 1 tls TLS with 127.0.0.1: "));
  auto second = attempt(2);
  second.provider = "silent";
  second.connect_timeout = 200ms;
  rig.act({std::move(second)});
  EXPECT_EQ(rig.core.wait_for("failed 2"), "failed 2 connect_timeout the TLS handshake takes too long");
}

}  // namespace
}  // namespace gateway::net
