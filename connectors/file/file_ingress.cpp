#include "connectors/file/file_ingress.hpp"

#include "connectors/file/file_io.hpp"
#include "engine/connectors/source_position.hpp"
#include "engine/core/fault.hpp"
#include "engine/core/murmur2.hpp"
#include "engine/observe/log.hpp"
#include "engine/time/clock.hpp"

#include <nlohmann/json.hpp>
#include <simdjson.h>

#include <algorithm>
#include <fcntl.h>
#include <map>
#include <optional>
#include <sys/stat.h>
#include <utility>

namespace sallyport::file {

namespace {

constexpr std::size_t chunk_bytes = 512U << 10U; ///< read and committed together
constexpr std::uint64_t head_bytes_max = 1024;   ///< by which a file is known again

/// How far a file was read, and which file it was.
struct mark {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t offset = 0;
  std::uint32_t head_hash = 0; ///< of the first bytes, at most `head_bytes_max` and `offset`

  [[nodiscard]] std::string text(const std::string& path) const {
    return nlohmann::json{{"path", path},
                          {"device", device},
                          {"inode", inode},
                          {"offset", offset},
                          {"head_hash", head_hash}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  [[nodiscard]] static std::optional<mark> parse(std::string_view text) {
    const auto of = nlohmann::json::parse(text, nullptr, false);
    const auto number = [&](const char* name) {
      const auto found = of.find(name);
      return found != of.end() && found->is_number_unsigned()
               ? std::optional{found->get<std::uint64_t>()}
               : std::nullopt;
    };
    if (!of.is_object() || !number("device") || !number("inode") || !number("offset") ||
        !number("head_hash"))
      return std::nullopt;
    return mark{*number("device"), *number("inode"), *number("offset"),
                static_cast<std::uint32_t>(*number("head_hash"))};
  }
};

/// Key and headers out of the JSON of a line.
class picker {
public:
  explicit picker(const ingress_options& options) : options_(options) {}

  /// What a line does not have, or is no JSON, its record does not have: whether that is wrong is
  /// the topology's to say.
  void pick(std::string_view line, record& into) {
    simdjson::dom::element document;
    if ((options_.key.empty() && options_.headers.empty()) ||
        parser_.parse(line.data(), line.size()).get(document) != simdjson::SUCCESS)
      return;
    simdjson::dom::element found;
    if (!options_.key.empty() &&
        document.at_pointer(options_.key).get(found) == simdjson::SUCCESS && !found.is_null())
      into.key = bytes{text_of(found)};
    simdjson::dom::object object;
    if (!options_.headers.empty() &&
        document.at_pointer(options_.headers).get(object) == simdjson::SUCCESS)
      for (const auto& each : object)
        into.headers.push_back({std::string{each.key}, text_of(each.value)});
  }

private:
  [[nodiscard]] static std::string text_of(const simdjson::dom::element& of) {
    std::string_view text;
    return of.get(text) == simdjson::SUCCESS ? std::string{text}
                                             : std::string{simdjson::minify(of)};
  }

  const ingress_options& options_;
  simdjson::dom::parser parser_;
};

} // namespace

/// The file as it is read, by one run.
class file_ingress::reading {
public:
  reading(const ingress_options& options, const target& into, source_position position)
    : options_(options), into_(into), path_(absolute(options.path)), pick_(options),
      position_(std::move(position)) {
    if (position_.last())
      last_ = mark::parse(*position_.last());
  }

  /// Puts some lines on the topic. @returns whether there were any
  [[nodiscard]] result<bool> step() {
    if (!file_.is_open()) {
      SALLYPORT_TRY(const bool there, open_file());
      if (!there)
        return false;
    }
    // Asked before the read, so that the read sees all that the old file was given.
    const bool replaced = options_.follow && is_replaced();
    SALLYPORT_CHECK(notice_truncation());
    SALLYPORT_TRY(auto lines, read_lines(replaced || !options_.follow));
    if (!lines.empty()) {
      // Cut and written anew between the look and the read: what was read are not the next lines.
      SALLYPORT_TRY(const bool same, is_unchanged());
      if (same)
        SALLYPORT_CHECK(put(std::move(lines)));
      return true;
    }
    if (replaced) {
      file_ = {};
      last_.reset();
      return true;
    }
    return false;
  }

private:
  [[nodiscard]] result<bool> open_file() {
    file_ = descriptor{::open(path_.c_str(), O_RDONLY | O_CLOEXEC), path_};
    if (!file_.is_open() && errno == ENOENT && options_.follow) {
      if (!std::exchange(missing_told_, true))
        observe::log(observe::level::info, "ingress.file_missing",
                     "the file is not there; it is read when it comes", {{"path", path_}});
      return false;
    }
    missing_told_ = false;
    struct stat about{};
    if (!file_.is_open() || ::fstat(file_.number(), &about) != 0)
      return fail(system_error("open", path_));
    if (!S_ISREG(about.st_mode))
      return fail(error::user(errc::invalid_config, path_ + " is no file with lines"));
    at_ = {about.st_dev, about.st_ino, 0, 0};
    if (last_ && last_->device == at_.device && last_->inode == at_.inode)
      at_ = *last_;
    return true;
  }

  /// A file that is shorter than what was read of it, or begins otherwise, is read anew.
  [[nodiscard]] status notice_truncation() {
    SALLYPORT_TRY(const auto size, file_.size());
    SALLYPORT_TRY(head_, file_.read(0, std::min(at_.offset, head_bytes_max)));
    if (size < at_.offset || (at_.offset > 0 && murmur2(head_) != at_.head_hash)) {
      at_.offset = 0;
      head_.clear();
    }
    return {};
  }

  /// Whether the file still begins as it did when its truncation was looked for.
  [[nodiscard]] result<bool> is_unchanged() const {
    SALLYPORT_TRY(const auto size, file_.size());
    SALLYPORT_TRY(const auto head, file_.read(0, std::min(at_.offset, head_bytes_max)));
    return size >= at_.offset && head == head_;
  }

  /// Whole lines from the position on; the last of a file that is complete needs no break.
  [[nodiscard]] result<std::string> read_lines(bool complete) {
    for (std::size_t size = chunk_bytes;; size *= 2) {
      SALLYPORT_TRY(auto data, file_.read(at_.offset, size));
      const bool all = data.size() < size;
      if (all && complete)
        return data;
      if (const auto end = data.rfind('\n'); end != std::string::npos) {
        data.resize(end + 1);
        return data;
      }
      if (data.size() > options_.line_bytes_max)
        return fail(error::data(path_ + ": the line at byte " + std::to_string(at_.offset) +
                                " is longer than line_bytes_max, " +
                                std::to_string(options_.line_bytes_max) + " bytes"));
      if (all)
        return std::string{};
    }
  }

  [[nodiscard]] bool is_replaced() const {
    struct stat about{};
    return ::stat(path_.c_str(), &about) == 0 &&
           (about.st_dev != at_.device || about.st_ino != at_.inode);
  }

  [[nodiscard]] status put(std::string lines) {
    const auto owner = std::make_shared<const std::string>(std::move(lines));
    const auto now = system_wall_clock{}.now();
    std::map<std::uint32_t, batch> by_partition;
    for (std::string_view rest = *owner; !rest.empty();) {
      const auto end = rest.find('\n');
      auto line = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (line.ends_with('\r'))
        line.remove_suffix(1);
      if (line.find_first_not_of(" \t") == std::string_view::npos)
        continue;
      if (line.size() > options_.line_bytes_max)
        return fail(error::data(
          path_ + ": the line at byte " +
          std::to_string(at_.offset + static_cast<std::uint64_t>(line.data() - owner->data())) +
          " is longer than line_bytes_max, " + std::to_string(options_.line_bytes_max) + " bytes"));
      record made{{}, bytes{owner, line}, {}, now};
      pick_.pick(line, made);
      const auto count = into_.topic.partitions;
      by_partition[made.key.is_null() ? turn_++ % count : partition_of(made.key, count)].push_back(
        std::move(made));
    }
    auto then = at_;
    then.offset += owner->size();
    // Of what was read, not of the file: it may be another by now.
    then.head_hash = murmur2(head_ + owner->substr(0, head_bytes_max - head_.size()));

    std::vector<log_append> appends;
    for (auto& [partition, records] : by_partition)
      appends.push_back({{into_.topic.name, partition}, std::move(records)});
    SALLYPORT_CHECK(fault::at("ingress.before"));
    SALLYPORT_CHECK(position_.commit(std::move(appends), then.text(path_), now));
    at_ = then;
    return fault::at("ingress.appended");
  }

  const ingress_options& options_;
  const target& into_;
  const std::string path_;
  picker pick_;
  source_position position_;
  std::optional<mark> last_; ///< of an earlier run
  descriptor file_;
  bool missing_told_ = false; ///< once for each time that it is away
  mark at_;                   ///< of the open file
  std::string head_;          ///< its first bytes, up to the position
  std::uint32_t turn_ = 0;
};

file_ingress::file_ingress(ingress_options options) : options_(std::move(options)) {}

status file_ingress::run(const target& into) {
  const auto source = "file-" + short_hash(absolute(options_.path) + "\n" + into.topic.name);
  SALLYPORT_TRY(auto position, source_position::open(*into.to, into.application, source));
  reading from{options_, into, std::move(position)};
  for (;;) {
    {
      std::lock_guard lock{guard_};
      if (stopping_)
        return {};
    }
    SALLYPORT_TRY(const bool any, from.step());
    if (!any && (!options_.follow || !pause()))
      return {};
  }
}

bool file_ingress::pause() {
  std::unique_lock lock{guard_};
  return !stopped_.wait_for(lock, options_.poll_interval, [this] { return stopping_; });
}

void file_ingress::stop() {
  std::lock_guard lock{guard_};
  stopping_ = true;
  stopped_.notify_all();
}

} // namespace sallyport::file
