// Golden texts: what a person reads is compared with tests/golden, and rewritten there by ci/approve for review.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace support {

/// Compares with tests/golden/NAME. BROWNOUT_APPROVE=1 writes the file instead.
inline void expect_golden(const std::string& name, const std::string& text) {
  const auto path = std::filesystem::path(BROWNOUT_SOURCE_DIR) / "tests/golden" / name;
  if (std::getenv("BROWNOUT_APPROVE")) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return;
  }
  std::ifstream file(path);
  std::stringstream wanted;
  wanted << file.rdbuf();
  ASSERT_TRUE(file) << path << " is missing; ci/approve writes it";
  EXPECT_EQ(text, wanted.str()) << "differs from tests/golden/" << name << "; if it is right, ci/approve rewrites it";
}

}  // namespace support
