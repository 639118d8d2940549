// `simulate import`: evidence in, scenario out. The conversion is harness/import; here are files and flags.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/text.h"
#include "harness/cli/word_commands.h"
#include "harness/import/import.h"

namespace harness {
namespace {

struct ImportFlags {
  CLI::App* command = nullptr;
  std::string file = "-", out, origin;
};
// CLI11 writes into what outlives the parse: the flags of the one command line of this process.
ImportFlags& import_flags() {
  static ImportFlags flags;
  return flags;
}

int complain(const base::Error& error) {
  std::fputs(base::render(error).c_str(), stderr);
  return 2;
}

base::Result<std::string> read_all(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream in(file, std::ios::binary);
  if (!in) return base::problem("the file cannot be read", "give a FILE, or - for standard input", file);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

int run_import(const ImportFlags& flags) {
  const auto text = read_all(flags.file);
  if (text.has_error()) return complain(text.error());
  const auto made = import_evidence(text.value(), {.file = flags.file == "-" ? "standard input" : flags.file, .origin = flags.origin});
  if (made.has_error()) return complain(made.error());
  if (flags.out.empty()) {
    std::fputs(made.value().scenario.c_str(), stdout);
  } else {
    std::ofstream out(flags.out, std::ios::binary);
    out << made.value().scenario;
    out.close();
    if (!out) return complain(base::problem("the file cannot be written", "give another --out FILE", flags.out));
  }
  std::fprintf(stderr, "read %s\n", made.value().kind.c_str());
  for (const auto& note : made.value().notes) std::fprintf(stderr, "  %s\n", note.c_str());
  const auto where = flags.out.empty() ? made.value().name + ".json" : flags.out;
  std::fprintf(stderr, "next: say in \"why\" and \"expect\" what should have happened, then  simulate --scenario %s\n", where.c_str());
  return 0;
}

}  // namespace

void add_more_commands(CLI::App& app, const Paths&) {
  auto& flags = import_flags();
  flags.command = app.add_subcommand("import", "evidence from an issue report becomes a scenario");
  flags.command->footer("Reads curl -v output, a HAR file, a raw HTTP reply, log lines or an error body. Keys and cookies do not come along.\n\n"
                        "Example:\n  curl -v https://api.acme.example/v1/chat/completions 2>&1 | simulate import - --out acme-402.json");
  flags.command->add_option("file", flags.file, "FILE, or - for standard input");
  flags.command->add_option("--out", flags.out, "write the scenario to FILE instead of standard output");
  flags.command->add_option("--origin", flags.origin, "where it was reported: an address, or owner/project#1");
}

std::optional<int> run_more_commands(CLI::App&) {
  const auto& flags = import_flags();
  if (flags.command && *flags.command) return run_import(flags);
  return std::nullopt;
}

}  // namespace harness
