// Each row of the fault table, seen from a raw socket: which bytes came and how it ended.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "base/text.h"
#include "simulator/core/faults.h"
#include "tests/simulator/net/rig.h"

namespace simulator {
namespace {

using testing::HasSubstr;

std::size_t events_in(const std::string& body) {
  std::size_t count = 0;
  for (auto at = body.find("\n\n"); at != std::string::npos; at = body.find("\n\n", at + 2)) ++count;
  return count;
}

/// What must be true of one row. `body` is after the chunks are joined.
struct Case {
  std::string_view fault;
  bool stream;
  std::string_view params;                                 // JSON, "" for the defaults
  std::function<bool(const std::string& raw, const std::string& body)> good;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
bool whole(const std::string& raw) { return has(raw, "[DONE]") && raw.ends_with("0\r\n\r\n"); }
bool nothing(const std::string& raw, const std::string&) { return raw.empty(); }

const std::vector<Case>& cases() {
  static const std::vector<Case> list{
      {"accept-never-read", true, "", nothing},
      {"accept-hang", true, "", nothing},
      {"accept-fin", true, "", nothing},
      {"accept-rst", true, "", nothing},
      {"hang-before-headers", true, "", nothing},
      {"hang-after-headers", true, "", [](auto& raw, auto& body) { return raw.starts_with("HTTP/1.1 200") && raw.ends_with("\r\n\r\n") && body.empty(); }},
      {"hang-after-events", true, "", [](auto&, auto& body) { return events_in(body) == 3; }},
      {"hang-masked-comments", true, R"({"every":"20ms"})", [](auto&, auto& body) { return has(body, ": keep-alive\n\n: keep-alive\n\n") && !has(body, "[DONE]"); }},
      {"hang-masked-pings", true, R"({"every":"20ms"})", [](auto&, auto& body) { return has(body, "event: ping") && !has(body, "[DONE]"); }},
      {"slow-start", true, R"({"wait":"20ms"})", [](auto& raw, auto&) { return whole(raw); }},
      {"slow-events", true, R"({"gap":"5ms"})", [](auto& raw, auto&) { return whole(raw); }},
      {"slow-random", true, R"({"min":"1ms","max":"20ms"})", [](auto& raw, auto&) { return whole(raw); }},
      {"drip-bytes", false, R"({"bytes":20,"every":"1ms"})", [](auto&, auto& body) { return has(body, "one two three") && body.ends_with("}"); }},
      {"burst", true, R"({"wait":"20ms"})", [](auto& raw, auto&) { return whole(raw); }},
      {"cut-before-headers-fin", true, "", nothing},
      {"cut-before-headers-rst", true, "", nothing},
      {"cut-in-headers-fin", true, "", [](auto& raw, auto&) { return raw == "HTTP/1.1 200 OK\r\ncontent-ty"; }},
      {"cut-in-headers-rst", true, "", [](auto& raw, auto&) { return raw == "HTTP/1.1 200 OK\r\ncontent-ty"; }},
      {"cut-after-headers-fin", true, "", [](auto& raw, auto&) { return raw.ends_with("\r\n\r\n") && raw.starts_with("HTTP/1.1 200"); }},
      {"cut-after-headers-rst", true, "", [](auto& raw, auto&) { return raw.ends_with("\r\n\r\n") && raw.starts_with("HTTP/1.1 200"); }},
      {"cut-after-events-fin", true, "", [](auto&, auto& body) { return events_in(body) == 3 && body.ends_with("\n\n"); }},
      {"cut-after-events-rst", true, "", [](auto&, auto& body) { return events_in(body) == 3 && body.ends_with("\n\n"); }},
      {"cut-after-bytes-fin", true, "", [](auto&, auto& body) { return body.size() == 100; }},
      {"cut-after-bytes-rst", true, R"({"bytes":333})", [](auto&, auto& body) { return body.size() == 333; }},
      {"cut-before-terminal-fin", true, "", [](auto&, auto& body) { return has(body, "\"stop\"") && !has(body, "[DONE]"); }},
      {"cut-before-terminal-rst", true, "", [](auto&, auto& body) { return has(body, "\"stop\"") && !has(body, "[DONE]"); }},
      {"missing-terminal", true, "", [](auto& raw, auto& body) { return has(body, "\"stop\"") && !has(body, "[DONE]") && raw.ends_with("0\r\n\r\n"); }},
      {"missing-finish", true, "", [](auto& raw, auto& body) { return !has(body, "\"finish_reason\":\"stop\"") && has(body, "five") && raw.ends_with("0\r\n\r\n"); }},
      {"length-too-long", false, "", [](auto& raw, auto& body) { return has(raw, fmt::format("content-length: {}\r\n", body.size() + 10)); }},
      {"length-too-short", false, "", [](auto& raw, auto& body) { return has(raw, fmt::format("content-length: {}\r\n", body.size() - 10)); }},
      {"length-until-close", false, "", [](auto& raw, auto& body) { return !has(raw, "content-length") && !has(raw, "transfer-encoding") && body.ends_with("}"); }},
      {"chunk-size-garbage", true, "", [](auto& raw, auto&) { return raw.ends_with("zz\r\nbroken\r\n"); }},
      {"chunk-truncated", true, "", [](auto& raw, auto&) { return raw.ends_with("ff\r\ndata: {"); }},
      {"chunk-end-missing", true, "", [](auto& raw, auto& body) { return has(body, "[DONE]") && !raw.ends_with("0\r\n\r\n"); }},
      {"headers-oversized", false, "", [](auto& raw, auto& body) { return raw.size() > 100'000 && has(body, "one two"); }},
      {"status-line-garbage", true, "", [](auto& raw, auto&) { return raw.size() == 64 && !raw.starts_with("HTTP"); }},
      {"json-malformed", false, "", [](auto&, auto& body) { return !body.empty() && !base::parse_wire_json(body); }},
      {"sse-malformed", true, "", [](auto& raw, auto& body) { return has(body, "data: {unparsable}\n\n") && whole(raw); }},
      {"sse-garbage", true, "", [](auto& raw, auto& body) { return !base::valid_utf8(body) && whole(raw); }},
      {"stream-error-event", true, "", [](auto& raw, auto& body) { return events_in(body) == 3 && has(body, "\"error\"") && raw.starts_with("HTTP/1.1 200"); }},
      {"error-in-200", false, "", [](auto& raw, auto& body) { return raw.starts_with("HTTP/1.1 200") && has(body, "\"error\""); }},
      {"empty-200", false, "", [](auto& raw, auto& body) { return raw.starts_with("HTTP/1.1 200") && body.empty() && has(raw, "content-length: 0\r\n"); }},
      {"empty-content", false, "", [](auto&, auto& body) { return has(body, "\"content\":\"\""); }},
      {"finish-length-empty", false, "", [](auto&, auto& body) { return has(body, "\"choices\"") && !has(body, "one two"); }},
      {"html-200", false, "", [](auto& raw, auto& body) { return raw.starts_with("HTTP/1.1 200") && body.starts_with("<!DOCTYPE html>"); }},
      {"html-502", false, "", [](auto& raw, auto& body) { return raw.starts_with("HTTP/1.1 502") && body.starts_with("<!doctype html>"); }},
      {"body-large", false, "", [](auto& raw, auto& body) { return raw.starts_with("HTTP/1.1 500") && body.size() == 1'000'000; }},
      {"charset-wrong", false, "", [](auto&, auto& body) { return !body.empty() && !base::valid_utf8(body); }},
      {"gzip-unasked", false, "", [](auto& raw, auto& body) { return body.starts_with("\x1f\x8b") && has(raw, "content-encoding: gzip"); }},
      {"events-duplicated", true, "", [](auto& raw, auto& body) { return whole(raw) && body.find("[DONE]") != body.rfind("[DONE]"); }},
      {"events-reordered", true, "", [](auto& raw, auto& body) { return whole(raw) && body.find(" two") < body.find("\"one\""); }},
      {"lines-crlf", true, "", [](auto&, auto& body) { return has(body, "\r\n\r\n") && !has(body, "\n\n"); }},
      {"lines-cr", true, "", [](auto&, auto& body) { return has(body, "\r\r") && !has(body, "\n"); }},
      {"byte-order-mark", true, "", [](auto&, auto& body) { return body.starts_with("\xEF\xBB\xBF"); }},
      {"sse-no-space", true, "", [](auto&, auto& body) { return has(body, "data:{") && !has(body, "data: "); }},
      {"utf8-split", true, "", [](auto& raw, auto& body) { return has(raw, "\xC3\r\n") && has(body, "Zo\xC3\xAB"); }},
      {"one-byte-chunks", true, "", [](auto& raw, auto&) { return has(raw, "1\r\nd\r\n1\r\na\r\n1\r\nt\r\n"); }},
      {"json-for-stream", true, "", [](auto& raw, auto& body) { return base::parse_wire_json(body).has_value() && has(raw, "application/json"); }},
      {"stream-for-json", false, "", [](auto& raw, auto& body) { return has(body, "data: ") && has(raw, "text/event-stream"); }},
      {"tool-arguments-cut", false, "", [](auto& raw, auto&) { return raw.starts_with("HTTP/1.1 200"); }},
      {"redirect", false, "", [](auto& raw, auto&) { return raw.starts_with("HTTP/1.1 301") && has(raw, "location: http://127.0.0.1:9/"); }},
      {"retry-after-whole", false, "", [](auto& raw, auto&) { return raw.starts_with("HTTP/1.1 429") && has(raw, "retry-after: 2\r\n"); }},
      {"retry-after-fraction", false, "", [](auto& raw, auto&) { return has(raw, "retry-after: 0.5\r\n"); }},
      {"retry-after-date", false, "", [](auto& raw, auto&) { return has(raw, " GMT\r\n"); }},
      {"retry-after-milliseconds", false, "", [](auto& raw, auto&) { return has(raw, "retry-after-ms: 1500\r\n"); }},
      {"retry-after-absurd", false, "", [](auto& raw, auto&) { return has(raw, "retry-after: 31536000\r\n"); }},
      {"retry-after-negative", false, "", [](auto& raw, auto&) { return has(raw, "retry-after: -5\r\n"); }},
      {"retry-after-missing", false, "", [](auto& raw, auto&) { return raw.starts_with("HTTP/1.1 429") && !has(raw, "retry-after"); }},
      {"retry-after-garbage", false, "", [](auto& raw, auto&) { return has(raw, "retry-after: soon\r\n"); }},
  };
  return list;
}

/// Rows whose test is of its own, below.
const std::set<std::string_view> kElsewhere{"refused", "backlog-full", "keep-alive-race", "tls-expired", "tls-wrong-host", "tls-unknown-ca", "tls-handshake-hang", "tls-handshake-cut"};

std::string provider_with(std::string_view fault, std::string_view params = "", std::string_view more = "") {
  return fmt::format(R"({{"acme":{{"reply":{{"text":"one two three four five"}}{},"script":[{{"fault":"{}"{}}}]}}}})", more, fault,
                     params.empty() ? "" : fmt::format(",\"params\":{}", params));
}

TEST(WireFaults, EveryRowHasATest) {
  for (const auto& row : fault_rows()) {
    const bool tested = kElsewhere.contains(row.name) || std::any_of(cases().begin(), cases().end(), [&](const auto& each) { return each.fault == row.name; });
    EXPECT_TRUE(tested) << row.name;
  }
}

class EachFault : public testing::TestWithParam<std::size_t> {};

TEST_P(EachFault, SendsTheseBytesAndEndsLikeThis) {
  const auto& each = cases()[GetParam()];
  const auto ending = find_fault(each.fault)->ending;
  Rig rig(provider_with(each.fault, each.params));
  RawClient client(rig.port("acme"), ending == Ending::complete && each.stream ? 400 : 300);

  client.send(chat_request(each.stream));
  const auto seen = client.read();

  const auto wanted = ending == Ending::fin ? "fin" : ending == Ending::rst ? "rst" : "silence";
  // Masked stalls never are silent; reading them ends when the poll gives up, so they are read for a while instead.
  EXPECT_EQ(seen.ending, wanted) << each.fault;
  EXPECT_TRUE(each.good(seen.bytes, body_of(seen.bytes))) << each.fault << "\n" << testing::PrintToString(seen.bytes.substr(0, 2000));
}

std::vector<std::size_t> plain_cases() {
  std::vector<std::size_t> list;
  for (std::size_t i = 0; i < cases().size(); ++i) {
    if (!cases()[i].fault.starts_with("hang-masked")) list.push_back(i);
  }
  return list;
}
INSTANTIATE_TEST_SUITE_P(WireFaults, EachFault, testing::ValuesIn(plain_cases()), [](const auto& each) { return base::replace_all(std::string(cases()[each.param].fault), "-", "_"); });

TEST(WireFaults, AMaskedStallGoesOnAndNeverFinishes) {
  for (const auto* fault : {"hang-masked-comments", "hang-masked-pings"}) {
    Rig rig(provider_with(fault, R"({"every":"5ms"})"));
    RawClient client(rig.port("acme"));
    client.send(chat_request(true));
    const std::string mark = std::string_view(fault).ends_with("pings") ? "\"ping\"}\n\n" : ": keep-alive\n\n";

    for (int i = 0; i < 5; ++i) EXPECT_THAT(client.read_until(mark), HasSubstr(mark)) << fault;
  }
}

TEST(WireFaults, ARefusedPortRefusesAndOpensAgain) {
  Rig rig(R"({"acme":{"script":[{"fault":"refused","when":{"before":"1s"}}]}})");

  EXPECT_EQ(RawClient(rig.port("acme")).connect_error(), "refused");
  for (int i = 0; i < 500; ++i) {
    RawClient client(rig.port("acme"));
    if (client.connected()) return;
    ::usleep(10'000);
  }
  ADD_FAILURE() << "the port never opened again";
}

TEST(WireFaults, AFullBacklogLetsNobodyIn) {
  Rig rig(provider_with("backlog-full"));

  EXPECT_EQ(RawClient(rig.port("acme")).connect_error(), "silence");
}

TEST(WireFaults, TheKeepAliveRaceResetsOnlyTheSecondRequest) {
  Rig rig(provider_with("keep-alive-race"));
  RawClient client(rig.port("acme"));

  client.send(chat_request(true));
  EXPECT_TRUE(whole(client.read_until("\r\n0\r\n\r\n")));
  client.send(chat_request(true));
  const auto second = client.read();

  EXPECT_EQ(second.bytes, "");
  EXPECT_EQ(second.ending, "rst");
}

long verify_result(const Rig& rig, std::uint16_t port) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  BIO* bio = BIO_new_mem_buf(rig.ca_pem().data(), static_cast<int>(rig.ca_pem().size()));
  X509* ca = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca);
  RawClient client(port);
  ::fcntl(client.fd(), F_SETFL, 0);
  SSL* ssl = SSL_new(context);
  SSL_set1_host(ssl, "localhost");
  SSL_set_fd(ssl, client.fd());
  const bool connected = SSL_connect(ssl) == 1;
  const long result = connected ? SSL_get_verify_result(ssl) : -1;
  SSL_free(ssl);
  X509_free(ca);
  BIO_free(bio);
  SSL_CTX_free(context);
  return result;
}

TEST(WireFaults, TlsCertificatesAreWrongInTheWayTheFaultSays) {
  const std::pair<const char*, long> wanted[] = {{"tls-expired", X509_V_ERR_CERT_HAS_EXPIRED}, {"tls-wrong-host", X509_V_ERR_HOSTNAME_MISMATCH},
                                                 {"tls-unknown-ca", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY}};
  for (const auto& [fault, error] : wanted) {
    Rig rig(provider_with(fault));
    EXPECT_EQ(verify_result(rig, rig.port("acme")), error) << fault;
  }
  Rig good(R"({"acme":{"tls":true}})");
  EXPECT_EQ(verify_result(good, good.port("acme")), X509_V_OK);
}

/// "attempt, answer 0, end client-fin": what the journal says until the attempt has ended.
std::string journal_of(Rig& rig) {
  std::string text;
  for (int i = 0; i < 1000 && text.find("end ") == std::string::npos; ++i) {
    text.clear();
    for (const auto& event : rig.events()) {
      const auto kind = base::string_or(event, "event");
      text += (text.empty() ? "" : ", ") + kind + (kind == "answer" ? fmt::format(" {}", base::integer_or(event, "status", -1)) : kind == "end" ? " " + base::string_or(event, "ended") : "");
    }
    ::usleep(5'000);
  }
  return text;
}

TEST(WireFaults, AFaultBeforeARequestIsJournaledOnceWithTheClientsEnd) {
  for (const auto* fault : {"accept-hang", "accept-never-read"}) {
    Rig rig(provider_with(fault));
    {
      RawClient client(rig.port("acme"), 50);
      client.send(chat_request(true));
      EXPECT_EQ(client.read().ending, "silence") << fault;
    }
    EXPECT_EQ(journal_of(rig), "attempt, answer 0, end client-fin") << fault;
  }
  Rig reset(provider_with("accept-rst"));
  EXPECT_EQ(RawClient(reset.port("acme")).read().ending, "rst");
  EXPECT_EQ(journal_of(reset), "attempt, answer 0, end rst");
}

TEST(WireFaults, AHandshakeThatTheClientEndsIsJournaledAsATlsError) {
  Rig rig(provider_with("tls-expired"));
  {
    RawClient client(rig.port("acme"));
    client.send("no hello at all");
  }
  EXPECT_EQ(journal_of(rig), "attempt, answer 0, end tls-error");

  Rig hung(provider_with("tls-handshake-hang"));
  {
    RawClient client(hung.port("acme"), 50);
    client.send("\x16\x03\x01\x02");
    EXPECT_EQ(client.read().ending, "silence");
  }
  EXPECT_EQ(journal_of(hung), "attempt, answer 0, end client-fin");
}

TEST(WireFaults, ATlsHandshakeHangsOrIsCut) {
  Rig rig(provider_with("tls-handshake-hang"));
  RawClient hanging(rig.port("acme"));
  hanging.send("\x16\x03\x01\x02");
  EXPECT_EQ(hanging.read().ending, "silence");

  Rig cut(provider_with("tls-handshake-cut"));
  RawClient client(cut.port("acme"));
  client.send("\x16\x03\x01\x02");
  const auto seen = client.read();
  EXPECT_EQ(seen.ending, "rst");
  EXPECT_EQ(seen.bytes.substr(0, 3), "\x16\x03\x03");
}

}  // namespace
}  // namespace simulator
