// libFuzzer target: any text as a scenario; what loads must compile.
#include <cstddef>
#include <cstdint>

#include "simulator/core/faults.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto document = base::parse_json_document(std::string(reinterpret_cast<const char*>(data), size), "fuzz");
  if (document.has_error()) return 0;
  std::vector<base::Diagnostic> problems;
  base::JsonReader in(document.value(), problems);
  const auto specs = simulator::read_providers(in, "providers");
  if (!problems.empty()) return 0;
  for (const auto& spec : specs) {
    for (const auto& rule : spec.script) {
      simulator::ProviderRequest request{.method = "POST", .path = "/v1/chat/completions", .body = "{}", .model = "m", .stream = true};
      const auto healthy = simulator::make_healthy_reply(spec, request, spec.reply, {});
      simulator::compile_fault(rule.fault, healthy, {.spec = &spec, .request = &request});
    }
  }
  return 0;
}
