#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// Tokens and their keys, as the sign-in service of a test makes them.
namespace sallyport::test {

/// A pair of keys.
class signing_key {
public:
  static signing_key rsa(const std::string& id, std::size_t bits = 2048);
  static signing_key ec(const std::string& id);

  /// The public key, as a member of a JWKS.
  [[nodiscard]] nlohmann::json in_jwks() const;
  /// `header` is added to what the token says of its signature.
  [[nodiscard]] std::string sign(const nlohmann::json& claims, const std::string& algorithm = "",
                                 const nlohmann::json& header = nlohmann::json::object()) const;

private:
  std::string id_;
  std::string algorithm_;
  std::shared_ptr<void> key_;
};

[[nodiscard]] std::string jwks(const std::vector<nlohmann::json>& keys);

/// Signed by nobody (`alg: none`).
[[nodiscard]] std::string unsigned_token(const nlohmann::json& claims, const std::string& id);
/// Signed by a shared secret.
[[nodiscard]] std::string hmac_token(const nlohmann::json& claims, const std::string& secret,
                                     const std::string& id);

/// A user with roles, until ten minutes from `now` (seconds since 1970).
[[nodiscard]] nlohmann::json claims_of(const std::string& user,
                                       const std::vector<std::string>& roles, std::int64_t now);

} // namespace sallyport::test
