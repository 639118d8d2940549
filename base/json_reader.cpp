#include "base/json_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace base {
namespace {

using Kind = JsonNode::Kind;

std::string_view kind_name(const JsonNode& node) {
  switch (node.kind) {
    case Kind::null: return "null";
    case Kind::boolean: return "true or false";
    case Kind::integer: return "a whole number";
    case Kind::real: return "a number";
    case Kind::string: return "text";
    case Kind::array: return "a list";
    case Kind::object: return "an object";
  }
  return "";
}

std::string escape_pointer(std::string_view key) { return replace_all(replace_all(std::string(key), "~", "~0"), "/", "~1"); }

}  // namespace

JsonReader::JsonReader(const JsonDocument& document, std::vector<Diagnostic>& problems)
    : JsonReader(document, problems, document.root, "") {}

JsonReader::JsonReader(const JsonDocument& document, std::vector<Diagnostic>& problems, const JsonNode& node,
                       std::string pointer)
    : document_(&document), problems_(&problems), node_(&node), pointer_(std::move(pointer)) {
  if (node.kind != Kind::object) {
    problem_at(node, pointer_.empty() ? "/" : pointer_, fmt::format("an object is wanted here, not {}", kind_name(node)));
  }
  for (std::size_t i = 0; i < node.members.size(); ++i) {
    const auto& member = node.members[i];
    const auto first = std::find_if(node.members.begin(), node.members.begin() + static_cast<std::ptrdiff_t>(i),
                                    [&](const auto& other) { return other.key == member.key; });
    if (first == node.members.begin() + static_cast<std::ptrdiff_t>(i)) continue;
    Diagnostic d{document_->file, member.line, member.column, static_cast<int>(member.key.size()) + 2, child(member.key),
                 fmt::format("\"{}\" stands here a second time", member.key),
                 fmt::format("the first is on line {}", first->line), document_->line_text(member.line)};
    problems_->push_back(std::move(d));
  }
}

JsonReader JsonReader::reader_of(const JsonNode& node, std::string pointer) {
  return {*document_, *problems_, node, std::move(pointer)};
}

std::string JsonReader::child(std::string_view key) const { return pointer_ + "/" + escape_pointer(key); }

bool JsonReader::has(std::string_view key) const { return node_->find(key) != nullptr; }

const JsonNode* JsonReader::take(std::string_view key, bool required) {
  known_.emplace_back(key);
  const JsonNode* value = node_->find(key);
  if (!value && required && node_->kind == Kind::object) {
    problem_at(*node_, pointer_.empty() ? "/" : pointer_, fmt::format("\"{}\" is missing", key));
  }
  return value;
}

void JsonReader::wrong_type(std::string_view key, const JsonNode& node, std::string_view wanted) {
  problem_at(node, child(key), fmt::format("{} is wanted here, not {}", wanted, kind_name(node)));
}

void JsonReader::problem_at(const JsonNode& node, std::string where, std::string what, std::string hint) {
  problems_->push_back({document_->file, node.line, node.column, node.length, std::move(where), std::move(what),
                        std::move(hint), document_->line_text(node.line)});
}

void JsonReader::problem(std::string_view key, std::string what, std::string hint) {
  const JsonNode* value = key.empty() ? nullptr : node_->find(key);
  problem_at(value ? *value : *node_, value ? child(key) : (pointer_.empty() ? "/" : pointer_), std::move(what), std::move(hint));
}

void JsonReader::unknown_word(std::string_view key, std::string_view noun, std::string_view word,
                              std::span<const std::string_view> names) {
  const auto near = nearest_word(word, names);
  std::string hint;
  if (near) {
    hint = fmt::format("did you mean \"{}\"?", *near);
  } else if (names.size() <= 16) {
    std::vector<std::string> list(names.begin(), names.end());
    hint = "one of: " + join(list, ", ");
  }
  problem(key, fmt::format("no {} is called \"{}\"", noun, printable(word, 80)), std::move(hint));
}

std::string JsonReader::string(std::string_view key, const StringLimits& limits) {
  const JsonNode* value = take(key, !limits.otherwise);
  if (!value) return limits.otherwise.value_or("");
  if (value->kind != Kind::string) {
    wrong_type(key, *value, "text");
  } else if (value->string.size() < limits.min) {
    problem_at(*value, child(key), limits.min == 1 ? "this text is empty" : fmt::format("shorter than {} characters", limits.min));
  } else if (value->string.size() > limits.max) {
    problem_at(*value, child(key), fmt::format("longer than {} characters", limits.max));
  } else {
    return value->string;
  }
  return limits.otherwise.value_or("");
}

std::int64_t JsonReader::integer(std::string_view key, const IntegerLimits& limits) {
  const JsonNode* value = take(key, !limits.otherwise);
  const auto fallback = limits.otherwise.value_or(std::clamp<std::int64_t>(0, limits.min, limits.max));
  if (!value) return fallback;
  const bool large = limits.max == std::numeric_limits<std::int64_t>::max();
  const auto range = large ? fmt::format("at least {}", limits.min) : fmt::format("{} to {}", limits.min, limits.max);
  if (value->kind != Kind::integer) {
    wrong_type(key, *value, fmt::format("a whole number ({})", range));
  } else if (value->integer_overflow || value->integer < limits.min || value->integer > limits.max) {
    problem_at(*value, child(key), fmt::format("out of range: {}", range));
  } else {
    return value->integer;
  }
  return fallback;
}

double JsonReader::number(std::string_view key, const NumberLimits& limits) {
  const JsonNode* value = take(key, !limits.otherwise);
  const auto fallback = limits.otherwise.value_or(limits.min);
  if (!value) return fallback;
  if (value->kind != Kind::integer && value->kind != Kind::real) {
    wrong_type(key, *value, "a number");
  } else if (value->real < limits.min || value->real > limits.max) {
    problem_at(*value, child(key),
               limits.max == std::numeric_limits<double>::max() ? fmt::format("out of range: at least {:g}", limits.min)
                                                                : fmt::format("out of range: {:g} to {:g}", limits.min, limits.max));
  } else {
    return value->real;
  }
  return fallback;
}

bool JsonReader::boolean(std::string_view key, std::optional<bool> otherwise) {
  const JsonNode* value = take(key, !otherwise);
  if (!value) return otherwise.value_or(false);
  if (value->kind == Kind::boolean) return value->boolean;
  wrong_type(key, *value, "true or false");
  return otherwise.value_or(false);
}

Duration JsonReader::duration(std::string_view key, const DurationLimits& limits) {
  const JsonNode* value = take(key, !limits.otherwise);
  const auto fallback = limits.otherwise.value_or(limits.min);
  if (!value) return fallback;
  if (value->kind == Kind::integer || value->kind == Kind::real) {
    problem_at(*value, child(key), "a duration is text with a unit, not a bare number",
               fmt::format("\"{0:g}s\" or \"{0:g}ms\"?", value->real));
    return fallback;
  }
  if (value->kind != Kind::string) {
    wrong_type(key, *value, "a duration such as \"30s\"");
    return fallback;
  }
  const auto parsed = parse_duration(value->string);
  if (!parsed) {
    problem_at(*value, child(key), fmt::format("\"{}\" is no duration", printable(value->string, 40)),
               "a number and a unit: 250ms, 1.5s, 1m30s, 2h");
  } else if (*parsed < limits.min || *parsed > limits.max) {
    problem_at(*value, child(key),
               fmt::format("out of range: {} to {}", format_duration(limits.min), format_duration(limits.max)));
  } else {
    return *parsed;
  }
  return fallback;
}

std::size_t JsonReader::one_of(std::string_view key, std::span<const std::string_view> names,
                               std::optional<std::size_t> otherwise) {
  const JsonNode* value = take(key, !otherwise);
  if (!value) return otherwise.value_or(0);
  if (value->kind != Kind::string) {
    wrong_type(key, *value, "text");
    return otherwise.value_or(0);
  }
  const auto found = std::find(names.begin(), names.end(), value->string);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  unknown_word(key, key, value->string, names);
  return otherwise.value_or(0);
}

std::optional<std::string> JsonReader::optional_string(std::string_view key, const StringLimits& limits) {
  if (!has(key)) return known_.emplace_back(key), std::nullopt;
  return string(key, limits);
}
std::optional<std::int64_t> JsonReader::optional_integer(std::string_view key, const IntegerLimits& limits) {
  if (!has(key)) return known_.emplace_back(key), std::nullopt;
  return integer(key, limits);
}
std::optional<double> JsonReader::optional_number(std::string_view key, const NumberLimits& limits) {
  if (!has(key)) return known_.emplace_back(key), std::nullopt;
  return number(key, limits);
}
std::optional<Duration> JsonReader::optional_duration(std::string_view key, const DurationLimits& limits) {
  if (!has(key)) return known_.emplace_back(key), std::nullopt;
  return duration(key, limits);
}
std::optional<bool> JsonReader::optional_boolean(std::string_view key) {
  if (!has(key)) return known_.emplace_back(key), std::nullopt;
  return boolean(key);
}

std::vector<std::string> JsonReader::strings(std::string_view key, std::size_t max) {
  std::vector<std::string> out;
  const JsonNode* value = take(key, false);
  if (!value) return out;
  if (value->kind != Kind::array) {
    wrong_type(key, *value, "a list of texts");
    return out;
  }
  if (value->items.size() > max) problem_at(*value, child(key), fmt::format("more than {} items", max));
  for (std::size_t i = 0; i < std::min(max, value->items.size()); ++i) {
    const auto& item = value->items[i];
    if (item.kind == Kind::string) {
      out.push_back(item.string);
    } else {
      problem_at(item, fmt::format("{}/{}", child(key), i), fmt::format("text is wanted here, not {}", kind_name(item)));
    }
  }
  return out;
}

std::optional<JsonReader> JsonReader::object(std::string_view key, bool required) {
  const JsonNode* value = take(key, required);
  if (!value) return std::nullopt;
  if (value->kind != Kind::object) {
    wrong_type(key, *value, "an object");
    return std::nullopt;
  }
  return JsonReader(*document_, *problems_, *value, child(key));
}

std::vector<JsonReader> JsonReader::objects(std::string_view key, bool required, std::size_t max) {
  std::vector<JsonReader> out;
  const JsonNode* value = take(key, required);
  if (!value) return out;
  if (value->kind != Kind::array) {
    wrong_type(key, *value, "a list of objects");
    return out;
  }
  if (value->items.size() > max) problem_at(*value, child(key), fmt::format("more than {} items", max));
  for (std::size_t i = 0; i < std::min(max, value->items.size()); ++i) {
    const auto& item = value->items[i];
    auto where = fmt::format("{}/{}", child(key), i);
    if (item.kind == Kind::object) {
      out.push_back(JsonReader(*document_, *problems_, item, std::move(where)));
    } else {
      problem_at(item, std::move(where), fmt::format("an object is wanted here, not {}", kind_name(item)));
    }
  }
  return out;
}

std::vector<JsonReader::Entry> JsonReader::map(std::string_view key, bool required) {
  auto inner = object(key, required);
  return inner ? inner->entries() : std::vector<Entry>{};
}

std::vector<JsonReader::Entry> JsonReader::entries() {
  std::vector<Entry> out;
  for (const auto& member : node_->members) {
    known_.push_back(member.key);
    if (node_->find(member.key) != &member.value) continue;  // a duplicate, reported already
    if (member.value.kind != Kind::object) {
      wrong_type(member.key, member.value, "an object");
      continue;
    }
    out.push_back({member.key, member.line, JsonReader(*document_, *problems_, member.value, child(member.key))});
  }
  return out;
}

const JsonNode* JsonReader::raw(std::string_view key, bool required) { return take(key, required); }

void JsonReader::ignore(std::string_view key) { known_.emplace_back(key); }

void JsonReader::done() {
  for (const auto& member : node_->members) {
    if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) continue;
    if (node_->find(member.key) != &member.value) continue;  // the duplicate of an unknown key: once is enough
    std::vector<std::string> candidates;
    for (const auto& name : known_) {
      if (!node_->find(name)) candidates.push_back(name);
    }
    const auto near = nearest_word(member.key, std::span<const std::string>(candidates));
    std::string hint;
    if (near) {
      hint = fmt::format("did you mean \"{}\"?", *near);
    } else if (!known_.empty() && known_.size() <= 16) {
      auto sorted = known_;
      std::sort(sorted.begin(), sorted.end());
      sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
      hint = "known here: " + join(sorted, ", ");
    }
    problems_->push_back({document_->file, member.line, member.column, static_cast<int>(member.key.size()) + 2,
                          child(member.key), fmt::format("no key is called \"{}\"", printable(member.key, 80)),
                          std::move(hint), document_->line_text(member.line)});
  }
}

}  // namespace base
