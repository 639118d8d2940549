// Where the configuration is, and who may read it.
#include "gateway/service/config_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/gateway/store/folder.h"

namespace gateway {
namespace {

using testing::HasSubstr;
constexpr const char* kPlain = R"({"state":"off","providers":{"a":{"dialect":"gemini","url":"https://x","credentials":[{"label":"k","secret":"sk-plain-123456"}]}},"routes":{"r":["a/m"]}})";

TEST(ConfigPath, IsWhatIsGivenThenTheVariableThenTheHome) {
  EXPECT_EQ(config_path("x.json", {{"BROWNOUT_CONFIG", "y.json"}}), "x.json");
  EXPECT_EQ(config_path("", {{"BROWNOUT_CONFIG", "y.json"}, {"HOME", "/h"}}), "y.json");
  EXPECT_EQ(config_path("", {{"HOME", "/h"}}), "/h/.config/brownout/gateway.json");
  EXPECT_EQ(config_path("", {{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/c"}}), "/c/brownout/gateway.json");
}

TEST(ConfigFile, KeysInAFileThatOthersMayReadAreWarnedOf) {
  Folder folder;
  const auto file = folder / "g.json";
  std::ofstream(file) << kPlain;

  ::chmod(file.c_str(), 0644);
  const auto open = load_config_file(file, {});
  ::chmod(file.c_str(), 0600);
  const auto closed = load_config_file(file, {});

  ASSERT_TRUE(open.has_value() && closed.has_value());
  EXPECT_THAT(base::render(base::Error{open.value().warnings}), HasSubstr("chmod 600 " + file));
  EXPECT_TRUE(closed.value().warnings.empty());
}

TEST(ConfigFile, AMissingOneAndAFolderAreSaid) {
  Folder folder;

  const auto missing = load_config_file(folder / "none.json", {});
  const auto directory = load_config_file(folder.path().string(), {});

  ASSERT_TRUE(missing.has_error() && directory.has_error());
  EXPECT_THAT(base::render(missing.error()), HasSubstr("none.json: there is no configuration here\n       gateway init writes an example"));
  EXPECT_THAT(base::render(directory.error()), HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace gateway
