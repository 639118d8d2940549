// One table of all settings: parsing, `gateway config --explain`, the example and the JSON Schema come from it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "gateway/core/config.h"

namespace gateway {

/// What a text must look like, beyond being text.
enum class Form : std::uint8_t { plain, address, address_or_off, url, path, secret, level, optional_path };

/// One setting of a section that is read into an `Owner`. The default is what a fresh Owner holds.
template <class Owner>
struct Setting {
  using Member =
      std::variant<std::string Owner::*, base::Duration Owner::*, std::int64_t Owner::*, int Owner::*, std::size_t Owner::*, double Owner::*,
                   bool Owner::*, std::vector<std::string> Owner::*, std::map<std::string, std::string> Owner::*,
                   std::map<std::string, std::int64_t> Owner::*, Dialect Owner::*, Strategy Owner::*, Commit Owner::*>;
  std::string_view key;  ///< within the section; "backoff.base" is a nested object's
  Member member;
  std::string_view doc;
  double low = 0, high = 0;  ///< both included; of a duration in seconds, of a text in bytes; high 0: no limit to speak of
  std::string_view unit = {};
  Form form = Form::plain;
  bool required = false;
};

std::span<const Setting<Config>> root_settings();
std::span<const Setting<ProviderConfig>> provider_settings();
std::span<const Setting<CredentialConfig>> credential_settings();
std::span<const Setting<Timeouts>> timeout_settings();
std::span<const Setting<Route>> route_settings();
std::span<const Setting<RetryConfig>> retry_settings();
std::span<const Setting<Limits>> limit_settings();
std::span<const Setting<RestartConfig>> restart_settings();
std::span<const Setting<RespawnGuard>> respawn_settings();

/// The same, flat and without types: for people and for the schema.
struct SettingInfo {
  std::string path;       ///< "providers.NAME.timeouts.connect"; NAME, N: any name, any index
  std::string type;       ///< text, whole number, number, true or false, duration, address, URL, path, secret, list of …, map of …, or the words
  std::string range;      ///< "1 to 10"; empty when anything goes
  std::string otherwise;  ///< the default; empty: required, or none
  std::string doc;
  bool required = false;
  bool text = false;  ///< written as a JSON string
};
const std::vector<SettingInfo>& all_settings();

/// The upstream dialects, words and count: the chat front is the gateway's own.
inline constexpr std::size_t kUpstreamDialects = 5;
inline constexpr std::array<std::string_view, 4> kLogLevels{"debug", "info", "warn", "error"};
inline constexpr base::Names<Commit, 2> kCommitNames{{"first-content", "complete"}};
inline constexpr std::string_view kStateDefault = "~/.local/state/brownout/gateway.db";

/// `gateway config --explain`; `only`: the settings whose path contains it.
std::string explain_settings(std::string_view only = {});
/// JSON Schema (2020-12) of the whole file, for editors.
base::Json config_schema();
/// What `gateway init` writes: every key a first run needs, and a "$schema" beside it.
std::string example_config();

}  // namespace gateway
