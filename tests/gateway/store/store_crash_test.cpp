// What survives SIGKILL: everything whose apply() had returned. A child writes, says what is done, and is killed at a random moment.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "gateway/store/store.h"
#include "tests/gateway/store/folder.h"

namespace gateway {
namespace {

/// In the child: turns 1, 2, 3, … of one session, each answered after it was accepted; the number goes to the pipe when it is durable.
[[noreturn]] void write_turns(const std::string& file, int pipe, std::int64_t first) {
  auto opened = open_sqlite_store(file, false);
  if (opened.has_error()) ::_exit(9);
  auto& store = *opened.value();
  for (std::int64_t number = first;; ++number) {
    if (store.apply(StoreTurn{{"s", number, "question", "", TurnRecord::Kind::accepted, Reason::none}}).has_error()) ::_exit(8);
    if (store.apply(StoreTurn{{"s", number, "question", fmt::format("answer {}", number), TurnRecord::Kind::answered, Reason::none}}).has_error()) ::_exit(8);
    if (number % 7 == 0 && store.apply(DeleteSession{"other"}).has_error()) ::_exit(8);
    if (::write(pipe, &number, sizeof number) != sizeof number) ::_exit(7);
  }
}

/// Reads until `enough` numbers have come; the last one.
std::int64_t read_until(int pipe, std::int64_t enough) {
  std::int64_t last = 0, number = 0;
  while (last < enough && ::read(pipe, &number, sizeof number) == sizeof number) last = number;
  return last;
}

TEST(StoreCrash, WhatWasSavedIsThereAfterSigkillAtAnyPoint) {
  Folder folder;
  const auto file = folder / "s.db";
  base::Random random(20'261);
  std::int64_t promised = 0;

  for (int round = 0; round < 15; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      write_turns(file, ends[1], promised + 1);
    }
    ::close(ends[1]);
    const auto enough = promised + random.between(std::int64_t{1}, std::int64_t{60});
    promised = std::max(promised, read_until(ends[0], enough));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child failed by itself with " << WEXITSTATUS(status);
    // What it still said before the end was promised too.
    promised = std::max(promised, read_until(ends[0], std::numeric_limits<std::int64_t>::max()));
    ::close(ends[0]);

    auto opened = open_sqlite_store(file, false);
    ASSERT_TRUE(opened.has_value()) << base::render(opened.error());
    const auto loaded = opened.value()->load();
    ASSERT_TRUE(loaded.has_value());
    std::int64_t answered = 0;
    for (const auto& turn : loaded.value().turns) {
      if (turn.kind != TurnRecord::Kind::answered) continue;
      ++answered;
      EXPECT_EQ(turn.reply, fmt::format("answer {}", turn.number));
    }
    ASSERT_GE(answered, promised) << "round " << round;
    promised = answered;
  }
  EXPECT_GT(promised, 15);
}

TEST(StoreCrash, AFileAtItsSizeLimitIsAnErrorInWordsAndTheOldStateStays) {
  Folder folder;
  const auto file = folder / "s.db";
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // RLIMIT_FSIZE stands in for a full disk: write(2) fails the same way.
    ::signal(SIGXFSZ, SIG_IGN);
    auto opened = open_sqlite_store(file, false);
    if (opened.has_error() || opened.value()->apply(StoreMeta{"before", "kept"}).has_error()) ::_exit(2);
    const rlimit small{100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &small);
    for (int i = 0; i < 1'000; ++i) {
      const auto saved = opened.value()->apply(StoreTurn{{"s", i, std::string(4'000, 'x'), "", TurnRecord::Kind::accepted, Reason::none}});
      if (saved.has_value()) continue;
      const auto text = base::render(saved.error());
      ::_exit(text.find("disk") != std::string::npos && text.find("while saving state") != std::string::npos ? 0 : 3);
    }
    ::_exit(4);
  }
  int status = 0;
  ::waitpid(child, &status, 0);

  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  auto opened = open_sqlite_store(file, false);
  ASSERT_TRUE(opened.has_value()) << base::render(opened.error());
  EXPECT_EQ(opened.value()->load().value().meta.at("before"), "kept");
}

}  // namespace
}  // namespace gateway
