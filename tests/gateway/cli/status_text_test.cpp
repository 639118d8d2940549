// The words of `gateway status` and `gateway keys`, golden.
#include <gtest/gtest.h>

#include "gateway/cli/client_commands.h"

namespace gateway {
namespace {

constexpr const char* kStatus = R"({"status":"degraded","version":"0.1.0","pid":4117,"uptime_s":7325,"restarts":2,"active_requests":3,"waiting_requests":1,"sessions":5,
  "store":"disk full while saving state","last_failure":{"target":"acme/gpt-x","key":"key-a","reason":"billing","status":402},
  "drain":{"since_s":1,"left_s":44},
  "providers":[{"name":"acme","credentials":[
      {"provider":"acme","label":"key-a","state":"cooling","usable_in_s":3540,"reason":"billing","in_flight":0},
      {"provider":"acme","label":"key-b","state":"ok","usable_in_s":0,"in_flight":2,"models":{"gpt-x":{"state":"cooling","usable_in_s":30,"reason":"rate_limit"}}},
      {"provider":"acme","label":"key-c","state":"dead","reason":"auth_permanent"},
      {"provider":"acme","label":"key-d","state":"disabled"}],
    "targets":[{"model":"gpt-x","breaker":"closed"},{"model":"gpt-y","breaker":"open","reason":"overloaded","trial_at":"2026-11-25T04:00:00.000Z"}]},
    {"name":"local","credentials":[],"targets":[]}]})";

TEST(StatusText, IsExact) {
  EXPECT_EQ(status_text(kStatus), R"(⚠ Gateway is degraded (PID 4117, version 0.1.0)
  uptime 2 h 2 min, 2 planned restart(s)
  3 active request(s), 1 waiting, 5 session(s)
⏳ Draining, at most 44 s more
⚠ Nothing is kept across restarts: disk full while saving state
Credentials
  acme/key-a                   usable in 59 min (billing)
  acme/key-b                   ok, 2 in flight
    gpt-x: usable in 30 s (rate_limit)
  acme/key-c                   dead (auth_permanent): replace the key, then gateway keys reset
  acme/key-d                   disabled: gateway keys enable
  acme/gpt-y                   left alone (overloaded), tried again at 2026-11-25T04:00:00.000Z
  local                        no keys
Last failure: target=acme/gpt-x key=key-a reason=billing status=402
)");
}

TEST(StatusText, OddAnswersAreNoCrash) {
  EXPECT_EQ(status_text("<html>"), "");
  EXPECT_EQ(status_text("[]"), "");
  EXPECT_NE(status_text("{}"), "");
  EXPECT_EQ(keys_text("{}"), "");
  EXPECT_EQ(keys_text(R"({"keys":[]})"), "  no keys are configured\n");
}

TEST(KeysText, IsExact) {
  EXPECT_EQ(keys_text(R"({"keys":[{"provider":"acme","label":"key-a","state":"cooling","usable_in_s":90,"reason":"auth"}]})"),
            "  acme/key-a                   usable in 1 min 30 s (auth)\n");
}

}  // namespace
}  // namespace gateway
