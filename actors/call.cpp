#include "actors/selector.hpp"
#include "actors/template.hpp"
#include "engine/core/binary.hpp"
#include "engine/operators/registry.hpp"

#include <cstdio>
#include <stdexcept>

namespace sallyport {
namespace {

constexpr std::uint8_t format = 1;

config::spec call_spec() {
  using config::field;
  const call_policy usual;
  return config::spec{"call"}
    .summary("Makes one call for each record and sends it on by how the peer answered.")
    .description(
      "The record waits in the store while the call is open. An answer of 2xx: it goes on by "
      "`out`, with the reply. Any other clear answer: by `refused`. No clear answer (5xx, "
      "408, 429 or none) after all tries: by `unknown`; the peer may or may not have done it. All "
      "but the first get the header `reply-status` (0: no answer). Calls of one record key go out "
      "in order.\n"
      "In `path`, `body` and `headers`, `{/pointer}` stands for a field of the record's JSON "
      "value, "
      "`{value}` for the whole value, `{key}` and `{header:NAME}` for those. A record that cannot "
      "fill them is rejected as `invalid`.")
    .add(field::text("port").example("prison-api").doc("The call port of the topology."))
    .add(field::choice("method", {"GET", "PUT", "POST", "PATCH", "DELETE"})
           .by_default("GET")
           .doc("The method."))
    .add(field::text("path")
           .check(check_template)
           .example("/api/bookings/{/bookingId}")
           .doc("The path below the peer's address; what is filled in is percent-encoded."))
    .add(field::text("body")
           .optional()
           .check(check_template)
           .example("'{\"number\": {/number}}'")
           .doc("The body; what is filled in is written as JSON."))
    .add(field::map("headers", field::text("").check(check_template).doc("The value."))
           .by_default("{}")
           .example("{ content-type: application/json }")
           .doc("Headers of the request."))
    .add(field::boolean("read").optional().example("true").doc(
      "Whether the call has no effect to guard and may simply be made again. Without it: true for "
      "GET."))
    .add(field::choice("reply", {"value", "header", "none"})
           .by_default("value")
           .doc("Where the reply's body goes: it becomes the value, a header, or is dropped."))
    .add(field::text("reply_header").by_default("reply").doc("The header for `reply: header`."))
    .add(field::number("tries")
           .min(1)
           .max(100)
           .by_default(std::to_string(usual.tries_max))
           .doc("How often the call is tried at most."))
    .add(field::duration("backoff").min(1).by_default("500ms").doc(
      "The pause after the first try; each further one is twice as long."))
    .add(field::duration("backoff_max").min(1).by_default("5s").doc("The longest pause."))
    .add(field::duration("timeout").min(1).by_default("10s").doc("How long one try may take."))
    .add(field::duration("give_up_after")
           .min(1)
           .by_default("10s")
           .doc("No try starts later than this after the first one."))
    .example("port: prison-api\npath: /api/bookings/{/bookingId}\nreply: header\n")
    .example("port: community-api\nmethod: PUT\npath: /offenders/{key}/number\n"
             "body: '{\"number\": {/number}}'\nheaders: { content-type: application/json }\n"
             "tries: 3\n");
}

class call_operator final : public operator_base {
public:
  explicit call_operator(const config::params& with)
    : path_(record_template::parse(with.text("path"), record_template::form::path).value()),
      reply_(with.text("reply")), reply_header_(with.text("reply_header")) {
    what_.port = with.text("port");
    what_.request.method = with.text("method");
    what_.read = with.has("read") ? with.boolean("read") : what_.request.method == "GET";
    what_.policy.tries_max = static_cast<std::uint32_t>(with.number("tries"));
    what_.policy.backoff_initial = with.duration("backoff");
    what_.policy.backoff_max = with.duration("backoff_max");
    what_.policy.timeout = with.duration("timeout");
    what_.policy.give_up_after = with.duration("give_up_after");
    if (with.has("body"))
      body_ = record_template::parse(with.text("body"), record_template::form::body).value();
    for (const auto& h : with.map("headers"))
      headers_.emplace_back(
        h.name, record_template::parse(h.value.text(""), record_template::form::plain).value());
  }

  verdict process(record&& r, context& ctx) override {
    auto filled = fill(r);
    if (!filled)
      return verdict::reject(std::move(r), std::string{causes::invalid}, filled.error().what);
    const auto id = next_id(ctx);
    filled->key = r.key.str();
    filled->tag = id;
    ctx.call(std::move(*filled));
    std::string row;
    binary::put_u8(row, format);
    binary::put_record(row, r);
    ctx.state().put("call/" + id, std::move(row));
    return verdict::in_call();
  }

  void on_reply(const call_reply& reply, context& ctx) override {
    const auto row_key = "call/" + reply.tag;
    const auto row = ctx.state().get(row_key);
    if (!row)
      throw std::runtime_error("a reply came to a call whose record is not kept");
    binary::reader in(*row);
    const auto version = in.u8();
    auto r = in.read_record();
    if (version != format || in.failed())
      throw std::runtime_error("the row of a call has an unknown format");
    ctx.state().erase(row_key);
    ctx.settle(term::in_call, decide(std::move(r), reply));
  }

private:
  result<call> fill(const record& r) {
    call made = what_;
    SALLYPORT_TRY(made.request.path, path_.fill(r));
    if (body_) {
      SALLYPORT_TRY(made.request.body, body_->fill(r));
    }
    for (auto& [name, value] : headers_) {
      SALLYPORT_TRY(auto text, value.fill(r));
      made.request.headers.push_back({name, std::move(text)});
    }
    return made;
  }

  /// Ids are counted in the state, and sort as they were given.
  static std::string next_id(context& ctx) {
    const auto row = ctx.state().get("next");
    std::uint64_t id = 0;
    if (row) {
      binary::reader in(*row);
      const auto version = in.u8();
      id = in.varint();
      if (version != format || in.failed())
        throw std::runtime_error("the row of call ids has an unknown format");
    }
    std::string after;
    binary::put_u8(after, format);
    binary::put_varint(after, id + 1);
    ctx.state().put("next", std::move(after));
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(id));
    return text;
  }

  verdict decide(record r, const call_reply& reply) const {
    std::erase_if(r.headers, [](const header& h) { return h.name == "reply-status"; });
    if (reply.ok()) {
      if (reply_ == "value")
        r.value = bytes{reply.answer.body};
      else if (reply_ == "header")
        r.set(reply_header_, reply.answer.body);
      return verdict::forward(std::move(r));
    }
    r.set("reply-status", std::to_string(reply.answer.status));
    return verdict::forward(std::move(r),
                            reply.outcome == call_outcome::answered ? "refused" : "unknown");
  }

  call what_;
  record_template path_;
  std::optional<record_template> body_;
  std::vector<std::pair<std::string, record_template>> headers_;
  std::string reply_;
  std::string reply_header_;
};

operator_entry call_entry() {
  operator_entry entry;
  entry.spec = call_spec();
  entry.outputs = {"out", "refused", "unknown"};
  entry.calls_by = {"port"};
  entry.keeps = "the records whose calls are open";
  entry.make = [](const config::params& with) { return std::make_unique<call_operator>(with); };
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(call, call_entry());

} // namespace sallyport
