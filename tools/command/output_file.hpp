#pragma once

#include "engine/core/error.hpp"

#include <filesystem>
#include <string_view>

namespace sallyport::command {

/// A file that is there whole or not at all: it is written under another name beside its own, and
/// gets its own, synced, at the end.
///
/// Confined to one thread.
class output_file {
public:
  /// An error when the file is there already.
  [[nodiscard]] static result<output_file> create(const std::filesystem::path& path);

  output_file(output_file&& other) noexcept;
  output_file& operator=(output_file&&) = delete;
  /// Without `finish` nothing stays.
  ~output_file();

  [[nodiscard]] status write(std::string_view text);
  [[nodiscard]] status finish();

private:
  output_file(std::filesystem::path path, std::filesystem::path partial, int descriptor);

  [[nodiscard]] status flush();
  [[nodiscard]] error problem(std::string_view doing) const;

  std::filesystem::path path_;
  std::filesystem::path partial_;
  int descriptor_;
  std::string buffer_;
};

} // namespace sallyport::command
