// History lines of the manager.
#include "harness/manager/process_driver/log.h"

#include <fcntl.h>
#include <unistd.h>

#include "harness/manager/process_driver/loop.h"

namespace harness::manager {

Log::~Log() {
  if (fd_ >= 0) ::close(fd_);
}

bool Log::open(const std::filesystem::path& file) {
  fd_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  return fd_ >= 0;
}

void Log::write(std::string_view lane, std::string_view kind, const base::Json& data) {
  if (fd_ < 0) return;
  base::Json line = base::Json::object();
  line["t"] = base::seconds(monotonic_now().since_start);
  line["seq"] = seq_++;
  line["lane"] = lane;
  line["kind"] = kind;
  for (const auto& [key, value] : data.items()) {
    if (!line.contains(key)) line[key] = value;
  }
  const std::string text = base::dump(line) + "\n";
  // A full disk loses lines; it must not stop the manager.
  if (::write(fd_, text.data(), text.size()) < 0) return;
}

}  // namespace harness::manager
