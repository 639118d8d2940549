#include "gateway/wire/prompt.h"

namespace gateway {

std::string Prompt::named(const std::string& member) const {
  const auto found = names.find(member);
  return found == names.end() ? member : found->second;
}

void refuse(std::string what, std::string param) { throw Refused{{400, std::move(what), std::move(param)}}; }

bool split_data_url(const std::string& url, std::string& media_type, std::string& data) {
  const auto comma = url.find(',');
  if (!url.starts_with("data:") || comma == std::string::npos) return false;
  const auto head = url.substr(5, comma - 5);
  if (!head.ends_with(";base64")) return false;
  media_type = head.substr(0, head.find(';'));
  data = url.substr(comma + 1);
  return !media_type.empty() && !data.empty();
}

std::string data_url(const PromptPart& part) { return "data:" + part.media_type + ";base64," + part.data; }

std::string only_text(const std::vector<PromptPart>& parts, const std::string& why) {
  std::string text;
  bool first = true;
  for (const auto& part : parts) {
    if (part.kind != PromptPart::Kind::text) refuse(why, part.at);
    if (!first) text += "\n";
    text += part.text;
    first = false;
  }
  return text;
}

void refuse_prefill(const Prompt& prompt) {
  const auto& last = prompt.messages.back();
  if (last.role != PromptMessage::Role::assistant) return;
  for (const auto& part : last.parts) {
    if (part.kind == PromptPart::Kind::tool_call) return;  // the provider says itself that results are missing
  }
  refuse("the last message is the assistant's: continuing it cannot be carried to this target", last.at);
}

std::int64_t effort_budget(const std::string& effort) {
  if (effort == "none") return 0;
  if (effort == "minimal" || effort == "low") return 1024;
  if (effort == "medium") return 8192;
  if (effort == "high") return 24576;
  return 32000;
}

}  // namespace gateway
