#include "simulator/net/control.h"

#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/text.h"
#include "simulator/core/faults.h"
#include "simulator/net/wire_server.h"

namespace simulator {
namespace {

using base::Json;

Json error_json(const base::Error& error) {
  auto problems = Json::array();
  for (const auto& each : error.problems) problems.push_back({{"what", each.what}, {"where", each.where}, {"hint", each.hint}, {"line", each.line}});
  Json first = problems.empty() ? Json::object() : problems[0];
  first["problems"] = std::move(problems);
  return {{"error", std::move(first)}};
}
Json error_json(std::string what, std::string where = {}, std::string hint = {}) { return error_json(base::problem(std::move(what), std::move(hint), {}, std::move(where))); }

/// Reads the body as an object; `read` gets the reader and must call done().
Json with_body(const std::string& body, const std::function<Json(base::JsonReader&, const std::vector<base::Diagnostic>&)>& read) {
  auto document = base::parse_json_document(body.empty() ? "{}" : body, "body");
  if (document.has_error()) return error_json(document.error());
  std::vector<base::Diagnostic> problems;
  base::JsonReader in(document.value(), problems);
  return read(in, problems);
}

void answer(httplib::Response& response, const Json& json) {
  if (json.contains("error")) response.status = base::find(json["error"], "status") ? static_cast<int>(base::integer_or(json["error"], "status", 400)) : 400;
  response.set_content(base::dump(json) + "\n", "application/json");
}

std::uint64_t since_of(const httplib::Request& request) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, base::parse_integer(request.get_param_value("since")).value_or(0)));
}

}  // namespace

Control::Control(boost::asio::io_context& io, Model& model, WireServer& wire, std::function<void()> shutdown)
    : io_(io), model_(model), wire_(wire), shutdown_(std::move(shutdown)) {}

Control::~Control() { stop(); }

Json Control::on_loop(std::function<Json()> work) {
  auto promise = std::make_shared<std::promise<Json>>();
  auto future = promise->get_future();
  boost::asio::post(io_, [promise, work = std::move(work)] { promise->set_value(work()); });
  while (future.wait_for(std::chrono::milliseconds{100}) != std::future_status::ready) {
    if (stopping_) return error_json("the simulator is stopping");
  }
  return future.get();
}

Json Control::journal_after(std::uint64_t since, const std::string& space, base::Duration wait) {
  auto promise = std::make_shared<std::promise<Json>>();
  auto future = promise->get_future();
  boost::asio::post(io_, [this, promise, since, space, wait] {
    if (model_.journal().next() > since || wait <= base::Duration{0}) {
      promise->set_value({{"ok", true}, {"next", model_.journal().next()}, {"events", model_.journal().since(since, space)}});
      return;
    }
    const auto until = now().instant + wait;
    waiters_.push_back({since, space, until, std::move(*promise)});
    auto timer = std::make_shared<boost::asio::steady_timer>(io_, wait);
    timer->async_wait([this, timer](boost::system::error_code) { journal_grew(); });
  });
  while (future.wait_for(std::chrono::milliseconds{100}) != std::future_status::ready) {
    if (stopping_) return error_json("the simulator is stopping");
  }
  return future.get();
}

void Control::journal_grew() {
  if (waiters_.empty()) return;
  const auto at = now().instant;
  std::erase_if(waiters_, [&](Waiter& waiter) {
    if (model_.journal().next() <= waiter.since && at < waiter.until) return false;
    waiter.answer.set_value({{"ok", true}, {"next", model_.journal().next()}, {"events", model_.journal().since(waiter.since, waiter.space)}});
    return true;
  });
}

Json Control::change_rules(const std::string& space, const std::string& body) {
  return with_body(body, [&](base::JsonReader& in, const auto& problems) -> Json {
    constexpr std::array<std::string_view, 3> kOps{"replace", "add", "clear"};
    std::vector<Model::RuleChange> changes;
    for (auto& item : in.objects("changes", true, 10'000)) {
      Model::RuleChange change;
      const auto name = item.string("provider");
      const auto index = model_.provider_named(name);
      if (!index && !name.empty()) {
        std::vector<std::string_view> names;
        for (std::size_t i = 0; i < model_.provider_count(); ++i) names.push_back(model_.spec(i).name);
        item.unknown_word("provider", "provider", name, names);
      }
      change.provider = index.value_or(0);
      change.op = static_cast<Model::RuleChange::Op>(item.one_of("op", kOps, 0));
      change.rules = read_rules(item, "rules");
      item.done();
      changes.push_back(std::move(change));
    }
    in.done();
    if (!problems.empty()) return error_json(base::Error{problems});
    model_.change_rules(space, std::move(changes));
    wire_.apply_listening();
    return {{"ok", true}};
  });
}

Json Control::change_account(const std::string& space, const std::string& body) {
  return with_body(body, [&](base::JsonReader& in, const auto& problems) -> Json {
    const auto name = in.string("provider");
    const auto label = in.string("credential");
    AccountChange change;
    change.credit = in.optional_number("credit");
    change.top_up = in.optional_number("top_up");
    change.revoked = in.optional_boolean("revoked");
    change.region_blocked = in.optional_boolean("region_blocked");
    if (in.has("models_blocked")) change.models_blocked = in.strings("models_blocked");
    in.done();
    if (!problems.empty()) return error_json(base::Error{problems});
    const auto index = model_.provider_named(name);
    if (!index) return error_json("no provider is called \"" + base::printable(name, 80) + "\"", "/provider");
    if (!model_.change_account(space, *index, label, change)) return error_json("no credential is called \"" + base::printable(label, 80) + "\"", "/credential");
    return {{"ok", true}};
  });
}

Json Control::advance_clock(const std::string& body) {
  return with_body(body, [&](base::JsonReader& in, const auto& problems) -> Json {
    const auto by = in.duration("advance");
    in.done();
    if (!problems.empty()) return error_json(base::Error{problems});
    model_.advance(by);
    wire_.apply_listening();
    return {{"ok", true}};
  });
}

std::unique_ptr<httplib::Server> Control::make_server() {
  using httplib::Request;
  using httplib::Response;
  auto server = std::make_unique<httplib::Server>();
  server->new_task_queue = [] { return new httplib::ThreadPool(kControlThreads); };
  server->set_payload_max_length(kControlBodyMax);
  server->set_tcp_nodelay(true);
  server->set_keep_alive_max_count(1'000'000);
  const auto verb = [this](Json (Control::*work)(const std::string&, const std::string&)) {
    return [this, work](const Request& request, Response& response) {
      const auto space = request.get_param_value("space");
      answer(response, on_loop([this, work, space, body = request.body] { return (this->*work)(space, body); }));
    };
  };
  server->Post("/rules", verb(&Control::change_rules));
  server->Post("/accounts", verb(&Control::change_account));
  server->Post("/clock", [this](const Request& request, Response& response) {
    answer(response, on_loop([this, body = request.body] { return advance_clock(body); }));
  });
  server->Post("/reset", [this](const Request& request, Response& response) {
    answer(response, on_loop([this, space = request.get_param_value("space")] {
             model_.reset(space, now());
             wire_.apply_listening();
             return Json{{"ok", true}};
           }));
  });
  server->Post("/shutdown", [this](const Request&, Response& response) {
    answer(response, {{"ok", true}});
    boost::asio::post(io_, [this] { shutdown_(); });
  });
  server->Get("/journal", [this](const Request& request, Response& response) {
    const auto wait = base::parse_duration(request.get_param_value("wait")).value_or(base::Duration{0});
    const auto space = request.has_param("space") ? request.get_param_value("space") : "*";
    answer(response, journal_after(since_of(request), space, std::min(wait, base::Duration{std::chrono::minutes{1}})));
  });
  server->Get("/journal/follow", [this](const Request& request, Response& response) {
    const auto space = request.has_param("space") ? request.get_param_value("space") : "*";
    auto next = std::make_shared<std::uint64_t>(since_of(request));
    response.set_chunked_content_provider("text/event-stream", [this, next, space](std::size_t, httplib::DataSink& sink) {
      const auto page = journal_after(*next, space, std::chrono::seconds{1});
      if (page.contains("error")) {
        sink.done();
        return true;
      }
      std::string text = page["events"].empty() ? ": waiting\n\n" : "";
      for (const auto& event : page["events"]) text += "data: " + base::dump(event) + "\n\n";
      // A page is limited: go on after its last event, not after the newest.
      *next = page["events"].empty() ? static_cast<std::uint64_t>(base::integer_or(page, "next", 0))
                                     : static_cast<std::uint64_t>(base::integer_or(page["events"].back(), "seq", 0)) + 1;
      return sink.write(text.data(), text.size());
    });
  });
  server->Get("/counters", [this](const Request& request, Response& response) {
    answer(response, on_loop([this, space = request.get_param_value("space")] {
             auto json = model_.counters(space);
             json["ok"] = true;
             json["connections"] = wire_.connections();
             return json;
           }));
  });
  server->Get("/accounts", [this](const Request& request, Response& response) {
    answer(response, on_loop([this, space = request.get_param_value("space")] { return Json{{"ok", true}, {"accounts", model_.accounts(space)}}; }));
  });
  server->Get("/metrics", [this](const Request&, Response& response) {
    const auto json = on_loop([this] { return Json{{"text", model_.metrics()}}; });
    response.set_content(base::string_or(json, "text"), "text/plain; version=0.0.4");
  });
  server->Get("/health", [](const Request&, Response& response) { answer(response, {{"ok", true}, {"status", "ok"}}); });
  server->set_error_handler([](const Request& request, Response& response) {
    if (response.body.empty()) {
      response.set_content(base::dump(error_json("nothing answers " + request.method + " " + base::printable(request.path, 100), "", "see docs/simulator.md, Control")) + "\n",
                           "application/json");
    }
  });
  return server;
}

base::Result<bool> Control::open(int port, const std::string& socket_path) {
  auto tcp = make_server();
  port_ = port == 0 ? tcp->bind_to_any_port("127.0.0.1") : (tcp->bind_to_port("127.0.0.1", port) ? port : -1);
  if (port_ <= 0) return base::problem("the control port could not be opened", "is another process using it?", {}, "--control-port");
  servers_.push_back(std::move(tcp));
  if (!socket_path.empty()) {
    if (socket_path.size() > 107) return base::problem("the path of the control socket is longer than 107 bytes", "", {}, "--control-socket");
    ::unlink(socket_path.c_str());
    auto local = make_server();
    local->set_address_family(AF_UNIX);
    if (!local->bind_to_port(socket_path, 80)) return base::problem("the control socket could not be opened: " + socket_path, "", {}, "--control-socket");
    socket_path_ = socket_path;
    servers_.push_back(std::move(local));
  }
  for (auto& server : servers_) threads_.emplace_back([raw = server.get()] { raw->listen_after_bind(); });
  return true;
}

void Control::stop() {
  stopping_ = true;
  for (auto& server : servers_) {
    // stop() does nothing before the thread has begun to listen.
    while (!server->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    server->stop();
  }
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  servers_.clear();
  if (!socket_path_.empty()) ::unlink(socket_path_.c_str());
  socket_path_.clear();
}

}  // namespace simulator
