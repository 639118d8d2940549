#include "simulator/net/serve.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <fstream>

#include "simulator/net/control.h"
#include "simulator/net/wire_server.h"

namespace simulator {
namespace {

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

base::Json ready_line(const Model& model, const WireServer& wire, const Control& control, const ServeOptions& options) {
  base::Json providers = base::Json::object();
  for (std::size_t i = 0; i < model.provider_count(); ++i) {
    const auto& spec = model.spec(i);
    const auto url = fmt::format("{}://127.0.0.1:{}", wire.tls_of(i) ? "https" : "http", wire.port_of(i));
    base::Json credentials = base::Json::object();
    for (const auto& credential : spec.credentials) credentials[credential.label] = model.secret_of(i, credential);
    providers[spec.name] = {{"url", url}, {"base_url", url + std::string(base_path_of(spec.dialect))}, {"port", wire.port_of(i)}, {"dialect", name_of(spec.dialect)},
                            {"personality", spec.personality}, {"credentials", std::move(credentials)}};
  }
  base::Json line{{"ready", true}, {"pid", ::getpid()}, {"control", fmt::format("http://127.0.0.1:{}", control.port())},
                  {"control_socket", options.control_socket.empty() ? base::Json(nullptr) : base::Json(options.control_socket)}, {"seed", options.model.seed}};
  if (!options.ca_file.empty()) line["ca_file"] = options.ca_file;
  line["providers"] = std::move(providers);
  return line;
}

}  // namespace

base::Result<bool> serve(std::vector<ProviderSpec> providers, const ServeOptions& options, const std::function<void(const base::Json&)>& ready) {
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  // The model outlives the loop: connections that the loop still holds end their attempts when it goes.
  Model model(std::move(providers), options.model, now().instant);
  boost::asio::io_context io(1);
  WireServer wire(io, model, {});
  Control control(io, model, wire, [&] { io.stop(); });
  wire.on_journal = [&] { control.journal_grew(); };
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code, int) { io.stop(); });
  if (auto opened = wire.open(options.port, options.tls); opened.has_error()) return opened.error();
  if (!options.ca_file.empty()) {
    std::ofstream file(options.ca_file);
    if (!(file << wire.ca_pem())) return base::problem("cannot write " + options.ca_file, "", {}, "--ca-file");
  }
  if (auto opened = control.open(options.control_port, options.control_socket); opened.has_error()) return opened.error();
  ready(ready_line(model, wire, control, options));
  io.run();
  wire.close();
  control.stop();
  return true;
}

}  // namespace simulator
