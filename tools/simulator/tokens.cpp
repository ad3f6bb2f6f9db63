#include "tools/simulator/tokens.hpp"

#include "tools/simulator/dice.hpp"

#include <charconv>
#include <cstdio>

namespace sallyport::simulator {

std::string base64(std::string_view bytes) {
  constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group =
        group << 8U | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      text += at + i <= bytes.size() ? alphabet[group >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

tokens::tokens(const std::string& client, const std::string& secret, std::chrono::seconds lifetime)
  : basic_("Basic " + base64(client + ":" + secret)), key_(stable_hash(basic_)),
    lifetime_(lifetime) {}

bool tokens::knows_client(std::string_view header) const { return header == basic_; }

std::string tokens::sealed(const std::string& content) const {
  char seal[20];
  std::snprintf(seal, sizeof seal, "%016llx",
                static_cast<unsigned long long>(mix(key_, stable_hash(content))));
  return content + '.' + seal;
}

std::string tokens::issue(wall_time now) const {
  const auto expiry = std::chrono::floor<std::chrono::seconds>(now) + lifetime_;
  return sealed("simulated." + std::to_string(generation_) + '.' +
                std::to_string(expiry.time_since_epoch().count()));
}

bool tokens::accepts(std::string_view header, wall_time now) const {
  if (!header.starts_with("Bearer "))
    return false;
  const auto token = header.substr(7);
  const auto seal = token.rfind('.');
  if (seal == std::string_view::npos || sealed(std::string{token.substr(0, seal)}) != token)
    return false;
  const auto content = token.substr(0, seal);
  if (!content.starts_with("simulated." + std::to_string(generation_) + '.'))
    return false;
  const auto expiry_text = content.substr(content.rfind('.') + 1);
  std::int64_t expiry = 0;
  std::from_chars(expiry_text.data(), expiry_text.data() + expiry_text.size(), expiry);
  return now < wall_time{std::chrono::seconds{expiry}};
}

} // namespace sallyport::simulator
