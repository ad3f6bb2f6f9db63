#include "engine/state/rocksdb_database.hpp"

#include "engine/state/rocksdb_store.hpp"
#include "tests/engine/state/child_process.hpp"
#include "tests/engine/state/temporary_folder.hpp"

#include <chrono>
#include <fstream>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

using namespace sallyport;
using test::child_process;

namespace {

class state_folder : public testing::Test {
protected:
  test::temporary_folder folder;

  rocksdb_database::options options() const {
    rocksdb_database::options wanted;
    wanted.folder = folder.path() / "deep" / "state";
    return wanted;
  }
  std::unique_ptr<rocksdb_database> open() const {
    auto opened = rocksdb_database::open(options());
    EXPECT_TRUE(opened) << opened.error();
    return opened ? std::move(*opened) : nullptr;
  }
};

bool says(const error& e, std::string_view text) { return e.what.find(text) != std::string::npos; }

TEST_F(state_folder, belongs_to_the_application_that_claimed_it_first) {
  ASSERT_TRUE(open()->claim("first"));
  auto database = open();
  EXPECT_TRUE(database->claim("first"));
  auto refused = database->claim("second");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::foreign_state);
  EXPECT_TRUE(says(refused.error(), "'first'") && says(refused.error(), "'second'"))
    << refused.error();
}

TEST_F(state_folder, of_another_format_is_refused_with_both_formats) {
  auto database = open();
  ASSERT_TRUE(database->claim("one", 7));
  auto refused = database->claim("one", 8);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::foreign_state);
  EXPECT_TRUE(says(refused.error(), "7") && says(refused.error(), "8")) << refused.error();
}

TEST_F(state_folder, with_an_identity_row_of_an_unknown_version_is_refused) {
  auto database = open();
  ASSERT_TRUE(database->claim("one"));
  store_batch batch;
  batch.put(family::meta, "folder.identity", "\x63");
  ASSERT_TRUE(rocksdb_store{*database}.write(batch, true));
  auto refused = database->claim("one");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::foreign_state);
  EXPECT_TRUE(says(refused.error(), "99")) << refused.error();
}

TEST_F(state_folder, is_open_for_writing_only_once) {
  auto database = open();
  auto second = rocksdb_database::open(options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, errc::foreign_state);
  EXPECT_TRUE(says(second.error(), "in use by another process")) << second.error();
}

TEST_F(state_folder, can_be_read_while_another_has_it_open) {
  auto database = open();
  store_batch batch;
  batch.put(family::state, "a", "1");
  ASSERT_TRUE(rocksdb_store{*database}.write(batch, true));
  auto reading = options();
  reading.read_only = true;
  auto second = rocksdb_database::open(reading);
  ASSERT_TRUE(second) << second.error();
  rocksdb_store rows{**second};
  EXPECT_EQ(rows.get(family::state, "a").value(), "1");
  auto refused = rows.write(batch, true);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(says(refused.error(), "reading only")) << refused.error();
}

TEST_F(state_folder, that_is_not_there_is_made_only_when_asked) {
  auto wanted = options();
  wanted.create_if_missing = false;
  auto refused = rocksdb_database::open(wanted);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(wanted.folder));
}

TEST_F(state_folder, with_damaged_files_is_refused_with_advice) {
  open().reset();
  std::ofstream{options().folder / "CURRENT"} << "no manifest";
  auto refused = rocksdb_database::open(options());
  ASSERT_FALSE(refused);
  EXPECT_TRUE(says(refused.error(), options().folder.string())) << refused.error();
}

TEST_F(state_folder, tells_the_sizes_of_its_parts) {
  auto database = open();
  store_batch batch;
  batch.put(family::journal, "j", std::string(100'000, 'x'));
  ASSERT_TRUE(rocksdb_store{*database}.write(batch, true));
  auto stats = database->stats();
  ASSERT_EQ(stats.columns.size(), rocksdb_database::column_count);
  EXPECT_EQ(stats.columns[1].name, "journal");
  EXPECT_GE(stats.columns[1].total(), 100'000U);
  EXPECT_FALSE(stats.write_stalled);
}

constexpr int no_small_disk = 77;

/// Mounts a disk of 64 MiB on the folder, which only this process sees.
bool mount_small_disk(const std::filesystem::path& folder) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    return false;
  return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=64m") == 0;
}

/// Fills the disk, is refused, makes room and goes on. @returns 0, or where it went wrong
int write_until_refused_then_go_on(const std::filesystem::path& folder) {
  if (!mount_small_disk(folder))
    return no_small_disk;
  std::ofstream{folder / "filler"} << std::string(60U << 20U, 'x');
  rocksdb_database::options options;
  options.folder = folder / "state";
  auto database = rocksdb_database::open(options);
  if (!database)
    return 10;
  rocksdb_store rows{**database};
  int written = 0;
  for (; written < 100; ++written) {
    store_batch batch;
    batch.put(family::state, "row", std::to_string(written));
    batch.put(family::state, "big", std::string(100'000, 'x'));
    auto done = rows.write(batch, true);
    if (!done && (done.error().code != errc::unavailable || !says(done.error(), "disk is full")))
      return 11;
    if (!done)
      break;
  }
  if (written == 100 || rows.get(family::state, "row").value() != std::to_string(written - 1))
    return 12;
  std::filesystem::remove(folder / "filler");
  store_batch batch;
  batch.put(family::state, "after", "there is room again");
  auto bound = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  // RocksDB looks for room every five seconds.
  while (!rows.write(batch, true))
    if (std::chrono::steady_clock::now() > bound)
      return 13;
  database->reset();
  auto again = rocksdb_database::open(options);
  if (!again)
    return 14;
  rocksdb_store kept{**again};
  bool all = kept.get(family::state, "row").value() == std::to_string(written - 1) &&
             kept.get(family::state, "after").value() == "there is room again";
  return all ? 0 : 15;
}

TEST(child, DISABLED_fills_its_disk) {
  if (child_process::argument() == nullptr)
    GTEST_SKIP() << "runs for takes_writes_again_when_there_is_room only";
  _exit(write_until_refused_then_go_on(child_process::argument()));
}

TEST_F(state_folder, takes_writes_again_when_there_is_room) {
  child_process child{"child.DISABLED_fills_its_disk", folder.path().string()};
  auto code = child.wait();
  if (code == no_small_disk)
    GTEST_SKIP() << "this machine lets no test mount a small disk";
  EXPECT_EQ(code, 0);
}

} // namespace
