// Calling real_systemd.sh.
#include "harness/manager/real_systemd.h"

#include <array>
#include <cstdio>

#include "base/text.h"
#include "harness/manager/client.h"

namespace harness::manager {

std::string why_no_real_systemd() {
  const auto script = libexec_folder() / "real_systemd.sh";
  std::error_code ec;
  if (!std::filesystem::exists(script, ec)) return "the script " + script.string() + " is missing";
  // Only our own path is in the command line.
  FILE* pipe = ::popen(("'" + script.string() + "' --check 2>&1").c_str(), "re");
  if (pipe == nullptr) return "no process can be started";
  std::string said;
  std::array<char, 1024> room{};
  while (const std::size_t n = std::fread(room.data(), 1, room.size(), pipe)) said.append(room.data(), n);
  if (::pclose(pipe) == 0) return {};
  said = std::string(base::trim(said));
  const auto last = said.substr(said.rfind('\n') + 1);
  return last.empty() ? "real_systemd.sh --check failed without a word" : last;
}

std::vector<std::string> real_systemd_command(const RealSystemdOptions& options, const std::vector<std::string>& command) {
  std::vector<std::string> words{(libexec_folder() / "real_systemd.sh").string(), "--debug"};
  if (!options.home.empty()) words.insert(words.end(), {"--home", options.home.string()});
  if (!options.timewarp.empty()) words.insert(words.end(), {"--shim", options.shim.string(), "--timewarp", options.timewarp});
  for (const auto& entry : options.environment) words.insert(words.end(), {"--env", entry});
  words.emplace_back("--");
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

}  // namespace harness::manager
