// The command `simulator`.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "base/hash.h"
#include "base/version.h"
#include "simulator/core/fault_list.h"
#include "simulator/net/record.h"
#include "simulator/net/serve.h"

namespace simulator {
namespace {

constexpr int kBadUsage = 2;

/// A scenario's name or file → its file. Names are looked for in the library beside the binary or in the source tree.
std::string scenario_file(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (fs::exists(name, ignored)) return name;
  const auto bin = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const auto* folder : {"../share/brownout/scenarios", "../../scenarios", "../../../scenarios"}) {
    const auto file = bin / folder / (name + ".json");
    if (fs::exists(file, ignored)) return fs::weakly_canonical(file, ignored).string();
  }
  return name;
}

base::Result<std::vector<ProviderSpec>> load(const std::string& file) {
  auto document = base::read_json_file(file);
  if (document.has_error()) return document.error();
  std::vector<base::Diagnostic> problems;
  base::JsonReader in(document.value(), problems);
  auto providers = read_providers(in, "providers");
  if (providers.empty() && problems.empty()) in.problem("", "there are no providers here", "a scenario has \"providers\": {\"acme\": {…}}");
  if (!problems.empty()) return base::Error{problems};
  return providers;
}

base::Result<std::vector<ProviderSpec>> by_name(const std::vector<std::string>& names) {
  std::vector<ProviderSpec> list;
  for (const auto& name : names) {
    const auto known = personality_names();
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::vector<std::string> all(known.begin(), known.end());
      return base::problem(fmt::format("no provider is called \"{}\"", name), "one of: " + fmt::format("{}", fmt::join(all, ", ")), {}, "--provider");
    }
    ProviderSpec spec{.name = name, .personality = name, .credentials = {{.label = "key-a"}}, .keys_any = true};
    if (name == "anthropic") spec.dialect = DialectKind::anthropic_messages;
    if (name == "gemini" || name == "vertex") spec.dialect = DialectKind::gemini;
    list.push_back(std::move(spec));
  }
  return list;
}

void print_ready(const base::Json& line, bool quiet) {
  std::fputs((base::dump(line) + "\n").c_str(), stdout);
  std::fflush(stdout);
  if (quiet) return;
  for (const auto& [name, provider] : line["providers"].items()) {
    const auto url = base::string_or(provider, "base_url");
    const auto prefix = base::string_or(provider, "dialect") == "anthropic-messages" ? "ANTHROPIC" : base::string_or(provider, "dialect") == "gemini" ? "GEMINI" : "OPENAI";
    const auto& keys = provider["credentials"];
    const auto key = keys.empty() ? std::string("any") : keys.begin().value().get<std::string>();
    fmt::print(stderr, "{} listens on {}\n  export {}_BASE_URL={}\n  export {}_API_KEY={}\n", name, url, prefix, url, prefix, key);
  }
  fmt::print(stderr, "control on {}\n", base::string_or(line, "control"));
}

int fail(const base::Error& error) {
  std::fputs(base::render(error).c_str(), stderr);
  return kBadUsage;
}

struct ServeFlags {
  std::string scenario, secrets_file;
  std::vector<std::string> providers;
  ServeOptions options;
  bool quiet = false;
};

int run_serve(ServeFlags& flags) {
  if (flags.scenario.empty() && flags.providers.empty()) flags.providers = {"openai"};
  auto specs = flags.scenario.empty() ? by_name(flags.providers) : load(scenario_file(flags.scenario));
  if (specs.has_error()) return fail(specs.error());
  auto list = std::move(specs.value());
  if (!flags.secrets_file.empty()) {
    auto document = base::read_json_file(flags.secrets_file);
    if (document.has_error()) return fail(document.error());
    // {"acme": {"key-a": "sk-…"}}
    const auto json = document.value().root.to_json();
    for (auto& spec : list) {
      for (auto& credential : spec.credentials) {
        if (const auto* secrets = base::find(json, spec.name)) credential.secret = base::string_or(*secrets, credential.label, credential.secret);
      }
    }
  }
  if (flags.options.tls && flags.options.ca_file.empty()) {
    flags.options.ca_file = (std::filesystem::temp_directory_path() / fmt::format("simulator-ca-{}.pem", ::getpid())).string();
  }
  const auto done = serve(std::move(list), flags.options, [&](const base::Json& line) { print_ready(line, flags.quiet); });
  return done.has_error() ? fail(done.error()) : 0;
}

int run(int argc, char** argv) {
  CLI::App app{"A fake LLM provider that real SDKs believe, until it is told to fail."};
  app.require_subcommand(1);
  app.set_version_flag("--version", "simulator " + std::string(base::kVersion));
  app.footer("Example:\n  simulator serve --provider openai --port 8701");
  ServeFlags serve_flags;
  auto* serve = app.add_subcommand("serve", "answer as the providers of a scenario, or as one provider");
  serve->footer("Example:\n  simulator serve --provider anthropic --port 0");
  serve->add_option("--scenario", serve_flags.scenario, "a scenario's NAME or FILE");
  serve->add_option("--provider", serve_flags.providers, "serve this provider without a scenario; may be repeated");
  serve->add_option("--port", serve_flags.options.port, "port of the first provider; 0: any")->check(CLI::Range(0, 65535));
  serve->add_option("--control-port", serve_flags.options.control_port, "port of the control API; 0: any")->check(CLI::Range(0, 65535));
  serve->add_option("--control-socket", serve_flags.options.control_socket, "also answer control on this Unix socket");
  serve->add_option("--seed", serve_flags.options.model.seed, "of everything random");
  serve->add_option("--secret-salt", serve_flags.options.model.salt, "of made-up secrets and journal hashes");
  serve->add_option("--secrets", serve_flags.secrets_file, "FILE with secrets: {\"provider\": {\"label\": \"secret\"}}");
  serve->add_flag("--quiet", serve_flags.quiet, "no text for people on stderr: it shows the made-up keys");
  serve->add_flag("--tls", serve_flags.options.tls, "TLS on every port");
  serve->add_option("--ca-file", serve_flags.options.ca_file, "where to write the certificate that clients must trust");

  std::string pattern, format = "text";
  bool with_catalogue = false;
  auto* faults = app.add_subcommand("faults", "list every fault a scenario may name");
  faults->footer("Example:\n  simulator faults 'cut-*'");
  faults->add_option("pattern", pattern, "only names or groups like this (* and ?)");
  faults->add_option("--format", format, "text, json or markdown")->check(CLI::IsMember({"text", "json", "markdown"}));
  faults->add_flag("--catalogue", with_catalogue, "with the replies of real providers, each with its source");

  RecordOptions record_options;
  auto* record_command = app.add_subcommand("record", "a proxy before a real provider that writes what it saw as a scenario");
  record_command->footer("Example:\n  simulator record --upstream https://api.openai.com --out recorded.json");
  record_command->add_option("--upstream", record_options.upstream, "the provider's URL")->required();
  record_command->add_option("--out", record_options.out, "the scenario FILE to write")->required();
  record_command->add_option("--port", record_options.port, "0: any")->check(CLI::Range(0, 65535));
  record_command->add_option("--ca-file", record_options.ca_file, "authorities to trust besides the system's");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadUsage;
  }
  if (*faults) {
    const auto kind = format == "json" ? FaultsFormat::json : format == "markdown" ? FaultsFormat::markdown : FaultsFormat::text;
    const auto text = list_faults(kind, pattern, with_catalogue);
    if (text.empty()) return fail(base::problem(fmt::format("no fault is called \"{}\"", pattern), "simulator faults lists them all"));
    std::fputs(text.c_str(), stdout);
    return 0;
  }
  if (*record_command) {
    const auto done = record(record_options, [](int port) {
      fmt::print("{{\"ready\":true,\"pid\":{},\"url\":\"http://127.0.0.1:{}\"}}\n", ::getpid(), port);
      std::fflush(stdout);
    });
    return done.has_error() ? fail(done.error()) : 0;
  }
  return run_serve(serve_flags);
}

}  // namespace
}  // namespace simulator

int main(int argc, char** argv) {
  try {
    return simulator::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "simulator: %s\n", error.what());
    return 1;
  }
}
