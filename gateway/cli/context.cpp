#include "gateway/cli/context.h"

#include <httplib.h>

#include "base/text.h"
#include "gateway/cli/no_answer.h"

namespace gateway {
namespace {

httplib::Client client_for(const std::string& address, base::Duration bound) {
  const auto colon = address.rfind(':');
  auto host = colon == std::string::npos || colon == 0 ? std::string("127.0.0.1") : address.substr(0, colon);
  if (host == "0.0.0.0" || host == "localhost") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  if (host.starts_with("[")) host = host.substr(1, host.size() - 2);
  const auto port = base::parse_integer(colon == std::string::npos ? address : address.substr(colon + 1)).value_or(0);
  httplib::Client client(host, static_cast<int>(port));
  const auto micro = std::chrono::duration_cast<std::chrono::microseconds>(bound).count();
  client.set_connection_timeout(micro / 1'000'000, micro % 1'000'000);
  client.set_read_timeout(micro / 1'000'000, micro % 1'000'000);
  client.set_write_timeout(micro / 1'000'000, micro % 1'000'000);
  return client;
}

HttpAnswer answer_of(const httplib::Result& result, const std::string& address) {
  if (result) return {result->status, result->body, {}};
  return {0, {}, no_answer(address, result.error())};
}

}  // namespace

std::string Context::listen_address() const {
  const auto running = instance();
  return running && !running->listen.empty() ? running->listen : config.listen;
}

std::string Context::admin_address() const {
  const auto running = instance();
  return running && !running->admin.empty() ? running->admin : config.admin;
}

Context make_context(const std::string& config, const std::string& unit) {
  Context context;
  const auto environment = environment_now();
  context.config_file = config_path(config, environment);
  auto loaded = load_config_file(context.config_file, environment, {.variables_may_miss = true});
  context.config_read = loaded.has_value();
  if (loaded.has_value()) context.config = std::move(loaded.value().config);
  else context.config_problem = base::render(loaded.error());
  if (!context.config_read) {
    // A restart or a stop must work with a broken configuration too; its state is then where it is by default.
    const auto home = environment.find("HOME");
    if (home != environment.end()) context.config.state = home->second + "/.local/state/brownout/gateway.db";
  }
  if (!unit.empty()) context.config.unit = unit;
  const auto runtime = environment.find("XDG_RUNTIME_DIR");
  context.files = files_of(context.config, runtime == environment.end() ? "" : runtime->second);
  return context;
}

HttpAnswer http_get(const std::string& address, const std::string& path, base::Duration bound) {
  auto client = client_for(address, bound);
  return answer_of(client.Get(path.c_str()), address);
}

HttpAnswer http_post(const std::string& address, const std::string& path, base::Duration bound) {
  auto client = client_for(address, bound);
  return answer_of(client.Post(path.c_str(), "", "application/json"), address);
}

}  // namespace gateway
