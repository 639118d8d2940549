#include "harness/live/paths.h"

#include <cstdlib>

namespace harness {

Paths Paths::find() {
  namespace fs = std::filesystem;
  std::error_code ignored;
  Paths paths;
  paths.bin = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  paths.libexec = paths.bin.parent_path() / "libexec" / "brownout";
  for (const auto* folder : {"../share/brownout/scenarios", "../../scenarios"}) {
    const auto library = fs::weakly_canonical(paths.bin / folder, ignored);
    if (fs::is_directory(library, ignored)) {
      paths.library = library;
      break;
    }
  }
  // In a source tree the runs lie beside the library; installed, where a user's state belongs (XDG base directories).
  if (fs::exists(paths.bin / "../../CMakeLists.txt", ignored)) {
    paths.runs = fs::weakly_canonical(paths.bin / "../../runs", ignored);
  } else if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0') {
    paths.runs = fs::path(state) / "brownout" / "runs";
  } else if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    paths.runs = fs::path(home) / ".local/state/brownout/runs";
  } else {
    paths.runs = fs::temp_directory_path(ignored) / "brownout-runs";
  }
  return paths;
}

}  // namespace harness
