// A scenario that loads, to be broken in one place at a time.
#pragma once

#include <string>

#include "base/text.h"
#include "harness/scenario/loader.h"

namespace harness {

inline std::string sample(const std::string& steps = R"({"send":{"text":"ping"},"as":"first"},{"cli":["restart"],"as":"restart"})",
                          const std::string& expect = R"({"check":"gateway.survives"})", const std::string& more = "") {
  return R"({"version":1,"title":"a title","why":"a reason","tags":["billing"],
"providers":{"acme":{"like":"openai","credentials":["key-a","key-b"],"script":[{"when":{"credential":"key-a"},"fault":"402"}]},"spare":{"like":"anthropic"}},
"gateway":{"routes":{"default":["acme/gpt-test","spare/claude"]}},
"steps":[)" + steps + "],\n\"expect\":[" + expect + "]" + (more.empty() ? "" : ",\n" + more) + "}\n";
}

/// The problems as a person reads them; "" when there are none.
inline std::string problems_of(const std::string& text, const std::string& file = "s.json") {
  const auto loaded = parse_scenario(text, file);
  return loaded.has_error() ? base::render(loaded.error()) : "";
}

}  // namespace harness
