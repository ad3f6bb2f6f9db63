#pragma once

#include "connectors/http/http_caller.hpp"

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::http {

/// `scheme://host:port` of an address, for texts that people read; empty if it is no http address.
[[nodiscard]] std::string origin_of(const std::string& url);

/// One try on one easy handle, which is used again for the next: options that never change are set
/// once, and buffers keep their memory.
///
/// Confined to the thread of its caller.
class transfer {
public:
  explicit transfer(const caller_options& options);
  ~transfer();
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;

  /// Sets the handle up for `what`. An answer instead of nothing: the try cannot be made.
  /// @pre `what` stays as it is until `finish`
  [[nodiscard]] std::optional<call_answer> prepare(const caller::attempt& what,
                                                   std::string_view token);
  /// Sets the handle up to fetch a token.
  void prepare_token(const auth_options& auth);

  /// What came of it.
  [[nodiscard]] call_answer finish(CURLcode code);

  [[nodiscard]] CURL* handle() const noexcept { return easy_; }

  // -- for whoever runs the transfer -------------------------------------------------------------
  caller::attempt what;
  std::function<void(call_answer)> done;
  std::uint64_t token_number = 0; ///< of the token that was sent

private:
  template <class Value>
  void set(CURLoption option, Value value);
  void set_constants(const caller_options& options);
  void begin();
  void set_method(const call_request& request);
  [[nodiscard]] bool add_headers(const caller::attempt& what, std::string_view token);
  [[nodiscard]] bool add_header(std::string_view name, std::string_view value);
  void add_line(std::string_view line);
  void link_headers();
  [[nodiscard]] call_answer no_answer(CURLcode code);

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static int on_send(void* self, char*, char*, int, int);

  CURL* easy_ = nullptr;
  const header_list& common_headers_;
  std::string base_;
  std::uint64_t reply_bytes_max_;
  std::string url_;
  std::string form_;                ///< the body of a token request
  std::string header_text_;         ///< the lines that are sent, each ended by a null
  std::vector<std::size_t> starts_; ///< of the lines in it
  std::vector<curl_slist> lines_;   ///< the same, as libcurl wants them
  call_answer answer_;
  char error_[CURL_ERROR_SIZE] = {};
  bool has_effect_ = false; ///< a second sending would be a second call
  int sends_ = 0;
  bool too_long_ = false;
  bool too_late_ = false;
  std::chrono::steady_clock::time_point not_after_{};
};

} // namespace sallyport::http
