#include "gateway/cli/client_commands.h"

#include <httplib.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.h"
#include "gateway/cli/context.h"
#include "gateway/cli/no_answer.h"
#include "gateway/cli/say.h"
#include "gateway/core/restart_texts.h"

namespace gateway {
namespace {

constexpr base::Duration kAskBound = std::chrono::seconds{5};
constexpr int kNotRunning = 3;  // as systemctl status says it
constexpr std::size_t kLineMax = 1U << 20;

void say_unit(const UnitState& unit, const std::string& name) {
  if (unit.load == "not-found") return print("Service: not installed (gateway install)\n");
  auto line = fmt::format("Service: {} is {} ({})", name, unit.active, unit.sub);
  if (!unit.since.empty() && unit.active == "active") line += " since " + unit.since;
  print(line + "\n");
  if (unit.sub == "auto-restart") print("⏳ Restart pending: the manager is waiting to start the gateway again\n");
  if (unit.active == "failed" && unit.exec_status == 75) {
    print(fmt::format("⚠ A planned restart was refused by the manager's start limit\n  Allow it again: systemctl --user reset-failed {} && gateway start\n", name));
  } else if (unit.active == "failed") {
    print(fmt::format("⚠ The last run failed: {} (status {})\n  Check logs: gateway logs\n", unit.result, unit.exec_status));
  }
}

std::optional<std::string> read_line() {
  std::string line;
  for (int c = std::getchar(); c != '\n'; c = std::getchar()) {
    if (c == EOF) return line.empty() ? std::nullopt : std::optional(line);
    if (line.size() < kLineMax) line += static_cast<char>(c);
  }
  return line;
}

/// Reads the chat front's events as they come: deltas to the terminal, then how it ended.
class ChatReader {
 public:
  bool feed(const char* data, std::size_t size) {
    buffer_.append(data, size);
    for (auto end = buffer_.find("\n\n"); end != std::string::npos; end = buffer_.find("\n\n")) {
      frame(buffer_.substr(0, end));
      buffer_.erase(0, end + 2);
    }
    return buffer_.size() < kLineMax * 16;
  }
  /// A reply that was no stream: its JSON.
  void whole() {
    if (const auto json = base::parse_wire_json(buffer_); json && json->is_object()) finish(*json, !base::string_or(*json, "reason").empty());
  }
  bool ended = false, failed = false;

 private:
  void frame(const std::string& text) {
    std::string event, data;
    for (const auto& line : base::split(text, '\n')) {
      if (line.starts_with("event: ")) event = line.substr(7);
      if (line.starts_with("data: ")) data = line.substr(6);
    }
    const auto json = base::parse_wire_json(data);
    if (!json) return;
    if (event == "delta") shown_ = true, print(base::string_or(*json, "text"));
    if (event == "done" || event == "error") finish(*json, event == "error");
  }
  void finish(const base::Json& json, bool error) {
    ended = true;
    failed = error;
    const auto reply = base::string_or(json, "reply");
    if (error) print((shown_ ? "\n" : "") + reply + "\n");
    else print(shown_ ? "\n" : reply + "\n");
  }
  std::string buffer_;
  bool shown_ = false;
};

int send_text(const ClientArguments& a, const std::string& address, const std::string& text, base::Duration deadline) {
  httplib::Client client("http://" + address);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(deadline).count() + 10;
  client.set_connection_timeout(5, 0);
  client.set_read_timeout(seconds, 0);
  base::Json body{{"text", text}};
  if (!a.model.empty()) body["model"] = a.model;
  ChatReader reader;
  httplib::Request request;
  request.method = "POST";
  request.path = "/chat/" + a.session + "/messages";
  request.headers = {{"Accept", "text/event-stream"}, {"Content-Type", "application/json"}};
  if (!a.key.empty()) request.headers.emplace("Authorization", "Bearer " + a.key);
  request.body = base::dump(body);
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) { return reader.feed(data, size); };
  const auto result = client.send(request);
  if (!result) {
    complain(fmt::format("✗ {}\n  Is it running? gateway status\n", no_answer(address, result.error())));
    return 1;
  }
  if (!reader.ended) reader.whole();
  if (!reader.ended) complain("✗ the answer broke off\n");
  return reader.ended && !reader.failed ? 0 : 1;
}

/// With a configuration that cannot be read, the addresses are the defaults: whoever finds nobody there must know that.
void say_if_unread(const Context& context, const std::string& address_flag) {
  if (context.config_read || !address_flag.empty()) return;
  complain(fmt::format("⚠ The configuration {} cannot be read, so the default address was asked.\n  See why: gateway check\n", context.config_file));
}

}  // namespace

int status_command(const ClientArguments& arguments) {
  const auto context = make_context(arguments.config, arguments.unit);
  const auto admin = arguments.address.empty() ? context.admin_address() : arguments.address;
  const auto answer = admin == "off" ? HttpAnswer{0, {}, "the admin port is off"} : http_get(admin, "/status", kAskBound);
  if (arguments.json) {
    if (answer.status != 200) return complain(answer.failure + "\n"), kNotRunning;
    print(answer.body + "\n");
    return 0;
  }
  std::string failure;
  const Manager manager(context.config.unit, std::chrono::seconds{3});
  const auto unit = manager.show(failure);
  if (answer.status == 200) print(status_text(answer.body));
  else print(fmt::format("✗ Gateway does not answer\n  {}\n", answer.failure)), say_if_unread(context, arguments.address);
  if (unit) say_unit(*unit, manager.unit());
  if (answer.status == 200) return 0;
  if (unit && unit->load != "not-found" && unit->active != "active") print("  Start it: gateway start\n");
  if (const auto running = context.instance()) print(fmt::format("⚠ PID {} holds the state and may hang: gateway restart\n", running->process.pid));
  return kNotRunning;
}

int keys_command(const ClientArguments& arguments) {
  const auto context = make_context(arguments.config, arguments.unit);
  const auto admin = arguments.address.empty() ? context.admin_address() : arguments.address;
  if (admin == "off") return complain("✗ the admin port is off: set \"admin\" in the configuration\n"), 1;
  if (arguments.verb.empty() || arguments.verb == "list") {
    const auto answer = http_get(admin, "/keys", kAskBound);
    if (answer.status == 0) say_if_unread(context, arguments.address);
    if (answer.status != 200) return complain(fmt::format("✗ {}\n", answer.failure.empty() ? base::printable(answer.body, 300) : answer.failure)), 1;
    print(arguments.json ? answer.body + "\n" : keys_text(answer.body));
    return 0;
  }
  const auto slash = arguments.target.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == arguments.target.size()) return complain("✗ which key? PROVIDER/LABEL, as gateway keys lists them\n"), 2;
  const auto answer = http_post(admin, "/keys/" + arguments.target + "/" + arguments.verb, kAskBound);
  const auto json = base::parse_wire_json(answer.body);
  if (answer.status != 200) {
    complain(fmt::format("✗ {}\n", !answer.failure.empty() ? answer.failure : json ? base::string_or(*json, "error", "refused") : "refused"));
    return 1;
  }
  print(arguments.json ? answer.body + "\n" : keys_text(base::dump(base::Json{{"keys", base::Json::array({json.value_or(base::Json::object())})}})));
  return 0;
}

int chat_command(const ClientArguments& arguments) {
  const auto context = make_context(arguments.config, arguments.unit);
  auto address = arguments.address.empty() ? context.listen_address() : arguments.address;
  if (address.find(':') == std::string::npos) address = "127.0.0.1:" + address;
  if (!arguments.text.empty()) return send_text(arguments, address, arguments.text, context.config.deadline);
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  int code = 0;
  while (true) {
    if (terminal) print("> ");
    const auto line = read_line();
    if (!line) break;
    if (base::trim(*line).empty()) continue;
    code = send_text(arguments, address, *line, context.config.deadline);
  }
  if (terminal) print("\n");
  return code;
}

}  // namespace gateway
