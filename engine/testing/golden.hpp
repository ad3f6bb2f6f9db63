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
///     use: [booking]                             # peers/booking.yaml beside the case: its rules,
///                                                # behind those of the case
///     peers:                                     # the first rule that fits answers
///       - call: prison-api GET /api/bookings/1   # port, method, path; a `*` at the end: any rest
///         reply: { status: 200, json: {…} }      # or file: (beside the case), body:, headers:,
///                                                # after: 2s, never_sent: true; no status: no
///                                                # answer
///         times: 1                               # then the rule is used up
///     steps:
///       - feed: { headers: { eventType: X }, json: {…} }   # or file:, text:, none (no value);
///                                                # port: where there are several sources; key:
///       - advance: 15m                           # stops wherever something falls due
///       - advance_to: "2023-06-02T10:00:00Z"     # so does this
///       - set_clock: "2023-06-02T10:00:00Z"      # jumps
///       - restart: true                          # everything that is not committed is gone
///       - peers: […]                             # from now on these rules come before the others
///       - command: { part: p, stage: s, name: n, payload: "" }
///       - expect_calls:                          # all since the last such step, in order
///           - prison-api GET /api/bookings/1
///           - community-api PUT /secure/x: { nomsNumber: A1 }     # with its body
///       - expect_calls_to: { community-api: […] }     # the same of these ports; passes the calls
///                                                # to others over
///       - expect_call_times: { "offender-search POST /match": [ … ] }  # when calls that begin so
///                                                # were made, all since the start of the case
///       - expect_records:                        # by topic: all since the last such step, in any
///           telemetry:                           # order of partitions
///             - { name: X, properties: {…} }     # the JSON value, or `record: {key:, headers:,
///                                                # value:}`
///       - pass_over: [calls, telemetry]          # all until here, as another case tells of them
///       - expect_counts: { custody: { done: 1, held: 0 } }
///       - expect_counters: { ptpu_movement: { success: 1 } }   # counter, label
///       - expect_state: { custody.validate: 1 }  # how many rows a stage keeps
///       - expect_in_state: { custody.custody: [ "X1, X2" ] }   # texts that are in some row;
///       - expect_not_in_state: { custody.custody: [ X3 ] }     # that are in none
///       - expect_reports:                        # what the topology answers over HTTP; a query
///       may
///           "/report/in-progress?a=b":           # stand behind the path
///             { status: 200, csv: "…" }          # or json: {…}, or error: "…"
///
/// In expected JSON the text `"*"` stands for any value. Calls and records that were not expected
/// when the case ends are a failure, as are operators that threw and a conservation difference.
///
/// Each case is run with batches of 1, 7 and 1,024 inputs and with an epoch after every input;
/// records, calls and state rows must be the same to the byte.
///
/// @returns what was not as it must be, one sentence each with file and line; empty when all is
/// well
[[nodiscard]] std::vector<std::string> run_golden_case(const std::filesystem::path& file,
                                                       const std::filesystem::path& topologies);

/// All case files below a folder, in order; not those in folders named `peers`.
[[nodiscard]] std::vector<std::filesystem::path>
find_golden_cases(const std::filesystem::path& folder);

} // namespace sallyport::testing
