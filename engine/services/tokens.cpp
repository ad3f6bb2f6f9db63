#include "engine/services/tokens.hpp"

#include "engine/observe/log.hpp"
#include "engine/services/http_fetch.hpp"

#include <cjose/cjose.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace sallyport {

namespace {

using nlohmann::json;

struct release {
  void operator()(cjose_jwk_t* of) const { cjose_jwk_release(of); }
  void operator()(cjose_jws_t* of) const { cjose_jws_release(of); }
};
using jwk_handle = std::unique_ptr<cjose_jwk_t, release>;
using jws_handle = std::unique_ptr<cjose_jws_t, release>;

/// Only signatures of public keys: with a shared secret, whoever can check a token could make one.
struct algorithm {
  std::string_view name;
  std::string_view key_type;
};
constexpr std::array<algorithm, 4> algorithms{
  {{"RS256", "RSA"}, {"RS384", "RSA"}, {"RS512", "RSA"}, {"ES256", "EC"}}};

/// 2,048 bits in base64url.
constexpr std::size_t rsa_modulus_letters_min = 342;
constexpr std::size_t keys_max = 100;

error refused(std::string why) { return error::user(errc::invalid_data, std::move(why)); }

std::string text_of(const json& in, const char* name) {
  const auto found = in.find(name);
  return found != in.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// The public part of a key that may sign tokens, as JSON; nothing for any other key.
std::optional<json> signing_key(const json& key) {
  if (!key.is_object())
    return std::nullopt;
  const auto use = text_of(key, "use");
  if (!use.empty() && use != "sig")
    return std::nullopt;
  const auto type = text_of(key, "kty");
  if (type == "RSA" && text_of(key, "n").size() >= rsa_modulus_letters_min)
    return json{{"kty", "RSA"}, {"n", text_of(key, "n")}, {"e", text_of(key, "e")}};
  if (type == "EC" && text_of(key, "crv") == "P-256")
    return json{
      {"kty", "EC"}, {"crv", "P-256"}, {"x", text_of(key, "x")}, {"y", text_of(key, "y")}};
  return std::nullopt;
}

/// A point in time of a token: seconds since 1970.
std::optional<wall_time> time_of(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number())
    return std::nullopt;
  constexpr double seconds_max = 253'402'300'799.0; // the end of the year 9999
  const auto seconds = found->get<double>();
  if (!std::isfinite(seconds) || seconds < 0)
    return std::nullopt;
  return wall_time{duration{static_cast<std::int64_t>(std::min(seconds, seconds_max) * 1000)}};
}

} // namespace

bool principal::has(std::string_view role) const {
  return std::ranges::find(roles, role) != roles.end();
}

// -- the keys -------------------------------------------------------------------------------------

class token_verifier::key_set {
public:
  struct key {
    std::string id;
    std::string type;
    std::string algorithm; ///< the only one it is for; empty: any of its type
    jwk_handle handle;
  };

  static result<std::shared_ptr<const key_set>> parse(const std::string& text) {
    const auto whole = json::parse(text, nullptr, false);
    const auto list = whole.is_object() ? whole.find("keys") : whole.end();
    if (!whole.is_object() || list == whole.end() || !list->is_array())
      return fail(error::data("the key address gives no JWKS"));
    auto made = std::make_shared<key_set>();
    for (const auto& each : *list) {
      const auto usable = signing_key(each);
      if (!usable || made->keys_.size() == keys_max)
        continue;
      const auto plain = usable->dump(-1, ' ', false, json::error_handler_t::replace);
      cjose_err ignored{};
      jwk_handle handle{cjose_jwk_import(plain.data(), plain.size(), &ignored)};
      if (handle)
        made->keys_.push_back(
          {text_of(each, "kid"), text_of(*usable, "kty"), text_of(each, "alg"), std::move(handle)});
    }
    return made;
  }

  /// Those that may have made the signature: the one that is named or, without a name, all.
  [[nodiscard]] std::vector<const key*> candidates(const algorithm& how,
                                                   const std::optional<std::string>& id) const {
    std::vector<const key*> found;
    for (const auto& each : keys_)
      if (each.type == how.key_type && (each.algorithm.empty() || each.algorithm == how.name) &&
          (!id || each.id == *id))
        found.push_back(&each);
    return found;
  }

private:
  std::vector<key> keys_;
};

// -- one token ------------------------------------------------------------------------------------

namespace {

/// The parts of a token before its signature is known to be good.
struct unchecked_token {
  jws_handle jws;
  algorithm how;
  std::optional<std::string> key_id;
};

result<unchecked_token> read_token(std::string_view token) {
  cjose_err why{};
  unchecked_token made{jws_handle{cjose_jws_import(token.data(), token.size(), &why)}, {}, {}};
  if (!made.jws)
    return fail(refused("the token is no signed JSON Web Token"));
  auto* const header = cjose_jws_get_protected(made.jws.get());
  const char* const name = cjose_header_get(header, "alg", &why);
  const auto* const how = std::ranges::find(
    algorithms, name == nullptr ? std::string_view{} : std::string_view{name}, &algorithm::name);
  if (how == algorithms.end())
    return fail(refused("the token is not signed by RS256, RS384, RS512 or ES256"));
  made.how = *how;
  if (char* const demands = cjose_header_get_raw(header, "crit", &why); demands != nullptr) {
    std::free(demands); // NOLINT(cppcoreguidelines-no-malloc): the library's own
    return fail(refused("the token demands extensions that are not known"));
  }
  if (const char* const id = cjose_header_get(header, "kid", &why); id != nullptr)
    made.key_id = id;
  return made;
}

result<principal> principal_of(const json& claims) {
  principal who;
  who.name = text_of(claims, "user_name");
  if (who.name.empty())
    who.name = text_of(claims, "client_id");
  if (who.name.empty())
    return fail(refused("the token names neither a user nor a client"));
  if (const auto roles = claims.find("authorities"); roles != claims.end() && roles->is_array())
    for (const auto& role : *roles)
      if (role.is_string())
        who.roles.push_back(role.get<std::string>());
  return who;
}

} // namespace

token_verifier::token_verifier(settings with, key_source keys, const wall_clock& clock)
  : settings_(std::move(with)), source_(std::move(keys)), clock_(clock) {}
token_verifier::~token_verifier() = default;

result<principal> token_verifier::verify(std::string_view token) {
  if (token.size() > settings_.token_bytes_max)
    return fail(
      refused("the token is longer than " + std::to_string(settings_.token_bytes_max) + " bytes"));
  SALLYPORT_TRY(const auto parts, read_token(token));
  auto keys = known();
  if (!keys || is_stale()) {
    read_keys(keys);
    keys = known();
  }
  if (!keys)
    return fail(error::external(errc::unavailable, "the keys of tokens cannot be read now"));
  auto candidates = keys->candidates(parts.how, parts.key_id);
  if (candidates.empty() && read_keys(keys)) {
    keys = known();
    candidates = keys->candidates(parts.how, parts.key_id);
  }
  json claims;
  {
    const std::lock_guard lock{guard_};
    const auto good = std::ranges::any_of(candidates, [&](const key_set::key* each) {
      cjose_err ignored{};
      return cjose_jws_verify(parts.jws.get(), each->handle.get(), &ignored);
    });
    if (!good)
      return fail(refused("the token is not signed by a key that is known"));
    std::uint8_t* plain = nullptr;
    std::size_t size = 0;
    cjose_err ignored{};
    if (cjose_jws_get_plaintext(parts.jws.get(), &plain, &size, &ignored))
      claims = json::parse(plain, plain + size, nullptr, false);
  }
  if (!claims.is_object())
    return fail(refused("the claims of the token are no JSON object"));
  const auto now = clock_.now();
  const auto expires = time_of(claims, "exp");
  if (!expires || *expires + settings_.clock_skew <= now)
    return fail(refused("the token has expired"));
  if (claims.contains("nbf")) {
    const auto begins = time_of(claims, "nbf");
    if (!begins || *begins - settings_.clock_skew > now)
      return fail(refused("the token is not valid yet"));
  }
  if (!settings_.issuer.empty() && text_of(claims, "iss") != settings_.issuer)
    return fail(refused("the token is of another issuer"));
  return principal_of(claims);
}

std::shared_ptr<const token_verifier::key_set> token_verifier::known() const {
  const std::lock_guard lock{guard_};
  return keys_;
}

bool token_verifier::is_stale() const {
  const std::lock_guard lock{guard_};
  const auto age = clock_.now() - read_at_;
  return age > settings_.keys_age_max || age < duration{0};
}

bool token_verifier::read_keys(const std::shared_ptr<const key_set>& seen) {
  const std::lock_guard one_reads{reading_};
  if (known() != seen)
    return true; // Another thread has read them meanwhile.
  const auto now = clock_.now();
  if (tried_ && now >= *tried_ && now < *tried_ + settings_.keys_read_every_min)
    return false;
  tried_ = now;
  auto text = source_();
  auto made = text ? key_set::parse(*text)
                   : result<std::shared_ptr<const key_set>>{fail(std::move(text).error())};
  if (!made) {
    observe::log(observe::level::warn, "auth.keys_unread", "the keys of tokens cannot be read",
                 {{"why", made.error().what}});
    return false;
  }
  const std::lock_guard lock{guard_};
  keys_ = std::move(*made);
  read_at_ = now;
  return true;
}

token_verifier::key_source keys_from(std::string url) {
  return [url = std::move(url)]() -> result<std::string> {
    SALLYPORT_TRY(auto came, http_get(url, {{"Accept", "application/json"}}, {}));
    if (came.status != 200)
      return fail(error::external(errc::unavailable,
                                  "the key address answers " + std::to_string(came.status)));
    return std::move(came.body);
  };
}

} // namespace sallyport
