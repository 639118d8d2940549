// What happens to a configuration's tree before it is read: --set, ${ENV}, and the masking of secrets in messages. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json_node.h"
#include "gateway/core/config_loader.h"

namespace gateway {

/// Applies one "path=value"; a malformed one is a problem.
void apply_override(base::JsonDocument& document, const std::string& text, std::vector<base::Diagnostic>& problems,
                    std::vector<std::string>& pointers);
/// Replaces ${NAME} everywhere; `values` collects what was put in. `may_miss`: an unknown variable is no problem and stays.
void expand_environment(base::JsonDocument& document, const Environment& environment, bool may_miss, std::vector<base::Diagnostic>& problems,
                        std::vector<std::string>& values);
/// The secrets that stand in the file itself (credentials and caller keys without ${…}).
std::vector<std::string> plain_secrets(const base::JsonDocument& document);
/// Masks `secrets` and whatever follows "secret": in every text of the problems. Columns stay right.
void mask_secrets(std::vector<base::Diagnostic>& problems, const std::vector<std::string>& secrets);

}  // namespace gateway
