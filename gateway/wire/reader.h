// What the readers of the fronts share: typed looks into a caller's body that refuse in plain words.
#pragma once

#include <set>
#include <string>

#include "gateway/wire/prompt.h"

namespace gateway {

/// One object of the caller's body. Every member must be read, allowed or refused: done() refuses the rest, so that nothing
/// is lost silently across dialects.
class Fields {
 public:
  Fields(const base::Json& object, std::string at);
  /// The value, or nullptr when it is absent or null.
  const base::Json* get(const std::string& key);
  std::string string(const std::string& key, const std::string& otherwise = "");
  std::string required_string(const std::string& key);
  std::optional<std::int64_t> integer(const std::string& key);
  std::optional<bool> boolean(const std::string& key);
  base::Json number(const std::string& key);  ///< null when absent
  const base::Json* array(const std::string& key);
  const base::Json* object(const std::string& key);
  /// Members that may be dropped: hints whose loss changes no answer.
  void hints(std::initializer_list<const char*> keys);
  /// Members that only the caller's own dialect can serve.
  void refuse_if_present(const std::string& key, const std::string& why);
  /// Refuses what was not asked for.
  void done();
  std::string at(const std::string& key) const { return at_.empty() ? key : at_ + "." + key; }
  const std::string& place() const { return at_; }

 private:
  const base::Json* object_;
  std::string at_;
  std::set<std::string, std::less<>> seen_;
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
std::vector<std::string> read_stop(Fields& in, const std::string& key);
std::string checked_effort(const std::string& effort, const std::string& at);
/// {"type":"json_schema", name, schema, strict, description}, its members already inside `in`.
OutputFormat read_schema(Fields& in);
/// "auto", "none", "required", or an object that names a function, found under `function` where that is not empty.
ToolChoice read_tool_choice(const base::Json& value, const std::string& at, const std::string& function);

}  // namespace gateway
