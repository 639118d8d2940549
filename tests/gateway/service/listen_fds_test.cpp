// Sockets handed over by a manager, in a child whose descriptors are arranged as a manager would.
#include "gateway/service/listen_fds.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/net/listen.h"

namespace gateway {
namespace {

int listener() {
  auto made = base::net::listen_tcp({"127.0.0.1", 0});
  return made.has_value() ? made.value().fd : -1;
}

TEST(ListenFds, ListeningSocketsAreTakenOthersAreClosedAndSaid) {
  // Descriptors from kFirst on, as from 3 in a real start.
  constexpr int kFirst = 700;
  const int one = listener(), datagram = ::socket(AF_UNIX, SOCK_DGRAM, 0), two = listener();
  for (const auto& [fd, place] : {std::pair{one, kFirst}, std::pair{datagram, kFirst + 1}, std::pair{two, kFirst + 2}}) {
    ASSERT_EQ(::dup2(fd, place), place);
    ::close(fd);
  }

  const auto got = inherited_sockets("41", "3", 41, kFirst);

  EXPECT_THAT(got.listening, testing::ElementsAre(kFirst, kFirst + 2));
  EXPECT_THAT(got.warnings, testing::ElementsAre(testing::HasSubstr("descriptor 701")));
  EXPECT_EQ(::fcntl(kFirst, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_EQ(::fcntl(kFirst + 1, F_GETFD), -1);
  EXPECT_TRUE(address_of(kFirst).starts_with("127.0.0.1:"));
  ::close(kFirst);
  ::close(kFirst + 2);
}

TEST(ListenFds, AnotherProcessesVariablesAreNotOurs) {
  EXPECT_TRUE(inherited_sockets("40", "1", 41).listening.empty());
  EXPECT_TRUE(inherited_sockets("", "1", 41).listening.empty());
  EXPECT_TRUE(inherited_sockets("41", "", 41).listening.empty());
  EXPECT_TRUE(inherited_sockets("41", "-3", 41).listening.empty());
}

}  // namespace
}  // namespace gateway
