#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::prison_to_probation {

/// The stage in the life of the original that the topology behaves like.
enum class profile : std::uint8_t {
  full,   ///< [F] all five event types, key dates included
  readme, ///< [R] without the two date events and without key dates
  head    ///< [H] status changes and booking numbers only; neither location nor key dates
};

/// @pre `word` is full, readme or head
[[nodiscard]] profile profile_of(std::string_view word);

/// The words of `profile`, for the choice fields of the operators.
[[nodiscard]] std::vector<std::string> profile_words();

/// The words of a comma-separated list, without the blanks around them.
[[nodiscard]] std::vector<std::string> comma_separated(std::string_view list);

/// Which prisons take part: those of a comma-separated list, or all when it is empty (§1).
class interested_prisons {
public:
  explicit interested_prisons(std::string_view list);

  /// A null agency is never in a list that names some.
  [[nodiscard]] bool contains(const std::optional<std::string>& agency) const;

private:
  std::vector<std::string> agencies_;
};

} // namespace sallyport::prison_to_probation
