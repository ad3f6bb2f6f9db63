#include "engine/services/backup.hpp"

#include "engine/observe/log.hpp"
#include "engine/state/rocksdb_store.hpp"
#include "engine/time/zone.hpp"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <unistd.h>

namespace sallyport::backup {

namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr int manifest_version = 1;
constexpr std::size_t chunk_bytes = 1U << 20U;
constexpr std::size_t name_length_max = 100;

error wrong(errc code, std::string what) { return error::user(code, std::move(what)); }

error io_error(const std::string& doing, const fs::path& what) {
  return wrong(errc::unavailable, "cannot " + doing + " " + what.string());
}

fs::path partial_of(const fs::path& of) {
  auto made = of;
  made += ".partial";
  return made;
}

/// Removed with the object, unless it got its name.
class partial_folder {
public:
  explicit partial_folder(const fs::path& of) : path_(partial_of(of)) {}
  ~partial_folder() {
    std::error_code ignored;
    if (!kept_)
      fs::remove_all(path_, ignored);
  }
  partial_folder(const partial_folder&) = delete;
  partial_folder& operator=(const partial_folder&) = delete;

  [[nodiscard]] const fs::path& path() const noexcept { return path_; }
  [[nodiscard]] status become(const fs::path& name) {
    std::error_code ec;
    fs::rename(path_, name, ec);
    if (ec)
      return fail(io_error("make", name));
    kept_ = true;
    return {};
  }

private:
  fs::path path_;
  bool kept_ = false;
};

status sync(const fs::path& what) {
  const int descriptor = ::open(what.c_str(), O_RDONLY | O_CLOEXEC);
  const bool good = descriptor >= 0 && ::fsync(descriptor) == 0;
  if (descriptor >= 0)
    ::close(descriptor);
  return good ? status{} : fail(io_error("write", what));
}

/// What a file holds, and a copy of it if `copy` is given.
result<file> digest_of(const fs::path& path, const fs::path& copy,
                       const std::function<void(std::size_t)>& told) {
  std::ifstream in{path, std::ios::binary};
  std::ofstream out;
  if (!copy.empty())
    out.open(copy, std::ios::binary);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash{EVP_MD_CTX_new(),
                                                                     &EVP_MD_CTX_free};
  if (!hash || EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) != 1)
    return fail(error::internal("there is no SHA-256"));
  file made;
  made.name = path.filename().string();
  std::vector<char> some(chunk_bytes);
  while (in.read(some.data(), static_cast<std::streamsize>(some.size())) || in.gcount() > 0) {
    const auto size = static_cast<std::size_t>(in.gcount());
    EVP_DigestUpdate(hash.get(), some.data(), size);
    made.bytes += size;
    if (!copy.empty() && !out.write(some.data(), in.gcount()))
      return fail(io_error("write", copy));
    told(size);
  }
  if (!in.eof())
    return fail(io_error("read", path));
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned size = 0;
  EVP_DigestFinal_ex(hash.get(), sum.data(), &size);
  constexpr std::string_view hex = "0123456789abcdef";
  for (unsigned i = 0; i < size; ++i) {
    made.sha256.push_back(hex[sum[i] >> 4U]);
    made.sha256.push_back(hex[sum[i] & 15U]);
  }
  if (!copy.empty()) {
    out.close();
    SALLYPORT_CHECK(out ? sync(copy) : fail(io_error("write", copy)));
  }
  return made;
}

result<std::vector<fs::path>> files_in(const fs::path& folder) {
  std::vector<fs::path> all;
  std::error_code ec;
  for (fs::directory_iterator at{folder, ec}, end; !ec && at != end; at.increment(ec))
    if (at->path().filename() != manifest_name)
      all.push_back(at->path());
  if (ec)
    return fail(io_error("read", folder));
  std::ranges::sort(all);
  return all;
}

std::uint64_t bytes_of(const std::vector<fs::path>& files) {
  std::uint64_t all = 0;
  std::error_code ignored;
  for (const auto& each : files)
    all += fs::file_size(each, ignored);
  return all;
}

std::string text_of(const manifest& m) {
  auto files = json::array();
  for (const auto& f : m.files)
    files.push_back({{"name", f.name}, {"bytes", f.bytes}, {"sha256", f.sha256}});
  return json{{"backup", manifest_version}, {"application", m.application},
              {"format", m.format},         {"program_version", m.program_version},
              {"made_at", m.made_at},       {"files", std::move(files)}}
           .dump(2) +
         "\n";
}

status write_manifest(const manifest& m, const fs::path& folder) {
  const auto path = folder / manifest_name;
  std::ofstream out{path, std::ios::binary};
  out << text_of(m);
  out.close();
  if (!out)
    return fail(io_error("write", path));
  SALLYPORT_CHECK(sync(path));
  return sync(folder);
}

/// A name of one file, and nothing that leads elsewhere.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= name_length_max && name.front() != '.' &&
         std::ranges::all_of(name, [](unsigned char c) {
           return (c < 0x80 && std::isalnum(c) != 0) || c == '.' || c == '-' || c == '_';
         });
}

} // namespace

std::uint64_t manifest::bytes() const {
  std::uint64_t all = 0;
  for (const auto& each : files)
    all += each.bytes;
  return all;
}

// -- to make one ----------------------------------------------------------------------------------

result<manifest> make(const rocksdb_database& of, const fs::path& to,
                      const std::string& program_version, wall_time now, const step& told) {
  std::error_code ec;
  if (fs::exists(to, ec))
    return fail(wrong(errc::already_exists, to.string() + " is there already"));
  SALLYPORT_TRY(const auto owner, of.owner());
  if (!to.parent_path().empty())
    fs::create_directories(to.parent_path(), ec);
  partial_folder begun{to};
  fs::remove_all(begun.path(), ec); // what an earlier one left that did not end
  SALLYPORT_CHECK(of.checkpoint(begun.path()));
  manifest made{owner.application, owner.format, program_version, format_utc(now), {}};
  SALLYPORT_TRY(const auto files, files_in(begun.path()));
  const auto all = bytes_of(files);
  std::uint64_t done = 0;
  for (const auto& each : files) {
    SALLYPORT_TRY(auto one, digest_of(each, {}, [&](std::size_t size) {
                    done += size;
                    if (told)
                      told(done, all);
                  }));
    SALLYPORT_CHECK(sync(each));
    made.files.push_back(std::move(one));
  }
  SALLYPORT_CHECK(write_manifest(made, begun.path()));
  SALLYPORT_CHECK(begun.become(to));
  SALLYPORT_CHECK(sync(to.parent_path().empty() ? fs::path{"."} : to.parent_path()));
  return made;
}

// -- to take one ----------------------------------------------------------------------------------

result<manifest> read_manifest(const fs::path& in) {
  const auto path = in / manifest_name;
  std::ifstream file_of{path, std::ios::binary};
  if (!file_of)
    return fail(wrong(errc::not_found, in.string() + " is no backup: there is no " +
                                         std::string{manifest_name} + " in it"));
  const auto read = json::parse(file_of, nullptr, false);
  const auto broken = [&] {
    return fail(wrong(errc::invalid_data, path.string() + " is damaged"));
  };
  if (!read.is_object() || !read.contains("backup"))
    return broken();
  try {
    const auto format = read.at("format").get<std::uint32_t>();
    manifest made{
      read.at("application"), format, read.at("program_version"), read.at("made_at"), {}};
    if (read.at("backup") != manifest_version || format != rocksdb_database::state_format)
      return fail(wrong(errc::foreign_state, in.string() + " was made by version " +
                                               made.program_version + " and has state format " +
                                               std::to_string(format) + ", this program reads " +
                                               std::to_string(rocksdb_database::state_format) +
                                               "; restore it with the version that made it"));
    for (const auto& f : read.at("files")) {
      made.files.push_back({f.at("name"), f.at("bytes").get<std::uint64_t>(), f.at("sha256")});
      if (fs::path{made.files.back().name}.filename() != made.files.back().name)
        return broken();
    }
    return made;
  } catch (const json::exception&) {
    return broken();
  }
}

namespace {

status check_files(const manifest& m, const fs::path& folder) {
  for (const auto& each : m.files) {
    std::error_code ec;
    const auto size = fs::file_size(folder / each.name, ec);
    if (ec)
      return fail(wrong(errc::invalid_data, "the backup lacks its file " + each.name));
    if (size != each.bytes)
      return fail(wrong(errc::invalid_data, "the backup's file " + each.name + " has " +
                                              std::to_string(size) + " bytes, not " +
                                              std::to_string(each.bytes)));
  }
  SALLYPORT_TRY(const auto there, files_in(folder));
  for (const auto& each : there)
    if (std::ranges::find(m.files, each.filename().string(), &file::name) == m.files.end())
      return fail(wrong(errc::invalid_data,
                        "the file " + each.filename().string() + " is none of the backup"));
  return {};
}

/// A restored folder opens, is whose the manifest says, and asks for a new generation: on Kafka
/// not, where it catches up with all that happened since.
status begin_anew(const fs::path& folder, const manifest& m, wall_time now) {
  rocksdb_database::options how;
  how.folder = folder;
  how.create_if_missing = false;
  SALLYPORT_TRY(const auto opened, rocksdb_database::open(how));
  SALLYPORT_CHECK(opened->claim(m.application, m.format));
  rocksdb_store rows{*opened};
  SALLYPORT_TRY(const auto log, rows.get(family::meta, "log"));
  if (log && *log != "embedded")
    return {};
  store_batch asked;
  asked.put(family::meta, std::string{new_generation_row},
            std::to_string(now.time_since_epoch().count()));
  return rows.write(asked, true);
}

} // namespace

result<manifest> restore(const fs::path& from, const fs::path& to, const std::string& application,
                         wall_time now, const step& told) {
  SALLYPORT_TRY(auto m, read_manifest(from));
  if (!application.empty() && m.application != application)
    return fail(wrong(errc::foreign_state, from.string() + " is a backup of the application '" +
                                             m.application + "', not of '" + application + "'"));
  std::error_code ec;
  if (fs::exists(to, ec) && !fs::is_empty(to, ec))
    return fail(wrong(errc::already_exists,
                      to.string() + " is not empty; a backup goes to a folder of its own"));
  SALLYPORT_CHECK(check_files(m, from));
  partial_folder begun{to};
  fs::remove_all(begun.path(), ec);
  fs::create_directories(begun.path(), ec);
  if (ec)
    return fail(io_error("make", begun.path()));
  std::uint64_t done = 0;
  for (const auto& each : m.files) {
    SALLYPORT_TRY(const auto copied,
                  digest_of(from / each.name, begun.path() / each.name, [&](std::size_t size) {
                    done += size;
                    if (told)
                      told(done, m.bytes());
                  }));
    if (copied.sha256 != each.sha256)
      return fail(wrong(errc::invalid_data, "the backup's file " + each.name +
                                              " is damaged: it is not what was written"));
  }
  SALLYPORT_CHECK(begin_anew(begun.path(), m, now));
  SALLYPORT_CHECK(sync(begun.path()));
  fs::remove(to, ec); // an empty folder
  SALLYPORT_CHECK(begun.become(to));
  SALLYPORT_CHECK(sync(to.has_parent_path() ? to.parent_path() : fs::path{"."}));
  return m;
}

// -- of a running instance ------------------------------------------------------------------------

service::service(const rocksdb_database& of, fs::path folder, std::string program_version,
                 const wall_clock& clock)
  : database_(of), folder_(std::move(folder)), version_(std::move(program_version)), clock_(clock) {
}

void service::serve_on(http_server& server) {
  route_description about{"backup", "Makes a backup below backup.folder of the config.", {}, {}};
  about.parameters = {{"name", "query", "string", "", "Of its folder: letters, digits, . _ -", ""}};
  about.answers = {{200, "what was made"},
                   {400, "the name is none, or the config has no backup.folder"},
                   {409, "there is one of that name"}};
  server.route({"POST", "/admin/backup", access::operators(), std::move(about),
                [this](const http_request& request) { return answer(request); }});
}

http_response service::answer(const http_request& request) {
  if (folder_.empty())
    return error_response(400, "the config names no folder for backups: set backup.folder");
  const auto now = clock_.now();
  auto name = std::string{request.parameter("name").value_or("")};
  if (name.empty()) {
    name = format_utc(now);
    std::erase_if(name, [](char c) { return c == ':' || c == '-' || c == '.'; });
  }
  if (!is_plain_name(name))
    return error_response(400, "name is a name of a folder: letters, digits, '.', '_' and '-', "
                               "and no '.' at its begin");
  const auto made = make(database_, folder_ / name, version_, now);
  if (!made)
    return error_response(made.error());
  observe::log(observe::level::info, "backup.made", "a backup was made",
               {{"name", name}, {"bytes", std::to_string(made->bytes())}});
  http_response answer;
  answer.body = json{{"folder", (folder_ / name).string()},
                     {"application", made->application},
                     {"made_at", made->made_at},
                     {"files", made->files.size()},
                     {"bytes", made->bytes()}}
                  .dump() +
                "\n";
  return answer;
}

} // namespace sallyport::backup
