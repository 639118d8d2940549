// Keeps secrets out of what is written: a registered secret is replaced by its label wherever it stands.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

/// Values, not a singleton: whoever writes logs or reports owns one.
class Redactor {
 public:
  /// Secrets shorter than kSecretMin are ignored: replacing them would garble honest text.
  void add(std::string secret, std::string label);
  /// Registered secrets become "[label]"; things shaped like keys (sk-…, Bearer …, ghp_…, xox…, AIza…) become "[secret]".
  std::string apply(std::string_view text) const;
  /// The label of the first registered secret found in the text; empty when there is none.
  std::string find(std::string_view text) const;

 private:
  std::vector<std::pair<std::string, std::string>> secrets_;
};
inline constexpr std::size_t kSecretMin = 6;

}  // namespace base
