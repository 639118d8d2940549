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
      "<!doctype html><html><head><title>502 Bad Gateway</title></head><body>Ray ID: <b>8a1b2c3d4e5f6789</b></body></html>",
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"c\",\"usage\":{\"input_tokens\":1}}}\n\nevent: content_block_start\ndata: "
      "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\nevent: content_block_delta\ndata: "
      "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n\nevent: message_delta\ndata: "
      "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
      "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\r\n\r\n: ping\r\rdata: {\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":\"message\",\"content\":[{\"text\":\"a\"}]}]}}\n\n",
      R"({"candidates":[{"content":{"parts":[{"text":"a"},{"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1}})",
      R"({"model":"r","n":1,"stop":["x"],"tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"x"}]})",
      R"({"model":"r","max_tokens":9,"system":"s","thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"x"}]}]}]})",
      R"({"model":"r","instructions":"s","text":{"format":{"type":"json_object"}},"input":[{"role":"user","content":[{"type":"input_text","text":"x"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]})",
      // What libFuzzer found: a byte order mark in pieces, and a text of more pieces than a target once read.
      "\xEF\xBB\xBF[data\r:{{\n\n",
      "d /d# HTTP/1.0\r\n" + std::string(1000, '}') + "\n\n"};
  base::Random random(1);
  constexpr int kRounds = 9000;
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
