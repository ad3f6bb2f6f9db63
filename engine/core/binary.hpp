#pragma once

#include "engine/core/error.hpp"
#include "engine/core/record.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The binary form of rows and journal entries: fixed big-endian numbers where rows are ordered by
/// them, LEB128 varints elsewhere, strings with their length before them. Every row starts with a
/// format version.
namespace sallyport::binary {

void put_u8(std::string& out, std::uint8_t value);
void put_be32(std::string& out, std::uint32_t value);
void put_be64(std::string& out, std::uint64_t value);
void put_varint(std::string& out, std::uint64_t value);
void put_signed(std::string& out, std::int64_t value); ///< zigzag varint
void put_string(std::string& out, std::string_view value);
void put_bytes(std::string& out, const bytes& value); ///< as a string, but null stays null
void put_record(std::string& out, const record& value);

/// A wall time as an order-keeping 8 bytes (times before 1970 sort first).
void put_time_key(std::string& out, wall_time value);

/// Reads what the functions above wrote. A short or wrong input sets `failed()` and every later
/// read gives zero or empty; the caller asks once, at the end.
class reader {
public:
  /// `owner` keeps `input` alive for records that point into it; without one they copy.
  explicit reader(std::string_view input, std::shared_ptr<const void> owner = {})
    : input_(input), owner_(std::move(owner)) {}

  [[nodiscard]] std::uint8_t u8();
  [[nodiscard]] std::uint32_t be32();
  [[nodiscard]] std::uint64_t be64();
  [[nodiscard]] std::uint64_t varint();
  [[nodiscard]] std::int64_t signed_varint();
  [[nodiscard]] std::string_view string();
  [[nodiscard]] bytes nullable_bytes();
  [[nodiscard]] record read_record();
  [[nodiscard]] wall_time time_key();

  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] bool at_end() const noexcept { return input_.empty(); }
  [[nodiscard]] std::string_view rest() const noexcept { return input_; }

private:
  [[nodiscard]] std::string_view take(std::size_t size);

  std::string_view input_;
  std::shared_ptr<const void> owner_;
  bool failed_ = false;
};

} // namespace sallyport::binary
