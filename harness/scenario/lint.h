// All that is wrong with a scenario file, and what is probably not meant: problems refuse it, warnings do not.
#pragma once

#include "harness/scenario/loader.h"

namespace harness {

struct LintResult {
  std::vector<base::Diagnostic> problems;
  std::vector<base::Diagnostic> warnings;
  bool clean() const { return problems.empty() && warnings.empty(); }
};

LintResult lint_file(const std::string& path);
LintResult lint_text(std::string text, const std::string& file);
/// Problems, then warnings, each with its place; ends with a count. Empty when clean.
std::string render(const LintResult& result);

}  // namespace harness
