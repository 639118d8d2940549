// An empty machine: the defaults of Host.
#include "harness/manager/host.h"

namespace harness::manager {

std::vector<ProcessInfo> Host::processes(const std::string&) const { return {}; }
base::Duration Host::cpu_used(const std::string&) const { return base::Duration{0}; }
std::optional<std::string> Host::read_file(const std::string&) const { return std::nullopt; }
bool Host::exists(const std::string&) const { return false; }
bool Host::is_directory(const std::string&) const { return false; }
std::vector<std::string> Host::list_folder(const std::string&) const { return {}; }
std::optional<std::int64_t> Host::file_version(const std::string& path) const {
  return exists(path) ? std::optional<std::int64_t>{0} : std::nullopt;
}
std::optional<std::string> Host::link_target(const std::string&) const { return std::nullopt; }
bool Host::make_link(const std::string&, const std::string&) { return false; }
bool Host::remove_file(const std::string&) { return false; }

}  // namespace harness::manager
