#include "gateway/wire/reader.h"

namespace gateway {

using base::Json;

Fields::Fields(const Json& object, std::string at) : object_(&object), at_(std::move(at)), seen_(object.is_object() ? object.size() : 0, false) {}

const Json* Fields::see(std::string_view key) {
  std::size_t place = 0;
  for (auto it = object_->begin(); it != object_->end() && place < seen_.size(); ++it, ++place) {
    if (it.key() != key) continue;
    seen_[place] = true;
    return &it.value();
  }
  return nullptr;
}

const Json* Fields::get(std::string_view key) {
  const auto* value = see(key);
  return value && !value->is_null() ? value : nullptr;
}

std::string Fields::string(std::string_view key, std::string_view otherwise) {
  const auto* value = get(key);
  if (value && !value->is_string()) refuse("\"" + at(key) + "\" must be a string", at(key));
  return value ? value->get_ref<const std::string&>() : std::string(otherwise);
}

std::string Fields::required_string(std::string_view key) {
  auto value = string(key);
  if (value.empty()) refuse("\"" + at(key) + "\" is missing", at(key));
  return value;
}

std::optional<std::int64_t> Fields::integer(std::string_view key) {
  const auto* value = get(key);
  if (!value) return std::nullopt;
  if (!value->is_number_integer()) refuse("\"" + at(key) + "\" must be a whole number", at(key));
  return base::integer_or(*object_, key, INT64_MAX);
}

std::optional<bool> Fields::boolean(std::string_view key) {
  const auto* value = get(key);
  if (!value) return std::nullopt;
  if (!value->is_boolean()) refuse("\"" + at(key) + "\" must be true or false", at(key));
  return value->get<bool>();
}

Json Fields::number(std::string_view key) {
  const auto* value = get(key);
  if (value && !value->is_number()) refuse("\"" + at(key) + "\" must be a number", at(key));
  return value ? *value : Json(nullptr);
}

const Json* Fields::array(std::string_view key) {
  const auto* value = get(key);
  if (value && !value->is_array()) refuse("\"" + at(key) + "\" must be a list", at(key));
  return value;
}

const Json* Fields::object(std::string_view key) {
  const auto* value = get(key);
  if (value && !value->is_object()) refuse("\"" + at(key) + "\" must be an object", at(key));
  return value;
}

void Fields::hints(std::initializer_list<const char*> keys) {
  for (const auto* key : keys) see(key);
}

void Fields::refuse_if_present(std::string_view key, const std::string& why) {
  if (get(key)) refuse("\"" + at(key) + "\" cannot be carried to this target: " + why, at(key));
}

void Fields::done() {
  std::size_t place = 0;
  for (auto it = object_->begin(); it != object_->end() && place < seen_.size(); ++it, ++place) {
    if (seen_[place] || it.value().is_null()) continue;
    refuse("\"" + at(it.key()) + "\" cannot be carried to a target of another dialect", at(it.key()));
  }
}

PromptPart text_part(std::string text, std::string at) {
  PromptPart part;
  part.text = std::move(text);
  part.at = std::move(at);
  return part;
}

PromptPart image_part(const std::string& url, std::string detail, std::string at) {
  PromptPart part;
  part.kind = PromptPart::Kind::image;
  part.detail = std::move(detail);
  part.at = at;
  if (url.empty()) refuse("a picture without a URL", at);
  if (url.starts_with("data:")) {
    if (!split_data_url(url, part.media_type, part.data)) refuse("a data URL that is not base64", at);
  } else {
    part.url = url;
  }
  return part;
}

PromptPart file_part(const std::string& url, std::string name, std::string at) {
  PromptPart part;
  part.kind = PromptPart::Kind::document;
  part.name = std::move(name);
  part.at = at;
  if (!split_data_url(url, part.media_type, part.data)) refuse("a file must come as a base64 data URL", at);
  return part;
}

std::vector<std::string> read_stop(Fields& in, std::string_view key) {
  const auto* value = in.get(key);
  if (!value) return {};
  if (value->is_string()) return {value->get_ref<const std::string&>()};
  std::vector<std::string> list;
  if (!value->is_array()) refuse("\"" + in.at(key) + "\" must be a string or a list of strings", in.at(key));
  for (const auto& item : *value) {
    if (!item.is_string()) refuse("\"" + in.at(key) + "\" must be a string or a list of strings", in.at(key));
    list.push_back(item.get_ref<const std::string&>());
  }
  return list;
}

std::string checked_effort(const std::string& effort, const std::string& at) {
  for (const auto* known : {"", "none", "minimal", "low", "medium", "high", "xhigh", "max"}) {
    if (effort == known) return effort;
  }
  refuse("\"" + at + "\" must be none, minimal, low, medium, high, xhigh or max", at);
}

OutputFormat read_schema(Fields& in) {
  OutputFormat format;
  format.kind = OutputFormat::Kind::schema;
  format.name = in.string("name", "answer");
  format.description = in.string("description");
  format.strict = in.boolean("strict");
  const auto* schema = in.object("schema");
  format.schema = schema ? *schema : Json{{"type", "object"}};
  in.done();
  return format;
}

ToolChoice read_tool_choice(const Json& value, const std::string& at, const std::string& function) {
  using Mode = ToolChoice::Mode;
  if (value.is_string()) {
    const auto& word = value.get_ref<const std::string&>();
    if (word == "auto") return {Mode::automatic, ""};
    if (word == "none") return {Mode::none, ""};
    if (word == "required") return {Mode::required, ""};
  }
  if (value.is_object() && base::string_or(value, "type") == "function") {
    const auto* named = function.empty() ? &value : base::find(value, function);
    const auto name = named ? base::string_or(*named, "name") : std::string();
    if (!name.empty()) return {Mode::named, name};
  }
  refuse("\"" + at + "\" cannot be carried to this target: auto, none, required or one named function can", at);
}

}  // namespace gateway
