// The store on SQLite: WAL, one connection, one owner. Knows the tables; nothing here decides anything.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/result.h"
#include "gateway/store/sqlite.h"
#include "gateway/store/store.h"

namespace gateway {
namespace {

namespace fs = std::filesystem;
// A second opener (sqlite3 on the command line, a backup) may hold the file for a moment: the loop waits no longer than this.
constexpr int kBusyMs = 250;
constexpr int kOpenBusyMs = 2'000;
constexpr int kMovedAsideMax = 1'000;

// One step each; user_version counts those that are done. Never edit one that was released: add the next.
constexpr std::array<std::string_view, 1> kMigrations{R"(
  CREATE TABLE credential (provider TEXT NOT NULL, key_hash TEXT NOT NULL, model TEXT NOT NULL, label TEXT NOT NULL, kind INTEGER NOT NULL,
                           until_ns INTEGER NOT NULL, reason TEXT NOT NULL, strikes INTEGER NOT NULL, PRIMARY KEY (provider, key_hash, model)) WITHOUT ROWID;
  CREATE TABLE turn (session TEXT NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL, reply TEXT NOT NULL, kind INTEGER NOT NULL, reason TEXT NOT NULL,
                     PRIMARY KEY (session, number)) WITHOUT ROWID;
  CREATE TABLE session (session TEXT PRIMARY KEY, crashes INTEGER NOT NULL, suspended INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
)"};

bool corrupt(int code) { return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB; }

/// An error in plain words, with the file and what to do.
base::Error failure(int code, const std::string& file, std::string_view doing) {
  const auto say = [&](std::string_view what, std::string hint) { return base::problem(fmt::format("{} while {}", what, doing), std::move(hint), file); };
  switch (code & 0xff) {
    case SQLITE_FULL: return say("disk full", "free some space; until then nothing is kept across restarts");
    case SQLITE_READONLY: return say("read-only", "the state file and its folder must be writable");
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return say("locked by another program", "close what holds it open: fuser " + file);
    case SQLITE_CANTOPEN: return say("cannot be opened", "the folder must exist and be writable");
    case SQLITE_PERM: return say("permission denied", "the state file must belong to this user");
    case SQLITE_IOERR: return say("the disk failed", "see the kernel's log");
    case SQLITE_NOTADB: return say("not a SQLite file", "choose another \"state\", or move it away");
    case SQLITE_CORRUPT: return say("damaged", "move it away; a new one is begun at the next start");
    default: return say(sqlite3_errstr(code), {});
  }
}

class SqliteStore final : public Store {
 public:
  SqliteStore(Database db, std::string file) : db_(std::move(db)), file_(std::move(file)) {
    credential_ = {db_.get(),
                   "INSERT INTO credential VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET label=excluded.label, kind=excluded.kind, "
                   "until_ns=excluded.until_ns, reason=excluded.reason, strikes=excluded.strikes"};
    turn_ = {db_.get(),
             "INSERT INTO turn VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET text=excluded.text, reply=excluded.reply, kind=excluded.kind, "
             "reason=excluded.reason"};
    session_ = {db_.get(), "INSERT INTO session VALUES (?,?,?) ON CONFLICT DO UPDATE SET crashes=excluded.crashes, suspended=excluded.suspended"};
    meta_ = {db_.get(), "INSERT INTO meta VALUES (?,?) ON CONFLICT DO UPDATE SET value=excluded.value"};
    delete_turns_ = {db_.get(), "DELETE FROM turn WHERE session=?"};
    delete_session_ = {db_.get(), "DELETE FROM session WHERE session=?"};
    begin_ = {db_.get(), "BEGIN IMMEDIATE"};
    commit_ = {db_.get(), "COMMIT"};
    rollback_ = {db_.get(), "ROLLBACK"};
  }

  bool good() const { return credential_.good() && turn_.good() && session_.good() && meta_.good() && delete_turns_.good() && delete_session_.good(); }

  base::Result<Snapshot> load() override {
    Snapshot out;
    Statement credentials(db_.get(), "SELECT provider, key_hash, model, label, kind, until_ns, reason, strikes FROM credential ORDER BY 1, 2, 3");
    while (credentials.good() && credentials.next()) {
      const auto kind = credentials.number(4);
      if (kind < 0 || kind > static_cast<std::int64_t>(CredentialState::Kind::disabled)) continue;  // of a newer version
      out.credentials.push_back({credentials.text(0), credentials.text(1), credentials.text(3), credentials.text(2),
                                 static_cast<CredentialState::Kind>(kind), base::WallTime{base::Duration{credentials.number(5)}},
                                 kReasonNames.parse(credentials.text(6)).value_or(Reason::unknown), credentials.number(7)});
    }
    Statement turns(db_.get(), "SELECT session, number, text, reply, kind, reason FROM turn ORDER BY session, number");
    while (turns.good() && turns.next()) {
      const auto kind = turns.number(4);
      if (kind < 0 || kind > static_cast<std::int64_t>(TurnRecord::Kind::reported)) continue;
      out.turns.push_back({turns.text(0), turns.number(1), turns.text(2), turns.text(3), static_cast<TurnRecord::Kind>(kind),
                           kReasonNames.parse(turns.text(5)).value_or(Reason::unknown)});
    }
    Statement sessions(db_.get(), "SELECT session, crashes, suspended FROM session ORDER BY 1");
    while (sessions.good() && sessions.next()) {
      out.sessions.push_back({sessions.text(0), static_cast<int>(sessions.number(1)), sessions.number(2) != 0});
    }
    Statement meta(db_.get(), "SELECT key, value FROM meta");
    while (meta.good() && meta.next()) out.meta[meta.text(0)] = meta.text(1);
    for (const auto* each : {&credentials, &turns, &sessions, &meta}) {
      if (!each->good() || each->last() != SQLITE_DONE) return failure(each->last(), file_, "reading the saved state");
    }
    return out;
  }

  base::Result<bool> apply(const StoreOp& op) override {
    const int code = std::visit([this](const auto& each) { return write(each); }, op);
    if (code == SQLITE_DONE) return true;
    return failure(code, file_, "saving state");
  }

 private:
  int write(const StoreCredential& op) {
    const auto& s = op.state;
    return credential_.bind(s.provider).bind(s.key_hash).bind(s.model).bind(s.label).bind(static_cast<std::int64_t>(s.kind)).bind(s.until.since_epoch.count())
        .bind(kReasonNames(s.reason)).bind(s.strikes).run();
  }
  int write(const StoreTurn& op) {
    const auto& t = op.turn;
    return turn_.bind(t.session).bind(t.number).bind(t.text).bind(t.reply).bind(static_cast<std::int64_t>(t.kind)).bind(kReasonNames(t.reason)).run();
  }
  int write(const DeleteSession& op) {
    // Both or neither: a mark without turns, or turns without their mark, would come back as another session.
    if (const int code = begin_.run(); code != SQLITE_DONE) return code;
    int code = delete_turns_.bind(op.session).run();
    if (code == SQLITE_DONE) code = delete_session_.bind(op.session).run();
    if (code == SQLITE_DONE) code = commit_.run();
    if (code != SQLITE_DONE && sqlite3_get_autocommit(db_.get()) == 0) rollback_.run();
    return code;
  }
  int write(const StoreSession& op) {
    return session_.bind(op.mark.session).bind(std::int64_t{op.mark.crashes_in_a_row}).bind(std::int64_t{op.mark.suspended}).run();
  }
  int write(const StoreMeta& op) { return meta_.bind(op.key).bind(op.value).run(); }

  Database db_;
  std::string file_;
  Statement credential_, turn_, session_, meta_, delete_turns_, delete_session_, begin_, commit_, rollback_;
};

int exec(sqlite3* db, const char* sql) { return sqlite3_exec(db, sql, nullptr, nullptr, nullptr); }

/// The first damage SQLite finds in the pages; SQLITE_OK when there is none. Cost: reads the whole file once, at start.
int check_pages(sqlite3* db) {
  Statement check(db, "PRAGMA quick_check(1)");
  if (!check.good()) return check.last();
  if (!check.next()) return check.last() == SQLITE_DONE ? SQLITE_OK : check.last();
  return check.text(0) == "ok" ? SQLITE_OK : SQLITE_CORRUPT;
}

int migrate(sqlite3* db, std::int64_t& version) {
  {
    Statement ask(db, "PRAGMA user_version");
    if (!ask.good() || !ask.next()) return ask.last();
    version = ask.number(0);
  }
  for (auto next = static_cast<std::size_t>(std::max<std::int64_t>(version, 0)); next < kMigrations.size(); ++next) {
    // The version moves in the same transaction as the tables: a kill in between leaves the old state whole.
    int code = exec(db, "BEGIN IMMEDIATE");
    if (code == SQLITE_OK) code = exec(db, std::string(kMigrations[next]).c_str());
    if (code == SQLITE_OK) code = exec(db, fmt::format("PRAGMA user_version={}", next + 1).c_str());
    if (code == SQLITE_OK) code = exec(db, "COMMIT");
    if (code != SQLITE_OK) {
      exec(db, "ROLLBACK");
      return code;
    }
  }
  return SQLITE_OK;
}

base::Result<std::unique_ptr<Store>> open_file(const std::string& file, int& code) {
  // SQLite makes its files with the process's mask; the state is this user's alone.
  const auto mask = ::umask(077);
  sqlite3* raw = nullptr;
  code = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database db(raw);
  if (code == SQLITE_OK) {
    sqlite3_extended_result_codes(db.get(), 1);
    sqlite3_busy_timeout(db.get(), kOpenBusyMs);
    code = exec(db.get(), "PRAGMA journal_mode=WAL");
  }
  // NORMAL: a commit is in the WAL, in the kernel's cache, when it returns: it survives SIGKILL of this process, not a power cut
  // (after one the file is whole, but the last commits may be gone). That is the promise of Store, at no fsync per turn.
  if (code == SQLITE_OK) code = exec(db.get(), "PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=4194304");
  if (code == SQLITE_OK) code = check_pages(db.get());
  std::int64_t version = 0;
  if (code == SQLITE_OK) code = migrate(db.get(), version);
  ::umask(mask);
  if (code != SQLITE_OK) return failure(code, file, "opening the state");
  if (version > static_cast<std::int64_t>(kMigrations.size())) {
    return base::problem(fmt::format("written by a newer version (layout {}, this one knows {})", version, kMigrations.size()),
                         "use that version, or another \"state\"", file);
  }
  sqlite3_busy_timeout(db.get(), kBusyMs);
  auto store = std::make_unique<SqliteStore>(std::move(db), file);
  if (!store->good()) {
    code = SQLITE_CORRUPT;
    return failure(code, file, "opening the state");
  }
  return std::unique_ptr<Store>(std::move(store));
}

/// FILE → FILE.corrupt-1, -2, …; its WAL goes with it, so that a new file never meets an old log.
std::string move_aside(const std::string& file) {
  for (int i = 1; i <= kMovedAsideMax; ++i) {
    const auto name = fmt::format("{}.corrupt-{}", file, i);
    std::error_code error;
    if (fs::exists(name, error)) continue;
    fs::rename(file, name, error);
    if (error) return {};
    for (const auto* tail : {"-wal", "-shm"}) fs::rename(file + tail, name + tail, error);
    return name;
  }
  return {};
}

}  // namespace

base::Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& file, bool repair, std::string* moved_to) {
  int code = SQLITE_OK;
  auto opened = open_file(file, code);
  if (opened.has_value() || !corrupt(code) || !repair) return opened;
  const auto aside = move_aside(file);
  if (aside.empty()) return base::problem("damaged, and it cannot be moved aside", "move it away by hand", file);
  if (moved_to) *moved_to = aside;
  return open_file(file, code);
}

}  // namespace gateway
