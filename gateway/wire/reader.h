// What the readers of the fronts share: typed looks into a caller's body that refuse in plain words.
#pragma once

#include <boost/container/small_vector.hpp>
#include <string>

#include "gateway/wire/prompt.h"

namespace gateway {

/// One object of the caller's body. Every member must be read, allowed or refused: done() refuses the rest, so that nothing
/// is lost silently across dialects.
class Fields {
 public:
  Fields(const base::Json& object, std::string at);
  /// The value, or nullptr when it is absent or null.
  const base::Json* get(std::string_view key);
  std::string string(std::string_view key, std::string_view otherwise = "");
  std::string required_string(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  base::Json number(std::string_view key);  ///< null when absent
  const base::Json* array(std::string_view key);
  const base::Json* object(std::string_view key);
  /// Members that may be dropped: hints whose loss changes no answer.
  void hints(std::initializer_list<const char*> keys);
  /// Members that only the caller's own dialect can serve.
  void refuse_if_present(std::string_view key, const std::string& why);
  /// Refuses what was not asked for.
  void done();
  std::string at(std::string_view key) const { return at_.empty() ? std::string(key) : (at_ + ".").append(key); }
  const std::string& place() const { return at_; }

 private:
  const base::Json* object_;
  std::string at_;
  /// The member, noted as seen; nullptr when it is absent.
  const base::Json* see(std::string_view key);
  boost::container::small_vector<bool, 24> seen_;  ///< by the member's place in the object
};

/// Calls `each` with every object of a list and its place; refuses members that are no objects.
template <class Each>
void for_each_object(const base::Json& list, const std::string& at, Each&& each) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto place = at + "[" + std::to_string(i) + "]";
    if (!list[i].is_object()) refuse(place + " must be an object", place);
    each(list[i], place);
  }
}

/// A text part with its place.
PromptPart text_part(std::string text, std::string at);
/// A picture from a URL, which may hold its data.
PromptPart image_part(const std::string& url, std::string detail, std::string at);
/// A file from a data URL.
PromptPart file_part(const std::string& url, std::string name, std::string at);
/// "stop": a string or a list of strings.
std::vector<std::string> read_stop(Fields& in, std::string_view key);
std::string checked_effort(const std::string& effort, const std::string& at);
/// {"type":"json_schema", name, schema, strict, description}, its members already inside `in`.
OutputFormat read_schema(Fields& in);
/// "auto", "none", "required", or an object that names a function, found under `function` where that is not empty.
ToolChoice read_tool_choice(const base::Json& value, const std::string& at, const std::string& function);

}  // namespace gateway
