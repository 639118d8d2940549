// Requests that no server may take for good ones: names, bytes. Made from tables, so that each rule meets each place.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gateway::net {

inline std::vector<std::pair<std::string, std::string>> malformed_requests() {
  std::vector<std::pair<std::string, std::string>> out;
  const auto add = [&](std::string name, std::string bytes) { out.emplace_back(std::move(name), std::move(bytes)); };
  const std::string host = "Host: h\r\n";

  for (const std::string line :
       {" ", "GET", "GET /", "GET  HTTP/1.1", "GET / HTTP", "GET / HTTP/1", "GET / HTTP/1.", "GET / HTTP/1.2", "GET / HTTP/0.9", "GET / HTTP/2.0", "GET / HTTP/3.0", "GET / http/1.1",
        "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET\t/\tHTTP/1.1", "GET / / HTTP/1.1", "GET / HTTP/1.1\r", "GET / HTTP/11", "GET / HTTP/1.1x", "GET / HTTPS/1.1", "GET /\x01 HTTP/1.1",
        "GET /\x7f HTTP/1.1", "GET /\xc3\xa9 HTTP/1.1", "GET x HTTP/1.1", "GET * HTTP/1.1", "POST * HTTP/1.1", "CONNECT h:443 HTTP/1.1", "G\"T / HTTP/1.1", "GE\x01T / HTTP/1.1",
        "(GET) / HTTP/1.1", "GET: / HTTP/1.1", "GET/ HTTP/1.1", "PRI * HTTP/2.0", "HTTP/1.1 200 OK", "GET ftp://h/ HTTP/1.1", "GET / \x80HTTP/1.1", "G\xff / HTTP/1.1"}) {
    add("request line \"" + line + "\"", line + "\r\n" + host + "\r\n");
  }
  add("method of 1000 letters", std::string(1000, 'A') + " / HTTP/1.1\r\n" + host + "\r\n");
  add("NUL in the request line", std::string("GET /\0 HTTP/1.1\r\n", 17) + host + "\r\n");
  add("TLS ClientHello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 12) + std::string(40, '\x55') + "\n\n");
  add("TLS ClientHello with a late line end", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(100, '\x55') + "\n");
  add("SSH", "SSH-2.0-OpenSSH_9.2\r\n\r\n");
  add("SMTP", "EHLO example.com\r\n\r\n");
  add("JSON without a head", "{\"model\":\"m\"}\n\n");
  add("bare LF everywhere", "GET / HTTP/1.1\nHost: h\n\n");
  add("bare LF after the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n");
  add("bare LF after a header", "GET / HTTP/1.1\r\nHost: h\n\r\n");
  add("bare LF as the empty line", "GET / HTTP/1.1\r\nHost: h\r\n\n");
  add("bare CR after a header", "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n");
  add("CR CR LF", "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n");

  // Each bad field line at each of three places.
  const std::vector<std::pair<std::string, std::string>> fields{
      {"no colon", "X-Y"}, {"empty name", ": v"}, {"space before the colon", "X : v"}, {"tab before the colon", "X\t: v"}, {"space in the name", "X Y: v"},
      {"folded with a space", " folded"}, {"folded with a tab", "\tfolded"}, {"NUL in the value", std::string("X: a\0b", 6)}, {"NUL in the name", std::string("X\0: a", 5)},
      {"bell in the value", "X: \x07"}, {"escape in the value", "X: \x1b[0m"}, {"DEL in the value", "X: \x7f"}, {"quote in the name", "\"X\": v"},
      {"brace in the name", "{X}: v"}, {"slash in the name", "X/Y: v"}, {"at in the name", "X@Y: v"}, {"high byte in the name", "X\xc3\xa9: v"},
      {"vertical tab in the value", "X: a\vb"}, {"form feed in the value", "X: a\fb"}, {"lone CR in the value", "X: a\rb"}, {"comma in the name", "X,Y: v"},
      {"semicolon in the name", "X;Y: v"}, {"equals sign in the name", "X=Y: v"}, {"bracket in the name", "X[1]: v"}, {"backspace in the value", "X: a\bb"}};
  for (const auto& [name, line] : fields) {
    add(name + ", first", "POST / HTTP/1.1\r\n" + line + "\r\n" + host + "Content-Length: 0\r\n\r\n");
    add(name + ", in the middle", "POST / HTTP/1.1\r\n" + host + line + "\r\nContent-Length: 0\r\n\r\n");
    add(name + ", last", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n" + line + "\r\n\r\n");
  }

  add("no Host", "GET / HTTP/1.1\r\n\r\n");
  add("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  add("two equal Hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n");
  for (const std::string value : {"a b", "a/b", "a@b", "a\"b", "a,b c", "<a>", "a\\b", "a#b", "a?b", "{a}", "a|b", "a^b", "a`b"}) {
    add("Host " + value, "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n");
  }

  for (const std::string value : {"", " ", "-1", "+1", "0x10", "1,1", "1, 1", "1 1", "1.0", "1e3", "one", "1;", "\"1\"", "1\t2", "\xd9\xa3", "0b1", "1_000", "0 ,", "=5", "5a", "NaN", "inf", "--1"}) {
    add("Content-Length \"" + value + "\"", "POST / HTTP/1.1\r\n" + host + "Content-Length: " + value + "\r\n\r\nx");
  }
  for (const std::string value : {"99999999999999999999999", "18446744073709551616", "18446744073709551615", "9223372036854775808", "4294967296000"}) {
    add("huge Content-Length " + value, "POST / HTTP/1.1\r\n" + host + "Content-Length: " + value + "\r\n\r\nx");
  }
  for (const auto& [one, two] : std::vector<std::pair<std::string, std::string>>{{"1", "1"}, {"1", "2"}, {"0", "5"}, {"5", "0"}, {"5", "x"}}) {
    add("two Content-Lengths " + one + " " + two, "POST / HTTP/1.1\r\n" + host + "Content-Length: " + one + "\r\ncontent-length: " + two + "\r\n\r\nabcde");
  }

  for (const std::string value : {"identity", "gzip", "chunked, identity", "identity, chunked", "gzip, chunked", "chunked, chunked", "xchunked", "chunkedx", "chunked;q=1", "\"chunked\"", "", ",chunked",
                                  "chunked,", "chunke d", "cHuNkEd2", "x", "chunked\tchunked", "deflate", "chunked gzip", "none", "*"}) {
    add("Transfer-Encoding \"" + value + "\"", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: " + value + "\r\n\r\n0\r\n\r\n");
  }
  add("two Transfer-Encodings", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  add("Transfer-Encoding in HTTP/1.0", "POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  for (const std::string order : {"cl", "te"}) {
    for (const std::string te : {"chunked", "Chunked", "identity", "chunked\t", "\tchunked"}) {
      const std::string a = "Content-Length: 4\r\n", b = "Transfer-Encoding: " + te + "\r\n";
      add("CL and TE, " + order + " first, " + te, "POST / HTTP/1.1\r\n" + host + (order == "cl" ? a + b : b + a) + "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    }
  }
  for (const std::string expect : {"", "100", "101-continue", "100-continue, x", "200-ok"}) {
    add("Expect \"" + expect + "\"", "POST / HTTP/1.1\r\n" + host + "Expect: " + expect + "\r\nContent-Length: 1\r\n\r\nx");
  }

  const std::vector<std::pair<std::string, std::string>> chunks{
      {"no digits", "\r\n"}, {"a word", "xyz\r\n"}, {"0x", "0x5\r\nhello\r\n"}, {"sign", "+5\r\nhello\r\n"}, {"minus", "-5\r\nhello\r\n"}, {"space before", " 5\r\nhello\r\n"},
      {"space after", "5 \r\nhello\r\n"}, {"tab after", "5\t\r\nhello\r\n"}, {"bare LF after the size", "5\nhello\r\n"}, {"bare LF after the data", "5\r\nhello\n"},
      {"data too long", "5\r\nhello!\r\n"}, {"CR alone after the data", "5\r\nhello\rx"}, {"size of 16 digits", "fffffffffffffff0\r\nx"}, {"size of 17 digits", "00000000000000005\r\nhello\r\n"},
      {"huge size", "fffffffffff\r\nx"}, {"NUL in an extension", std::string("5;a\0\r\nhello\r\n", 13)}, {"CR in an extension", "5;a\rb\r\nhello\r\n"}, {"comma after the size", "5,5\r\nhello\r\n"},
      {"DEL in an extension", "5;\x7f\r\nhello\r\n"}, {"a bad trailer", "0\r\nno colon\r\n\r\n"}, {"a folded trailer", "0\r\nX: a\r\n b\r\n\r\n"},
      {"a NUL in a trailer", std::string("0\r\nX: \0\r\n\r\n", 11)}, {"a bare LF trailer", "0\r\nX: a\n\r\n"}, {"a bare LF at the end", "0\r\n\n"}, {"no size line at all", "hello\r\n"},
      {"a size of 2000 zeros", std::string(2000, '0') + "\r\n"}, {"an endless extension", "5;" + std::string(5000, 'x') + "\r\nhello\r\n"},
      {"endless trailers", "0\r\nX: " + std::string(10'000, 'x') + "\r\n\r\n"}};
  for (const auto& [name, body] : chunks) {
    add("chunk: " + name, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n" + body);
    add("second chunk: " + name, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + body);
  }

  add("head over the limit", "GET / HTTP/1.1\r\n" + host + "X: " + std::string(70'000, 'x') + "\r\n\r\n");
  add("request line over the limit", "GET /" + std::string(70'000, 'x') + " HTTP/1.1\r\n" + host + "\r\n");
  std::string many;
  for (int i = 0; i < 300; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  add("300 headers", "GET / HTTP/1.1\r\n" + host + many + "\r\n");
  std::string blanks;
  for (int i = 0; i < 40'000; ++i) blanks += "\r\n";
  add("endless empty lines", blanks);
  return out;
}

}  // namespace gateway::net
