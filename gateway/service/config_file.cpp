#include "gateway/service/config_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

extern char** environ;

namespace gateway {
namespace {

std::string get(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

}  // namespace

Environment environment_now() {
  Environment out;
  for (char** each = environ; each && *each; ++each) {
    const std::string_view text(*each);
    if (const auto equals = text.find('='); equals != std::string_view::npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

std::string config_path(const std::string& given, const Environment& environment) {
  if (!given.empty()) return given;
  if (auto path = get(environment, "BROWNOUT_CONFIG"); !path.empty()) return path;
  auto base = get(environment, "XDG_CONFIG_HOME");
  if (base.empty()) base = get(environment, "HOME") + "/.config";
  return base + "/brownout/gateway.json";
}

base::Result<LoadedConfig> load_config_file(const std::string& path, const Environment& environment, const LoadOptions& options) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 && errno == ENOENT) {
    return base::problem("there is no configuration here", "gateway init writes an example; --config FILE names another place", path);
  }
  if (info.st_size > static_cast<off_t>(base::kJsonFileMax)) return base::problem("this file is too large for a configuration", {}, path);
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (S_ISDIR(info.st_mode) || !(text << file.rdbuf())) return base::problem("this file cannot be read", "see its owner and permissions", path);
  auto loaded = load_config_text(text.str(), path, environment, options);
  if (loaded.has_value() && loaded.value().plain_secrets && (info.st_mode & 0044U) != 0) {
    loaded.value().warnings.push_back({.file = path, .what = "there are keys in this file, and other users may read it",
                                       .hint = fmt::format("chmod 600 {}, or write the keys as ${{NAME}}", path)});
  }
  return loaded;
}

}  // namespace gateway
