#pragma once

#include "engine/core/record.hpp"
#include "engine/log/log.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sallyport {

[[nodiscard]] std::string to_base64(std::string_view data);

/// Appends text as a JSON string; what is not UTF-8 as `{"base64": "…"}`.
void append_json_text(std::string& out, std::string_view text);

/// Whether texts are JSON, by a parser that keeps its memory.
///
/// Confined to one thread at a time.
class json_check {
public:
  json_check();
  ~json_check();
  json_check(json_check&&) noexcept;
  json_check& operator=(json_check&&) noexcept;

  [[nodiscard]] bool is_json(std::string_view text);

private:
  struct parser;
  std::unique_ptr<parser> parser_;
};

/// Records as people and tools read them: one line of JSON each,
/// `{"partition":0,"offset":0,"timestamp":"…","key":"…","headers":{…},"value":…}`.
///
/// A value that is JSON is put in as it stands, without line breaks; other text becomes a string,
/// other bytes `{"base64":"…"}`, no value null. A header name that repeats has an array.
///
/// Confined to one thread at a time.
class record_lines {
public:
  /// Appends the line of one record, with its line break.
  void append(std::string& out, std::uint32_t partition, const log_record& of);

private:
  void append_value(std::string& out, const bytes& value);

  json_check check_;
};

} // namespace sallyport
