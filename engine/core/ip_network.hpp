#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport {

/// A network of IP addresses: `10.0.0.0/8`, `::1/128`, or one address alone.
///
/// IPv4 addresses are those of `::ffff:0:0/96` here, so that one that came by a socket of IPv6 is
/// the same as one that did not.
///
/// Thread safety: a value.
class ip_network {
public:
  /// Nothing if the text is no network.
  [[nodiscard]] static std::optional<ip_network> parse(std::string_view text);

  /// Whether the text is an address of the network; what is no address is in none.
  [[nodiscard]] bool contains(std::string_view address) const;

private:
  std::array<std::uint8_t, 16> prefix_{};
  unsigned bits_ = 0;
};

/// Whether a server that is bound to it is reached from its own machine only.
[[nodiscard]] bool is_loopback(std::string_view host_or_address);

} // namespace sallyport
