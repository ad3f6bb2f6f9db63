#pragma once

#include "engine/core/error.hpp"
#include "engine/core/record.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace sallyport {

struct fetch_limits {
  duration timeout{5'000};
  std::size_t body_bytes_max = 1U << 20U;
};

struct fetch_request {
  std::string method = "GET";
  std::string url;
  header_list headers;
  std::string body;
  std::string ca; ///< a file with the certificates to trust; empty: those of the machine
};

struct fetched {
  int status = 0;
  std::string body;
};

/// Takes some of a body; returns false to end it.
using part_visitor = std::function<bool(std::string_view part)>;

/// Asks an address by HTTP or HTTPS and waits for the answer; it follows no redirect. An error when
/// there is none, or it is too long. For what an instance reads for itself (keys, the rows of other
/// instances) and for the command; calls of a topology go through a connector.
///
/// With `visit` the body of a 200 goes there as it comes, however long it is, and `timeout` is the
/// longest silence.
///
/// Thread safety: may be called from any thread.
[[nodiscard]] result<fetched> http_exchange(const fetch_request& request,
                                            const fetch_limits& limits,
                                            const part_visitor& visit = {});

/// The same of a GET.
[[nodiscard]] result<fetched> http_get(const std::string& url, const header_list& headers,
                                       const fetch_limits& limits);

/// Text as it may stand in a path or a query: all but letters, digits and `-._~` as `%XX`.
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// `?a=1&b=2`; empty without parameters.
[[nodiscard]] std::string query_text(const std::multimap<std::string, std::string>& parameters);

} // namespace sallyport
