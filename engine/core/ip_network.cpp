#include "engine/core/ip_network.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <string>

namespace sallyport {

namespace {

constexpr unsigned v4_prefix_bits = 96;

struct address {
  std::array<std::uint8_t, 16> bytes{};
  bool is_v4 = false;
};

std::optional<address> parse_address(std::string_view text) {
  const std::string ended{text};
  address out;
  if (in_addr v4{}; ::inet_pton(AF_INET, ended.c_str(), &v4) == 1) {
    out.bytes[10] = out.bytes[11] = 0xff;
    std::memcpy(out.bytes.data() + 12, &v4, sizeof v4);
    out.is_v4 = true;
    return out;
  }
  if (::inet_pton(AF_INET6, ended.c_str(), out.bytes.data()) == 1)
    return out;
  return std::nullopt;
}

bool same_bits(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b,
               unsigned bits) {
  const auto whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin()))
    return false;
  const auto rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

} // namespace

std::optional<ip_network> ip_network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto base = parse_address(text.substr(0, slash));
  if (!base)
    return std::nullopt;
  ip_network out;
  out.prefix_ = base->bytes;
  const unsigned most = base->is_v4 ? 32 : 128;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (problem != std::errc{} || end != digits.data() + digits.size() || bits > most)
      return std::nullopt;
  }
  out.bits_ = bits + (base->is_v4 ? v4_prefix_bits : 0);
  return out;
}

bool ip_network::contains(std::string_view text) const {
  const auto asked = parse_address(text);
  return asked && same_bits(asked->bytes, prefix_, bits_);
}

bool is_loopback(std::string_view host_or_address) {
  static const auto v4 = *ip_network::parse("127.0.0.0/8");
  static const auto v6 = *ip_network::parse("::1");
  return host_or_address == "localhost" || v4.contains(host_or_address) ||
         v6.contains(host_or_address);
}

} // namespace sallyport
