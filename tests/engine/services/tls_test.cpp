#include "engine/services/tls.hpp"

#include "engine/services/http_fetch.hpp"
#include "tests/engine/services/service_fixture.hpp"
#include "tests/engine/state/temporary_folder.hpp"
#include "tests/support/wait.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <fstream>

namespace sallyport {
namespace {

template <class T>
using owned = std::unique_ptr<T, void (*)(T*)>;

/// Writes a key and a certificate for 127.0.0.1 that it has signed itself.
void write_identity(const std::string& certificate, const std::string& key) {
  const owned<EVP_PKEY> pair{EVP_EC_gen("P-256"), EVP_PKEY_free};
  const owned<X509> made{X509_new(), X509_free};
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3'600);
  X509_set_pubkey(made.get(), pair.get());
  auto* name = X509_get_subject_name(made.get());
  const std::string text = "127.0.0.1";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(text.data()),
                             static_cast<int>(text.size()), -1, 0);
  X509_set_issuer_name(made.get(), name);
  const owned<X509_EXTENSION> at{
    X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1"),
    X509_EXTENSION_free};
  X509_add_ext(made.get(), at.get(), -1);
  X509_sign(made.get(), pair.get(), EVP_sha256());
  const std::unique_ptr<FILE, int (*)(FILE*)> to{std::fopen(certificate.c_str(), "w"), std::fclose};
  PEM_write_X509(to.get(), made.get());
  const std::unique_ptr<FILE, int (*)(FILE*)> key_to{std::fopen(key.c_str(), "w"), std::fclose};
  PEM_write_PrivateKey(key_to.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

class tls_test : public ::testing::Test {
protected:
  void SetUp() override {
    write_identity(certificate_, key_);
    http_server::limits how;
    how.threads = 4;
    how.tls = {certificate_, key_};
    server_ = std::make_unique<http_server>(how);
    server_->route("POST", "/echo", [](http_request& request) {
      http_response made;
      made.body = std::move(request.body);
      return made;
    });
    server_->route("GET", "/parts", [](const http_request&) {
      http_response made;
      made.next_part = [left = 100]() mutable -> result<std::string> {
        return left-- > 0 ? std::string(10'000, 'x') : std::string{};
      };
      return made;
    });
    const auto port = server_->start("127.0.0.1", 0);
    ASSERT_TRUE(port) << port.error().what;
    port_ = std::to_string(*port);
  }

  /// Trusts what lies in the file, and nothing else.
  [[nodiscard]] result<fetched> get(const std::string& path, const std::string& trusted) const {
    return http_exchange({"GET", "https://127.0.0.1:" + port_ + path, {}, {}, trusted},
                         {duration{5'000}, 4U << 20U});
  }

  test::temporary_folder files_;
  std::string certificate_ = (files_.path() / "tls.crt").string();
  std::string key_ = (files_.path() / "tls.key").string();
  std::unique_ptr<http_server> server_;
  std::string port_;
};

TEST_F(tls_test, serves_long_bodies_both_ways_over_connections_that_stay) {
  httplib::SSLClient client{"127.0.0.1", std::stoi(port_)};
  client.set_ca_cert_path(certificate_.c_str());
  client.enable_server_certificate_verification(true);
  client.set_keep_alive(true);
  const std::string body(1'000'000, 'a');
  for (int i = 0; i < 3; ++i) {
    const auto came = client.Post("/echo", body, "text/plain");
    ASSERT_TRUE(came) << httplib::to_string(came.error());
    EXPECT_EQ(came->body, body);
    const auto parts = client.Get("/parts");
    ASSERT_TRUE(parts) << httplib::to_string(parts.error());
    EXPECT_EQ(parts->body.size(), 1'000'000U);
  }
}

TEST_F(tls_test, answers_neither_plain_http_nor_who_does_not_trust_it) {
  const auto plain = http_get("http://127.0.0.1:" + port_ + "/parts", {}, {});
  EXPECT_TRUE(!plain || plain->status != 200);
  EXPECT_FALSE(get("/parts", ""));
  EXPECT_TRUE(get("/parts", certificate_)) << "and goes on";
}

TEST_F(tls_test, takes_a_new_certificate_and_keeps_the_old_one_while_the_new_is_wrong) {
  const auto old = (files_.path() / "old.crt").string();
  std::filesystem::copy_file(certificate_, old);
  std::ofstream{key_} << "half a key";
  std::filesystem::last_write_time(key_, std::filesystem::file_time_type::clock::now() +
                                           std::chrono::seconds{1});
  EXPECT_TRUE(get("/parts", old));
  write_identity(certificate_, key_);
  std::filesystem::last_write_time(key_, std::filesystem::file_time_type::clock::now() +
                                           std::chrono::seconds{2});
  EXPECT_TRUE(test::eventually([&] { return get("/parts", certificate_).has_value(); }));
  EXPECT_FALSE(get("/parts", old));
}

TEST_F(tls_test, a_file_that_cannot_be_used_is_named_at_the_start) {
  std::ofstream{key_} << "no key";
  const auto wrong_key = tls_identity::open({certificate_, key_});
  ASSERT_FALSE(wrong_key);
  EXPECT_NE(wrong_key.error().what.find(key_), std::string::npos);
  const auto none = tls_identity::open({"/nowhere/tls.crt", key_});
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().what.find("/nowhere/tls.crt"), std::string::npos);
}

} // namespace
} // namespace sallyport
