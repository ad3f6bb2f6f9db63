#include "engine/services/gate.hpp"

#include <algorithm>
#include <cctype>

namespace sallyport {

namespace {

/// What stands behind `Bearer`; nothing when there is no such header.
std::optional<std::string_view> bearer_token(const http_request& request) {
  constexpr std::string_view scheme = "bearer ";
  const auto header = find_header(request.headers, "authorization");
  if (!header || header->size() < scheme.size())
    return std::nullopt;
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  if (!std::ranges::equal(header->substr(0, scheme.size()), scheme, same))
    return std::nullopt;
  auto token = header->substr(scheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token;
}

http_response refusal(int status, std::string_view what, std::string challenge) {
  auto made = error_response(status, what);
  made.headers.push_back({"WWW-Authenticate", std::move(challenge)});
  return made;
}

} // namespace

std::optional<http_response> gate::check(const http_server::endpoint* asked,
                                         http_request& request) {
  if (asked == nullptr)
    return tokens_ == nullptr ? std::nullopt : ask_token(request, {}, true);
  const auto& who = asked->who;
  switch (who.who) {
  case access::kind::everyone: return std::nullopt;
  case access::kind::operators:
    if (settings_.trusts_who_comes)
      return std::nullopt;
    return ask_token(request, {settings_.operator_role}, false);
  case access::kind::metrics:
    if (settings_.trusts_who_comes ||
        std::ranges::any_of(settings_.metrics_from,
                            [&](const ip_network& n) { return n.contains(request.remote); }))
      return std::nullopt;
    return ask_token(request, settings_.known_roles, false);
  case access::kind::role:
    if (tokens_ == nullptr && settings_.trusts_who_comes && !who.never_without)
      return std::nullopt;
    return ask_token(request, {who.role}, false);
  }
  return error_response(500, "internal error");
}

std::optional<http_response> gate::ask_token(http_request& request,
                                             const std::set<std::string>& any_of, bool whatever) {
  if (tokens_ == nullptr)
    return refusal(401, "this needs a token, and the config names no keys (http.auth)", "Bearer");
  const auto token = bearer_token(request);
  if (!token)
    return refusal(401, "this needs a token: 'Authorization: Bearer …'", "Bearer");
  auto who = tokens_->verify(*token);
  if (!who && who.error().domain != error_domain::user)
    return error_response(503, who.error().what);
  if (!who)
    return refusal(401, who.error().what,
                   R"(Bearer error="invalid_token", error_description=")" + who.error().what + '"');
  request.user = who->name;
  const auto has = [&](const std::string& role) { return !role.empty() && who->has(role); };
  if (whatever || std::ranges::any_of(any_of, has))
    return std::nullopt;
  std::string names;
  for (const auto& role : any_of)
    names += (names.empty() || role.empty() ? "" : " or ") + role;
  return refusal(403,
                 names.empty() ? "nobody may do this: no role is set for it (http.operator_role)"
                               : "the token has not the role " + names,
                 R"(Bearer error="insufficient_scope")");
}

} // namespace sallyport
