// The classifier against recorded cases of another gateway and real faults of real providers. Deviations are listed with their reasons.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/json.h"
#include "gateway/classify/classify_command.h"

namespace gateway {
namespace {

using base::Json;

Json load(const std::string& name) {
  std::ifstream file(std::string(BROWNOUT_SOURCE_DIR) + "/tests/data/" + name);
  std::stringstream text;
  text << file.rdbuf();
  auto json = base::parse_wire_json(text.str());
  EXPECT_TRUE(json) << name;
  return json ? *json : Json();
}

/// id → why we decide otherwise.
std::map<std::string, std::string> deviations(const std::string& of) {
  std::map<std::string, std::string> reasons;
  const auto file = load("classification_deviations.json");
  const auto* list = base::find(file, of);
  EXPECT_NE(list, nullptr);
  for (auto it = list->begin(); it != list->end(); ++it) reasons[it.key()] = it.value().get<std::string>();
  return reasons;
}

std::string reason_of(const Json& verdict) { return base::string_or(verdict, "reason", "(none)"); }

/// A case of the survey as a line of `gateway classify`.
Json line_of_case(const Json& entry) {
  Json line;
  for (const char* key : {"status", "body", "headers", "provider", "model", "message", "context"}) {
    if (const auto* value = base::find(entry, key)) line[key] = *value;
  }
  if (base::find(entry, "status")->is_null()) line["transport"] = base::string_or(entry, "exc_type");
  return line;
}

struct Tally {
  std::size_t right = 0, all = 0;
  std::string wrong;
  double share() const { return all == 0 ? 0 : static_cast<double>(right) / static_cast<double>(all); }
};

TEST(Cases, EveryMustAndNearlyAllAdvisoryReasonsOfTheSurveyHold) {
  Tally must, advisory;
  const auto known = deviations("classification_cases");
  for (const auto& entry : load("classification_cases.json")) {
    auto& tally = base::string_or(entry, "weight") == "must" ? must : advisory;
    const auto line = line_of_case(entry);
    const auto verdict = base::parse_wire_json(classify_line(base::dump(line)));
    ASSERT_TRUE(verdict);
    const auto wanted = base::find(entry, "expect")->at("reason").get<std::string>();
    ++tally.all;
    if (reason_of(*verdict) == wanted) {
      ++tally.right;
      continue;
    }
    const auto id = base::string_or(entry, "id");
    const auto why = known.find(id);
    const auto text = fmt::format("  {}: wanted {}, said {} by {}\n", id, wanted, reason_of(*verdict), base::string_or(*verdict, "why"));
    std::printf("%s    %s\n", text.c_str(), why == known.end() ? "NOT EXPLAINED" : why->second.c_str());
    tally.wrong += text;
    EXPECT_NE(why, known.end()) << text << "add it to tests/data/classification_deviations.json with the reason, or mend the rule";
  }
  std::printf("must %zu/%zu, advisory %zu/%zu\n", must.right, must.all, advisory.right, advisory.all);
  EXPECT_EQ(must.right, must.all) << must.wrong;
  EXPECT_GE(advisory.share(), 0.97);
}

/// Which reasons a meaning of provider_faults.json allows. Finer words for the same thing are as good.
const std::multimap<std::string, std::string>& meanings() {
  static const std::multimap<std::string, std::string> map{
      {"rate_limit_transient", "rate_limit"}, {"quota_with_reset", "rate_limit"}, {"upstream_rate_limit", "upstream_rate_limit"},
      {"upstream_rate_limit", "rate_limit"}, {"cloudflare_block", "auth"}, {"cloudflare_block", "provider_policy_blocked"},
      {"tool_call_invalid", "format_error"}, {"billing_exhausted", "billing"}, {"overloaded", "overloaded"},
      {"server_error", "server_error"}, {"context_overflow", "context_overflow"}, {"auth_invalid", "auth"},
      {"auth_invalid", "auth_permanent"}, {"auth_permission", "auth"}, {"model_not_found", "model_not_found"},
      {"format_error", "format_error"}, {"format_error", "thinking_signature"}, {"format_error", "invalid_encrypted_content"},
      {"format_error", "multimodal_tool_content_unsupported"}, {"format_error", "llama_cpp_grammar_pattern"},
      {"content_policy", "content_policy_blocked"}, {"provider_policy", "provider_policy_blocked"},
      {"region_blocked", "provider_policy_blocked"}, {"payload_too_large", "payload_too_large"},
      {"payload_too_large", "image_too_large"}, {"timeout", "timeout"}, {"network", "timeout"}, {"network", "ssl_cert_verification"},
      {"stream_truncated", "stream_cut"}, {"stream_corrupt", "empty_response"}, {"stream_corrupt", "stream_cut"},
      {"empty_response", "empty_response"}, {"benign_stream_quirk", "none"}};
  return map;
}

bool allowed(const std::string& meaning, const std::string& reason) {
  const auto [from, to] = meanings().equal_range(meaning);
  return std::any_of(from, to, [&](const auto& entry) { return entry.second == reason; });
}

TEST(Cases, RealFaultsGetTheirMeaningAndTheRecommendedActions) {
  Tally reasons, actions, waits;
  const auto known = deviations("provider_faults");
  for (const auto& fault : load("provider_faults.json")) {
    const auto verdict = base::parse_wire_json(classify_line(base::dump(fault)));
    ASSERT_TRUE(verdict);
    const auto id = base::string_or(fault, "id"), meaning = base::string_or(fault, "meaning");
    const auto& advice = *base::find(fault, "recommended");
    std::string text;
    ++reasons.all;
    if (allowed(meaning, reason_of(*verdict))) ++reasons.right;
    else text += fmt::format("  {}: meant {}, said {} by {}\n", id, meaning, reason_of(*verdict), base::string_or(*verdict, "why"));
    if (meaning != "content_policy") {
      ++actions.all;
      std::string wanted, said;
      for (const auto& [ours, theirs] : {std::pair("retry", "retry_same_key"), std::pair("rotate", "rotate_key"),
                                         std::pair("fallback", "fallback_provider"), std::pair("abort", "abort")}) {
        if (base::bool_or(advice, theirs, false)) wanted += std::string(ours) + " ";
        if (base::bool_or(*verdict, ours, false)) said += std::string(ours) + " ";
      }
      if (wanted == said) ++actions.right;
      else text += fmt::format("  {}: advised {}, said {}by {}\n", id, wanted, said, base::string_or(*verdict, "why"));
    }
    if (const auto* wait = base::find(advice, "wait_s"); wait && wait->is_number()) {
      ++waits.all;
      const auto said = base::number_of(*base::find(*verdict, "wait_s")).value_or(-1);
      // The advice is rounded to the header's seconds here and there.
      if (std::abs(said - base::number_of(*wait).value_or(0)) <= 1.0) ++waits.right;
      else text += fmt::format("  {}: wait {} s, said {} s\n", id, base::number_of(*wait).value_or(0), said);
    }
    if (text.empty()) continue;
    const auto why = known.find(id);
    std::printf("%s    %s\n", text.c_str(), why == known.end() ? "NOT EXPLAINED" : why->second.c_str());
    EXPECT_NE(why, known.end()) << text << "add it to tests/data/classification_deviations.json with the reason, or mend the rule";
  }
  std::printf("reasons %zu/%zu, actions %zu/%zu, waits %zu/%zu\n", reasons.right, reasons.all, actions.right, actions.all, waits.right, waits.all);
  EXPECT_GE(reasons.share(), 0.95);
  EXPECT_GE(actions.share(), 0.90);
  EXPECT_GE(waits.share(), 0.90);
}

}  // namespace
}  // namespace gateway
