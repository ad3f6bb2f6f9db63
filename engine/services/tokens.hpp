#pragma once

#include "engine/core/error.hpp"
#include "engine/core/wall_time.hpp"
#include "engine/time/clock.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

/// Who brought a token, and what it allows.
struct principal {
  std::string name;
  std::vector<std::string> roles; ///< as the claim `authorities` has them

  [[nodiscard]] bool has(std::string_view role) const;
};

/// Says whose JSON Web Token it is, or why it counts for nothing.
///
/// Problem: keys rotate, and who asks may choose all that stands in a token. Idea: the keys come
/// from one address (a JWKS) and are read again when a token names one that is not known, but not
/// oftener than a limit says; the algorithms are those of public keys only, each with keys of its
/// own kind.
///
/// Thread safety: all functions may be called from any thread. One thread reads the keys; those
/// that need a new key wait for it, the others go on.
///
/// Invariants:
/// 1. A token is taken only with a good signature of a key that the JWKS had when it was read last,
///    and only between `nbf` and `exp`, which it must have.
/// 2. No token makes the keys be read oftener than once in `keys_read_every_min`.
class token_verifier {
public:
  struct settings {
    /// What `iss` must be; empty: anything.
    std::string issuer{};
    /// The clocks of two machines may differ by this.
    duration clock_skew{10'000};
    duration keys_read_every_min{10'000};
    /// Keys older than this are read again, so that one that was withdrawn ends.
    duration keys_age_max{15LL * 60'000};
    std::size_t token_bytes_max = 16U << 10U;
  };
  /// Gives the text of the JWKS.
  using key_source = std::function<result<std::string>()>;

  /// `clock` outlives the verifier.
  token_verifier(settings with, key_source keys, const wall_clock& clock);
  ~token_verifier();
  token_verifier(const token_verifier&) = delete;
  token_verifier& operator=(const token_verifier&) = delete;

  /// An error of the domain `user` when the token is not good; `external` when no key could be read
  /// yet.
  [[nodiscard]] result<principal> verify(std::string_view token);

private:
  class key_set;

  [[nodiscard]] std::shared_ptr<const key_set> known() const;
  [[nodiscard]] bool is_stale() const;
  /// @returns whether the keys are other ones than `seen`
  bool read_keys(const std::shared_ptr<const key_set>& seen);

  const settings settings_;
  const key_source source_;
  const wall_clock& clock_;
  std::mutex reading_;             ///< is held while keys are read
  std::optional<wall_time> tried_; ///< when they were read last, or it was tried; below `reading_`
  mutable std::mutex guard_;       ///< of what follows, and of the library's objects
  std::shared_ptr<const key_set> keys_;
  wall_time read_at_{};
};

/// The keys of an address.
[[nodiscard]] token_verifier::key_source keys_from(std::string url);

} // namespace sallyport
