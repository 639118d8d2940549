#include "harness/explore/arena.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

namespace {

using harness::explore::Arena;

/// Something with pointers, a closure and memory of its own, as a world has.
struct World {
  std::map<std::string, std::unique_ptr<std::string>> rows;
  std::function<void(const std::string&)> add = [this](const std::string& name) { rows[name] = std::make_unique<std::string>("the value of " + name + ", long enough to lie on the heap"); };
};

class ArenaTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!harness::explore::kArenas) GTEST_SKIP() << "the sanitizers' builds run each case from its beginning";
  }
};

TEST_F(ArenaTest, AWorldIsPutBackToHowItWasAsOftenAsOneLikes) {
  Arena arena;
  World* world = nullptr;
  {
    const Arena::Scope scope(arena);
    world = new World;
    world->add("first");
  }
  Arena::Mark mark;
  arena.mark(mark);
  for (int round = 0; round < 3; ++round) {
    {
      const Arena::Scope scope(arena);
      for (int i = 0; i < 100; ++i) world->add(std::to_string(i));
      world->rows.erase("first");
      EXPECT_EQ(world->rows.size(), 100U);
    }
    arena.go_back(mark);
    ASSERT_EQ(world->rows.size(), 1U);
    EXPECT_EQ(*world->rows.at("first"), "the value of first, long enough to lie on the heap");
  }
}

TEST_F(ArenaTest, MarksOfSeveralMomentsHoldTogether) {
  Arena arena;
  World* world = nullptr;
  Arena::Mark early, late;
  {
    const Arena::Scope scope(arena);
    world = new World;
  }
  arena.mark(early);
  {
    const Arena::Scope scope(arena);
    world->add("later");
  }
  arena.mark(late);
  arena.go_back(early);
  EXPECT_TRUE(world->rows.empty());
  arena.go_back(late);
  EXPECT_EQ(world->rows.count("later"), 1U);
}

TEST_F(ArenaTest, WhatIsGivenBackIsUsedAgain) {
  Arena arena;
  const Arena::Scope scope(arena);
  for (std::size_t size = 1; size < 300'000; size = size * 3 / 2 + 1) {
    std::string text(size, 'x');
    const auto used = arena.used();
    for (int i = 0; i < 10; ++i) {
      text = std::string();
      text = std::string(size, 'y');
    }
    EXPECT_LE(arena.used(), used + 2 * size + 64) << size;
  }
}

TEST_F(ArenaTest, BlocksAreAlignedAndDoNotOverlap) {
  Arena arena;
  std::vector<std::pair<std::uintptr_t, std::size_t>> blocks;
  for (std::size_t size = 1; size < 5'000; size += 7) {
    auto* block = arena.allocate(size);
    blocks.emplace_back(reinterpret_cast<std::uintptr_t>(block), size);
    EXPECT_EQ(blocks.back().first % alignof(std::max_align_t), 0U);
  }
  std::sort(blocks.begin(), blocks.end());
  for (std::size_t i = 1; i < blocks.size(); ++i) EXPECT_LE(blocks[i - 1].first + blocks[i - 1].second, blocks[i].first);
}

const std::string& kept() {
  static const std::string text(100, 'k');
  return text;
}

TEST_F(ArenaTest, AStaticThatIsFirstMetInAWorldOutlivesIt) {
  Arena arena;
  const std::string* text = nullptr;
  {
    const Arena::Scope scope(arena);
    text = &kept();
  }
  EXPECT_FALSE(arena.holds(text->data()));
}

TEST_F(ArenaTest, APauseTakesFromTheHeapAndEachIsGivenBackToWhereItCameFrom) {
  Arena arena;
  std::unique_ptr<std::string> inside, outside;
  {
    const Arena::Scope scope(arena);
    inside = std::make_unique<std::string>(50, 'i');
    const Arena::Pause pause;
    outside = std::make_unique<std::string>(50, 'o');
  }
  EXPECT_TRUE(arena.holds(inside.get()));
  EXPECT_FALSE(arena.holds(outside.get()));
}

}  // namespace
