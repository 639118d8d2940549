// What the store keeps, and what it says when the disk is against it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "gateway/store/store.h"
#include "tests/gateway/store/folder.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

std::unique_ptr<Store> open(const std::string& file, bool repair = false) {
  auto opened = open_sqlite_store(file, repair);
  if (opened.has_value()) return std::move(opened.value());
  ADD_FAILURE() << base::render(opened.error());
  return nullptr;
}
std::string failure(const std::string& file, bool repair = false) {
  auto opened = open_sqlite_store(file, repair);
  return opened.has_value() ? "" : base::render(opened.error());
}
Snapshot load(Store& store) {
  auto loaded = store.load();
  if (loaded.has_value()) return loaded.value();
  ADD_FAILURE() << base::render(loaded.error());
  return {};
}
const CredentialState kKey{"acme", "hash-a", "key-a", "gpt-x", CredentialState::Kind::cooling, base::WallTime{1'800'000'000s}, Reason::billing, 3};

TEST(SqliteStore, KeepsEverythingAcrossOpenings) {
  Folder folder;
  {
    auto store = open(folder / "s.db");
    ASSERT_TRUE(store);
    for (const auto& op : std::initializer_list<StoreOp>{StoreCredential{kKey}, StoreTurn{{"s1", 2, "two", "", TurnRecord::Kind::accepted, Reason::none}},
                                                         StoreTurn{{"s1", 1, "one\n\"ü\"", std::string("re\0ply", 6), TurnRecord::Kind::answered, Reason::none}},
                                                         StoreSession{{"s1", 2, true}}, StoreMeta{"restarts", "7"}}) {
      EXPECT_TRUE(store->apply(op).has_value());
    }
  }

  auto store = open(folder / "s.db");
  const auto snapshot = load(*store);

  ASSERT_EQ(snapshot.credentials.size(), 1U);
  const auto& key = snapshot.credentials[0];
  EXPECT_EQ(key.provider + key.key_hash + key.label + key.model, "acmehash-akey-agpt-x");
  EXPECT_EQ(key.kind, CredentialState::Kind::cooling);
  EXPECT_EQ(key.until, kKey.until);
  EXPECT_EQ(key.reason, Reason::billing);
  EXPECT_EQ(key.strikes, 3);
  ASSERT_EQ(snapshot.turns.size(), 2U);
  EXPECT_EQ(snapshot.turns[0].text, "one\n\"ü\"");
  EXPECT_EQ(snapshot.turns[0].reply, std::string("re\0ply", 6));
  EXPECT_EQ(snapshot.turns[1].kind, TurnRecord::Kind::accepted);
  ASSERT_EQ(snapshot.sessions.size(), 1U);
  EXPECT_TRUE(snapshot.sessions[0].suspended);
  EXPECT_EQ(snapshot.meta.at("restarts"), "7");
}

TEST(SqliteStore, ASecondWriteReplacesTheFirst) {
  Folder folder;
  auto store = open(folder / "s.db");
  auto later = kKey;
  later.kind = CredentialState::Kind::ok;
  later.label = "renamed";

  for (const auto& op : std::initializer_list<StoreOp>{StoreCredential{kKey}, StoreCredential{later}, StoreTurn{{"s", 1, "t", "", TurnRecord::Kind::accepted, Reason::none}},
                                                       StoreTurn{{"s", 1, "t", "r", TurnRecord::Kind::answered, Reason::none}}}) {
    ASSERT_TRUE(store->apply(op).has_value());
  }

  const auto snapshot = load(*store);
  ASSERT_EQ(snapshot.credentials.size(), 1U);
  EXPECT_EQ(snapshot.credentials[0].label, "renamed");
  ASSERT_EQ(snapshot.turns.size(), 1U);
  EXPECT_EQ(snapshot.turns[0].reply, "r");
}

TEST(SqliteStore, ADeletedSessionIsGoneWithItsTurns) {
  Folder folder;
  auto store = open(folder / "s.db");
  for (const auto* name : {"a", "b"}) {
    ASSERT_TRUE(store->apply(StoreTurn{{name, 1, "t", "r", TurnRecord::Kind::answered, Reason::none}}).has_value());
    ASSERT_TRUE(store->apply(StoreSession{{name, 0, false}}).has_value());
  }

  ASSERT_TRUE(store->apply(DeleteSession{"a"}).has_value());

  const auto snapshot = load(*store);
  ASSERT_EQ(snapshot.turns.size(), 1U);
  EXPECT_EQ(snapshot.turns[0].session, "b");
  ASSERT_EQ(snapshot.sessions.size(), 1U);
}

TEST(SqliteStore, ItsFilesAreTheOwnersAlone) {
  Folder folder;
  auto store = open(folder / "s.db");
  ASSERT_TRUE(store->apply(StoreMeta{"k", "v"}).has_value());

  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    EXPECT_EQ(entry.status().permissions() & std::filesystem::perms::others_all, std::filesystem::perms::none) << entry.path();
  }
}

TEST(SqliteStore, ADamagedFileIsMovedAsideAndANewOneBegun) {
  Folder folder;
  const auto file = folder / "s.db";
  std::ofstream(file) << "this is no database, though it is long enough to look like one\n";

  EXPECT_THAT(failure(file), HasSubstr("not a SQLite file"));
  std::string moved;
  auto opened = open_sqlite_store(file, true, &moved);

  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(moved, file + ".corrupt-1");
  EXPECT_TRUE(std::filesystem::exists(moved));
  EXPECT_TRUE(load(*opened.value()).turns.empty());
}

TEST(SqliteStore, DamageInThePagesIsFoundAtOpening) {
  Folder folder;
  const auto file = folder / "s.db";
  {
    auto store = open(file);
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(store->apply(StoreTurn{{"s", i, std::string(500, 'x'), "", TurnRecord::Kind::answered, Reason::none}}).has_value());
  }
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(3 * 4096);
  bytes << std::string(20'000, '\x5a');
  bytes.close();

  EXPECT_THAT(failure(file), HasSubstr("damaged"));
  std::string moved;
  EXPECT_TRUE(open_sqlite_store(file, true, &moved).has_value());
  EXPECT_EQ(moved, file + ".corrupt-1");
}

TEST(SqliteStore, EachDamagedFileIsKept) {
  Folder folder;
  const auto file = folder / "s.db";
  for (int i = 1; i <= 3; ++i) {
    { std::ofstream(file) << "garbage garbage garbage garbage garbage " << i; }
    std::string moved;
    ASSERT_TRUE(open_sqlite_store(file, true, &moved).has_value());
    EXPECT_EQ(moved, fmt::format("{}.corrupt-{}", file, i));
    std::filesystem::remove(file);
  }
}

TEST(SqliteStore, AMissingFolderIsSaid) {
  Folder folder;
  EXPECT_THAT(failure(folder / "nowhere/s.db", true), HasSubstr("cannot be opened while opening the state"));
}

TEST(SqliteStore, ANewerLayoutIsRefusedAndLeftAlone) {
  Folder folder;
  const auto file = folder / "s.db";
  open(file);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
  sqlite3_exec(db, "PRAGMA user_version=99", nullptr, nullptr, nullptr);
  sqlite3_close(db);

  EXPECT_THAT(failure(file, true), HasSubstr("written by a newer version (layout 99"));
  EXPECT_FALSE(std::filesystem::exists(file + ".corrupt-1"));
}

TEST(SqliteStore, AnotherProgramsLockIsAnErrorInWordsAndPasses) {
  Folder folder;
  const auto file = folder / "s.db";
  auto store = open(file);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);

  const auto refused = store->apply(StoreMeta{"k", "v"});
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(other);

  ASSERT_TRUE(refused.has_error());
  EXPECT_THAT(base::render(refused.error()), HasSubstr("locked by another program while saving state"));
  EXPECT_TRUE(store->apply(StoreMeta{"k", "v"}).has_value());
}

TEST(SqliteStore, AReadOnlyFileIsAnErrorInWords) {
  Folder folder;
  const auto file = folder / "s.db";
  open(file);
  std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::others_read);
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec | std::filesystem::perms::others_read |
                                                  std::filesystem::perms::others_exec);

  // Root may write everywhere, so that another user has to try.
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(9);
    const auto opened = open_sqlite_store(file, true);
    if (opened.has_value()) ::_exit(opened.value()->apply(StoreMeta{"k", "v"}).has_value() ? 1 : 0);
    const auto text = base::render(opened.error());
    ::_exit(text.find("read-only") != std::string::npos || text.find("cannot be opened") != std::string::npos ? 0 : 2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);

  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(std::filesystem::exists(file + ".corrupt-1"));
}

}  // namespace
}  // namespace gateway
