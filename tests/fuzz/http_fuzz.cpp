// libFuzzer target: bytes from the wire, in two pieces, through the HTTP parser and what reads a request.
#include <cstddef>
#include <cstdint>

#include "simulator/core/http_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  simulator::HttpParser parser;
  auto state = parser.feed(text.substr(0, size / 2));
  if (state == simulator::HttpParser::State::more) state = parser.feed(text.substr(size / 2));
  for (int i = 0; i < 100 && state == simulator::HttpParser::State::ready; ++i) {
    auto request = parser.take();
    simulator::interpret(request);
    state = parser.resume();
  }
  return 0;
}
