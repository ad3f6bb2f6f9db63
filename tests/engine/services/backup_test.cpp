#include "engine/services/backup.hpp"

#include "engine/state/rocksdb_store.hpp"
#include "tests/engine/services/service_fixture.hpp"
#include "tests/engine/state/temporary_folder.hpp"

#include <fstream>
#include <functional>

namespace sallyport {
namespace {

namespace fs = std::filesystem;

class backup_test : public service_test {
protected:
  void SetUp() override {
    rocksdb_database::options how;
    how.folder = path("state");
    auto opened = rocksdb_database::open(how);
    ASSERT_TRUE(opened) << opened.error().what;
    database_ = std::move(*opened);
    ASSERT_TRUE(database_->claim("app"));
    put("a", "1");
  }

  [[nodiscard]] fs::path path(const std::string& name) const { return files_.path() / name; }

  void put(const std::string& key, const std::string& value) {
    store_batch batch;
    batch.put(family::state, key, value);
    ASSERT_TRUE(rocksdb_store{*database_}.write(batch, true));
  }

  void make(const std::string& name = "backup") {
    const auto made = backup::make(*database_, path(name), "0.1", clock_.now());
    ASSERT_TRUE(made) << made.error().what;
  }

  /// What a restore says, empty if it was done.
  [[nodiscard]] std::string restored(const std::string& application = "app") {
    const auto done = backup::restore(path("backup"), path("new"), application, clock_.now());
    if (done)
      return "";
    EXPECT_FALSE(fs::exists(path("new") / "CURRENT")) << "nothing is left of what failed";
    EXPECT_FALSE(fs::exists(path("new.partial")));
    return done.error().what;
  }

  /// A file of the backup that is big enough to be damaged.
  [[nodiscard]] fs::path some_file() const {
    for (const auto& each : fs::directory_iterator{path("backup")})
      if (each.path().extension() == ".sst" || each.path().extension() == ".log")
        if (fs::file_size(each) > 0)
          return each.path();
    return path("backup") / "CURRENT";
  }

  void change_manifest(const std::function<void(nlohmann::ordered_json&)>& change) {
    const auto file = path("backup") / "backup.json";
    auto manifest = nlohmann::ordered_json::parse(std::ifstream{file});
    change(manifest);
    std::ofstream{file} << manifest;
  }

  test::temporary_folder files_;
  std::unique_ptr<rocksdb_database> database_;
};

TEST_F(backup_test, holds_what_was_there_when_it_was_made) {
  make();
  put("a", "2");
  EXPECT_EQ(restored(), "");
  rocksdb_database::options how;
  how.folder = path("new");
  auto again = rocksdb_database::open(how);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE((*again)->claim("app"));
  EXPECT_EQ(*rocksdb_store{**again}.get(family::state, "a"), "1");
  EXPECT_TRUE(*rocksdb_store{**again}.get(family::meta, backup::new_generation_row));
  EXPECT_EQ(*rocksdb_store{*database_}.get(family::state, "a"), "2") << "the instance goes on";
}

TEST_F(backup_test, is_not_made_over_another_one) {
  make();
  EXPECT_FALSE(backup::make(*database_, path("backup"), "0.1", clock_.now()));
  EXPECT_EQ(restored(), "");
}

TEST_F(backup_test, goes_into_no_folder_that_holds_something) {
  make();
  fs::create_directory(path("new"));
  std::ofstream{path("new") / "mine"} << "x";
  EXPECT_NE(restored().find("not empty"), std::string::npos);
  EXPECT_TRUE(fs::exists(path("new") / "mine"));
}

TEST_F(backup_test, of_another_application_is_refused) {
  make();
  EXPECT_NE(restored("other").find("of the application 'app'"), std::string::npos);
  EXPECT_EQ(restored(""), "");
}

TEST_F(backup_test, of_a_newer_form_is_refused_with_its_version) {
  make();
  change_manifest([](auto& m) {
    m["format"] = 99;
    m["program_version"] = "7.5";
  });
  EXPECT_NE(restored().find("version 7.5"), std::string::npos);
}

TEST_F(backup_test, that_was_damaged_is_refused_and_names_the_file) {
  make();
  const auto file = some_file();
  const auto name = file.filename().string();
  const auto byte_at = static_cast<std::streamoff>(fs::file_size(file) / 2);
  {
    std::fstream damaged{file, std::ios::in | std::ios::out | std::ios::binary};
    damaged.seekg(byte_at);
    const auto was = static_cast<char>(damaged.get());
    damaged.seekp(byte_at);
    damaged.put(static_cast<char>(was ^ 1));
  }
  EXPECT_NE(restored().find(name), std::string::npos);
  fs::resize_file(file, fs::file_size(file) - 1);
  EXPECT_NE(restored().find(name), std::string::npos);
  fs::remove(file);
  EXPECT_NE(restored().find(name), std::string::npos);
}

TEST_F(backup_test, without_a_good_manifest_is_none) {
  make();
  change_manifest([](auto& m) { m["files"][0]["name"] = "../state/CURRENT"; });
  EXPECT_NE(restored().find("damaged"), std::string::npos);
  std::ofstream{path("backup") / "backup.json"} << "{";
  EXPECT_NE(restored().find("damaged"), std::string::npos);
  fs::remove(path("backup") / "backup.json");
  EXPECT_NE(restored().find("no backup"), std::string::npos);
}

TEST_F(backup_test, of_a_running_instance_stays_below_the_folder_of_the_config) {
  backup::service service{*database_, path("backups"), "0.1", clock_};
  service.serve_on(server_);
  start();
  const auto made = nlohmann::json::parse(post("/admin/backup?name=one", "").body);
  EXPECT_EQ(made["folder"], (path("backups") / "one").string());
  EXPECT_EQ(made["application"], "app");
  EXPECT_TRUE(backup::read_manifest(path("backups") / "one"));
  EXPECT_EQ(post("/admin/backup?name=one", "").status, 409);
  EXPECT_EQ(post("/admin/backup", "").status, 200) << "the time is its name";
  for (const char* name : {"../x", "/tmp/x", ".x", "a%2Fb", "a%00b"})
    EXPECT_EQ(post(std::string{"/admin/backup?name="} + name, "").status, 400) << name;
}

TEST_F(backup_test, needs_a_folder_in_the_config) {
  backup::service service{*database_, {}, "0.1", clock_};
  service.serve_on(server_);
  start();
  const auto came = post("/admin/backup", "");
  EXPECT_EQ(came.status, 400);
  EXPECT_NE(error_of(came).find("backup.folder"), std::string::npos);
}

} // namespace
} // namespace sallyport
