#include "engine/lane/orders.hpp"

#include <charconv>

namespace sallyport::lane::orders {

std::string settle_payload(const settlement& what) {
  return to_string(what.id) + " " + std::to_string(what.status);
}

std::optional<settlement> parse_settlement(std::string_view payload) {
  const auto blank = payload.find(' ');
  if (blank == std::string_view::npos)
    return std::nullopt;
  const auto id = parse_call_id(payload.substr(0, blank));
  settlement out;
  const auto* const end = payload.data() + payload.size();
  const auto read = std::from_chars(payload.data() + blank + 1, end, out.status);
  if (!id || read.ec != std::errc{} || read.ptr != end)
    return std::nullopt;
  out.id = *id;
  return out;
}

} // namespace sallyport::lane::orders
