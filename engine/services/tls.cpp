#include "engine/services/tls.hpp"

#include "engine/observe/log.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace sallyport {

namespace {

using namespace std::chrono_literals;

/// The files are looked at so often at most.
constexpr auto look_every = 1s;

error wrong_file(const std::string& file, const char* what) {
  ERR_clear_error();
  return error::user(errc::invalid_config, "http.tls: " + file + " " + what);
}

} // namespace

tls_identity::tls_identity(files from, std::shared_ptr<ssl_ctx_st> first, times of)
  : files_(std::move(from)), context_(std::move(first)), loaded_(of),
    looked_(std::chrono::steady_clock::now()) {}

tls_identity::times tls_identity::times_of(const files& of) {
  std::error_code ignored;
  return {std::filesystem::last_write_time(of.certificate, ignored),
          std::filesystem::last_write_time(of.key, ignored)};
}

result<std::shared_ptr<ssl_ctx_st>> tls_identity::load(const files& from) {
  std::shared_ptr<ssl_ctx_st> made{SSL_CTX_new(TLS_server_method()), &SSL_CTX_free};
  if (!made)
    return fail(error::internal("OpenSSL cannot be used"));
  SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION);
  if (SSL_CTX_use_certificate_chain_file(made.get(), from.certificate.c_str()) != 1)
    return fail(wrong_file(from.certificate, "is no certificate in PEM, or cannot be read"));
  if (SSL_CTX_use_PrivateKey_file(made.get(), from.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(made.get()) != 1)
    return fail(
      wrong_file(from.key, "is not the key of the certificate in PEM, or cannot be read"));
  return made;
}

result<std::unique_ptr<tls_identity>> tls_identity::open(files from) {
  const auto times = times_of(from);
  SALLYPORT_TRY(auto first, load(from));
  return std::unique_ptr<tls_identity>{new tls_identity{std::move(from), std::move(first), times}};
}

std::shared_ptr<ssl_ctx_st> tls_identity::context() {
  const std::lock_guard lock{guard_};
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_ < look_every)
    return context_;
  looked_ = now;
  const auto times = times_of(files_);
  if (times == loaded_)
    return context_;
  if (auto changed = load(files_)) {
    context_ = std::move(*changed);
    loaded_ = times;
    observe::log(observe::level::info, "http.certificate_read", "the certificate was read anew");
  } else {
    observe::log(observe::level::warn, "http.certificate_wrong",
                 "the new certificate cannot be used; the old one holds",
                 {{"why", changed.error().what}});
  }
  return context_;
}

} // namespace sallyport
