#include "connectors/file/file_egress.hpp"

#include "connectors/file/file_io.hpp"
#include "engine/connectors/source_position.hpp"
#include "engine/services/record_json.hpp"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <unistd.h>
#include <vector>

namespace sallyport::file {

namespace {

constexpr std::size_t look_back_bytes = 64U << 10U;

/// Which record a line holds; nothing if it is none of ours.
std::optional<std::pair<std::uint32_t, std::int64_t>> record_of(std::string_view line) {
  const auto number = [&](std::string_view name, auto& into) {
    if (!line.starts_with(name))
      return false;
    line.remove_prefix(name.size());
    const auto [end, problem] = std::from_chars(line.data(), line.data() + line.size(), into);
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    return problem == std::errc{};
  };
  std::uint32_t partition = 0;
  std::int64_t offset = 0;
  if (!number(R"({"partition":)", partition) || !number(R"(,"offset":)", offset))
    return std::nullopt;
  return std::pair{partition, offset};
}

} // namespace

/// The file as it is written, by one run.
class file_egress::writing {
public:
  writing(const egress_options& options, const source& of)
    : options_(options), of_(of), path_(absolute(options.path)),
      application_(of.application + ".file-" + short_hash(path_ + "\n" + of.topic.name)),
      next_(of.topic.partitions, 0) {}

  [[nodiscard]] status open() {
    SALLYPORT_CHECK(open_file());
    SALLYPORT_CHECK(cut_torn_end());
    log_commit first{application_, {}, {}, {}, {}};
    for (std::uint32_t i = 0; i < next_.size(); ++i) {
      const partition_id from{of_.topic.name, i};
      SALLYPORT_TRY(const auto committed, of_.from->position(application_, from));
      SALLYPORT_TRY(const auto there, of_.from->offsets(from));
      next_[i] = committed.value_or(there.begin);
      // Retention waits from now on.
      if (!committed)
        first.positions.push_back({from, next_[i]});
    }
    if (first.positions.empty())
      return skip_what_is_written();
    // Nothing was written from this log yet: lines that are there are of another, and stay.
    return of_.from->commit(first);
  }

  /// Writes a batch of each partition. @returns whether there was any
  [[nodiscard]] result<bool> step() {
    bool any = false;
    for (std::uint32_t i = 0; i < next_.size(); ++i) {
      const partition_id from{of_.topic.name, i};
      SALLYPORT_TRY(const auto records,
                    of_.from->read(from, next_[i], {4096, options_.batch_bytes}));
      if (records.empty())
        continue;
      any = true;
      std::string text;
      for (const auto& each : records)
        lines_.append(text, i, each);
      SALLYPORT_CHECK(write(text));
      next_[i] = records.back().offset + 1;
      SALLYPORT_CHECK(of_.from->commit({application_, {}, {{from, next_[i]}}, {}, {}}));
    }
    return any;
  }

private:
  [[nodiscard]] status open_file() {
    file_ = descriptor{::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640), path_};
    if (!file_.is_open())
      return fail(system_error("open", path_));
    if (::flock(file_.number(), LOCK_EX | LOCK_NB) != 0)
      return fail(error::user(errc::unavailable,
                              path_ + " is written by another process; give each its own file"));
    // A new name is as safe as its folder only.
    const auto folder = std::filesystem::path{path_}.parent_path().string();
    const descriptor of_folder{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), folder};
    if (!of_folder.is_open() || ::fsync(of_folder.number()) != 0)
      return fail(system_error("sync", folder));
    SALLYPORT_TRY(size_, file_.size());
    return {};
  }

  /// The last line, break included, that ends at `end`.
  [[nodiscard]] result<std::string> line_before(std::uint64_t end) const {
    for (std::uint64_t size = look_back_bytes;; size *= 2) {
      const auto begin = end > size ? end - size : 0;
      SALLYPORT_TRY(auto data, file_.read(begin, end - begin));
      const auto before = data.size() < 2 ? std::string::npos : data.rfind('\n', data.size() - 2);
      if (before != std::string::npos)
        return data.substr(before + 1);
      if (begin == 0)
        return data;
    }
  }

  /// What a crash left of the last lines: without its break, or with zeros that a file system put
  /// where data had not arrived.
  [[nodiscard]] status cut_torn_end() {
    const auto before = size_;
    while (size_ > 0) {
      SALLYPORT_TRY(const auto line, line_before(size_));
      if (line.ends_with('\n') && line.find('\0') == std::string::npos)
        break;
      size_ -= line.size();
    }
    if (size_ != before && ::ftruncate(file_.number(), static_cast<off_t>(size_)) != 0)
      return fail(system_error("truncate", path_));
    return {};
  }

  /// Moves the position of one partition behind the lines that a crash left uncommitted.
  [[nodiscard]] status skip_what_is_written() {
    if (size_ == 0)
      return {};
    SALLYPORT_TRY(const auto line, line_before(size_));
    const auto last = record_of(line);
    if (!last || last->first >= next_.size())
      return fail(error::user(errc::invalid_config,
                              path_ + " ends with a line that is no record of topic '" +
                                of_.topic.name + "'; move the file away or choose another path"));
    auto& next = next_[last->first];
    if (last->second < next)
      return {};
    next = last->second + 1;
    const partition_id from{of_.topic.name, last->first};
    SALLYPORT_TRY(const auto there, of_.from->offsets(from));
    if (next > there.end)
      return fail(
        error::user(errc::invalid_config, path_ + " is ahead of topic '" + of_.topic.name +
                                            "': it was written from another log; move it away"));
    return of_.from->commit({application_, {}, {{from, next}}, {}, {}});
  }

  /// A failed write leaves the file as it was, as far as the disk lets it.
  [[nodiscard]] status write(std::string_view text) {
    auto written = file_.write(size_, text);
    if (written && ::fdatasync(file_.number()) != 0)
      written = fail(system_error("sync", path_));
    if (!written) {
      (void) !::ftruncate(file_.number(), static_cast<off_t>(size_));
      return written;
    }
    size_ += text.size();
    return {};
  }

  const egress_options& options_;
  const source& of_;
  const std::string path_;
  const std::string application_;
  std::vector<std::int64_t> next_;
  descriptor file_;
  std::uint64_t size_ = 0;
  record_lines lines_;
};

file_egress::file_egress(egress_options options) : options_(std::move(options)) {}

status file_egress::run(const source& of) {
  writing to{options_, of};
  SALLYPORT_CHECK(to.open());
  return follower_.follow(*of.from, of.topic.name, [&to] { return to.step(); });
}

} // namespace sallyport::file
