#include <fmt/format.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "tests/simulator/malformed_requests.h"
#include "tests/simulator/net/rig.h"

namespace simulator {
namespace {

using testing::HasSubstr;

base::Json post(httplib::Client& client, const std::string& path, const std::string& body, int wanted = 200) {
  const auto reply = client.Post(path, body, "application/json");
  EXPECT_TRUE(reply);
  if (!reply) return {};
  EXPECT_EQ(reply->status, wanted) << reply->body;
  return base::parse_wire_json(reply->body).value_or(base::Json());
}

int status_of(Rig& rig, const std::string& path = "/v1/chat/completions") {
  RawClient client(rig.port("acme"));
  client.send(chat_request(false, path));
  return std::atoi(client.read_until("\r\n").substr(9, 3).c_str());
}

TEST(Control, RulesAreReplacedAllOrNone) {
  Rig rig(R"({"acme":{},"other":{}})");
  httplib::Client control("127.0.0.1", rig.control_port());
  EXPECT_EQ(status_of(rig), 200);

  post(control, "/rules", R"({"changes":[{"provider":"acme","rules":[{"fault":"402"}]},{"provider":"other","op":"add","rules":[{"fault":"500"}]}]})");
  EXPECT_EQ(status_of(rig), 402);
  const auto refused = post(control, "/rules", R"({"changes":[{"provider":"acme","op":"clear"},{"provider":"acme","rules":[{"fault":"40"}]}]})", 400);
  EXPECT_THAT(base::dump(refused), HasSubstr("no fault is called"));
  EXPECT_EQ(status_of(rig), 402);
  post(control, "/rules", R"({"changes":[{"provider":"acme","op":"clear"}]})");
  EXPECT_EQ(status_of(rig), 200);
}

TEST(Control, ResetBringsTheScenarioBack) {
  Rig rig(R"({"acme":{"script":[{"fault":"500","times":1}]}})");
  httplib::Client control("127.0.0.1", rig.control_port());
  EXPECT_EQ(status_of(rig), 500);
  EXPECT_EQ(status_of(rig), 200);

  post(control, "/reset", "");

  EXPECT_EQ(status_of(rig), 500);
}

TEST(Control, AnAccountCanBeToppedUpAndRevoked) {
  Rig rig(R"({"acme":{"personality":"openrouter","credentials":{"key-a":{"credit":0,"secret":"any-key"}}}})");
  httplib::Client control("127.0.0.1", rig.control_port());
  EXPECT_EQ(status_of(rig), 402);

  post(control, "/accounts", R"({"provider":"acme","credential":"key-a","top_up":5})");
  EXPECT_EQ(status_of(rig), 200);
  post(control, "/accounts", R"({"provider":"acme","credential":"key-a","revoked":true})");
  EXPECT_EQ(status_of(rig), 401);
  post(control, "/accounts", R"({"provider":"acme","credential":"key-z","top_up":5})", 400);
}

TEST(Control, AClockAdvancedMovesTimeWindows) {
  Rig rig(R"({"acme":{"script":[{"fault":"500","when":{"after":"1h"}}]}})");
  httplib::Client control("127.0.0.1", rig.control_port());
  EXPECT_EQ(status_of(rig), 200);

  post(control, "/clock", R"({"advance":"1h"})");

  EXPECT_EQ(status_of(rig), 500);
}

TEST(Control, NoFaultLocksItOut) {
  Rig rig(R"({"acme":{"script":[{"fault":"hang-before-headers"}]}})");
  std::vector<std::unique_ptr<RawClient>> held;
  for (int i = 0; i < 200; ++i) {
    held.push_back(std::make_unique<RawClient>(rig.port("acme")));
    held.back()->send(chat_request(false));
  }
  httplib::Client control("127.0.0.1", rig.control_port());

  const auto journal = control.Get("/journal?since=0&wait=2s");
  ASSERT_TRUE(journal);
  post(control, "/rules", R"({"changes":[{"provider":"acme","op":"clear"}]})");

  EXPECT_EQ(status_of(rig), 200);
  EXPECT_THAT(control.Get("/metrics")->body, HasSubstr("simulator_faults_total{fault=\"hang-before-headers\"}"));
}

TEST(Control, BadInputIsRefusedByName) {
  Rig rig(R"({"acme":{}})");
  httplib::Client control("127.0.0.1", rig.control_port());

  for (const auto* body : {"{", "[]", "{}", R"({"changes":[{"provider":"nobody","rules":[]}]})", R"({"changes":[{"provider":"acme","op":"replac"}]})", "\xff", R"({"changes":3})"}) {
    const auto json = post(control, "/rules", body, 400);
    EXPECT_FALSE(base::string_or(json["error"], "what").empty()) << body;
  }
  post(control, "/clock", R"({"advance":"soon"})", 400);
  EXPECT_EQ(control.Get("/nothing")->status, 404);
}

TEST(Control, TheJournalTellsWhoEndedAnAttempt) {
  Rig rig(R"({"acme":{"script":[{"fault":"hang-after-events"}]}})");
  httplib::Client control("127.0.0.1", rig.control_port());
  {
    RawClient client(rig.port("acme"));
    client.send(chat_request(true));
    client.read_until("\n\n");
  }
  for (int i = 0; i < 20; ++i) {
    const auto page = control.Get("/journal?since=3&wait=1s");
    const auto json = base::parse_wire_json(page->body).value();
    if (json["events"].empty()) continue;
    EXPECT_THAT(base::string_or(json["events"][0], "ended"), testing::StartsWith("client-"));
    return;
  }
  ADD_FAILURE() << "no end in the journal";
}

TEST(Control, AnAnswerIsInTheJournalBeforeItsReaderCanActOnIt) {
  Rig rig(R"({"acme":{"script":[{"fault":"body-large","params":{"bytes":50000000}}]}})");
  RawClient client(rig.port("acme"));
  client.send(chat_request(false));
  client.read_until("\r\n\r\n");  // the head; the body does not fit into the socket, and nobody reads it
  std::string seen;
  for (const auto& event : rig.events()) seen += base::string_or(event, "event") + " ";
  EXPECT_EQ(seen, "attempt answer ");
}

TEST(WireServer, MalformedAndOversizedRequestsGetA4xx) {
  Rig rig(R"({"acme":{}})");
  const std::pair<std::string, std::string> wanted[] = {{"BAD\r\n\r\n", "400"}, {"GET / HTTP/2.0\r\n\r\n", "505"}, {"GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n", "431"},
                                                        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", "413"}, {"GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n\r\n", "414"}};
  for (const auto& [text, status] : wanted) {
    RawClient client(rig.port("acme"));
    client.send(text);
    const auto seen = client.read();
    EXPECT_EQ(seen.bytes.substr(9, 3), status);
  }
  EXPECT_EQ(status_of(rig), 200);
}

TEST(WireServer, EveryMalformedRequestIsRefusedAndTheNextGoodOneIsServed) {
  Rig rig(R"({"acme":{}})");
  const auto corpus = malformed_requests();
  ASSERT_GE(corpus.size(), 200U);
  for (const auto& text : corpus) {
    RawClient client(rig.port("acme"), 5000);
    client.send(text);

    const auto seen = client.read();

    EXPECT_TRUE(seen.bytes.starts_with("HTTP/1.1 4") || seen.bytes.starts_with("HTTP/1.1 5")) << testing::PrintToString(text) << "\n" << seen.bytes;
    EXPECT_EQ(seen.bytes.find("HTTP/1.1 ", 1), std::string::npos) << "a second reply to " << testing::PrintToString(text);
    EXPECT_TRUE(seen.ending == "fin" || seen.ending == "rst") << seen.ending << " after " << testing::PrintToString(text);
  }
  EXPECT_EQ(status_of(rig), 200);
}

TEST(WireServer, SlowHeadersAreCutAtTheirDeadline) {
  Rig rig(R"({"acme":{}})", {.request_time = std::chrono::milliseconds{1}});
  RawClient client(rig.port("acme"), 5000);

  client.send("GET / HT");

  EXPECT_EQ(client.read().ending, "fin");
}

TEST(WireServer, KeepAliveServesManyRequestsOnOneConnection) {
  Rig rig(R"({"acme":{"reply":{"text":"pong"}}})");
  RawClient client(rig.port("acme"));

  for (int i = 0; i < 50; ++i) {
    client.send(chat_request(true));
    EXPECT_THAT(client.read_until("\r\n0\r\n\r\n"), HasSubstr("pong"));
  }
}

}  // namespace
}  // namespace simulator
