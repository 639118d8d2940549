// Other programs, bounded.
#include "gateway/service/command.h"

#include <gmock/gmock.h>

#include <chrono>

namespace gateway {
namespace {

using namespace std::chrono_literals;

TEST(Command, GivesOutputErrorsAndCode) {
  const auto result = run_command({"sh", "-c", "echo out; echo err >&2; exit 3"}, 10s);

  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.reason(), "err");
}

TEST(Command, AHangingOneIsEndedWithItsChildren) {
  const auto begun = std::chrono::steady_clock::now();

  const auto result = run_command({"sh", "-c", "sleep 60 & echo begun; sleep 60"}, 300ms);

  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.out, "begun\n");
  EXPECT_EQ(result.reason(), "it did not answer in time");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
}

TEST(Command, AMissingOneIsSaid) {
  const auto result = run_command({"no-such-program-here"}, 1s);

  EXPECT_TRUE(result.missing);
  EXPECT_EQ(result.reason(), "no-such-program-here is not on PATH");
}

TEST(Command, OutputIsBounded) {
  const auto result = run_command({"sh", "-c", "head -c 5000000 /dev/zero"}, 20s);

  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out.size(), kCommandOutputMax);
}

TEST(Command, ASignalIsACodeAbove128) { EXPECT_EQ(run_command({"sh", "-c", "kill -9 $$"}, 10s).code, 137); }

}  // namespace
}  // namespace gateway
