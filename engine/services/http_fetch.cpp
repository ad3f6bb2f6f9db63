#include "engine/services/http_fetch.hpp"

#include <curl/curl.h>
#include <memory>
#include <mutex>

namespace sallyport {

namespace {

struct collector {
  std::string body;
  std::size_t bytes_max = 0;
  bool too_long = false;
};

std::size_t collect(const char* data, std::size_t /*one*/, std::size_t size, void* into) {
  auto& to = *static_cast<collector*>(into);
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

} // namespace

result<fetched> http_get(const std::string& url, const header_list& headers,
                         const fetch_limits& limits) {
  initialise_once();
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy{curl_easy_init(),
                                                                 &curl_easy_cleanup};
  if (!easy)
    return fail(error::external(errc::unavailable, "there is no memory for a request"));
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> list{nullptr, &curl_slist_free_all};
  for (const auto& h : headers) {
    auto* const longer = curl_slist_append(list.get(), (h.name + ": " + h.value).c_str());
    if (longer != nullptr) {
      (void) list.release();
      list.reset(longer);
    }
  }
  collector to;
  to.bytes_max = limits.body_bytes_max;
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, list.get());
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(limits.timeout.count()));
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &collect);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &to);
  const auto done = curl_easy_perform(easy.get());
  if (to.too_long)
    return fail(error::external(errc::limit_reached, "the answer is longer than " +
                                                       std::to_string(limits.body_bytes_max) +
                                                       " bytes"));
  if (done != CURLE_OK)
    return fail(error::external(errc::unavailable, curl_easy_strerror(done)));
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  return fetched{static_cast<int>(status), std::move(to.body)};
}

} // namespace sallyport
