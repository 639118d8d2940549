// A JSON document that knows its lines: the tree under JsonReader. Keeps duplicate keys, so that they can be reported.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace base {

struct JsonMember;

/// One value with its place. `line`/`column` are 1-based and point at the value's first character;
/// `length` is the number of characters of a scalar on its line, 1 for an object or array.
struct JsonNode {
  enum class Kind { null, boolean, integer, real, string, array, object };
  Kind kind = Kind::null;
  int line = 0;
  int column = 0;
  int length = 1;
  bool boolean = false;
  std::int64_t integer = 0;
  bool integer_overflow = false;  ///< written as an integer, but beyond 64 bits; `real` has it
  double real = 0;
  std::string string;
  std::vector<JsonNode> items;
  std::vector<JsonMember> members;  ///< in the order written, duplicates included

  const JsonNode* find(std::string_view key) const;  ///< the last one of that name, as nlohmann would keep
  Json to_json() const;                              ///< the plain value (last duplicate wins)
};
struct JsonMember {
  std::string key;
  int line = 0;
  int column = 0;
  JsonNode value;
};

/// A parsed file: the tree and the text it came from (for the source line in messages).
struct JsonDocument {
  std::string file;
  std::string text;
  JsonNode root;
  std::string line_text(int line) const;  ///< 1-based; empty when there is none
};

inline constexpr std::size_t kJsonFileMax = 16U * 1024U * 1024U;

/// Parses strict JSON (RFC 8259). A syntax error gives one Diagnostic with line and column.
Result<JsonDocument> parse_json_document(std::string text, std::string file);
/// Reads the file once; missing, unreadable, over kJsonFileMax: a Diagnostic.
Result<JsonDocument> read_json_file(const std::string& path);

}  // namespace base
