// The unit as it is written: golden, because a changed line changes how the service lives and dies.
#include "gateway/service/unit_text.h"

#include <gtest/gtest.h>

#include "gateway/core/unit_state.h"

namespace gateway {
namespace {

using namespace std::chrono_literals;
const UnitOptions kOptions{.program = "/opt/brown out/gateway", .config = "/home/ann/50%.json", .environment_file = "/home/ann/gateway.env", .listen = "127.0.0.1:8642"};

TEST(UnitText, IsExact) {
  EXPECT_EQ(unit_text(kOptions), R"(# Written by `gateway install`. Changes of your own: systemctl --user edit brownout-gateway
[Unit]
Description=Brownout LLM gateway
Requires=brownout-gateway.socket
After=brownout-gateway.socket
# The gateway slows down repeated unplanned starts itself; planned restarts must never use up a limit.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart="/opt/brown out/gateway" run --config /home/ann/50%%.json --log json
ExecReload=/bin/kill -HUP $MAINPID
EnvironmentFile=-/home/ann/gateway.env
# 75: a planned restart, always started again. 78: a wrong configuration, starting again does not help.
Restart=on-failure
RestartSec=30
RestartForceExitStatus=75
RestartPreventExitStatus=78
# mixed: the gateway alone gets SIGTERM; a child that ignores it cannot delay the restart.
KillMode=mixed
TimeoutStartSec=90
TimeoutStopSec=90
WatchdogSec=30
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target
Also=brownout-gateway.socket
)");
}

TEST(UnitText, TheSocketIsExact) {
  EXPECT_EQ(socket_text(kOptions), R"(# Written by `gateway install`. The manager keeps this socket across restarts: callers wait in it, none is refused.
[Unit]
Description=Brownout LLM gateway's port

[Socket]
ListenStream=127.0.0.1:8642
Backlog=4096
NoDelay=yes

[Install]
WantedBy=sockets.target
)");
}

TEST(UnitText, WithoutAFixedPortThereIsNoSocket) {
  auto options = kOptions;
  options.listen = "127.0.0.1:0";

  EXPECT_FALSE(wants_socket(options));
  EXPECT_EQ(unit_text(options).find(".socket"), std::string::npos);
}

TEST(UnitText, TheStopTimeoutNeverCutsTheDrain) {
  for (const auto drain : {0s, 60s, 300s}) {
    for (const auto settle : {0s, 5s, 60s}) {
      const auto timeout = stop_timeout(drain, settle);
      EXPECT_GE(timeout, drain + 30s);
      EXPECT_FALSE(effective_drain(drain, settle, timeout).cut);
    }
  }
}

TEST(ExecWord, IsReadBackBySystemdAsItWas) {
  EXPECT_EQ(exec_word("/usr/bin/gateway"), "/usr/bin/gateway");
  EXPECT_EQ(exec_word("a b"), "\"a b\"");
  EXPECT_EQ(exec_word("100%$x"), "100%%$$x");
  EXPECT_EQ(exec_word("say \"hi\"\\"), "\"say \\\"hi\\\"\\\\\"");
  EXPECT_EQ(exec_word(""), "\"\"");
}

}  // namespace
}  // namespace gateway
