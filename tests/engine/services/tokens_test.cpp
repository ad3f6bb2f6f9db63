#include "engine/services/tokens.hpp"

#include "tests/support/token.hpp"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

using nlohmann::json;

class tokens_test : public ::testing::Test {
protected:
  /// Made once: keys are slow to make.
  static void SetUpTestSuite() {
    ours_ = test::signing_key::rsa("one");
    next_ = test::signing_key::rsa("two");
    foreign_ = test::signing_key::rsa("one");
  }

  [[nodiscard]] std::int64_t now() const {
    return std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count();
  }
  [[nodiscard]] json claims() const { return test::claims_of("someone", {"ROLE_A"}, now()); }
  [[nodiscard]] std::string why(const std::string& token) {
    const auto who = tokens_.verify(token);
    return who ? "taken" : who.error().what;
  }
  [[nodiscard]] bool is_taken(const std::string& token) {
    return tokens_.verify(token).has_value();
  }

  static inline test::signing_key ours_;
  static inline test::signing_key next_;
  static inline test::signing_key foreign_;
  manual_clock clock_{wall_time{std::chrono::seconds{1'700'000'000}}};
  std::string jwks_ = test::jwks({ours_.in_jwks()});
  int reads_ = 0;
  bool is_down_ = false;
  token_verifier tokens_{{},
                         [this]() -> result<std::string> {
                           ++reads_;
                           if (is_down_)
                             return fail(error::external(errc::unavailable, "down"));
                           return jwks_;
                         },
                         clock_};
};

TEST_F(tokens_test, a_good_token_names_its_user_and_roles) {
  const auto who =
    tokens_.verify(ours_.sign(test::claims_of("someone", {"ROLE_A", "ROLE_B"}, now())));
  ASSERT_TRUE(who) << who.error().what;
  EXPECT_EQ(who->name, "someone");
  EXPECT_EQ(who->roles, (std::vector<std::string>{"ROLE_A", "ROLE_B"}));
  EXPECT_TRUE(who->has("ROLE_B"));
  EXPECT_FALSE(who->has("ROLE_C"));
}

TEST_F(tokens_test, a_client_stands_in_for_a_missing_user_and_nobody_is_refused) {
  auto of_client = claims();
  of_client.erase("user_name");
  of_client["client_id"] = "a client";
  const auto who = tokens_.verify(ours_.sign(of_client));
  ASSERT_TRUE(who);
  EXPECT_EQ(who->name, "a client");
  of_client.erase("client_id");
  EXPECT_EQ(why(ours_.sign(of_client)), "the token names neither a user nor a client");
}

TEST_F(tokens_test, roles_come_from_the_authorities_alone) {
  auto with_scope = claims();
  with_scope.erase("authorities");
  with_scope["scope"] = {"ROLE_A"};
  with_scope["roles"] = {"ROLE_A"};
  const auto who = tokens_.verify(ours_.sign(with_scope));
  ASSERT_TRUE(who);
  EXPECT_TRUE(who->roles.empty());
}

TEST_F(tokens_test, the_usual_algorithms_of_public_keys_are_taken) {
  for (const char* algorithm : {"RS256", "RS384", "RS512"})
    EXPECT_EQ(why(ours_.sign(claims(), algorithm)), "taken") << algorithm;
  const auto curve = test::signing_key::ec("curve");
  jwks_ = test::jwks({ours_.in_jwks(), curve.in_jwks()});
  clock_.advance(std::chrono::hours{1});
  EXPECT_EQ(why(curve.sign(claims())), "taken");
}

TEST_F(tokens_test, expiry_counts_to_the_skew_of_the_clocks) {
  auto old = claims();
  old["exp"] = now();
  EXPECT_TRUE(is_taken(ours_.sign(old)));
  old["exp"] = now() - 10;
  EXPECT_EQ(why(ours_.sign(old)), "the token has expired");
  old.erase("exp");
  EXPECT_EQ(why(ours_.sign(old)), "the token has expired") << "one that never ends is none";
  old["exp"] = "soon";
  EXPECT_EQ(why(ours_.sign(old)), "the token has expired");
}

TEST_F(tokens_test, a_token_of_the_future_is_refused) {
  auto early = claims();
  early["nbf"] = now() + 60;
  EXPECT_EQ(why(ours_.sign(early)), "the token is not valid yet");
  early["nbf"] = now() + 5;
  EXPECT_TRUE(is_taken(ours_.sign(early)));
}

TEST_F(tokens_test, a_foreign_key_under_a_known_name_is_refused) {
  EXPECT_EQ(why(foreign_.sign(claims())), "the token is not signed by a key that is known");
}

TEST_F(tokens_test, an_unsigned_token_is_refused) {
  EXPECT_NE(why(test::unsigned_token(claims(), "one")), "taken");
}

TEST_F(tokens_test, the_public_key_is_no_shared_secret) {
  const auto key = ours_.in_jwks();
  for (const auto& secret : {key.dump(), key["n"].get<std::string>(), jwks_})
    EXPECT_EQ(why(test::hmac_token(claims(), secret, "one")),
              "the token is not signed by RS256, RS384, RS512 or ES256");
}

TEST_F(tokens_test, a_changed_claim_spoils_the_signature) {
  const auto mine = ours_.sign(claims());
  const auto other = foreign_.sign(test::claims_of("someone else", {"ROLE_B"}, now()));
  const auto head = mine.substr(0, mine.find('.'));
  const auto signature = mine.substr(mine.rfind('.'));
  const auto body = other.substr(other.find('.'), other.rfind('.') - other.find('.'));
  EXPECT_NE(why(head + body + signature), "taken");
}

TEST_F(tokens_test, rubbish_is_refused_in_words) {
  for (const char* rubbish : {"", "a", "a.b.c", "..", "....", "Bearer x", "ey.ey.ey"})
    EXPECT_EQ(why(rubbish), "the token is no signed JSON Web Token") << rubbish;
  EXPECT_EQ(why(std::string(20'000, 'a')), "the token is longer than 16384 bytes");
}

TEST_F(tokens_test, demands_that_are_not_known_are_refused) {
  EXPECT_EQ(why(ours_.sign(claims(), "", {{"crit", {"exp"}}})),
            "the token demands extensions that are not known");
}

TEST_F(tokens_test, a_key_is_for_signing_with_its_own_algorithm_and_long_enough) {
  auto key = ours_.in_jwks();
  key["use"] = "enc";
  jwks_ = test::jwks({key});
  EXPECT_FALSE(is_taken(ours_.sign(claims())));
  key["use"] = "sig";
  key["alg"] = "RS512";
  jwks_ = test::jwks({key});
  clock_.advance(std::chrono::minutes{1});
  EXPECT_FALSE(is_taken(ours_.sign(claims())));
  EXPECT_TRUE(is_taken(ours_.sign(claims(), "RS512")));
  const auto shorter = test::signing_key::rsa("short", 1024);
  jwks_ = test::jwks({shorter.in_jwks()});
  clock_.advance(std::chrono::minutes{1});
  EXPECT_FALSE(is_taken(shorter.sign(claims())));
}

TEST_F(tokens_test, a_token_without_a_key_name_is_tried_with_all) {
  const auto nameless = test::signing_key::rsa("");
  jwks_ = test::jwks({ours_.in_jwks(), nameless.in_jwks()});
  EXPECT_TRUE(is_taken(nameless.sign(claims())));
}

TEST_F(tokens_test, an_unknown_key_makes_the_keys_be_read_again_but_not_often) {
  EXPECT_TRUE(is_taken(ours_.sign(claims())));
  EXPECT_EQ(reads_, 1);
  jwks_ = test::jwks({next_.in_jwks()});
  EXPECT_FALSE(is_taken(next_.sign(claims()))) << "they were read this second";
  EXPECT_EQ(reads_, 1);
  clock_.advance(std::chrono::seconds{10});
  EXPECT_TRUE(is_taken(next_.sign(claims())));
  EXPECT_EQ(reads_, 2);
  EXPECT_FALSE(is_taken(ours_.sign(claims()))) << "its key was withdrawn";
  for (int i = 0; i < 5; ++i)
    EXPECT_FALSE(is_taken(test::unsigned_token(claims(), "three")));
  EXPECT_EQ(reads_, 2);
}

TEST_F(tokens_test, a_withdrawn_key_ends_with_the_age_of_the_keys) {
  EXPECT_TRUE(is_taken(ours_.sign(claims())));
  jwks_ = test::jwks({next_.in_jwks()});
  clock_.advance(std::chrono::minutes{16});
  EXPECT_FALSE(is_taken(ours_.sign(claims())));
}

TEST_F(tokens_test, known_keys_hold_while_their_address_is_down) {
  EXPECT_TRUE(is_taken(ours_.sign(claims())));
  is_down_ = true;
  clock_.advance(std::chrono::minutes{16});
  EXPECT_TRUE(is_taken(ours_.sign(claims())));
  jwks_ = "no JSON";
  is_down_ = false;
  clock_.advance(std::chrono::minutes{1});
  EXPECT_TRUE(is_taken(ours_.sign(claims())));
}

TEST_F(tokens_test, without_keys_nobody_can_say_and_that_is_no_fault_of_the_token) {
  is_down_ = true;
  const auto who = tokens_.verify(ours_.sign(claims()));
  ASSERT_FALSE(who);
  EXPECT_EQ(who.error().domain, error_domain::external);
}

TEST_F(tokens_test, an_issuer_is_asked_for_where_one_is_set) {
  token_verifier strict{
    {.issuer = "https://a"}, [&]() -> result<std::string> { return jwks_; }, clock_};
  auto told = claims();
  EXPECT_FALSE(strict.verify(ours_.sign(told)));
  told["iss"] = "https://b";
  EXPECT_FALSE(strict.verify(ours_.sign(told)));
  told["iss"] = "https://a";
  EXPECT_TRUE(strict.verify(ours_.sign(told)));
}

} // namespace
} // namespace sallyport
