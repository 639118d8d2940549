// Serving the control socket.
#include "harness/manager/server/control.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/text.h"
#include "harness/manager/process_driver/sockets.h"
#include "harness/manager/server/frames.h"
#include "harness/manager/unit_file.h"

namespace harness::manager {

Control::~Control() {
  if (listener_ < 0) return;
  loop_.forget(listener_);
  ::close(listener_);
  ::unlink(path_.c_str());
  while (!clients_.empty()) drop(clients_.begin()->first);
}

bool Control::open(const std::string& path) {
  path_ = path;
  listener_ = bind_unix(path, SOCK_STREAM, 0600);
  if (listener_ < 0 || ::listen(listener_, 256) != 0) return false;
  loop_.watch(listener_, EPOLLIN, Turn::client, [this](std::uint32_t) { accept_all(); });
  driver_.on_output = [this](const Output& output) {
    if (Client* client = client_of(output.client)) send(*client, frames::kOut, output.out);
  };
  driver_.on_reply = [this](const Reply& reply) {
    Client* client = client_of(reply.client);
    log_.write("manager", "reply", {{"call", reply.client}, {"rc", reply.rc}, {"gone", client == nullptr},
                                    {"ms", client != nullptr ? base::milliseconds(monotonic_now() - client->since) : -1},
                                    {"err", base::shorten(reply.err, 400)}});
    if (client == nullptr) return;
    client->finished = true;
    client->call = 0;
    const int fd = client->fd;
    if (!reply.out.empty()) send(*client, frames::kOut, reply.out);
    if (!clients_.contains(fd)) return;  // it left while it was written to
    if (!reply.err.empty()) send(*client, frames::kErr, reply.err);
    if (!clients_.contains(fd)) return;
    const char code = static_cast<char>(reply.rc);
    send(*client, frames::kCode, std::string_view(&code, 1));
  };
  return true;
}

Control::Client* Control::client_of(ClientId call) {
  for (auto& [fd, client] : clients_) {
    if (client.call == call) return &client;
  }
  return nullptr;
}

void Control::accept_all() {
  while (true) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    clients_[fd].fd = fd;
    loop_.watch(fd, EPOLLIN | EPOLLRDHUP, Turn::client, [this, fd](std::uint32_t events) { serve(fd, events); });
  }
}

void Control::drop(int fd) {
  const ClientId call = clients_[fd].call;
  clients_.erase(fd);
  loop_.forget(fd);
  ::close(fd);
  if (call != 0) driver_.feed(ClientGone{call});
}

void Control::serve(int fd, std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) {
    flush(fd);
    if (!clients_.contains(fd)) return;
  }
  std::array<char, 65536> room{};
  const ssize_t size = ::recv(fd, room.data(), room.size(), MSG_DONTWAIT);
  if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return drop(fd);
  if (size < 0) return;
  clients_[fd].in.append(room.data(), static_cast<std::size_t>(size));
  while (clients_.contains(fd)) {
    Client& client = clients_[fd];
    if (client.in.size() < frames::kHeader) return;
    const std::size_t payload = frames::read_header(reinterpret_cast<const unsigned char*>(client.in.data()));
    if (payload == static_cast<std::size_t>(-1)) return drop(fd);
    if (client.in.size() < frames::kHeader + payload) return;
    const char kind = client.in[4];
    std::string bytes = client.in.substr(frames::kHeader, payload);
    client.in.erase(0, frames::kHeader + payload);
    take(client, kind, std::move(bytes));
  }
}

void Control::take(Client& client, char kind, std::string payload) {
  if (kind == frames::kCall && client.call == 0 && !client.finished) {
    auto words = base::split(payload, '\0');
    if (!words.empty() && words.back().empty()) words.pop_back();  // each word is ended by its zero
    if (words.empty()) return drop(client.fd);
    Call call{.client = next_++, .program = words.front(), .args = {words.begin() + 1, words.end()}};
    client.call = call.client;
    client.since = monotonic_now();
    log_.write("manager", "call", {{"call", call.client}, {"program", call.program}, {"args", base::join(call.args, " ")}});
    driver_.feed(std::move(call));
  } else if (kind == frames::kControl) {
    const auto request = base::parse_wire_json(payload);
    const base::Json reply = request && request->is_object() ? answer(*request) : base::Json{{"error", "a control request is a JSON object"}};
    send(client, frames::kControl, base::dump(reply));
  } else {
    drop(client.fd);
  }
}

base::Json Control::state_of(const std::string& unit) const {
  const UnitSnapshot s = driver_.machine().snapshot(unit);
  base::Json pids = base::Json::array();
  for (const auto& process : driver_.host().processes(unit)) pids.push_back({{"pid", process.pid}, {"comm", process.comm}, {"command", process.command_line}});
  return {{"unit", unit}, {"load", to_string(s.load_state)}, {"active", s.active}, {"sub", s.sub}, {"result", s.result}, {"n_restarts", s.n_restarts},
          {"main_pid", s.main_pid}, {"control_pid", s.control_pid}, {"exec_main_pid", s.exec_main_pid},
          {"exec_main_code", static_cast<int>(s.exec_main_code)}, {"exec_main_status", s.exec_main_status}, {"status_text", s.status_text},
          {"invocation_id", s.invocation_id}, {"has_job", s.has_job}, {"fds_stored", s.fds_stored}, {"processes", pids}};
}

base::Json Control::answer(const base::Json& request) {
  const std::string verb = base::string_or(request, "do");
  const std::string unit = with_suffix(base::string_or(request, "unit"));
  if (verb == "ping") return {{"ok", true}, {"pid", ::getpid()}, {"t", base::seconds(monotonic_now().since_start)}};
  if (verb == "state") return state_of(unit);
  if (verb == "units") return {{"ok", true}, {"units", driver_.machine().loaded_units()}};
  if (verb == "fault") {
    const std::string name = base::string_or(request, "fault");
    const base::Json* given = base::find(request, "params");
    base::Json params = given != nullptr && given->is_object() ? *given : base::Json::object();
    if (const std::string in = base::string_or(params, "unit"); !in.empty()) params["unit"] = with_suffix(in);
    if (const auto wrong = check_fault(name, params); !wrong.empty()) return {{"error", wrong}};
    const auto armed = read_fault(name, params);
    log_.write("manager", "armed", {{"fault", name}, {"params", params}});
    if (const auto wrong = driver_.perform(*armed); !wrong.empty()) return {{"error", wrong}};
    return {{"ok", true}};
  }
  if (verb == "signal") {
    const auto signal = signal_number(base::string_or(request, "signal"));
    if (!signal) return {{"error", "signal: no signal is called \"" + base::string_or(request, "signal") + "\""}};
    if (const auto wrong = driver_.signal_unit(unit, base::string_or(request, "whom", "main"), *signal); !wrong.empty()) return {{"error", wrong}};
    return {{"ok", true}};
  }
  if (verb == "shutdown") {
    shutdown_ = true;
    return {{"ok", true}};
  }
  return {{"error", "no control verb is called \"" + verb + "\"; there are ping, state, units, fault, signal, shutdown"}};
}

void Control::send(Client& client, char kind, std::string_view payload) {
  std::array<unsigned char, frames::kHeader> header{};
  frames::write_header(header.data(), kind, payload.size());
  client.out.append(reinterpret_cast<const char*>(header.data()), header.size());
  client.out.append(payload);
  flush(client.fd);
}

void Control::flush(int fd) {
  constexpr std::size_t kBacklogMax = 64U * 1024U * 1024U;  // a front that does not read its `journalctl -f`
  Client& client = clients_[fd];
  while (!client.out.empty()) {
    const ssize_t size = ::send(fd, client.out.data(), client.out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN && client.out.size() < kBacklogMax) return loop_.change(fd, EPOLLIN | EPOLLRDHUP | EPOLLOUT);
    if (size < 0) return drop(fd);
    client.out.erase(0, static_cast<std::size_t>(size));
  }
  loop_.change(fd, EPOLLIN | EPOLLRDHUP);
}

}  // namespace harness::manager
