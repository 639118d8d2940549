#include "gateway/service/process.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"

namespace gateway {

std::optional<ProcessId> find_process(std::int64_t pid) {
  if (pid <= 0) return std::nullopt;
  const int fd = ::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::array<char, 4096> buffer{};
  const auto got = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  if (got <= 0) return std::nullopt;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
  // proc(5): the name in brackets may hold anything, brackets and blanks too; the fields go on after the last one.
  const auto bracket = text.rfind(')');
  if (bracket == std::string_view::npos || bracket + 2 > text.size()) return std::nullopt;
  const auto fields = base::split(text.substr(bracket + 2), ' ');
  if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X") return std::nullopt;
  const auto start = base::parse_integer(fields[19]);
  return ProcessId{pid, static_cast<std::uint64_t>(start.value_or(0))};
}

bool alive(const ProcessId& process) {
  const auto found = find_process(process.pid);
  return found && (process.start == 0 || found->start == process.start);
}

ProcessId own_process() { return find_process(::getpid()).value_or(ProcessId{::getpid(), 0}); }

}  // namespace gateway
