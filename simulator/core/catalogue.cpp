// Real replies of real providers, as data inside the binary: no file to find at run time.
#include "simulator/core/faults.h"

// The whole file between two symbols; the path comes from CMake.
asm(".section .rodata\n"
    ".global brownout_catalogue_begin\n.global brownout_catalogue_end\n"
    "brownout_catalogue_begin:\n.incbin \"" BROWNOUT_CATALOGUE "\"\n"
    "brownout_catalogue_end:\n.byte 0\n.previous\n");
extern "C" const char brownout_catalogue_begin[];  // NOLINT
extern "C" const char brownout_catalogue_end[];    // NOLINT

namespace simulator {
namespace {

std::vector<CatalogueEntry> parse() {
  std::vector<CatalogueEntry> list;
  const std::string_view text(brownout_catalogue_begin, static_cast<std::size_t>(brownout_catalogue_end - brownout_catalogue_begin));
  const auto json = base::parse_wire_json(text).value_or(base::Json::array());
  for (const auto& item : json) {
    CatalogueEntry entry{.id = base::string_or(item, "id"), .provider = base::string_or(item, "provider"), .api = base::string_or(item, "api"),
                         .when = base::string_or(item, "when"), .meaning = base::string_or(item, "meaning"), .source = base::string_or(item, "source"),
                         .status = static_cast<int>(base::integer_or(item, "status", 0))};
    if (const auto* headers = base::find(item, "headers"); headers && headers->is_object()) {
      for (const auto& [name, value] : headers->items()) {
        entry.headers.add(name, value.is_string() ? value.get<std::string>() : base::dump(value));
      }
    }
    if (const auto* transport = base::find(item, "transport")) {
      entry.close = base::string_or(*transport, "close");
      entry.split = base::string_or(*transport, "split");
      entry.encoding = base::string_or(*transport, "content_encoding");
    }
    if (const auto* body = base::find(item, "body")) {
      entry.body = body->is_string() ? body->get<std::string>() : base::dump(*body);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

const std::vector<CatalogueEntry>& catalogue() {
  static const auto list = parse();
  return list;
}

}  // namespace simulator
