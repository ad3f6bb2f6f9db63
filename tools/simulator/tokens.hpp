#pragma once

// Problem: every peer must refuse a request without a token that is good now, also after the
// simulator was started again, and a test must be able to take tokens back.
// Idea: a token carries its expiry and its generation and is signed with a hash of the client's
// secret; nothing is stored. Taking back begins the next generation. The hash is no cryptography:
// nobody attacks a simulator.
//
// Thread safety: confined to the server's thread.

#include "engine/core/wall_time.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::simulator {

class tokens {
public:
  tokens(const std::string& client, const std::string& secret, std::chrono::seconds lifetime);

  /// Whether `header` is `Basic` with this client and its secret.
  [[nodiscard]] bool knows_client(std::string_view header) const;
  [[nodiscard]] std::string issue(wall_time now) const;
  /// Whether `header` is `Bearer` with a token of the present generation that has not expired.
  [[nodiscard]] bool accepts(std::string_view header, wall_time now) const;
  void take_back() { ++generation_; }
  [[nodiscard]] std::chrono::seconds lifetime() const { return lifetime_; }

private:
  [[nodiscard]] std::string sealed(const std::string& content) const;

  std::string basic_;
  std::uint64_t key_;
  std::chrono::seconds lifetime_;
  std::uint64_t generation_ = 0;
};

[[nodiscard]] std::string base64(std::string_view bytes);

} // namespace sallyport::simulator
