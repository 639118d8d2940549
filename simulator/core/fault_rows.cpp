// The rows of the fault table. Data only: what a step means stands in plan_spec.cpp.
#include "simulator/core/faults.h"

namespace simulator {
namespace {

using enum Stage;

constexpr FaultRow kRows[] = {
    // Before a request
    {"refused", "connection", listen, Ending::refused, "nobody listens on the port", "[]", ""},
    {"backlog-full", "connection", listen, Ending::silence, "the queue of connections is full: connecting hangs", "[]", ""},
    {"accept-never-read", "connection", accept, Ending::silence, "accepts, never reads, small receive window", R"([{"hold":true}])", ""},
    {"accept-hang", "connection", accept, Ending::silence, "accepts and reads, never answers", R"([{"hold":true}])", ""},
    {"accept-fin", "connection", accept, Ending::fin, "closes politely before a request", R"([{"fin":true}])", ""},
    {"accept-rst", "connection", accept, Ending::rst, "resets before a request", R"([{"rst":true}])", ""},
    {"tls-expired", "tls", tls, Ending::tls_error, "a certificate that ran out", "[]", ""},
    {"tls-wrong-host", "tls", tls, Ending::tls_error, "a certificate for another name", "[]", ""},
    {"tls-unknown-ca", "tls", tls, Ending::tls_error, "a certificate of an authority nobody knows", "[]", ""},
    {"tls-handshake-hang", "tls", tls, Ending::silence, "never answers the client's hello", R"([{"hold":true}])", ""},
    {"tls-handshake-cut", "tls", tls, Ending::rst, "resets in the middle of the handshake", R"([{"rst":true}])", ""},
    // Hangs. A JSON body is one event: chunked, so that its end is missing as a stream's is. (So are the cuts behind events.)
    {"hang-before-headers", "hang", request, Ending::silence, "reads the request, then nothing", R"([{"wait":"$for"}])", "for=forever"},
    {"hang-after-headers", "hang", request, Ending::silence, "the head, then nothing", R"([{"head":true},{"wait":"$for"}])", "for=forever"},
    {"hang-after-events", "hang", request, Ending::silence, "some events, then nothing", R"([{"framing":"chunked"},{"events":"$events"},{"wait":"$for"}])", "events=3 for=forever"},
    {"hang-masked-comments", "hang", request, Ending::silence, "some events, then only SSE comments", R"([{"framing":"chunked"},{"events":"$events"},{"comment":": keep-alive\n\n","every":"$every","for":"$for"}])", "events=1 every=1s for=forever"},
    {"hang-masked-pings", "hang", request, Ending::silence, "some events, then only ping events", R"([{"framing":"chunked"},{"events":"$events"},{"comment":"event: ping\ndata: {\"type\": \"ping\"}\n\n","every":"$every","for":"$for"}])", "events=1 every=1s for=forever"},
    // Slow
    {"slow-start", "slow", request, Ending::complete, "a late first byte", R"([{"wait":"$wait"}])", "wait=2s"},
    {"slow-events", "slow", request, Ending::complete, "a pause before each event", R"([{"gap":"$gap"},{"rest":true}])", "gap=200ms"},
    {"drip-bytes", "slow", request, Ending::complete, "few bytes at a time", R"([{"drip":"$bytes","every":"$every"}])", "bytes=1 every=5ms"},
    {"burst", "slow", request, Ending::complete, "silence, then the whole stream in one write", R"([{"wait":"$wait"},{"gap":"0s"},{"rest":true}])", "wait=500ms"},
    {"slow-random", "slow", request, Ending::complete, "a first byte after a random time", R"([{"wait":"$min","to":"$max"}])", "min=100ms max=2s"},
    // Cuts
    {"cut-before-headers-fin", "cut", request, Ending::fin, "an empty reply: FIN and not one byte", R"([{"fin":true}])", ""},
    {"cut-before-headers-rst", "cut", request, Ending::rst, "RST and not one byte", R"([{"rst":true}])", ""},
    {"cut-in-headers-fin", "cut", request, Ending::fin, "half a head, then FIN", R"([{"raw":"HTTP/1.1 200 OK\r\ncontent-ty"},{"fin":true}])", ""},
    {"cut-in-headers-rst", "cut", request, Ending::rst, "half a head, then RST", R"([{"raw":"HTTP/1.1 200 OK\r\ncontent-ty"},{"rst":true}])", ""},
    {"cut-after-headers-fin", "cut", request, Ending::fin, "the head, then FIN", R"([{"head":true},{"fin":true}])", ""},
    {"cut-after-headers-rst", "cut", request, Ending::rst, "the head, then RST", R"([{"head":true},{"rst":true}])", ""},
    {"cut-after-events-fin", "cut", request, Ending::fin, "some events, all delivered, then FIN", R"([{"framing":"chunked"},{"events":"$events"},{"fin":true}])", "events=3"},
    {"cut-after-events-rst", "cut", request, Ending::rst, "some events, all delivered, then RST", R"([{"framing":"chunked"},{"events":"$events"},{"rst":true}])", "events=3"},
    {"cut-after-bytes-fin", "cut", request, Ending::fin, "exactly so many body bytes, then FIN", R"([{"bytes":"$bytes"},{"fin":true}])", "bytes=100"},
    {"cut-after-bytes-rst", "cut", request, Ending::rst, "exactly so many body bytes, then RST", R"([{"bytes":"$bytes"},{"rst":true}])", "bytes=100"},
    {"cut-before-terminal-fin", "cut", request, Ending::fin, "all but [DONE] or message_stop, then FIN", R"([{"framing":"chunked"},{"edit":"drop-terminal"},{"rest":true},{"fin":true}])", ""},
    {"cut-before-terminal-rst", "cut", request, Ending::rst, "all but [DONE] or message_stop, then RST", R"([{"framing":"chunked"},{"edit":"drop-terminal"},{"rest":true},{"rst":true}])", ""},
    {"keep-alive-race", "cut", request, Ending::reuse_rst, "a whole reply; the next request on the connection gets RST", R"([{"rest":true},{"close_on_reuse":true}])", ""},
    // Framing
    {"missing-terminal", "framing", request, Ending::complete, "no [DONE] or message_stop, but a clean end", R"([{"edit":"drop-terminal"},{"rest":true}])", ""},
    {"missing-finish", "framing", request, Ending::complete, "no finish reason and no terminator, but a clean end", R"([{"edit":"drop-finish"},{"rest":true}])", ""},
    {"length-too-long", "framing", request, Ending::fin, "Content-Length says more than is sent, then FIN", R"([{"framing":"length"},{"length":"$extra"},{"rest":true},{"fin":true}])", "extra=10"},
    {"length-too-short", "framing", request, Ending::fin, "Content-Length says less than is sent, then FIN", R"([{"framing":"length"},{"length":"$extra"},{"rest":true},{"fin":true}])", "extra=-10"},
    {"length-until-close", "framing", request, Ending::fin, "no Content-Length, no chunks: FIN is the end", R"([{"framing":"close"},{"rest":true},{"fin":true}])", ""},
    {"chunk-size-garbage", "framing", request, Ending::fin, "a chunk size that is no number", R"([{"framing":"chunked"},{"events":"$events"},{"raw":"zz\r\nbroken\r\n"},{"fin":true}])", "events=1"},
    {"chunk-truncated", "framing", request, Ending::fin, "a chunk that is shorter than it says", R"([{"framing":"chunked"},{"events":"$events"},{"raw":"ff\r\ndata: {"},{"fin":true}])", "events=1"},
    {"chunk-end-missing", "framing", request, Ending::fin, "all events, no last chunk, then FIN", R"([{"framing":"chunked"},{"rest":true},{"fin":true}])", ""},
    {"headers-oversized", "framing", request, Ending::complete, "one header of so many bytes", R"([{"header_bytes":"$bytes"},{"rest":true}])", "bytes=100000"},
    {"status-line-garbage", "framing", request, Ending::fin, "bytes that are no HTTP, then FIN", R"([{"garbage":"$bytes"},{"fin":true}])", "bytes=64"},
    // Content
    {"json-malformed", "content", request, Ending::complete, "a body that stops in the middle of its JSON", R"([{"edit":"bad-json"},{"rest":true}])", ""},
    {"sse-malformed", "content", request, Ending::complete, "an event whose data is no JSON", R"([{"events":"$events"},{"event":"data: {unparsable}\n\n"},{"rest":true}])", "events=2"},
    {"sse-garbage", "content", request, Ending::complete, "random bytes between two events", R"([{"events":"$events"},{"garbage":"$bytes"},{"rest":true}])", "events=2 bytes=64"},
    {"stream-error-event", "content", request, Ending::complete, "an error event inside a 200 stream", R"([{"events":"$events"},{"error_event":"$error"}])", "events=2 error=500"},
    {"error-in-200", "content", request, Ending::complete, "an error body under status 200", R"([{"error":"$error"},{"status":200},{"rest":true}])", "error=500"},
    {"empty-200", "content", request, Ending::complete, "status 200 and no body", R"([{"body":""}])", ""},
    {"empty-content", "content", request, Ending::complete, "a well-formed reply that says nothing", R"([{"script":{"text":""}},{"rest":true}])", ""},
    {"finish-length-empty", "content", request, Ending::complete, "finish reason length and no content", R"([{"script":{"text":"","finish_reason":"length"}},{"rest":true}])", ""},
    {"html-200", "content", request, Ending::complete, "a login page under status 200", R"([{"headers":{"content-type":"text/html; charset=utf-8"}},{"body":"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Corporate login</body></html>"}])", ""},
    {"html-502", "content", request, Ending::complete, "the page of a proxy in front", R"([{"status":502},{"headers":{"content-type":"text/html","server":"cloudflare"}},{"body":"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"}])", ""},
    {"body-large", "content", request, Ending::complete, "an error body of so many bytes", R"([{"status":"$status"},{"headers":{"content-type":"text/plain"}},{"body_bytes":"$bytes"}])", "status=500 bytes=1000000"},
    {"charset-wrong", "content", request, Ending::complete, "bytes that are not the UTF-8 they are said to be", R"([{"edit":"latin1"},{"rest":true}])", ""},
    {"gzip-unasked", "content", request, Ending::complete, "compressed, though nobody asked", R"([{"edit":"gzip"},{"rest":true}])", ""},
    {"events-duplicated", "content", request, Ending::complete, "every event twice", R"([{"edit":"duplicate"},{"rest":true}])", ""},
    {"events-reordered", "content", request, Ending::complete, "neighbouring events swapped", R"([{"edit":"reorder"},{"rest":true}])", ""},
    {"lines-crlf", "content", request, Ending::complete, "CRLF line ends", R"([{"edit":"crlf"},{"rest":true}])", ""},
    {"lines-cr", "content", request, Ending::complete, "CR line ends", R"([{"edit":"cr"},{"rest":true}])", ""},
    {"byte-order-mark", "content", request, Ending::complete, "a byte order mark first", R"([{"edit":"bom"},{"rest":true}])", ""},
    {"sse-no-space", "content", request, Ending::complete, "no space after the colon", R"([{"edit":"no-space"},{"rest":true}])", ""},
    {"utf8-split", "content", request, Ending::complete, "a character split over two chunks", R"([{"script":{"text":"Zoë says naïve café 日本語"}},{"edit":"utf8-split"},{"rest":true}])", ""},
    {"one-byte-chunks", "content", request, Ending::complete, "every byte is a chunk", R"([{"edit":"one-byte"},{"rest":true}])", ""},
    {"json-for-stream", "content", request, Ending::complete, "one JSON body though a stream was wanted", R"([{"script":{"stream":false}},{"rest":true}])", ""},
    {"stream-for-json", "content", request, Ending::complete, "a stream though none was wanted", R"([{"script":{"stream":true}},{"rest":true}])", ""},
    {"tool-arguments-cut", "content", request, Ending::complete, "a tool call whose arguments stop in the middle", R"([{"script":{"tool_calls":[{"name":"get_weather","arguments":"{\"city\":\"Par"}],"finish_reason":"length"}},{"rest":true}])", ""},
    {"redirect", "status", request, Ending::complete, "a redirect to elsewhere", R"([{"status":301},{"headers":{"location":"$to"}},{"body":""}])", "to=http://127.0.0.1:9/"},
    // Retry-After
    {"retry-after-whole", "retry-after", request, Ending::complete, "429, whole seconds", R"([{"error":"$error"},{"headers":{"retry-after":"$value"}},{"rest":true}])", "error=429 value=2"},
    {"retry-after-fraction", "retry-after", request, Ending::complete, "429, a fraction of a second", R"([{"error":"$error"},{"headers":{"retry-after":"$value"}},{"rest":true}])", "error=429 value=0.5"},
    {"retry-after-date", "retry-after", request, Ending::complete, "429, a date", R"([{"error":"$error"},{"headers":{"retry-after":"@http-date"}},{"date_in":"$wait"},{"rest":true}])", "error=429 wait=2s"},
    {"retry-after-milliseconds", "retry-after", request, Ending::complete, "429, retry-after-ms", R"([{"error":"$error"},{"headers":{"retry-after":null,"retry-after-ms":"$value"}},{"rest":true}])", "error=429 value=1500"},
    {"retry-after-absurd", "retry-after", request, Ending::complete, "429, a year", R"([{"error":"$error"},{"headers":{"retry-after":"$value"}},{"rest":true}])", "error=429 value=31536000"},
    {"retry-after-negative", "retry-after", request, Ending::complete, "429, a time before now", R"([{"error":"$error"},{"headers":{"retry-after":"$value"}},{"rest":true}])", "error=429 value=-5"},
    {"retry-after-missing", "retry-after", request, Ending::complete, "429 without any time", R"([{"error":"$error"},{"headers":{"retry-after":null,"retry-after-ms":null}},{"rest":true}])", "error=429"},
    {"retry-after-garbage", "retry-after", request, Ending::complete, "429, words", R"([{"error":"$error"},{"headers":{"retry-after":"$value"}},{"rest":true}])", "error=429 value=soon"},
};

}  // namespace

std::span<const FaultRow> fault_rows() { return kRows; }

}  // namespace simulator
