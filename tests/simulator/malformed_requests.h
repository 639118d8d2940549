// Requests that no server may take for good ones, for the parser and for a live socket.
#pragma once

#include <string>
#include <vector>

namespace simulator {

/// Requests that must be refused, each with a named 4xx or 5xx. Built from parts: more than 200.
inline std::vector<std::string> malformed_requests() {
  std::vector<std::string> list;
  const std::string host = "Host: x\r\n";
  const std::string line = "POST / HTTP/1.1\r\n";
  for (int c = 0; c < 256; ++c) {  // a byte that may not begin, stand in a method, a target, a name, or a value
    const char byte = static_cast<char>(c);
    const bool control = c < 0x20 || c == 0x7F;
    if (control && c != '\r' && c != '\n') {
      list.push_back(std::string("GET /") + byte + " HTTP/1.1\r\n" + host + "\r\n");
      list.push_back(std::string("G") + byte + "T / HTTP/1.1\r\n" + host + "\r\n");
      list.push_back(line + host + "A" + byte + "B: 1\r\n\r\n");
      if (c != '\t') list.push_back(line + host + "A: x" + byte + "y\r\n\r\n");
    }
    if (c >= 0x80 && c % 8 == 0) {
      list.push_back(std::string("G") + byte + "T / HTTP/1.1\r\n" + host + "\r\n");
      list.push_back(std::string("GET /") + byte + " HTTP/1.1\r\n" + host + "\r\n");
    }
  }
  for (const auto* version : {"HTTP/2.0", "HTTP/0.9", "HTTP/9.9", "http/1.1", "HTTP/1", "HTTP/1.", "HTTP/1.1x", "HTP/1.1", "1.1", "HTTP/11", "HTTP-1.1", "HTTP/a.b"}) {
    list.push_back(std::string("GET / ") + version + "\r\n" + host + "\r\n");
  }
  for (const auto* length : {"-1", "+1", "1.0", "0x10", "a", "1a", "", " ", "1,1", "1 1", "99999999999999999999", "999999999999", "1e3"}) {
    list.push_back(line + host + "Content-Length: " + length + "\r\n\r\n");
  }
  for (const auto* coding : {"gzip", "chunked, chunked", "gzip, chunked", "identity", "xchunked", "chunked\r\nTransfer-Encoding: chunked", "chunked\r\nContent-Length: 3"}) {
    list.push_back(line + host + "Transfer-Encoding: " + coding + "\r\n\r\n");
  }
  for (const auto* size : {"g", "-1", "+1", " ", "0x1", "fffffffff", "1 1", "\t", ";", "1\n"}) {
    list.push_back(line + host + "Transfer-Encoding: chunked\r\n\r\n" + size + "\r\nabc\r\n0\r\n\r\n");
  }
  for (const auto* text : {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\r\nHost: a\r\n\r\n",
                           "GET\r\nHost: a\r\n\r\n", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
                           "GET / HTTP/1.1\r\nHost: a\r\n b: folded\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
                           "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n", "\x16\x03\x01\x02 hello\r\n\r\n",
                           "{\"json\":true}\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                           "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
                           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nbroken trailer\r\n\r\n"}) {
    list.emplace_back(text);
  }
  list.push_back(std::string(40, 'M') + " / HTTP/1.1\r\n" + host + "\r\n");
  return list;
}

}  // namespace simulator
