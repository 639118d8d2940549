#include "gateway/service/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "base/text.h"
#include "gateway/core/settings.h"

namespace gateway {
namespace {

std::size_t rank(std::string_view level) {
  const auto found = std::find(kLogLevels.begin(), kLogLevels.end(), level);
  return found == kLogLevels.end() ? 1 : static_cast<std::size_t>(found - kLogLevels.begin());
}

bool writable(int fd) {
  pollfd one{fd, POLLOUT, 0};
  return ::poll(&one, 1, 0) == 1 && (one.revents & POLLOUT) != 0;
}

}  // namespace

std::string log_line(LogForm form, std::string_view level, std::string_view event, const base::Json& fields, base::WallTime now) {
  if (form == LogForm::json) {
    base::Json line{{"time", base::format_rfc3339(now)}, {"level", level}, {"event", event}};
    if (fields.is_object()) {
      for (const auto& [key, value] : fields.items()) line[key == "time" || key == "level" || key == "event" ? key + "_" : key] = value;
    }
    return base::dump(line) + "\n";
  }
  auto text = fmt::format("{} {:<5} {}", base::format_rfc3339(now).substr(11, 12), level, event);
  if (fields.is_object()) {
    for (const auto& [key, value] : fields.items()) {
      const auto shown = value.is_string() ? base::string_or(fields, key) : base::dump(value);
      const bool quoted = shown.empty() || shown.find_first_of(" =\"") != std::string::npos;
      text += fmt::format(" {}={}", key, quoted && value.is_string() ? base::dump(base::Json(shown)) : shown);
    }
  }
  return text + "\n";
}

LogWriter::LogWriter(int fd, LogForm form, std::string level) : fd_(fd), form_(form), level_(rank(level)) {}

void LogWriter::set_level(const std::string& level) { level_ = rank(level); }

void LogWriter::write(const Log& line, base::WallTime now) {
  if (rank(line.level) >= level_) put(log_line(form_, line.level, line.event, line.fields, now));
}

void LogWriter::write(std::string_view level, std::string_view event, base::Json fields, base::WallTime now) {
  if (rank(level) >= level_) put(log_line(form_, level, event, fields, now));
}

void LogWriter::put(std::string text) {
  if (dropped_ > 0 && writable(fd_)) {
    const auto note = form_ == LogForm::json ? fmt::format("{{\"level\":\"warn\",\"event\":\"log.dropped\",\"lines\":{}}}\n", dropped_)
                                             : fmt::format("warn  log.dropped lines={}\n", dropped_);
    dropped_ = 0;
    (void)!::write(fd_, note.data(), note.size());
  }
  text = redactor_.apply(text);
  // poll(2) says "writable" only when PIPE_BUF bytes fit: pieces of that size never block.
  for (std::string_view rest = text; !rest.empty();) {
    if (!writable(fd_)) {
      ++dropped_;
      return;
    }
    const auto done = ::write(fd_, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(done));
  }
}

}  // namespace gateway
