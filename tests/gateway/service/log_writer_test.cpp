// Log lines: their form, their level, no secret, and a reader that stops reading.
#include "gateway/service/log_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;
const base::WallTime kAt{1'800'000'000s};

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe2(ends, O_NONBLOCK), 0); }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  std::string text() {
    std::string out(1U << 20, '\0');
    const auto got = ::read(ends[0], out.data(), out.size());
    out.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return out;
  }
  int ends[2];
};

TEST(LogLine, IsOneJsonObjectOrOneLineOfWords) {
  const base::Json fields{{"request", "r1"}, {"n", 3}, {"what", "two words"}, {"level", "x"}};

  EXPECT_EQ(log_line(LogForm::json, "info", "attempt", fields, kAt),
            "{\"time\":\"2027-01-15T08:00:00.000Z\",\"level\":\"info\",\"event\":\"attempt\",\"request\":\"r1\",\"n\":3,\"what\":\"two words\",\"level_\":\"x\"}\n");
  EXPECT_EQ(log_line(LogForm::text, "info", "attempt", fields, kAt), "08:00:00.000 info  attempt request=r1 n=3 what=\"two words\" level=x\n");
}

TEST(LogWriter, KeepsToItsLevelAndTakesOutSecrets) {
  Pipe pipe;
  LogWriter log(pipe.ends[1], LogForm::json, "warn");
  log.secret("hunter2hunter2", "key-a");

  log.write("info", "quiet", {}, kAt);
  log.write("error", "loud", {{"what", "with hunter2hunter2 inside"}}, kAt);

  const auto text = pipe.text();
  EXPECT_THAT(text, HasSubstr("with [key-a] inside"));
  EXPECT_THAT(text, Not(HasSubstr("quiet")));
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
}

TEST(LogWriter, AReaderThatStopsCostsLinesAndNeverTheWriter) {
  Pipe pipe;
  ::fcntl(pipe.ends[1], F_SETFL, 0);  // blocking, as a real stderr is
  LogWriter log(pipe.ends[1], LogForm::json, "info");

  for (int i = 0; i < 5'000; ++i) log.write("info", "line", {{"text", std::string(200, 'x')}}, kAt);
  pipe.text();
  pipe.text();
  log.write("info", "after", {}, kAt);

  EXPECT_THAT(pipe.text(), HasSubstr("\"event\":\"log.dropped\",\"lines\":"));
}

}  // namespace
}  // namespace gateway
