#pragma once

#include "engine/config/spec.hpp"
#include "engine/core/ip_network.hpp"
#include "engine/core/wall_time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sallyport::topology {

/// How tokens are checked. See docs/http.md.
struct http_auth_settings {
  std::string jwks_url; ///< empty: there are no tokens
  std::string issuer;   ///< empty: any
  duration clock_skew{10'000};
  duration keys_read_every_min{10'000};
  duration keys_age_max{15LL * 60'000};
};

/// Files in PEM; empty: no TLS.
struct http_tls_settings {
  std::string certificate;
  std::string key;
};

/// The one port of an instance, and who may use it.
struct http_settings {
  std::string bind = "127.0.0.1";
  std::uint16_t port = 8080; ///< 0: any free one, told in the log
  std::size_t body_bytes_max = 32U << 20U;
  std::size_t report_bytes_max = 256U << 20U; ///< rows that are collected for one report
  bool proxy_guards = false;                  ///< a proxy in front decides who may come
  bool proxy_ends_tls = false;                ///< a proxy in front speaks TLS
  std::string operator_role;                  ///< empty: that of the topology
  std::vector<ip_network> metrics_from;       ///< networks that need no token for the metrics
  http_auth_settings auth;
  http_tls_settings tls;
  std::map<std::string, std::string> health; ///< services that /health asks: name, address

  /// Who comes is of this machine, or a proxy has looked at him.
  [[nodiscard]] bool trusts_who_comes() const { return proxy_guards || is_loopback(bind); }
};

/// The section `http:` of a config.
[[nodiscard]] config::field http_section();

/// @pre `from` was parsed by `http_section()`
[[nodiscard]] http_settings read_http(const config::params& from, config::findings& out);

} // namespace sallyport::topology
