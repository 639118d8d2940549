// The one truth of a run: an append-only list of entries on one clock. Both worlds write it; checks and reports only read it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace harness {

/// `lane`: "client", "provider", "gateway", "manager", "cli" or "harness". What each kind carries: docs/history.md.
struct Entry {
  base::Duration at{0};  ///< nominal time since the run began
  std::uint64_t seq = 0; ///< order of arrival: breaks ties
  std::string lane;
  std::string kind;
  base::Json data = base::Json::object();
};

class History {
 public:
  /// Entries may arrive out of order (journals are fetched); sort() puts them by (at, seq).
  Entry& add(base::Duration at, std::string_view lane, std::string_view kind, base::Json data);
  void sort();
  const std::vector<Entry>& entries() const { return entries_; }

  /// One JSON object a line: {"t":0.134,"seq":7,"lane":"provider","kind":"answer",…data…}.
  std::string to_jsonl() const;
  static base::Result<History> from_jsonl(const std::string& text, const std::string& file);

 private:
  std::vector<Entry> entries_;
};

}  // namespace harness
