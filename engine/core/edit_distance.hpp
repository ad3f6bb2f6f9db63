#pragma once

#include <cstddef>
#include <string_view>

namespace sallyport {

/// How many letters must be put in, taken out, changed or swapped with their neighbour to make one
/// word of the other, whatever their case: what a typing mistake costs. It takes time of the
/// product of their lengths, so a caller bounds them.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

} // namespace sallyport
