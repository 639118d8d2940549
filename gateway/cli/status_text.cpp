// The admin port's JSON in words.
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "gateway/cli/client_commands.h"

namespace gateway {
namespace {

std::string state_words(const base::Json& key) {
  const auto state = base::string_or(key, "state");
  const auto left = base::integer_or(key, "usable_in_s", 0);
  const auto reason = base::string_or(key, "reason");
  if (state == "cooling") return fmt::format("usable in {} ({})", base::human_duration(std::chrono::seconds{left}), reason.empty() ? "cooling" : reason);
  if (state == "dead") return fmt::format("dead ({}): replace the key, then gateway keys reset", reason.empty() ? "revoked" : reason);
  if (state == "disabled") return "disabled: gateway keys enable";
  return state;
}

void key_line(std::string& out, const base::Json& key, const std::string& provider) {
  out += fmt::format("  {:<28} {}", provider + "/" + base::string_or(key, "label"), state_words(key));
  if (const auto busy = base::integer_or(key, "in_flight", 0); busy > 0) out += fmt::format(", {} in flight", busy);
  out += "\n";
  if (const auto* models = base::find(key, "models"); models && models->is_object()) {
    for (const auto& [model, state] : models->items()) out += fmt::format("    {}: {}\n", model, state_words(state));
  }
}

}  // namespace

std::string keys_text(const std::string& keys_json) {
  const auto json = base::parse_wire_json(keys_json);
  const auto* keys = json ? base::find(*json, "keys") : nullptr;
  std::string out;
  if (!keys || !keys->is_array()) return out;
  for (const auto& key : *keys) key_line(out, key, base::string_or(key, "provider"));
  return out.empty() ? "  no keys are configured\n" : out;
}

std::string status_text(const std::string& status_json) {
  const auto json = base::parse_wire_json(status_json);
  if (!json || !json->is_object()) return {};
  const auto word = base::string_or(*json, "status");
  std::string out = fmt::format("{} Gateway is {} (PID {}, version {})\n", word == "running" ? "✓" : word == "draining" ? "⏳" : "⚠", word, base::integer_or(*json, "pid", 0),
                                base::string_or(*json, "version"));
  out += fmt::format("  uptime {}, {} planned restart(s)\n", base::human_duration(std::chrono::seconds{base::integer_or(*json, "uptime_s", 0)}), base::integer_or(*json, "restarts", 0));
  out += fmt::format("  {} active request(s), {} waiting, {} session(s)\n", base::integer_or(*json, "active_requests", 0), base::integer_or(*json, "waiting_requests", 0),
                     base::integer_or(*json, "sessions", 0));
  if (const auto* drain = base::find(*json, "drain")) out += fmt::format("⏳ Draining, at most {} more\n", base::human_duration(std::chrono::seconds{base::integer_or(*drain, "left_s", 0)}));
  if (const auto store = base::string_or(*json, "store"); store != "ok" && store != "none" && !store.empty()) {
    out += fmt::format("⚠ Nothing is kept across restarts: {}\n", base::printable(store, 300));
  }
  out += "Credentials\n";
  if (const auto* providers = base::find(*json, "providers"); providers && providers->is_array()) {
    for (const auto& provider : *providers) {
      const auto name = base::string_or(provider, "name");
      const auto* keys = base::find(provider, "credentials");
      if (!keys || keys->empty()) out += fmt::format("  {:<28} no keys\n", name);
      else
        for (const auto& key : *keys) key_line(out, key, name);
      if (const auto* targets = base::find(provider, "targets"); targets && targets->is_array()) {
        for (const auto& target : *targets) {
          if (base::string_or(target, "breaker") == "closed") continue;
          out += fmt::format("  {:<28} left alone ({}), tried again at {}\n", name + "/" + base::string_or(target, "model"), base::string_or(target, "reason"), base::string_or(target, "trial_at"));
        }
      }
    }
  }
  if (const auto* last = base::find(*json, "last_failure"); last && last->is_object() && !last->empty()) {
    std::string words;
    for (const auto& [key, value] : last->items()) words += fmt::format("{}{}={}", words.empty() ? "" : " ", key, value.is_string() ? base::string_or(*last, key) : base::dump(value));
    out += fmt::format("Last failure: {}\n", base::printable(words, 400));
  }
  return out;
}

}  // namespace gateway
