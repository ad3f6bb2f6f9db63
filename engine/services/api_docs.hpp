#pragma once

#include "engine/services/http_server.hpp"

#include <string>
#include <vector>

namespace sallyport {

/// The OpenAPI document of a table of routes, as JSON.
[[nodiscard]] std::string openapi_of(const std::vector<http_server::endpoint>& routes,
                                     const std::string& title, const std::string& version);

/// Tells what an instance serves: the OpenAPI document of its routes at `/v3/api-docs`, and a page
/// that shows it at `/swagger-ui/index.html`. The page loads nothing from elsewhere.
///
/// Thread safety: handlers run on the threads of the server.
class api_docs {
public:
  api_docs(std::string title, std::string version)
    : title_(std::move(title)), version_(std::move(version)) {}

  /// Adds the routes. What is described are all that the server has when it is asked, so the order
  /// in which they are added does not matter. @pre the server is not started
  void serve_on(http_server& server) const;

private:
  std::string title_;
  std::string version_;
};

} // namespace sallyport
