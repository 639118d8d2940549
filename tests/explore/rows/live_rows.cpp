#include "tests/explore/rows/live_rows.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "gateway/net/shell.h"
#include "harness/live/client.h"
#include "harness/live/process.h"
#include "tests/explore/rows/probe.h"

namespace harness::explore {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using asio::ip::tcp;
using base::Json;
using Clock = std::chrono::steady_clock;
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr auto kApart = 4ms;  // between two rows: all at once would measure how a crowd is served

/// The program `simulator` with these providers, until this object goes.
class Simulator {
 public:
  explicit Simulator(const Json& providers) {
    auto pattern = (fs::temp_directory_path() / "rows-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    const auto file = folder_ / "providers.json";
    std::ofstream(file) << base::dump_pretty(Json{{"providers", providers}});
    Command command;
    command.argv = {BROWNOUT_BIN_DIR "/simulator", "serve", "--scenario", file.string(), "--seed", std::to_string(kRowsSeed), "--secret-salt", kRowsSalt, "--ca-file", ca_file(), "--quiet"};
    command.env = current_environment();
    command.err_file = folder_ / "simulator.log";
    command.on_line = [this](bool, const std::string& line) {
      const std::lock_guard lock(guard_);
      if (auto json = base::parse_wire_json(line)) ready_ = std::move(*json);
      told_.notify_all();
    };
    auto started = Process::start(std::move(command));
    if (started.has_error()) throw std::runtime_error(base::render(started.error()));
    process_ = std::move(started.value());
    std::unique_lock lock(guard_);
    if (!told_.wait_for(lock, 60s, [&] { return !ready_.is_null(); })) throw std::runtime_error("the simulator did not start");
  }
  ~Simulator() {
    process_->signal(SIGTERM);
    if (!process_->wait(10s)) process_->kill_and_reap();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  std::string ca_file() const { return (folder_ / "ca.pem").string(); }
  const Json& provider(const std::string& name) const { return ready_["providers"][name]; }
  std::string secret_of(const std::string& name) const { return base::string_or(provider(name)["credentials"], "key-a"); }
  Json get(const std::string& path) const {
    const auto control = base::string_or(ready_, "control");
    const auto port = static_cast<std::uint16_t>(base::parse_integer(control.substr(control.rfind(':') + 1)).value_or(0));
    const auto reply = plain_call(port, "GET", path, "", 30s);
    return reply ? base::parse_wire_json(reply->body).value_or(Json()) : Json();
  }
  /// Once no attempt is open any more.
  Json journal() const {
    for (const auto until = Clock::now() + 20s; base::integer_or(get("/counters"), "open", -1) != 0;) {
      if (Clock::now() > until) {
        ADD_FAILURE() << "attempts are still open: " << base::dump(get("/counters"));
        break;
      }
    }
    auto all = Json::array();
    for (std::int64_t since = 1;;) {
      const auto page = get(fmt::format("/journal?since={}", since));
      const auto* events = base::find(page, "events");
      if (events == nullptr || events->empty()) return all;
      for (const auto& event : *events) all.push_back(event);
      since = base::integer_or(all.back(), "seq", 0) + 1;
    }
  }

 private:
  fs::path folder_;
  std::unique_ptr<Process> process_;
  std::mutex guard_;
  std::condition_variable told_;
  Json ready_;
};

/// Sends the request, reads to the end or to the deadline. The timer closes the socket.
asio::awaitable<void> ask_by_socket(const Row& row, std::uint16_t port, std::string request, base::Duration start, Seen& seen, std::size_t& open) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, start);
  auto [waited] = co_await timer.async_wait(use_tuple);
  (void)waited;
  tcp::socket socket(executor);
  const auto began = Clock::now();
  const auto since = [&] { return std::chrono::duration_cast<base::Duration>(Clock::now() - began); };
  bool given_up = false;
  timer.expires_after(row.deadline);
  timer.async_wait([&](boost::system::error_code error) {
    if (error) return;
    given_up = true;
    boost::system::error_code ignored;
    socket.close(ignored);
  });
  auto [error] = co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, use_tuple);
  if (!error) {
    // A provider that has closed already makes this fail; what it said, and how it closed, is still to be read.
    auto [write_error, written] = co_await asio::async_write(socket, asio::buffer(request), use_tuple);
    (void)write_error, (void)written;
  }
  std::array<char, 65536> buffer;
  while (!error) {
    auto [read_error, size] = co_await socket.async_read_some(asio::buffer(buffer), use_tuple);
    error = read_error;
    if (size == 0) continue;
    seen.bytes.append(buffer.data(), size);
    seen.arrivals.push_back(since());
  }
  seen.end = since();
  seen.ending = given_up ? "given up" : error == asio::error::eof ? "fin" : error == asio::error::connection_reset ? "rst" : error.message();
  timer.cancel();
  // The handler of the timer looks at what lies in this frame.
  co_await asio::post(executor, asio::use_awaitable);
  --open;
}

/// Between the two clocks, read so close together that the second of a moment is known.
base::Duration wall_minus_instant() {
  base::Duration best = base::kForever, difference{0};
  for (int i = 0; i < 20; ++i) {
    const auto before = Clock::now();
    const auto wall = std::chrono::system_clock::now();
    const auto apart = std::chrono::duration_cast<base::Duration>(Clock::now() - before);
    if (apart >= best) continue;
    best = apart;
    difference = std::chrono::duration_cast<base::Duration>(wall.time_since_epoch()) - std::chrono::duration_cast<base::Duration>(before.time_since_epoch());
  }
  return difference;
}

asio::awaitable<void> watch_lag(base::Duration& worst, const bool& over) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!over) {
    const auto due = Clock::now() + 10ms;
    timer.expires_at(due);
    auto [error] = co_await timer.async_wait(use_tuple);
    (void)error;
    worst = std::max(worst, std::chrono::duration_cast<base::Duration>(Clock::now() - due));
  }
}

}  // namespace

LiveRun run_rows_live(const std::vector<Row>& rows) {
  ::signal(SIGPIPE, SIG_IGN);
  const Simulator simulator(providers_of(rows));
  LiveRun run;
  run.outcomes.resize(rows.size());
  gateway::Config config;
  std::vector<Probe::Ask> asks;
  std::vector<std::size_t> asked;
  std::vector<Seen> by_socket(rows.size());
  std::size_t open = 0;
  bool over = false;
  asio::io_context io(1);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    const auto& provider = simulator.provider(row.provider);
    const auto start = kApart * static_cast<int>(i + 1);
    if (row.asker == Asker::gateway) {
      config.providers.push_back({.name = row.provider, .url = base::string_or(provider, "base_url"), .ca_file = row.tls() ? simulator.ca_file() : ""});
      asks.push_back({.attempt = attempt_of(row, simulator.secret_of(row.provider)), .start = start, .deadline = row.deadline, .twice = row.fault.stage != simulator::Stage::listen});
      asked.push_back(i);
    } else {
      ++open;
      const auto port = static_cast<std::uint16_t>(base::integer_or(provider, "port", 0));
      asio::co_spawn(io, ask_by_socket(row, port, request_text(row, simulator.secret_of(row.provider)), start, by_socket[i], open), asio::detached);
    }
  }
  Probe probe(std::move(asks));
  {
    gateway::Shell shell(io, probe, nullptr, config, {});
    asio::co_spawn(io, watch_lag(run.lag, over), asio::detached);
    const auto until = Clock::now() + 100s;
    while ((open > 0 || !probe.over()) && Clock::now() < until) io.run_for(50ms);
    if (open > 0 || !probe.over()) ADD_FAILURE() << "rows are still open after 100 s";
    over = true;
    shell.close();
    io.run_for(50ms);
  }
  const auto journal = simulator.journal();
  run.wall_minus_instant = wall_minus_instant();
  for (std::size_t i = 0; i < asked.size(); ++i) run.outcomes[asked[i]].seen = probe.seen(i);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].asker == Asker::socket) run.outcomes[i].seen = {by_socket[i]};
    run.outcomes[i].told = told_of(journal, rows[i].provider);
  }
  return run;
}

}  // namespace harness::explore
