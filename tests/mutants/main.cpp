// The program `mutant-gateway`: the gateway with the one bug that BROWNOUT_MUTANT names. It lives beside the tests, never in the product.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "base/json.h"
#include "gateway/cli/gateway_main.h"
#include "tests/mutants/mutants.h"

namespace {

/// Ends the process as soon as the configuration file is no JSON any more.
void die_on_bad_file(const std::string& file) {
  std::thread([file] {
    for (;;) {
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
      std::ifstream in(file);
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      if (!text.empty() && !base::parse_wire_json(text)) std::_Exit(1);
    }
  }).detach();
}

/// What `gateway restart` once did: ask, and go.
int ask_and_go() {
  const int code = std::system("systemctl --user kill -s USR1 --kill-whom=main brownout-gateway.service");
  std::puts("✓ User service restart requested");
  return code == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const char* name = std::getenv("BROWNOUT_MUTANT");
  const auto* mutant = mutants::find(name == nullptr ? "" : name);
  if (mutant == nullptr) {
    std::fprintf(stderr, "mutant-gateway: BROWNOUT_MUTANT names no mutant: \"%s\". There are:\n", name == nullptr ? "" : name);
    for (const auto& each : mutants::all()) std::fprintf(stderr, "  %s\n", std::string(each.name).c_str());
    return 2;
  }
  const std::string command = argc > 1 ? argv[1] : "";
  if (mutant->name == "never-ready" && command == "run") ::unsetenv("NOTIFY_SOCKET");
  if (mutant->name == "dies-on-bad-reload" && command == "run") {
    for (int i = 2; i + 1 < argc; ++i) {
      if (std::string(argv[i]) == "--config") die_on_bad_file(argv[i + 1]);
    }
  }
  if (mutant->name == "returns-from-restart-at-once" && command == "restart") return ask_and_go();
  auto made = mutant->make();
  gateway::RunParts parts;
  parts.around_core = made.around_core;
  parts.policy = made.policy.get();
  parts.around_config = made.config;
  return gateway::gateway_main(argc, argv, parts);
}
