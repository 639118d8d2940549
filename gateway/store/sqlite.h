// A thin hold on SQLite's C interface: handles that close themselves, errors as words. For store.cpp alone.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>

namespace gateway {

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

/// One prepared statement, reset after each use.
class Statement {
 public:
  Statement() = default;
  /// Null inside when it does not compile; good() tells.
  Statement(sqlite3* db, std::string_view sql);
  bool good() const { return statement_ != nullptr; }
  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  /// Runs to its end; SQLITE_DONE when all went well.
  int run();
  /// One row; true while there is one. rewind() afterwards.
  bool next();
  int last() const { return last_; }
  void rewind();
  std::string text(int column) const;
  std::int64_t number(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int at_ = 0;
  int last_ = SQLITE_OK;
};

}  // namespace gateway
