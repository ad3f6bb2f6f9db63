#include "connectors/http/transfer.hpp"

#include "engine/core/assert.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace sallyport::http {

namespace {

constexpr std::uint64_t token_reply_bytes_max = 1ULL << 20U;

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(
    a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool has(const header_list& headers, std::string_view name) {
  return std::ranges::any_of(headers, [&](const header& h) { return same_name(h.name, name); });
}

/// A name or value with a line break or null in it would smuggle in headers of its own.
bool fits_in_a_line(std::string_view text) {
  return text.find_first_of(std::string_view{"\r\n\0", 3}) == std::string_view::npos;
}

/// Headers that this caller sends itself, whatever the operator asked for.
bool is_own(std::string_view name) {
  static constexpr std::array<std::string_view, 4> own{"host", "content-length",
                                                       "transfer-encoding", "expect"};
  return std::ranges::any_of(own, [&](std::string_view o) { return same_name(o, name); });
}

bool is_token(std::string_view word) {
  return !word.empty() &&
         std::ranges::all_of(word, [](unsigned char c) { return std::isupper(c) != 0; });
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

call_answer impossible(std::string why) { return {0, {}, {}, std::move(why), true}; }

/// Errors whose text names the host at most, never a path, and says more than the code does.
bool is_about_the_connection(CURLcode code) {
  switch (code) {
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_CONNECT:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CERTPROBLEM: return true;
  default: return false;
  }
}

} // namespace

std::string origin_of(const std::string& url) {
  CURLU* parts = curl_url();
  std::string origin;
  char* scheme = nullptr;
  char* host = nullptr;
  char* port = nullptr;
  if (curl_url_set(parts, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
      curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
      curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
      curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
      (same_name(scheme, "http") || same_name(scheme, "https")))
    origin = std::string{scheme} + "://" + host + ":" + port;
  curl_free(scheme);
  curl_free(host);
  curl_free(port);
  curl_url_cleanup(parts);
  return origin;
}

// -- set-up
// -----------------------------------------------------------------------------------------

transfer::transfer(const caller_options& options)
  : easy_(curl_easy_init()), common_headers_(options.headers), base_(options.url),
    reply_bytes_max_(options.reply_bytes_max) {
  SALLYPORT_ASSERT(easy_ != nullptr);
  while (base_.ends_with('/'))
    base_.pop_back();
  set_constants(options);
}

transfer::~transfer() { curl_easy_cleanup(easy_); }

template <class Value>
void transfer::set(CURLoption option, Value value) {
  (void) curl_easy_setopt(easy_, option, value);
}

void transfer::set_constants(const caller_options& options) {
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(error_));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROXY, options.proxy.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty())
    set(CURLOPT_CAINFO, options.ca_file.c_str());
  set(CURLOPT_HEADERFUNCTION, &transfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &transfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_PREREQFUNCTION, &transfer::on_send);
  set(CURLOPT_PREREQDATA, static_cast<void*>(this));
}

std::optional<call_answer> transfer::prepare(const caller::attempt& of, std::string_view token) {
  const call_request& request = of.request;
  if (!is_token(request.method))
    return impossible("the method of the call is not a word in capitals");
  if (!request.path.empty() && request.path.front() != '/' && request.path.front() != '?')
    return impossible("the path of the call does not begin with '/'");
  url_.assign(base_).append(request.path);
  if (url_.find('\0') != std::string::npos)
    return impossible("the path of the call holds a null character");
  if (!add_headers(of, token))
    return impossible("a header of the call has no proper name, or holds a line break");
  begin();
  not_after_ = of.not_after;
  has_effect_ = request.method != "GET" && request.method != "HEAD";
  set(CURLOPT_URL, url_.c_str());
  set_method(request);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<duration::rep>(1, of.timeout.count())));
  return std::nullopt;
}

void transfer::prepare_token(const auth_options& auth) {
  const auto escaped = [this](const std::string& text) {
    char* out = curl_easy_escape(easy_, text.data(), static_cast<int>(text.size()));
    std::string copy = out == nullptr ? "" : out;
    curl_free(out);
    return copy;
  };
  form_ = "grant_type=client_credentials";
  if (!auth.scope.empty())
    form_ += "&scope=" + escaped(auth.scope);
  reply_bytes_max_ = token_reply_bytes_max;
  begin();
  has_effect_ = false;
  header_text_.clear();
  starts_.clear();
  (void) add_header("Accept", "application/json");
  (void) add_header("User-Agent", "sallyport");
  link_headers();
  set(CURLOPT_URL, auth.token_url.c_str());
  set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  set(CURLOPT_USERNAME, escaped(auth.client_id).c_str());
  set(CURLOPT_PASSWORD, escaped(auth.client_secret).c_str());
  set(CURLOPT_POST, 1L);
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(form_.size()));
  set(CURLOPT_POSTFIELDS, form_.c_str());
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<duration::rep>(1, auth.timeout.count())));
}

void transfer::begin() {
  answer_ = {};
  error_[0] = '\0';
  sends_ = 0;
  too_long_ = false;
  too_late_ = false;
  not_after_ = std::chrono::steady_clock::time_point::max();
}

void transfer::set_method(const call_request& request) {
  const bool without_body =
    request.body.empty() && (request.method == "GET" || request.method == "HEAD" ||
                             request.method == "DELETE" || request.method == "OPTIONS");
  set(CURLOPT_CUSTOMREQUEST, static_cast<const char*>(nullptr));
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
    return;
  }
  set(CURLOPT_NOBODY, 0L);
  if (without_body) {
    set(CURLOPT_HTTPGET, 1L);
  } else {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
  }
  if (request.method != (without_body ? "GET" : "POST"))
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

bool transfer::add_headers(const caller::attempt& of, std::string_view token) {
  header_text_.clear();
  starts_.clear();
  const auto& given = of.request.headers;
  bool good = true;
  for (const auto& h : given)
    if (!is_own(h.name) && !(same_name(h.name, "idempotency-key") && !of.idempotency_key.empty()))
      good = good && add_header(h.name, h.value);
  for (const auto& h : common_headers_)
    if (!has(given, h.name) && !is_own(h.name) &&
        !(same_name(h.name, "authorization") && !token.empty()))
      good = good && add_header(h.name, h.value);
  const auto add_unless_given = [&](std::string_view name, std::string_view value) {
    if (!has(given, name) && !has(common_headers_, name))
      good = good && add_header(name, value);
  };
  if (!token.empty() && !has(given, "authorization"))
    good = good && add_header("Authorization", std::string{"Bearer "}.append(token));
  if (!of.idempotency_key.empty() && of.request.method != "GET")
    good = good && add_header("Idempotency-Key", of.idempotency_key);
  if (!of.request.body.empty())
    add_unless_given("Content-Type", "application/json");
  else if (!has(given, "content-type") && !has(common_headers_, "content-type"))
    add_line("Content-Type:"); // libcurl would send the type of a form.
  add_unless_given("User-Agent", "sallyport");
  link_headers();
  return good;
}

bool transfer::add_header(std::string_view name, std::string_view value) {
  if (name.empty() || !fits_in_a_line(name) || !fits_in_a_line(value) ||
      name.find_first_of(":; \t") != std::string_view::npos)
    return false;
  // "Name;" is how libcurl is told to send a header without a value.
  if (trimmed(value).empty())
    add_line(std::string{name} + ";");
  else
    add_line(std::string{name}.append(": ").append(value));
  return true;
}

void transfer::add_line(std::string_view line) {
  starts_.push_back(header_text_.size());
  header_text_.append(line).push_back('\0');
}

/// Makes libcurl's list out of lines that stand in one buffer: no allocation for each line.
void transfer::link_headers() {
  add_line("Expect:"); // Without a value libcurl leaves a header of its own out.
  lines_.resize(starts_.size());
  for (std::size_t i = 0; i < starts_.size(); ++i)
    lines_[i] = {header_text_.data() + starts_[i],
                 i + 1 < starts_.size() ? &lines_[i + 1] : nullptr};
  set(CURLOPT_HTTPHEADER, lines_.data());
}

// -- the answer
// -------------------------------------------------------------------------------------

call_answer transfer::finish(CURLcode code) {
  if (code != CURLE_OK)
    return no_answer(code);
  long status = 0;
  (void) curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  answer_.status = static_cast<int>(status);
  return std::move(answer_);
}

call_answer transfer::no_answer(CURLcode code) {
  call_answer none;
  none.never_sent = sends_ == 0;
  if (too_long_)
    none.error =
      "the answer is longer than reply_bytes_max, " + std::to_string(reply_bytes_max_) + " bytes";
  else if (too_late_)
    none.error = "the call could not leave while its lane was surely ours";
  else if (code == CURLE_ABORTED_BY_CALLBACK)
    none.error = "the peer closed the connection before it answered";
  else if (none.never_sent && code == CURLE_OPERATION_TIMEDOUT)
    none.error = "no connection in time";
  else if (is_about_the_connection(code) && error_[0] != '\0')
    none.error = static_cast<const char*>(error_);
  else
    none.error = curl_easy_strerror(code);
  return none;
}

std::size_t transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& me = *static_cast<transfer*>(self);
  const std::string_view line{data, size * count};
  const auto colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    me.answer_.headers.clear(); // What came before was an interim answer.
  } else if (colon != std::string_view::npos) {
    std::string name{line.substr(0, colon)};
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    me.answer_.headers.push_back({std::move(name), std::string{trimmed(line.substr(colon + 1))}});
  }
  return line.size();
}

std::size_t transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& me = *static_cast<transfer*>(self);
  const std::size_t bytes = size * count;
  if (me.answer_.body.size() + bytes > me.reply_bytes_max_) {
    me.too_long_ = true;
    return 0;
  }
  me.answer_.body.append(data, bytes);
  return bytes;
}

/// Runs before each sending of the request. libcurl sends again on its own when a pooled connection
/// dies without an answer; the engine has to know of that, so a call with an effect ends here. And
/// a process that stood still while it connected must not send for a lane that is another's by now.
int transfer::on_send(void* self, char*, char*, int, int) {
  auto& me = *static_cast<transfer*>(self);
  if (std::chrono::steady_clock::now() >= me.not_after_) {
    me.too_late_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  return ++me.sends_ > 1 && me.has_effect_ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

} // namespace sallyport::http
