// The vocabulary as lists and tables for people: `simulate checks` and docs/scenarios.md.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "harness/scenario/check_table.h"
#include "harness/scenario/explain.h"
#include "harness/scenario/step_table.h"
#include "harness/scenario/vocabulary.h"

namespace harness {
namespace {

std::string cell(std::string_view text) { return base::replace_all(std::string(text), "|", "\\|"); }

std::string param_cells(std::span<const ParamRow> rows) {
  std::string out;
  for (const auto& row : rows) {
    if (!out.empty()) out += "<br>";
    out += fmt::format("{}`{}` ({}) {}", row.required ? "**" : "", row.name, type_words(row), cell(row.doc));
    if (row.required) out += "**";
  }
  return out;
}

std::string word_table(std::string_view title, std::span<const Word> rows) {
  auto out = fmt::format("| {} | |\n|---|---|\n", title);
  for (const auto& row : rows) out += fmt::format("| `{}` | {} |\n", row.name, cell(row.doc));
  return out + "\n";
}

std::string worded_table(std::string_view title, std::span<const WordWithParams> rows) {
  auto out = fmt::format("| {} | means | members |\n|---|---|---|\n", title);
  for (const auto& row : rows) out += fmt::format("| `{}` | {} | {} |\n", row.name, cell(row.doc), param_cells(row.params));
  return out + "\n";
}

}  // namespace

std::string check_list() {
  std::size_t width = 0;
  for (const auto& row : check_rows()) width = std::max(width, row.name.size());
  std::string out;
  for (const auto& row : check_rows()) out += fmt::format("{:<{}}  {}{}\n", row.name, width, row.doc, row.always ? " (always on)" : "");
  return out;
}

std::string check_help(std::string_view name) {
  const auto* row = find_check(name);
  if (!row) return {};
  auto out = fmt::format("{}: {}\n", row->name, row->doc);
  if (row->always) out += "It is judged in every run and never written in a scenario.\n";
  std::size_t width = 0;
  for (const auto& param : row->params) width = std::max(width, param.name.size());
  for (const auto& param : row->params) out += fmt::format("  {:<{}}  {}{} ({})\n", param.name, width, param.required ? "required: " : "", param.doc, type_words(param));
  if (!row->example.empty()) out += fmt::format("\nExample:\n  {}\n", row->example);
  if (!row->mutants.empty()) out += fmt::format("\nBroken gateways it catches: {}\n", base::replace_all(std::string(row->mutants), " ", ", "));
  return out;
}

std::string scenario_tables_markdown() {
  std::string out = "### Steps\n\n| step | does | members | short form | example |\n|---|---|---|---|---|\n";
  for (const auto& row : step_rows()) {
    out += fmt::format("| `{}` | {} | {} | {} | `{}` |\n", row.verb, cell(row.doc), param_cells(row.params), cell(row.short_doc), cell(row.example));
  }
  out += "\n### Conditions of `wait`\n\n" + worded_table("until", wait_conditions());
  out += "### Faults of `manager`\n\n" + worded_table("fault", manager_faults());
  out += "### States of `disk`\n\n" + word_table("state", disk_states());
  out += "### Moments\n\n| member | type | means |\n|---|---|---|\n";
  for (const auto& row : moment_rows()) out += fmt::format("| `{}` | {} | {} |\n", row.name, type_words(row), cell(row.doc));
  out += "\n### Checks\n\nParameters in bold are required.\n\n| check | what it looks at | parameters | catches |\n|---|---|---|---|\n";
  for (const auto& row : check_rows()) {
    out += fmt::format("| `{}` | {}{} | {} | {} |\n", row.name, cell(row.doc), row.always ? " (always on)" : "", param_cells(row.params), base::replace_all(std::string(row.mutants), " ", ", "));
  }
  out += "\n### Tags\n\n" + word_table("tag", tags());
  out += "### Abilities (`needs`)\n\n" + word_table("ability", abilities());
  out += "### Mutants (`catches`)\n\n" + word_table("mutant", mutants());
  return out;
}

}  // namespace harness
