#pragma once

#include "engine/core/ip_network.hpp"
#include "engine/services/http_server.hpp"
#include "engine/services/tokens.hpp"

#include <set>
#include <string>
#include <vector>

namespace sallyport {

/// Decides who may use which route: the guard of an instance's server.
///
/// | Route for | reached from this machine only, or by a proxy that guards | else |
/// |---|---|---|
/// | everyone | open | open |
/// | operators | open | a token with the role of operators |
/// | metrics | open | from a listed network, or a token with any role that a route asks for |
/// | a role | where tokens are known: a token with it; else open, unless never without | a token
/// with it | | nothing (no such route) | where tokens are known: a token, whatever its roles | a
/// token |
///
/// Thread safety: `check` may be called from any thread.
class gate {
public:
  struct settings {
    /// Who comes is of this machine, or a proxy has looked at him.
    bool trusts_who_comes = true;
    std::string operator_role{}; ///< empty: nobody has it
    std::vector<ip_network> metrics_from{};
    std::set<std::string> known_roles{}; ///< those that routes ask for
  };

  /// `tokens` may be null, and outlives the gate.
  gate(settings with, token_verifier* tokens) : settings_(std::move(with)), tokens_(tokens) {}

  [[nodiscard]] std::optional<http_response> check(const http_server::endpoint* asked,
                                                   http_request& request);

private:
  [[nodiscard]] std::optional<http_response>
  ask_token(http_request& request, const std::set<std::string>& any_of, bool whatever);

  const settings settings_;
  token_verifier* tokens_;
};

} // namespace sallyport
