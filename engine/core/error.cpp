#include "engine/core/error.hpp"

namespace sallyport {

std::string_view to_string(errc code) noexcept {
  switch (code) {
  case errc::invalid_config: return "invalid_config";
  case errc::invalid_data: return "invalid_data";
  case errc::not_found: return "not_found";
  case errc::already_exists: return "already_exists";
  case errc::out_of_range: return "out_of_range";
  case errc::unavailable: return "unavailable";
  case errc::timed_out: return "timed_out";
  case errc::fenced: return "fenced";
  case errc::foreign_state: return "foreign_state";
  case errc::limit_reached: return "limit_reached";
  case errc::injected_fault: return "injected_fault";
  case errc::internal: return "internal";
  }
  return "unknown";
}

std::string_view to_string(error_domain domain) noexcept {
  switch (domain) {
  case error_domain::user: return "user";
  case error_domain::external: return "external";
  case error_domain::data: return "data";
  case error_domain::internal: return "internal";
  }
  return "unknown";
}

} // namespace sallyport
