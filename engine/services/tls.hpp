#pragma once

#include "engine/core/error.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

struct ssl_ctx_st;

namespace sallyport {

/// The certificate and the key with which a server speaks TLS.
///
/// Problem: certificates live for weeks and a server for months. Idea: a new connection looks
/// whether the files have changed, and takes the new ones; when these cannot be used (half written,
/// say) the old ones hold.
///
/// Thread safety: `context` may be called from any thread.
///
/// Invariants:
/// 1. A context has a certificate and the key that belongs to it, and speaks TLS 1.2 or later.
class tls_identity {
public:
  struct files {
    std::string certificate; ///< PEM, with the chain behind it; empty: no TLS
    std::string key;         ///< PEM
  };

  /// An error that says which file cannot be used.
  [[nodiscard]] static result<std::unique_ptr<tls_identity>> open(files from);

  /// For one connection more.
  [[nodiscard]] std::shared_ptr<ssl_ctx_st> context();

private:
  using moment = std::filesystem::file_time_type;
  struct times {
    moment certificate;
    moment key;
    friend bool operator==(const times&, const times&) = default;
  };

  tls_identity(files from, std::shared_ptr<ssl_ctx_st> first, times of);

  [[nodiscard]] static times times_of(const files& of);
  [[nodiscard]] static result<std::shared_ptr<ssl_ctx_st>> load(const files& from);

  const files files_;
  std::mutex guard_;
  std::shared_ptr<ssl_ctx_st> context_;
  times loaded_;
  std::chrono::steady_clock::time_point looked_;
};

} // namespace sallyport
