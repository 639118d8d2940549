// Parameters of steps and checks as rows of tables: reading, the schema and the documents come from the same rows.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_reader.h"

namespace harness {

enum class ParamType {
  text,         ///< any text
  texts,        ///< a text or a list of them
  integer,      ///< a whole number
  count,        ///< a whole number, or {"min": 1, "max": 3}
  number,
  flag,         ///< true or false
  duration,     ///< "1.5s"
  status,       ///< 200, "2xx", or a list of those
  words,        ///< one of a fixed list
  map,          ///< name → text (with * and ?), number, true (there) or false (not there)
  object,       ///< any object
  any,          ///< any value
  reply,        ///< the name of a send step; * and ? match several
  cli,          ///< the name of a cli step
  provider,     ///< a provider of this scenario
  credential,   ///< a label of one of its providers
  credentials,  ///< a list of labels
  moment,       ///< a time: "2s" since the start, "start", "end", or an object that names what happened
  codes,        ///< an exit code, a signal's name, or a list of those
};

struct ParamRow {
  std::string_view name;
  ParamType type;
  std::string_view doc;
  bool required = false;
  std::span<const std::string_view> words = {};
};

/// A name that must exist once everything has been read.
struct Reference {
  ParamType type;
  std::string name;
  std::string provider;  ///< of a credential: look only there when not empty
  const base::JsonNode* node;
  std::string pointer;
};
using References = std::vector<Reference>;

/// Reads and checks the members named by `rows` from the object; the caller calls done(). Names go to `references`.
/// Returns what was written, without what was wrong.
base::Json read_params(base::JsonReader& in, std::span<const ParamRow> rows, References& references);
/// One value of one row, at `pointer`; false (and a problem) when it does not fit.
bool check_value(base::JsonReader& in, const base::JsonNode& value, const std::string& pointer, const ParamRow& row, std::string_view provider,
                 References& references);

/// "a duration such as \"2s\"": what a person must write.
std::string wanted(const ParamRow& row);
/// The row's type in the documents: "duration", "one of a, b".
std::string type_words(const ParamRow& row);
/// JSON Schema of one value.
base::Json schema_of(const ParamRow& row);
/// JSON Schema of an object with these rows and `more` properties.
base::Json schema_of(std::span<const ParamRow> rows);

/// The members of a moment written as an object.
std::span<const ParamRow> moment_rows();

}  // namespace harness
