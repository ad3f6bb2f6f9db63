#include "engine/services/http_fetch.hpp"

#include <cctype>
#include <curl/curl.h>
#include <memory>
#include <mutex>

namespace sallyport {

namespace {

using easy_handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using header_lines = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

struct collector {
  CURL* from = nullptr;
  const part_visitor* visit = nullptr;
  std::string body;
  std::size_t bytes_max = 0;
  bool too_long = false;
  bool ended = false; ///< by the visitor
};

int status_of(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

std::size_t collect(const char* data, std::size_t /*one*/, std::size_t size, void* into) {
  auto& to = *static_cast<collector*>(into);
  if (*to.visit && status_of(to.from) == 200) {
    to.ended = !(*to.visit)({data, size});
    return to.ended ? 0 : size;
  }
  to.too_long = to.body.size() + size > to.bytes_max;
  if (to.too_long)
    return 0;
  to.body.append(data, size);
  return size;
}

void initialise_once() {
  static std::once_flag done;
  std::call_once(done, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

header_lines lines_of(const header_list& headers) {
  header_lines list{nullptr, &curl_slist_free_all};
  for (const auto& h : headers) {
    auto* const longer = curl_slist_append(list.get(), (h.name + ": " + h.value).c_str());
    if (longer != nullptr) {
      (void) list.release();
      list.reset(longer);
    }
  }
  return list;
}

void set_patience(CURL* easy, duration timeout, bool streams) {
  const auto milliseconds = static_cast<long>(timeout.count());
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
  if (!streams) {
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds);
    return;
  }
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, milliseconds / 1'000 + 1);
}

} // namespace

result<fetched> http_exchange(const fetch_request& request, const fetch_limits& limits,
                              const part_visitor& visit) {
  initialise_once();
  const easy_handle easy{curl_easy_init(), &curl_easy_cleanup};
  if (!easy)
    return fail(error::external(errc::unavailable, "there is no memory for a request"));
  const auto list = lines_of(request.headers);
  collector to;
  to.from = easy.get();
  to.visit = &visit;
  to.bytes_max = limits.body_bytes_max;
  curl_easy_setopt(easy.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  if (request.method != "GET") {
    curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy.get(), CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  if (!request.ca.empty())
    curl_easy_setopt(easy.get(), CURLOPT_CAINFO, request.ca.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, list.get());
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  set_patience(easy.get(), limits.timeout, static_cast<bool>(visit));
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &collect);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &to);
  const auto done = curl_easy_perform(easy.get());
  if (to.too_long)
    return fail(error::external(errc::limit_reached, "the answer is longer than " +
                                                       std::to_string(limits.body_bytes_max) +
                                                       " bytes"));
  if (done != CURLE_OK && !to.ended)
    return fail(error::external(errc::unavailable, curl_easy_strerror(done)));
  return fetched{status_of(easy.get()), std::move(to.body)};
}

result<fetched> http_get(const std::string& url, const header_list& headers,
                         const fetch_limits& limits) {
  return http_exchange({"GET", url, headers, {}, {}}, limits);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  constexpr std::string_view plain = "-._~";
  std::string out;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if ((code < 0x80 && std::isalnum(code) != 0) || plain.contains(c)) {
      out.push_back(c);
      continue;
    }
    out.push_back('%');
    out.push_back(hex[code >> 4U]);
    out.push_back(hex[code & 15U]);
  }
  return out;
}

std::string query_text(const std::multimap<std::string, std::string>& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters)
    out += (out.empty() ? "?" : "&") + percent_encoded(name) + "=" + percent_encoded(value);
  return out;
}

} // namespace sallyport
