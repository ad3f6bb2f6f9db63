#pragma once

#include "engine/services/http_server.hpp"
#include "engine/state/rocksdb_database.hpp"
#include "engine/time/clock.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Copies of a state folder that can be relied on.
///
/// Problem: files copied from under a running instance are of several moments, and a copy that was
/// damaged is noticed when it is needed. Idea: the database makes the copy, of one moment between
/// two commits, and a manifest beside it names each file with its size and SHA-256, so that a
/// restore takes all of it or nothing.
///
/// Thread safety: free functions; two of them must not have the same target.
///
/// Invariants:
/// 1. A backup or a restored folder gets its name when it is whole and synced; what is begun has a
///    name that ends with `.partial`.
namespace sallyport::backup {

inline constexpr std::string_view manifest_name = "backup.json";
/// By which a restored folder asks for keys of calls that no peer has seen
/// (engine/lane/generations).
inline constexpr std::string_view new_generation_row = "generation.asked";

struct file {
  std::string name;
  std::uint64_t bytes = 0;
  std::string sha256;
};

struct manifest {
  std::string application;
  std::uint32_t format = 0;    ///< of the state folder
  std::string program_version; ///< that made it
  std::string made_at;
  std::vector<file> files;

  [[nodiscard]] std::uint64_t bytes() const;
};

/// Is told of bytes that are done, of all.
using step = std::function<void(std::uint64_t done, std::uint64_t of)>;

/// Makes the folder `to`, which must not be there, beside whatever the instance does.
[[nodiscard]] result<manifest> make(const rocksdb_database& of, const std::filesystem::path& to,
                                    const std::string& program_version, wall_time now,
                                    const step& told = {});

/// Reads the manifest, and refuses a backup that another version made in another form.
[[nodiscard]] result<manifest> read_manifest(const std::filesystem::path& in);

/// Makes a state folder of a backup. `application`: what the backup must be of, empty for any. `to`
/// is empty or not there.
[[nodiscard]] result<manifest> restore(const std::filesystem::path& from,
                                       const std::filesystem::path& to,
                                       const std::string& application, wall_time now,
                                       const step& told = {});

/// `POST /admin/backup?name=…`: a backup below the folder that the config names.
///
/// Thread safety: handlers run on the threads of the server.
class service {
public:
  /// `of` and `clock` outlive the service. An empty `folder` refuses all.
  service(const rocksdb_database& of, std::filesystem::path folder, std::string program_version,
          const wall_clock& clock);

  /// Adds the route. @pre the server is not started
  void serve_on(http_server& server);

private:
  [[nodiscard]] http_response answer(const http_request& request);

  const rocksdb_database& database_;
  const std::filesystem::path folder_;
  const std::string version_;
  const wall_clock& clock_;
};

} // namespace sallyport::backup
