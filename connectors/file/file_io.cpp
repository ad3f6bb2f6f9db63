#include "connectors/file/file_io.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <sys/stat.h>

namespace sallyport::file {

descriptor::~descriptor() {
  if (number_ >= 0)
    ::close(number_);
}

descriptor::descriptor(descriptor&& other) noexcept
  : number_(std::exchange(other.number_, -1)), path_(std::move(other.path_)) {}

descriptor& descriptor::operator=(descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  std::swap(path_, other.path_);
  return *this;
}

result<std::string> descriptor::read(std::uint64_t offset, std::size_t size) const {
  std::string data(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const auto now =
      ::pread(number_, data.data() + got, size - got, static_cast<off_t>(offset + got));
    if (now < 0 && errno == EINTR)
      continue;
    if (now < 0)
      return fail(system_error("read", path_));
    if (now == 0)
      break;
    got += static_cast<std::size_t>(now);
  }
  data.resize(got);
  return data;
}

status descriptor::write(std::uint64_t offset, std::string_view data) const {
  while (!data.empty()) {
    const auto now = ::pwrite(number_, data.data(), data.size(), static_cast<off_t>(offset));
    if (now < 0 && errno == EINTR)
      continue;
    if (now <= 0)
      return fail(system_error("write", path_));
    offset += static_cast<std::uint64_t>(now);
    data.remove_prefix(static_cast<std::size_t>(now));
  }
  return {};
}

result<std::uint64_t> descriptor::size() const {
  struct stat about{};
  if (::fstat(number_, &about) != 0)
    return fail(system_error("look at", path_));
  return static_cast<std::uint64_t>(about.st_size);
}

error system_error(const std::string& doing, const std::string& path) {
  const int number = errno;
  return error::external(number == ENOENT ? errc::not_found : errc::unavailable,
                         "cannot " + doing + " " + path + ": " +
                           std::generic_category().message(number));
}

std::string absolute(const std::string& path) {
  std::error_code problem;
  auto whole = std::filesystem::absolute(path, problem);
  return problem ? path : whole.lexically_normal().string();
}

} // namespace sallyport::file
