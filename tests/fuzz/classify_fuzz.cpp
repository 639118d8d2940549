// libFuzzer target: any bytes as a provider's reply, under several statuses, and as a line of `gateway classify`.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "gateway/classify/classify_command.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const int status : {0, 200, 400, 402, 429, 503}) {
    gateway::Failure failure;
    if (status != 0) failure.status = status;
    failure.body = bytes;
    failure.headers.add("retry-after", bytes.substr(0, 40));
    const auto verdict = gateway::classify(failure);
    const bool sound = verdict.message.size() <= 300 && base::valid_utf8(verdict.message) && !verdict.why.empty() &&
                       (!verdict.wait || verdict.wait->count() >= 0) && !(verdict.abort && (verdict.retry || verdict.fallback));
    if (!sound) std::abort();
  }
  gateway::classify_lines(bytes);
  return 0;
}
