#pragma once

#include "engine/config/spec.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace sallyport::testing {

/// Runs a golden case: a data file that tells, for a topology of production, what comes in, what
/// the peers answer, how time passes, and what must come of it. A bug of production becomes a case
/// by pasting its records.
///
///     case: A sentence reaches Delius            # one sentence
///     spec: "4.1"                                # where the behaviour is described
///     topology: prison_to_probation              # folder below topologies/
///     settings: { hold_back: 15m }               # of the topology
///     start: "2023-06-01T10:00:00Z"
///     partitions: 2                              # of every topic; default 2
///     peers:                                     # the first rule that fits answers
///       - call: prison-api GET /api/bookings/1   # port, method, path with query; `*` at the end:
///       any rest
///         reply: { status: 200, json: {…} }      # or file: (beside the case), body:, headers:,
///         after: 2s, times: 1                               #    no_answer: true, never_sent:
///         true; times bounds the rule
///     steps:
///       - feed: { port: prison-offender-events, key: "1", headers: { eventType: X }, json: {…} }
///       # or file:, text:
///       - advance: 15m                           # stops wherever something falls due
///       - set_clock: "2023-06-02T10:00:00Z"      # jumps
///       - restart: true                          # everything that is not committed is gone
///       - peers: […]                             # from now on these rules come before the others
///       - command: { part: p, stage: s, name: n, payload: "" }
///       - expect_calls:                          # all since the last expect_calls, in order
///           - prison-api GET /api/bookings/1
///           - community-api PUT /secure/x: { nomsNumber: A1 }     # with its body
///       - expect_records:                        # by topic: all since the last such expectation,
///       in any order of
///           telemetry:                           #    partitions; a record is its JSON value, or
///             - { name: X, properties: {…} }     #    { value: …, key: …, headers: {…} } under the
///             key `record`
///       - expect_counts: { custody: { done: 1, held: 0 } }
///       - expect_state: { custody.validate: 1 }  # how many rows a stage keeps
///
/// In expected JSON the text `"*"` stands for any value. Calls and records that were not expected
/// when the case ends are a failure, as are operators that threw and a conservation difference.
///
/// Each case is run with batches of 1, 7 and 1,024 inputs and with an epoch after every batch;
/// records, calls and state rows must be the same to the byte.
///
/// @returns what was not as it must be, one sentence each with file and line; empty when all is
/// well
[[nodiscard]] std::vector<std::string> run_golden_case(const std::filesystem::path& file,
                                                       const std::filesystem::path& topologies);

/// All case files below a folder, in order.
[[nodiscard]] std::vector<std::filesystem::path>
find_golden_cases(const std::filesystem::path& folder);

} // namespace sallyport::testing
