#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sallyport::detail {

/// Reads a text of fixed form from its front. Each function takes what it was asked for and says
/// so, or takes nothing.
class scanner {
public:
  explicit scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

  [[nodiscard]] bool literal(std::string_view wanted) {
    if (!rest_.starts_with(wanted))
      return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }

  /// A number of exactly `count` decimal digits.
  [[nodiscard]] std::optional<int> digits(std::size_t count) {
    if (rest_.size() < count)
      return std::nullopt;
    int value = 0;
    for (char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9')
        return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  /// The digits that come next, as text; at least one.
  [[nodiscard]] std::optional<std::string_view> digit_run() {
    auto size = rest_.find_first_not_of("0123456789");
    auto run = rest_.substr(0, size);
    if (run.empty())
      return std::nullopt;
    rest_.remove_prefix(run.size());
    return run;
  }

  /// Takes letters; the answer may be empty.
  [[nodiscard]] std::string_view letters() {
    std::size_t size = 0;
    while (size < rest_.size() && ((rest_[size] >= 'a' && rest_[size] <= 'z') ||
                                   (rest_[size] >= 'A' && rest_[size] <= 'Z')))
      ++size;
    auto run = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return run;
  }

private:
  std::string_view rest_;
};

} // namespace sallyport::detail
