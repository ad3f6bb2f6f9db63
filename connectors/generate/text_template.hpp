#pragma once

#include "engine/core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::generate {

/// Text with places in it: `{{n}}` is the number of the record, counted from 1, and
/// `{{random a b}}` a whole number between a and b.
///
/// What is drawn depends on the seed, the record's number and the place alone, so a restart draws
/// the same.
class text_template {
public:
  [[nodiscard]] static result<text_template> parse(std::string_view text);

  [[nodiscard]] std::string fill(std::uint64_t seed, std::uint64_t n) const;

private:
  struct part {
    enum class kind : std::uint8_t { text, number, random };
    kind what = kind::text;
    std::string text;
    std::int64_t least = 0;
    std::int64_t most = 0;
  };
  [[nodiscard]] static result<part> parse_place(std::string_view inside);

  std::vector<part> parts_;
};

} // namespace sallyport::generate
