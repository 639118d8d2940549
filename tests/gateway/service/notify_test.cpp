// The datagrams a service manager would get.
#include "gateway/service/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "tests/gateway/store/folder.h"

namespace gateway {
namespace {

using namespace std::chrono_literals;

/// The manager's end: a bound datagram socket.
class Inbox {
 public:
  explicit Inbox(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (name[0] == '@' ? 0U : 1U));
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), length), 0);
  }
  ~Inbox() { ::close(fd_); }
  std::string next() {
    char buffer[4096];
    const auto got = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    return got < 0 ? "(nothing)" : std::string(buffer, static_cast<std::size_t>(got));
  }

 private:
  int fd_;
};

TEST(Notifier, SendsEachMessageAsOneDatagram) {
  Folder folder;
  Inbox inbox(folder / "notify");
  Notifier notifier(folder / "notify");

  notifier.ready("running on 127.0.0.1:1");
  notifier.status("two\nlines");
  notifier.reloading(1500ms);
  notifier.stopping("bye");
  notifier.watchdog();
  notifier.extend(30s);

  EXPECT_EQ(inbox.next(), "READY=1\nSTATUS=running on 127.0.0.1:1");
  const auto status = inbox.next();
  EXPECT_TRUE(status.starts_with("STATUS=two"));
  EXPECT_EQ(status.find('\n'), std::string::npos) << "a second line would be a second assignment";
  EXPECT_EQ(inbox.next(), "RELOADING=1\nMONOTONIC_USEC=1500000\nSTATUS=reloading the configuration");
  EXPECT_EQ(inbox.next(), "STOPPING=1\nSTATUS=bye");
  EXPECT_EQ(inbox.next(), "WATCHDOG=1");
  EXPECT_EQ(inbox.next(), "EXTEND_TIMEOUT_USEC=30000000");
  EXPECT_EQ(inbox.next(), "(nothing)");
}

TEST(Notifier, SpeaksToAnAbstractSocket) {
  const auto name = "@brownout-test-" + std::to_string(::getpid());
  Inbox inbox(name);
  Notifier notifier(name);

  EXPECT_TRUE(notifier.send("WATCHDOG=1"));

  EXPECT_EQ(inbox.next(), "WATCHDOG=1");
}

TEST(Notifier, WithoutAManagerItDoesNothing) {
  Notifier none("");
  Notifier relative("somewhere");
  Notifier gone("/nowhere/notify");

  EXPECT_FALSE(none.active());
  EXPECT_FALSE(relative.active());
  EXPECT_FALSE(none.send("READY=1"));
  EXPECT_FALSE(gone.send("READY=1"));
}

TEST(Watchdog, IsMeantForTheProcessItNames) {
  EXPECT_EQ(watchdog_interval("30000000", "7", 7), 30s);
  EXPECT_EQ(watchdog_interval("30000000", "", 7), 30s);
  EXPECT_EQ(watchdog_interval("30000000", "8", 7), 0s);
  EXPECT_EQ(watchdog_interval("", "7", 7), 0s);
  EXPECT_EQ(watchdog_interval("soon", "7", 7), 0s);
}

}  // namespace
}  // namespace gateway
