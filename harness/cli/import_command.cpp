// `simulate import`: evidence from an issue report becomes a scenario file.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "harness/cli/word_commands.h"
#include "harness/import/import.h"

namespace harness {

int import_file(const ImportArguments& arguments) {
  std::string text;
  if (arguments.file == "-") {
    char buffer[65536];
    for (ssize_t got = 0; (got = ::read(0, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(got));
  } else {
    std::ifstream in(arguments.file, std::ios::binary);
    if (!in) {
      std::fputs(base::render(base::problem("cannot read " + arguments.file, "a file with the output of curl -v, a HAR, a raw reply or a log line; - is standard input", {}, "import")).c_str(), stderr);
      return 2;
    }
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  const auto imported = import_evidence(text, {.file = arguments.file == "-" ? "standard input" : arguments.file, .origin = arguments.origin});
  if (imported.has_error()) {
    std::fputs(base::render(imported.error()).c_str(), stderr);
    return 2;
  }
  const auto& made = imported.value();
  for (const auto& note : made.notes) std::fprintf(stderr, "note: %s\n", note.c_str());
  if (arguments.out == "-") {
    std::fputs(made.scenario.c_str(), stdout);
    return 0;
  }
  const auto out = arguments.out.empty() ? made.name + ".json" : arguments.out;
  if (std::ifstream(out).good() && !arguments.force) {
    std::fputs(base::render(base::problem(out + " is there already", "--out FILE puts it elsewhere, --force writes over it", {}, "import")).c_str(), stderr);
    return 2;
  }
  std::ofstream file(out, std::ios::binary | std::ios::trunc);
  if (!(file << made.scenario) || !file.flush()) {
    std::fputs(base::render(base::problem("cannot write " + out, "", {}, "--out")).c_str(), stderr);
    return 2;
  }
  std::fprintf(stderr, "read %s; wrote %s. Run it:  simulate --scenario %s\n", made.kind.c_str(), out.c_str(), out.c_str());
  return 0;
}

}  // namespace harness
