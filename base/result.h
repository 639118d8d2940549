// Result and Diagnostic: what is returned when a person wrote something wrong. All problems at once, each with its place.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace base {

/// One problem in something a person wrote.
/// `line` and `column` are 1-based, 0 when unknown; `length` is the number of characters to underline;
/// `where` is a JSON pointer, a flag or empty; `source` is the text of the line, empty when unknown.
struct Diagnostic {
  std::string file;
  int line = 0;
  int column = 0;
  int length = 0;
  std::string where;
  std::string what;
  std::string hint;
  std::string source;
};

/// At least one problem.
struct Error {
  std::vector<Diagnostic> problems;
};

/// A problem that has no place in a file (a flag, an environment variable, an unreadable folder).
Error problem(std::string what, std::string hint = {}, std::string file = {}, std::string where = {});

/// The text a person sees: `file:line: where: what`, the source line with the place underlined, the hint.
/// Ends with a newline.
std::string render(const Diagnostic& diagnostic);
std::string render(const Error& error);

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& place);

template <class T>
struct [[nodiscard]] Result : boost::system::result<T, Error> {
  using boost::system::result<T, Error>::result;
};

}  // namespace base
