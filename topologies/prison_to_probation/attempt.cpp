#include "topologies/prison_to_probation/attempt.hpp"

#include "topologies/prison_to_probation/row.hpp"

namespace sallyport::prison_to_probation {

namespace {

constexpr std::uint8_t progress_format = 1;
constexpr std::uint8_t input_format = 2;
constexpr std::uint8_t report_format = 2;

void put_result(std::string& out, const attempt_result& end) {
  binary::put_u8(out, end.done ? 1 : 0);
  binary::put_u8(out, static_cast<std::uint8_t>(end.status));
  binary::put_varint(out, end.crns ? end.crns->size() + 1 : 0);
  if (end.crns)
    for (const auto& crn : *end.crns)
      binary::put_string(out, crn);
  binary::put_u8(out, end.retry_until ? 1 : 0);
  if (end.retry_until)
    binary::put_signed(out, end.retry_until->time_since_epoch().count());
}

attempt_result read_result(binary::reader& in) {
  attempt_result end;
  end.done = in.u8() != 0;
  end.status = static_cast<message_status>(in.u8());
  if (const auto count = in.varint(); count != 0) {
    end.crns.emplace();
    for (std::uint64_t i = 1; i < count && !in.failed(); ++i)
      end.crns->emplace_back(in.string());
  }
  if (in.u8() != 0)
    end.retry_until = sys_days{std::chrono::days{in.signed_varint()}};
  return end;
}

} // namespace

const progress::replace* progress::find(std::string_view old_number,
                                        std::string_view new_number) const {
  for (const auto& r : replaces)
    if (r.old_number == old_number && r.new_number == new_number)
      return &r;
  return nullptr;
}

void progress::set(std::string_view old_number, std::string_view new_number,
                   replace_answer answer) {
  std::erase_if(replaces, [&](const replace& r) {
    return r.old_number == old_number && r.new_number == new_number;
  });
  replaces.push_back({std::string{old_number}, std::string{new_number}, answer});
}

bool progress::forget_missed() {
  return std::erase_if(replaces, [](const replace& r) {
           return r.answer == replace_answer::missed || r.answer == replace_answer::nobody;
         }) > 0;
}

void progress::forget_answered() {
  std::erase_if(replaces, [](const replace& r) { return r.answer != replace_answer::none; });
}

std::string encode(const progress& p) {
  std::string out;
  binary::put_u8(out, progress_format);
  binary::put_u8(out, p.noms_number ? 1 : 0);
  if (p.noms_number) {
    binary::put_string(out, p.noms_number->crn);
    binary::put_string(out, p.noms_number->noms_number);
    binary::put_string(out, p.noms_number->booking_number);
  }
  binary::put_varint(out, p.replaces.size());
  for (const auto& r : p.replaces) {
    binary::put_string(out, r.old_number);
    binary::put_string(out, r.new_number);
    binary::put_u8(out, static_cast<std::uint8_t>(r.answer));
  }
  return out;
}

result<progress> decode_progress(std::string_view bytes) {
  binary::reader in{bytes};
  if (in.u8() != progress_format)
    return fail(error::data("a progress row has another format"));
  progress p;
  if (in.u8() != 0) {
    auto& n = p.noms_number.emplace();
    n.crn = std::string{in.string()};
    n.noms_number = std::string{in.string()};
    n.booking_number = std::string{in.string()};
  }
  const auto count = in.varint();
  for (std::uint64_t i = 0; i < count && !in.failed(); ++i) {
    progress::replace r;
    r.old_number = std::string{in.string()};
    r.new_number = std::string{in.string()};
    r.answer = static_cast<progress::replace_answer>(in.u8());
    p.replaces.push_back(std::move(r));
  }
  if (in.failed() || !in.at_end())
    return fail(error::data("a progress row is cut short"));
  return p;
}

std::string encode(const attempt_input& input) {
  std::string out;
  binary::put_u8(out, input_format);
  binary::put_string(out, input.message_id);
  row::put_event(out, input.what);
  binary::put_u8(out, input.is_retry ? 1 : 0);
  binary::put_string(out, encode(input.remembered));
  return out;
}

result<attempt_input> decode_attempt_input(std::string_view bytes) {
  binary::reader in{bytes};
  if (in.u8() != input_format)
    return fail(error::data("an attempt's input has another format"));
  attempt_input input;
  input.message_id = std::string{in.string()};
  input.what = row::read_event(in);
  input.is_retry = in.u8() != 0;
  SALLYPORT_TRY(input.remembered, decode_progress(in.string()));
  if (in.failed() || !in.at_end() || !row::valid(input.what))
    return fail(error::data("an attempt's input is cut short"));
  return input;
}

std::string encode(const attempt_report& report) {
  std::string out;
  binary::put_u8(out, report_format);
  put_result(out, report.end);
  binary::put_string(out, report.exception);
  binary::put_string(out, encode(report.remembered));
  binary::put_u8(out, report.wrote ? 1 : 0);
  binary::put_u8(out, report.refreshed ? 1 : 0);
  if (report.refreshed)
    binary::put_string(out, encode(*report.refreshed));
  return out;
}

result<attempt_report> decode_attempt_report(std::string_view bytes) {
  binary::reader in{bytes};
  if (in.u8() != report_format)
    return fail(error::data("an attempt's report has another format"));
  attempt_report report;
  report.end = read_result(in);
  report.exception = std::string{in.string()};
  SALLYPORT_TRY(report.remembered, decode_progress(in.string()));
  report.wrote = in.u8() != 0;
  if (in.u8() != 0) {
    SALLYPORT_TRY(report.refreshed, decode_snapshot(in.string()));
  }
  if (in.failed() || !in.at_end() || report.end.status > message_status::no_longer_valid)
    return fail(error::data("an attempt's report is cut short"));
  return report;
}

} // namespace sallyport::prison_to_probation
