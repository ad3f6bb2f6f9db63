#include "tests/engine/log/log_under_test.hpp"
#include "tests/engine/state/child_process.hpp"

#include <gtest/gtest.h>
#include <random>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

using namespace sallyport;
using namespace std::chrono_literals;
using test::child_process;

namespace {

const partition_id zero{"topic", 0};

record text_record(std::string value) {
  record rec;
  rec.value = std::move(value);
  return rec;
}

/// The child: commits for ever, each commit one record, one state row and a position, and tells
/// after each.
TEST(child, DISABLED_commits_until_it_is_killed) {
  if (child_process::argument() == nullptr)
    GTEST_SKIP() << "runs for kill_nine_in_the_midst_of_commits_loses_nothing only";
  rocksdb_database::options options;
  options.folder = child_process::argument();
  system_wall_clock clock;
  auto database = rocksdb_database::open(options);
  ASSERT_TRUE(database);
  auto opened = embedded_log::open(**database, clock);
  ASSERT_TRUE(opened && (*opened)->create_topic({"topic", 1, 0ms, 0}));
  auto& records = **opened;
  for (;;) {
    auto end = records.offsets(zero)->end;
    log_commit commit;
    commit.application = "app";
    commit.appends = {{zero, batch(3, text_record(std::to_string(end) + std::string(9000, 'x')))}};
    commit.positions = {{zero, end + 3}};
    commit.state.put(family::state, "end", std::to_string(end + 3));
    ASSERT_TRUE(records.commit(commit));
    child_process::report(end + 3);
  }
}

TEST(embedded_log_only, kill_nine_in_the_midst_of_commits_loses_nothing) {
  test::temporary_folder folder;
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  long acknowledged = 0;
  for (int round = 0; round < 5; ++round) {
    auto path = (folder.path() / "state").string();
    child_process child{"child.DISABLED_commits_until_it_is_killed", path};
    auto reports = 5 + random() % 60;
    for (unsigned i = 0; i < reports; ++i)
      ASSERT_TRUE(child.read_report(acknowledged));
    child.kill();
    while (child.read_report(acknowledged)) // what it told before it died
      ;
    rocksdb_database::options options;
    options.folder = path;
    system_wall_clock clock;
    auto database = rocksdb_database::open(options);
    ASSERT_TRUE(database) << database.error();
    auto opened = embedded_log::open(**database, clock);
    ASSERT_TRUE(opened) << opened.error();
    auto end = (*opened)->offsets(zero)->end;
    EXPECT_GE(end, acknowledged);
    EXPECT_LE(end, acknowledged + 3);
    EXPECT_EQ((*opened)->position("app", zero).value(), end);
    EXPECT_EQ(rocksdb_store{**database}.get(family::state, "end").value(), std::to_string(end));
    std::int64_t at = 0;
    while (at < end) {
      auto found = (*opened)->read(zero, at, {});
      ASSERT_TRUE(found && !found->empty());
      for (const auto& one : *found) {
        EXPECT_EQ(one.offset, at);
        EXPECT_EQ(std::stol(one.rec.value.str()), at - at % 3);
        ++at;
      }
    }
  }
}

TEST(embedded_log_only, a_row_of_an_unknown_format_is_refused_with_its_place) {
  test::embedded_under_test made;
  ASSERT_TRUE(made.records->create_topic({"topic", 1, 0ms, 0}));
  ASSERT_TRUE(made.records->append({zero, {text_record("x")}}));
  rocksdb::WriteBatch foreign;
  std::string key("\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  ASSERT_TRUE(
    foreign.Put(made.database->handle(rocksdb_database::column::log), key, "\x09row").ok());
  ASSERT_TRUE(made.database->write(foreign, false));
  auto refused = made.records->read(zero, 0, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::foreign_state);
  EXPECT_NE(refused.error().what.find("topic 'topic' partition 0 offset 0"), std::string::npos)
    << refused.error();
  EXPECT_NE(refused.error().what.find("format 9"), std::string::npos) << refused.error();
}

TEST(embedded_log_only, dropped_records_free_their_disk) {
  test::embedded_under_test made;
  ASSERT_TRUE(made.records->create_topic({"topic", 1, 10s, 0}));
  ASSERT_TRUE(made.records->create_topic({"other", 1, 0ms, 0}));
  // Noise, so that no compression hides what is left.
  std::mt19937_64 random{7};
  std::string noise;
  while (noise.size() < 100'000)
    noise += std::to_string(random());
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(made.records->append({zero, batch(10, text_record(noise))}));
    if (i % 10 == 0) {
      ASSERT_TRUE(made.records->append({{"other", 0}, {text_record(noise)}}));
    }
  }
  auto full = made.database->size_bytes(rocksdb_database::column::log);
  EXPECT_GT(full, 50'000'000U);
  made.clock.advance(11s);
  EXPECT_EQ(made.records->retain(made.clock.now()).value(), 600U);
  EXPECT_LT(made.database->size_bytes(rocksdb_database::column::log), full / 2);
  EXPECT_EQ(made.records->read({"other", 0}, 0, {1024, 10U << 20U})->size(), 6U);
}

TEST(embedded_log_only, a_log_open_for_reading_shows_what_was_there_and_refuses_writes) {
  test::embedded_under_test made;
  ASSERT_TRUE(made.records->create_topic({"topic", 1, 0ms, 0}));
  ASSERT_TRUE(made.records->append({zero, batch(2000, text_record("x"))}));
  rocksdb_database::options options;
  options.folder = made.database->folder();
  options.read_only = true;
  auto database = rocksdb_database::open(options);
  ASSERT_TRUE(database) << database.error();
  auto opened = embedded_log::open(**database, made.clock);
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_EQ((*opened)->read(zero, 0, {5000, 1U << 20U})->size(), 2000U);
  EXPECT_FALSE((*opened)->append({zero, {text_record("x")}}));
  EXPECT_EQ((*opened)->offsets(zero)->end, 2000);
}

} // namespace
