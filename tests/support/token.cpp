#include "tests/support/token.hpp"

#include <cjose/cjose.h>

#include <cstdlib>
#include <stdexcept>

namespace sallyport::test {

namespace {

template <class T>
T* made(T* handle, const cjose_err& why) {
  if (handle == nullptr)
    throw std::runtime_error{std::string{"cjose: "} + why.message};
  return handle;
}

std::shared_ptr<void> held(cjose_jwk_t* key) {
  return {key, [](void* k) { cjose_jwk_release(static_cast<cjose_jwk_t*>(k)); }};
}

std::string base64url(const std::string& text) {
  cjose_err why{};
  char* out = nullptr;
  std::size_t size = 0;
  if (!cjose_base64url_encode(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), &out,
                              &size, &why))
    throw std::runtime_error{"cjose cannot encode"};
  std::string encoded{out, size};
  std::free(out);
  return encoded;
}

std::string sign_with(cjose_jwk_t* key, const nlohmann::json& header,
                      const nlohmann::json& claims) {
  cjose_err why{};
  const std::unique_ptr<cjose_header_t, decltype(&cjose_header_release)> head{
    cjose_header_new(&why), &cjose_header_release};
  for (const auto& [name, value] : header.items())
    (void) (value.is_string()
              ? cjose_header_set(head.get(), name.c_str(), value.get<std::string>().c_str(), &why)
              : cjose_header_set_raw(head.get(), name.c_str(), value.dump().c_str(), &why));
  const auto text = claims.dump();
  const std::unique_ptr<cjose_jws_t, decltype(&cjose_jws_release)> jws{
    made(cjose_jws_sign(key, head.get(), reinterpret_cast<const std::uint8_t*>(text.data()),
                        text.size(), &why),
         why),
    &cjose_jws_release};
  const char* token = nullptr;
  if (!cjose_jws_export(jws.get(), &token, &why))
    throw std::runtime_error{"cjose cannot export"};
  return token;
}

} // namespace

signing_key signing_key::rsa(const std::string& id, std::size_t bits) {
  cjose_err why{};
  const std::uint8_t exponent[] = {1, 0, 1};
  signing_key key;
  key.id_ = id;
  key.algorithm_ = "RS256";
  key.key_ = held(made(cjose_jwk_create_RSA_random(bits, exponent, sizeof exponent, &why), why));
  return key;
}

signing_key signing_key::ec(const std::string& id) {
  cjose_err why{};
  signing_key key;
  key.id_ = id;
  key.algorithm_ = "ES256";
  key.key_ = held(made(cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &why), why));
  return key;
}

nlohmann::json signing_key::in_jwks() const {
  cjose_err why{};
  char* const text =
    made(cjose_jwk_to_json(static_cast<cjose_jwk_t*>(key_.get()), false, &why), why);
  auto json = nlohmann::json::parse(text);
  std::free(text);
  if (!id_.empty())
    json["kid"] = id_;
  json["use"] = "sig";
  return json;
}

std::string signing_key::sign(const nlohmann::json& claims, const std::string& algorithm,
                              const nlohmann::json& header) const {
  nlohmann::json head{{"alg", algorithm.empty() ? algorithm_ : algorithm}};
  if (!id_.empty())
    head["kid"] = id_;
  head.update(header);
  return sign_with(static_cast<cjose_jwk_t*>(key_.get()), head, claims);
}

std::string jwks(const std::vector<nlohmann::json>& keys) {
  return nlohmann::json{{"keys", keys}}.dump();
}

std::string unsigned_token(const nlohmann::json& claims, const std::string& id) {
  return base64url(nlohmann::json{{"alg", "none"}, {"kid", id}}.dump()) + "." +
         base64url(claims.dump()) + ".";
}

std::string hmac_token(const nlohmann::json& claims, const std::string& secret,
                       const std::string& id) {
  cjose_err why{};
  const auto key =
    held(made(cjose_jwk_create_oct_spec(reinterpret_cast<const std::uint8_t*>(secret.data()),
                                        secret.size(), &why),
              why));
  return sign_with(static_cast<cjose_jwk_t*>(key.get()), {{"alg", "HS256"}, {"kid", id}}, claims);
}

nlohmann::json claims_of(const std::string& user, const std::vector<std::string>& roles,
                         std::int64_t now) {
  constexpr std::int64_t lifetime = 600;
  return {{"user_name", user}, {"authorities", roles}, {"exp", now + lifetime}};
}

} // namespace sallyport::test
