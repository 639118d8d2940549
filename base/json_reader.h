// The only reader of what people write in JSON: strict, and it reports every problem, not the first.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_node.h"
#include "base/time.h"

namespace base {

struct IntegerLimits {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::optional<std::int64_t> otherwise;  ///< the default; without one the key is required
};
struct NumberLimits {
  double min = 0;
  double max = std::numeric_limits<double>::max();
  std::optional<double> otherwise;
};
struct DurationLimits {
  Duration min{0};
  Duration max = std::chrono::hours{24 * 365};
  std::optional<Duration> otherwise;
};
struct StringLimits {
  std::size_t min = 1;  ///< bytes; 0 allows the empty string
  std::size_t max = 1'000'000;
  std::optional<std::string> otherwise;
};

/// Reads one JSON object. Each getter consumes its key, checks type and range and returns a usable value even when
/// the text was wrong (the default, or the nearest limit), so that reading goes on and all problems are found.
/// Call done() at the end: what was not consumed is a misspelling. Problems gather in the vector given at the start.
class JsonReader {
 public:
  JsonReader(const JsonDocument& document, std::vector<Diagnostic>& problems);
  JsonReader(const JsonReader&) = delete;
  JsonReader(JsonReader&&) = default;
  JsonReader& operator=(const JsonReader&) = delete;

  bool has(std::string_view key) const;
  std::string string(std::string_view key, const StringLimits& limits = {});
  std::int64_t integer(std::string_view key, const IntegerLimits& limits = {});
  double number(std::string_view key, const NumberLimits& limits = {});
  bool boolean(std::string_view key, std::optional<bool> otherwise = std::nullopt);
  Duration duration(std::string_view key, const DurationLimits& limits = {});
  /// One of `names`; an unknown one lists the nearest. Returns its index; `otherwise` when the key is absent.
  std::size_t one_of(std::string_view key, std::span<const std::string_view> names,
                     std::optional<std::size_t> otherwise = std::nullopt);
  std::optional<std::string> optional_string(std::string_view key, const StringLimits& limits = {});
  std::optional<std::int64_t> optional_integer(std::string_view key, const IntegerLimits& limits = {});
  std::optional<double> optional_number(std::string_view key, const NumberLimits& limits = {});
  std::optional<Duration> optional_duration(std::string_view key, const DurationLimits& limits = {});
  std::optional<bool> optional_boolean(std::string_view key);
  /// A list of strings; absent is empty.
  std::vector<std::string> strings(std::string_view key, std::size_t max = 10'000);
  /// A reader of a nested object; nullopt when absent (a problem if `required`) or not an object (a problem).
  std::optional<JsonReader> object(std::string_view key, bool required = false);
  /// Readers of a list of objects; absent is empty (a problem if `required`).
  std::vector<JsonReader> objects(std::string_view key, bool required = false, std::size_t max = 100'000);
  /// The members of an object used as a map, e.g. "providers": name → object. Absent is empty.
  struct Entry;
  std::vector<Entry> map(std::string_view key, bool required = false);
  /// All members of this very object as a map of objects; consumes them.
  std::vector<Entry> entries();
  /// The raw value, consumed and not checked further; nullptr when absent.
  const JsonNode* raw(std::string_view key, bool required = false);
  /// Marks a key as read without reading it.
  void ignore(std::string_view key);

  /// Reports what was not read. Call once, last.
  void done();

  /// Reports a problem of your own at a key of this object (or at the object when the key is absent or empty).
  void problem(std::string_view key, std::string what, std::string hint = {});
  /// The same at any node of the same document.
  void problem_at(const JsonNode& node, std::string where, std::string what, std::string hint = {});
  /// "nothing is called X" with the nearest of `names`.
  void unknown_word(std::string_view key, std::string_view noun, std::string_view word,
                    std::span<const std::string_view> names);

  const std::string& pointer() const { return pointer_; }  ///< RFC 6901, "" is the whole document
  const JsonNode& node() const { return *node_; }
  const JsonDocument& document() const { return *document_; }
  bool has_problems() const { return !problems_->empty(); }
  /// A reader of a node found by raw(); it must be an object.
  JsonReader reader_of(const JsonNode& node, std::string pointer);

 private:
  JsonReader(const JsonDocument& document, std::vector<Diagnostic>& problems, const JsonNode& node, std::string pointer);
  const JsonNode* take(std::string_view key, bool required);
  void wrong_type(std::string_view key, const JsonNode& node, std::string_view wanted);
  std::string child(std::string_view key) const;

  const JsonDocument* document_;
  std::vector<Diagnostic>* problems_;
  const JsonNode* node_;
  std::string pointer_;
  std::vector<std::string> known_;  // asked for so far: candidates for the nearest word
};
struct JsonReader::Entry {
  std::string name;
  int line;
  JsonReader reader;
};

}  // namespace base
