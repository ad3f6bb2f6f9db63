#pragma once

#include <cstdint>
#include <expected>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport {

/// What went wrong, coarse enough to act on.
enum class errc : std::uint8_t {
  invalid_config, ///< a config or topology file says something impossible
  invalid_data,   ///< a record, reply or row does not have the form it must have
  not_found,      ///< a topic, key, file that is asked for is not there
  already_exists, ///< what is to be made is there in another shape
  out_of_range,   ///< an offset or number outside of what exists
  unavailable,    ///< a peer or a disk does not answer now
  timed_out,      ///< no answer in time
  fenced,         ///< another instance has taken over
  foreign_state,  ///< the state folder is of another application or format, or in use
  limit_reached,  ///< a named limit of the engine
  injected_fault, ///< SALLYPORT_FAULT asked for it
  internal        ///< a mistake of ours
};

/// Who can mend it.
enum class error_domain : std::uint8_t {
  user,     ///< whoever wrote the config or gave the command
  external, ///< a peer, a disk, a network
  data,     ///< whoever produced the record
  internal  ///< the developers of the engine
};

enum class retry_hint : std::uint8_t { never, backoff };

[[nodiscard]] std::string_view to_string(errc code) noexcept;
[[nodiscard]] std::string_view to_string(error_domain domain) noexcept;

/// An error as a value. `what` is a sentence for people; it holds no personal data.
struct error {
  errc code = errc::internal;
  error_domain domain = error_domain::internal;
  retry_hint retry = retry_hint::never;
  std::string what;

  static error user(errc code, std::string what) {
    return {code, error_domain::user, retry_hint::never, std::move(what)};
  }
  static error data(std::string what) {
    return {errc::invalid_data, error_domain::data, retry_hint::never, std::move(what)};
  }
  static error external(errc code, std::string what) {
    return {code, error_domain::external, retry_hint::backoff, std::move(what)};
  }
  static error internal(std::string what) {
    return {errc::internal, error_domain::internal, retry_hint::never, std::move(what)};
  }

  /// Puts what was being done before what went wrong.
  [[nodiscard]] error within(std::string_view context) && {
    what = std::string{context} + ": " + what;
    return std::move(*this);
  }
};

inline std::ostream& operator<<(std::ostream& out, const error& e) {
  return out << to_string(e.code) << ": " << e.what;
}

template <class T>
using result = std::expected<T, error>;

using status = result<void>;

[[nodiscard]] inline std::unexpected<error> fail(error e) {
  return std::unexpected<error>{std::move(e)};
}

} // namespace sallyport

#define SALLYPORT_DETAIL_CAT2(a, b) a##b
#define SALLYPORT_DETAIL_CAT(a, b) SALLYPORT_DETAIL_CAT2(a, b)

/// Returns the error of `expression` to the caller, or goes on.
#define SALLYPORT_CHECK(expression)                                                                \
  if (auto sallyport_detail_status = (expression); !sallyport_detail_status)                       \
  return ::sallyport::fail(std::move(sallyport_detail_status).error())

/// `SALLYPORT_TRY(auto x, expression);` gives x the value, or returns the error to the caller.
#define SALLYPORT_TRY(declaration, expression)                                                     \
  auto SALLYPORT_DETAIL_CAT(sallyport_detail_result_, __LINE__) = (expression);                    \
  if (!SALLYPORT_DETAIL_CAT(sallyport_detail_result_, __LINE__))                                   \
    return ::sallyport::fail(                                                                      \
      std::move(SALLYPORT_DETAIL_CAT(sallyport_detail_result_, __LINE__)).error());                \
  declaration = std::move(*SALLYPORT_DETAIL_CAT(sallyport_detail_result_, __LINE__))
