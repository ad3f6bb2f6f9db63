#pragma once

// Problem: four services in one process, to be asked, broken and looked into by tests and the demo.
// Idea: one function from a request to an answer: which peer, what fate, is it allowed, what does
// the peer say. Everything it knows is in memory and can be read under /simulator.
//
// Thread safety: confined to the server's thread.
//
// Invariants
// 1. Every request to a peer is recorded with the status it gets (0: none) before it is answered.
// 2. A request that gets an injected error changes nothing; one that is dropped is done first.
// 3. A reset leads back to the state after the start.

#include "engine/time/clock.hpp"
#include "tools/simulator/community_api.hpp"
#include "tools/simulator/events.hpp"
#include "tools/simulator/faults.hpp"
#include "tools/simulator/http_server.hpp"
#include "tools/simulator/mappings.hpp"
#include "tools/simulator/population.hpp"
#include "tools/simulator/tokens.hpp"

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace sallyport::simulator {

struct simulator_options {
  population_options people;
  community_settings community;
  std::string client = "sallyport";
  std::string secret = "sallyport";
  std::chrono::seconds token_lifetime{3'600};
  std::set<std::string> roles{"ROLE_COMMUNITY", "ROLE_COMMUNITY_CUSTODY_UPDATE"};
  std::vector<nlohmann::json> faults; ///< each as PUT /simulator/faults takes it
  std::optional<std::filesystem::path> mappings;
  std::size_t requests_max = 1'000'000; ///< the oldest records go first
};

class simulator {
public:
  /// @returns an error when a fault or a mapping is none
  [[nodiscard]] static result<std::unique_ptr<simulator>> make(simulator_options options,
                                                               const wall_clock& clock);

  [[nodiscard]] http_answer handle(const http_request& request);

private:
  struct target;
  struct recorded {
    std::uint64_t sequence;
    wall_time at;
    peer to;
    std::string method, path, body, idempotency_key;
    int status;
    std::uint32_t attempt;
  };

  simulator(simulator_options options, const wall_clock& clock);

  [[nodiscard]] status begin();
  [[nodiscard]] http_answer control(const http_request& request, const target& where);
  [[nodiscard]] http_answer serve(const http_request& request, const target& where);
  [[nodiscard]] http_answer answer(const http_request& request, const target& where);
  [[nodiscard]] http_answer remembered(const http_request& request, const target& where);
  [[nodiscard]] reply token(const http_request& request, const target& where);
  [[nodiscard]] reply prison(const http_request& request, const target& where);
  [[nodiscard]] reply search(const http_request& request, const target& where);
  [[nodiscard]] reply community(const http_request& request, const target& where);
  [[nodiscard]] reply community_write(const http_request& request, const target& where);
  [[nodiscard]] reply ping(const target& where);
  [[nodiscard]] http_answer list_requests(const target& where) const;
  [[nodiscard]] http_answer list_events(const target& where) const;
  void record(const http_request& request, const target& where, int status, std::uint32_t attempt);

  simulator_options options_;
  const wall_clock& clock_;
  mappings stubs_;
  tokens tokens_;
  nomis prison_;
  delius probation_;
  community_api community_;
  faults faults_;
  std::unordered_map<std::string, http_answer> said_of_nomis_; ///< by request
  std::unordered_map<std::string, http_answer> said_of_delius_;
  std::deque<recorded> requests_;
  std::uint64_t next_sequence_ = 0;
};

} // namespace sallyport::simulator
