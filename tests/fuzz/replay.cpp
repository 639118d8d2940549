// Without libFuzzer (g++): runs a target over damaged copies of good inputs, so that the targets build and hold everywhere.
#include <cstdio>

#include "base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main() {
  const std::string seeds[] = {
      "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      R"({"providers":{"acme":{"credentials":["a"],"reply":{"text":"x"},"script":[{"when":{"nth":[1,2]},"fault":"cut-after-events-rst","params":{"events":2}},{"plan":[{"events":2},{"edit":"crlf"},{"garbage":9},{"wait":"1s","to":"2s"},{"rst":true}]}]}}})",
      R"({"error":{"message":"{\"error\":{\"message\":\"try again in 9m38.016s \u4f59\"}}","code":429,"details":[{"retryDelay":"34.4s"}]}})",
      "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\nevent: error\r\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n",
      "<!doctype html><html><head><title>502 Bad Gateway</title></head><body>Ray ID: <b>8a1b2c3d4e5f6789</b></body></html>"};
  base::Random random(1);
  constexpr int kRounds = 5000;
  for (int round = 0; round < kRounds; ++round) {
    auto text = seeds[static_cast<std::size_t>(round) % std::size(seeds)];
    for (std::uint64_t i = random.below(4); i > 0; --i) {
      const auto at = random.below(text.size());
      if (random.chance(0.5)) text[at] = static_cast<char>(random.below(256));
      else if (random.chance(0.5)) text.erase(at, random.below(5));
      else text.insert(at, text.substr(random.below(text.size()), random.below(20)));
      if (text.empty()) text = "x";
    }
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
  std::printf("%d rounds\n", kRounds);
  return 0;
}
