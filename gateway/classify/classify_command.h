// `gateway classify` as a function: JSON lines in, verdict lines out. Reads no file and no clock.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "gateway/classify/classify.h"

namespace gateway {

inline constexpr std::size_t kClassifyLineMax = 1024U * 1024U;

/// One input object as a Failure. Unknown members are ignored (a line of provider_faults.json is a fine input); a member of the
/// wrong type is a problem. `body` may be a string or JSON; `provider`, `dialect` (or `api`), `model`, `status`, `headers`, `message`,
/// `transport`, `when`, `after_output`, `now` (RFC 3339, or epoch seconds), `context`.
base::Result<Failure> read_failure(std::string_view json_line, base::WallTime now = {});

/// {"reason","retry","rotate","fallback","compress","abort","wait_s","hint","why"}; for a line that cannot be read
/// {"error":{"what","hint"}}. Never throws; no newline at the end. `now` is used when the line has none.
std::string classify_line(std::string_view json_line, base::WallTime now = {});

/// All lines of a text: one answer each, empty lines skipped. `exit_code` is 2 when any line was bad, else 0.
struct ClassifyOutput {
  std::vector<std::string> lines;
  int exit_code = 0;
};
ClassifyOutput classify_lines(std::string_view text, base::WallTime now = {});
/// The same for one line with its number (1-based), for reading from a stream; false when the line was bad.
bool classify_numbered_line(std::string_view json_line, std::size_t number, base::WallTime now, std::string& answer);

}  // namespace gateway
