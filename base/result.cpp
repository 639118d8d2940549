#include "base/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace base {

Error problem(std::string what, std::string hint, std::string file, std::string where) {
  Diagnostic diagnostic;
  diagnostic.file = std::move(file);
  diagnostic.where = std::move(where);
  diagnostic.what = std::move(what);
  diagnostic.hint = std::move(hint);
  return Error{{std::move(diagnostic)}};
}

std::string render(const Diagnostic& d) {
  std::string out;
  if (!d.file.empty()) {
    out += d.line > 0 ? fmt::format("{}:{}: ", d.file, d.line) : fmt::format("{}: ", d.file);
  }
  if (!d.where.empty()) out += d.where + ": ";
  out += d.what + "\n";
  const bool underline = !d.source.empty() && d.column > 0;
  if (!d.source.empty()) out += fmt::format("{:>6} | {}\n", d.line, d.source);
  if (underline) {
    // Tabs are kept so that the marks stand below what they mark.
    std::string pad;
    const auto upto = std::min(d.source.size(), static_cast<std::size_t>(d.column - 1));
    for (std::size_t i = 0; i < upto; ++i) {
      const auto c = static_cast<unsigned char>(d.source[i]);
      if ((c & 0xC0U) == 0x80U) continue;  // the middle of a UTF-8 character takes no column
      pad += c == '\t' ? '\t' : ' ';
    }
    out += fmt::format("       | {}{}", pad, std::string(static_cast<std::size_t>(std::max(1, d.length)), '^'));
    out += d.hint.empty() ? "\n" : fmt::format(" {}\n", d.hint);
  } else if (!d.hint.empty()) {
    out += fmt::format("       {}\n", d.hint);
  }
  return out;
}

std::string render(const Error& error) {
  std::string out;
  for (const auto& d : error.problems) out += render(d);
  return out;
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(render(error));
}

}  // namespace base
