#include "engine/state/memory_store.hpp"
#include "engine/state/rocksdb_store.hpp"
#include "tests/engine/state/temporary_folder.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <thread>

using namespace sallyport;

namespace {

/// What every store must do, whatever it is made of.
struct store_under_test {
  virtual ~store_under_test() = default;
  virtual store& get() = 0;
  /// Closes and opens it; false if it keeps nothing.
  virtual bool reopen() = 0;
};

struct memory_under_test : store_under_test {
  memory_store rows;
  store& get() override { return rows; }
  bool reopen() override { return false; }
};

struct rocksdb_under_test : store_under_test {
  test::temporary_folder folder;
  std::unique_ptr<rocksdb_database> database;
  std::unique_ptr<rocksdb_store> rows;

  rocksdb_under_test() { open(); }
  void open() {
    rocksdb_database::options options;
    options.folder = folder.path() / "state";
    auto opened = rocksdb_database::open(options);
    if (!opened)
      throw std::runtime_error{opened.error().what};
    database = std::move(*opened);
    rows = std::make_unique<rocksdb_store>(*database);
  }
  store& get() override { return *rows; }
  bool reopen() override {
    rows.reset();
    database.reset();
    open();
    return true;
  }
};

using factory = std::unique_ptr<store_under_test> (*)();
using row_list = std::vector<std::pair<std::string, std::string>>;

class any_store : public testing::TestWithParam<std::pair<const char*, factory>> {
protected:
  std::unique_ptr<store_under_test> made = GetParam().second();

  store& rows() { return made->get(); }
  void put(family where, std::string key, std::string value) {
    store_batch batch;
    batch.put(where, std::move(key), std::move(value));
    ASSERT_TRUE(rows().write(batch, false));
  }
  std::optional<std::string> value(family where, std::string_view key) {
    auto found = rows().get(where, key);
    EXPECT_TRUE(found);
    return found.value_or(std::nullopt);
  }
  row_list range(family where, std::string_view from, std::string_view to) {
    row_list found;
    EXPECT_TRUE(rows().scan(where, from, to, [&](auto key, auto row) {
      found.emplace_back(key, row);
      return true;
    }));
    return found;
  }
};

TEST_P(any_store, a_row_is_read_back_and_is_gone_after_erase) {
  put(family::state, "a", "1");
  EXPECT_EQ(value(family::state, "a"), "1");
  put(family::state, "a", "2");
  EXPECT_EQ(value(family::state, "a"), "2");
  store_batch batch;
  batch.erase(family::state, "a");
  batch.erase(family::state, "never there");
  ASSERT_TRUE(rows().write(batch, false));
  EXPECT_EQ(value(family::state, "a"), std::nullopt);
}

TEST_P(any_store, an_empty_value_is_a_row) {
  put(family::state, "a", "");
  EXPECT_EQ(value(family::state, "a"), "");
}

TEST_P(any_store, keys_and_values_are_any_bytes) {
  std::string key{"\0k\xff", 3};
  std::string bytes{"\xff\0v", 3};
  put(family::state, key, bytes);
  EXPECT_EQ(value(family::state, key), bytes);
  EXPECT_EQ(value(family::state, std::string_view{key}.substr(0, 2)), std::nullopt);
}

TEST_P(any_store, families_do_not_share_rows) {
  put(family::state, "a", "state");
  put(family::journal, "a", "journal");
  put(family::meta, "a", "meta");
  EXPECT_EQ(value(family::state, "a"), "state");
  EXPECT_EQ(value(family::journal, "a"), "journal");
  EXPECT_EQ(value(family::meta, "a"), "meta");
}

TEST_P(any_store, a_scan_gives_the_rows_of_its_range_in_byte_order) {
  for (const auto* key : {"b", "a", "\xff", "aa", "c"})
    put(family::state, key, std::string{"of "} + key);
  EXPECT_EQ(range(family::state, "aa", "c"), (row_list{{"aa", "of aa"}, {"b", "of b"}}));
  EXPECT_EQ(range(family::state, "c", ""), (row_list{{"c", "of c"}, {"\xff", "of \xff"}}));
  EXPECT_TRUE(range(family::state, "c", "b").empty());
  EXPECT_TRUE(range(family::state, "b", "b").empty());
  EXPECT_EQ(range(family::state, "", "").size(), 5U);
}

TEST_P(any_store, a_scan_ends_when_its_visitor_says_so) {
  for (const auto* key : {"a", "b", "c"})
    put(family::state, key, "");
  int seen = 0;
  ASSERT_TRUE(rows().scan(family::state, "", "", [&](auto, auto) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

TEST_P(any_store, a_visitor_may_read_the_store) {
  put(family::state, "a", "1");
  put(family::meta, "a", "2");
  std::string found;
  ASSERT_TRUE(rows().scan(family::state, "", "", [&](auto key, auto) {
    found = value(family::meta, key).value_or("");
    return true;
  }));
  EXPECT_EQ(found, "2");
}

TEST_P(any_store, the_later_change_of_a_key_wins_within_a_batch) {
  store_batch batch;
  batch.put(family::state, "a", "first");
  batch.put(family::state, "a", "second");
  batch.put(family::state, "b", "first");
  batch.erase(family::state, "b");
  batch.erase(family::state, "c");
  batch.put(family::state, "c", "last");
  ASSERT_TRUE(rows().write(batch, true));
  EXPECT_EQ(range(family::state, "", ""), (row_list{{"a", "second"}, {"c", "last"}}));
}

TEST_P(any_store, dropped_ranges_go_before_the_changes_of_their_batch) {
  for (const auto* key : {"a", "b", "c", "d"})
    put(family::journal, key, "old");
  put(family::state, "b", "kept");
  store_batch batch;
  batch.put(family::journal, "bb", "new");
  batch.drops.push_back({family::journal, "b", "d"});
  batch.drops.push_back({family::journal, "z", "y"});
  ASSERT_TRUE(rows().write(batch, true));
  EXPECT_EQ(range(family::journal, "", ""), (row_list{{"a", "old"}, {"bb", "new"}, {"d", "old"}}));
  EXPECT_EQ(value(family::state, "b"), "kept");
}

TEST_P(any_store, a_snapshot_sees_the_rows_as_they_were_whatever_is_written_after_it) {
  put(family::state, "a", "1");
  put(family::state, "b", "1");
  put(family::meta, "m", "1");
  const auto then = rows().snapshot();
  store_batch batch;
  batch.put(family::state, "a", "2");
  batch.erase(family::state, "b");
  batch.put(family::state, "c", "2");
  batch.put(family::meta, "m", "2");
  ASSERT_TRUE(rows().write(batch, false));

  EXPECT_EQ(then->get(family::state, "a").value(), "1");
  EXPECT_EQ(then->get(family::state, "c").value(), std::nullopt);
  EXPECT_EQ(then->get(family::meta, "m").value(), "1");
  row_list found;
  ASSERT_TRUE(then->scan(family::state, "a", "c", [&](auto key, auto row) {
    found.emplace_back(key, row);
    return true;
  }));
  EXPECT_EQ(found, (row_list{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(range(family::state, "", ""), (row_list{{"a", "2"}, {"c", "2"}}));
}

TEST_P(any_store, a_snapshot_never_sees_half_a_batch) {
  std::atomic<bool> ended{false};
  std::thread writer{[&] {
    for (int i = 0; i < 300; ++i) {
      store_batch batch;
      batch.put(family::state, "a", std::to_string(i));
      batch.put(family::meta, "z", std::to_string(i));
      EXPECT_TRUE(rows().write(batch, false));
    }
    ended = true;
  }};
  int taken = 0;
  while (!ended || taken == 0) {
    const auto then = rows().snapshot();
    EXPECT_EQ(then->get(family::state, "a").value(), then->get(family::meta, "z").value());
    ++taken;
  }
  writer.join();
}

/// Stores that outlive their process.
class any_durable_store : public any_store {};

TEST_P(any_durable_store, rows_survive_a_restart) {
  put(family::state, "a", "1");
  put(family::journal, "j", std::string(100'000, 'x'));
  put(family::meta, "m", "3");
  ASSERT_TRUE(made->reopen());
  EXPECT_EQ(value(family::state, "a"), "1");
  EXPECT_EQ(value(family::journal, "j"), std::string(100'000, 'x'));
  EXPECT_EQ(value(family::meta, "m"), "3");
}

TEST_P(any_store, random_batches_leave_what_a_map_would_hold) {
  auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  std::map<std::string, std::string> expected;
  for (int round = 0; round < 60; ++round) {
    store_batch batch;
    for (int i = 0; i < 50; ++i) {
      auto key = "key " + std::to_string(random() % 200);
      if (random() % 3 == 0) {
        batch.erase(family::state, key);
        expected.erase(key);
      } else {
        auto text = std::to_string(random());
        batch.put(family::state, key, text);
        expected[key] = text;
      }
    }
    ASSERT_TRUE(rows().write(batch, false));
    if (round % 20 == 19) {
      (void) made->reopen();
      ASSERT_EQ(range(family::state, "", ""), row_list(expected.begin(), expected.end()));
    }
  }
  EXPECT_GT(rows().size_bytes(), 0U);
}

template <class T>
std::unique_ptr<store_under_test> make() {
  return std::make_unique<T>();
}

INSTANTIATE_TEST_SUITE_P(all, any_store,
                         testing::Values(std::pair{"memory", &make<memory_under_test>},
                                         std::pair{"rocksdb", &make<rocksdb_under_test>}),
                         [](const auto& info) { return std::string{info.param.first}; });

INSTANTIATE_TEST_SUITE_P(all, any_durable_store,
                         testing::Values(std::pair{"rocksdb", &make<rocksdb_under_test>}),
                         [](const auto& info) { return std::string{info.param.first}; });

} // namespace
