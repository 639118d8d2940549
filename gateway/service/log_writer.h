// Log lines on a descriptor: JSON for machines, words for a terminal. Secrets are taken out once more on the way.
#pragma once

#include <string>

#include "base/json.h"
#include "base/redact.h"
#include "base/time.h"
#include "gateway/core/events.h"

namespace gateway {

enum class LogForm : std::uint8_t { json, text };

/// A reader that stops reading costs lines, never the loop: what does not fit into the pipe is dropped and counted.
/// Thread: one at a time.
class LogWriter {
 public:
  LogWriter(int fd, LogForm form, std::string level);
  void secret(std::string value, std::string label) { redactor_.add(std::move(value), std::move(label)); }
  void set_level(const std::string& level);
  void write(const Log& line, base::WallTime now);
  void write(std::string_view level, std::string_view event, base::Json fields, base::WallTime now);
  const base::Redactor& redactor() const { return redactor_; }

 private:
  void put(std::string text);
  int fd_;
  LogForm form_;
  std::size_t level_ = 1;
  std::uint64_t dropped_ = 0;
  base::Redactor redactor_;
};
/// One line, newline included. `level` padded, `event`, then the fields as key=value.
std::string log_line(LogForm form, std::string_view level, std::string_view event, const base::Json& fields, base::WallTime now);

}  // namespace gateway
