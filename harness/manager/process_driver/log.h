// The manager's part of the history, as JSON lines in a file: what docs/history.md calls the lanes manager and gateway.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/json.h"

namespace harness::manager {

/// Each line is one write: readers may follow the file while it grows. `t` is the manager's own monotonic clock, in seconds
/// (nominal when the manager runs under the time shim).
class Log {
 public:
  Log() = default;
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  bool open(const std::filesystem::path& file);  ///< appends; false with errno set
  void write(std::string_view lane, std::string_view kind, const base::Json& data);

 private:
  int fd_ = -1;
  std::uint64_t seq_ = 0;
};

}  // namespace harness::manager
