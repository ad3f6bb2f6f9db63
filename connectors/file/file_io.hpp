#pragma once

#include "engine/core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace sallyport::file {

/// A file descriptor that closes itself, and calls on it that finish what they began.
class descriptor {
public:
  descriptor() = default;
  descriptor(int number, std::string path) : number_(number), path_(std::move(path)) {}
  ~descriptor();
  descriptor(descriptor&& other) noexcept;
  descriptor& operator=(descriptor&& other) noexcept;

  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  [[nodiscard]] int number() const noexcept { return number_; }

  /// Up to `size` bytes at `offset`; less at the end of the file.
  [[nodiscard]] result<std::string> read(std::uint64_t offset, std::size_t size) const;
  [[nodiscard]] status write(std::uint64_t offset, std::string_view data) const;
  [[nodiscard]] result<std::uint64_t> size() const;

private:
  int number_ = -1;
  std::string path_; ///< for errors
};

/// What the system says went wrong, with the path.
[[nodiscard]] error system_error(const std::string& doing, const std::string& path);

/// The path from the root, so that it names the same file from everywhere.
[[nodiscard]] std::string absolute(const std::string& path);

} // namespace sallyport::file
