#include "tools/command/output_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace sallyport::command {

namespace {

constexpr std::size_t buffer_bytes = 256U << 10U;
constexpr mode_t for_its_owner = 0600; // records are personal data

} // namespace

output_file::output_file(std::filesystem::path path, std::filesystem::path partial, int descriptor)
  : path_(std::move(path)), partial_(std::move(partial)), descriptor_(descriptor) {}

output_file::output_file(output_file&& other) noexcept
  : path_(std::move(other.path_)), partial_(std::move(other.partial_)),
    descriptor_(std::exchange(other.descriptor_, -1)), buffer_(std::move(other.buffer_)) {}

output_file::~output_file() {
  if (descriptor_ < 0)
    return;
  ::close(descriptor_);
  std::error_code ignored;
  std::filesystem::remove(partial_, ignored);
}

result<output_file> output_file::create(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored))
    return fail(error::user(errc::already_exists,
                            path.string() + " is there already; name another file, or remove it"));
  auto partial = path;
  partial += ".partial-" + std::to_string(::getpid());
  const int descriptor =
    ::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, for_its_owner);
  output_file made{path, std::move(partial), descriptor};
  if (descriptor < 0)
    return fail(made.problem("make"));
  return made;
}

error output_file::problem(std::string_view doing) const {
  return error::user(errc::unavailable, "cannot " + std::string{doing} + " " + partial_.string() +
                                          ": " + std::generic_category().message(errno));
}

status output_file::write(std::string_view text) {
  buffer_ += text;
  return buffer_.size() < buffer_bytes ? status{} : flush();
}

status output_file::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const auto written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return fail(problem("write"));
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
  return {};
}

status output_file::finish() {
  SALLYPORT_CHECK(flush());
  if (::fsync(descriptor_) != 0 || ::rename(partial_.c_str(), path_.c_str()) != 0)
    return fail(problem("end"));
  ::close(std::exchange(descriptor_, -1));
  return {};
}

} // namespace sallyport::command
