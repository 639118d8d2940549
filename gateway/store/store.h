// Durable state behind an interface: SQLite in life, a value in the virtual world.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "gateway/core/events.h"

namespace gateway {

class Store {
 public:
  virtual ~Store() = default;
  virtual base::Result<Snapshot> load() = 0;
  /// Durable against SIGKILL of this process when it returns. The Error says what failed and where ("disk full: FILE").
  virtual base::Result<bool> apply(const StoreOp& op) = 0;
};

/// Opens or makes the file (WAL). A corrupt file is moved aside to FILE.corrupt-N, said in the Error's hint, and a new one is begun only
/// when `repair`; read-only, full, locked: an Error in plain words. Thread: one owner.
/// `moved_to`, when given, then says where the damaged one went; empty when nothing was moved.
base::Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& file, bool repair, std::string* moved_to = nullptr);

}  // namespace gateway
