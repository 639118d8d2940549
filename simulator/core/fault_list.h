// `simulator faults`: the fault table as text, Markdown or JSON.
#pragma once

#include <string>

namespace simulator {

enum class FaultsFormat { text, json, markdown };
/// The whole listing; `pattern` (a glob, may be empty) keeps what matches in name or group.
std::string list_faults(FaultsFormat format, const std::string& pattern, bool with_catalogue);

}  // namespace simulator
