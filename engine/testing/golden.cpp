#include "engine/testing/golden.hpp"

#include "engine/config/node.hpp"
#include "engine/core/binary.hpp"
#include "engine/lane/committed_rows.hpp"
#include "engine/services/state_service.hpp"
#include "engine/services/surface.hpp"
#include "engine/testing/driver.hpp"
#include "engine/time/duration.hpp"
#include "engine/time/zone.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>

namespace sallyport::testing {

namespace {

using config::node;
using json = nlohmann::ordered_json;

/// What is wrong with the case file itself, or with what it expects.
class case_failure : public std::runtime_error {
public:
  case_failure(const config::location& at, const std::string& what)
    : std::runtime_error(at.file + ":" + std::to_string(at.line) + ": " + what) {}

  /// What was found elsewhere, all of it; each finding names its own place.
  explicit case_failure(const config::findings& found) : std::runtime_error(texts_of(found)) {}

private:
  static std::string texts_of(const config::findings& found) {
    std::string all;
    for (const auto& f : found)
      all += (all.empty() ? "" : "\n") + f.text();
    return all;
  }
};

/// What to say after a name that is none of those that can stand there.
std::string instead_of(const std::string& word, const std::vector<std::string>& names) {
  if (const auto near = config::nearest(word, names))
    return "; did you mean '" + *near + "'?";
  std::string all;
  for (const auto& name : names)
    all += (all.empty() ? "; there is: " : ", ") + name;
  return all;
}

void need_one_of(const std::vector<std::string>& names, const std::string& word,
                 std::string_view what, const config::location& at) {
  if (std::ranges::find(names, word) == names.end())
    throw case_failure(at, "unknown " + std::string{what} + " '" + word + "'" +
                             instead_of(word, names));
}

const node& need(const node& in, std::string_view name) {
  const auto* found = in.find(name);
  if (found == nullptr)
    throw case_failure(in.where, "'" + std::string{name} + "' is missing");
  return *found;
}

std::string text_or(const node& in, std::string_view name, std::string_view otherwise) {
  const auto* found = in.find(name);
  return found == nullptr ? std::string{otherwise} : found->text;
}

void allow_only(const node& in, const std::vector<std::string>& names) {
  for (const auto& e : in.entries)
    need_one_of(names, e.name, "key", e.where);
}

template <class T>
T parsed(const node& from, result<T> value) {
  if (!value)
    throw case_failure(from.where, value.error().what);
  return std::move(*value);
}

/// YAML as JSON: what is not quoted and reads as a number, boolean or null is one.
json to_json(const node& from) {
  switch (from.type) {
  case node::kind::null: return nullptr;
  case node::kind::mapping: {
    auto object = json::object();
    for (const auto& e : from.entries)
      object[e.name] = to_json(e.value);
    return object;
  }
  case node::kind::sequence: {
    auto array = json::array();
    for (const auto& item : from.items)
      array.push_back(to_json(item));
    return array;
  }
  case node::kind::scalar: break;
  }
  if (!from.quoted) {
    auto value = json::parse(from.text, nullptr, false);
    if (!value.is_discarded() && !value.is_string())
      return value;
  }
  return from.text;
}

/// Equal, but for `"*"` in what is expected and the order of an object's names.
bool fits(const json& expected, const json& actual) {
  if (expected.is_string() && expected.get_ref<const std::string&>() == "*")
    return true;
  if (expected.is_object() && actual.is_object()) {
    if (expected.size() != actual.size())
      return false;
    return std::ranges::all_of(expected.items(), [&](const auto& item) {
      auto it = actual.find(item.key());
      return it != actual.end() && fits(item.value(), *it);
    });
  }
  if (expected.is_array() && actual.is_array())
    return std::ranges::equal(expected, actual, fits);
  return expected == actual;
}

json value_of(std::string_view text) {
  auto value = json::parse(text, nullptr, false);
  return value.is_discarded() ? json(std::string{text}) : value;
}

struct rule {
  std::string port;
  std::string method;
  std::string path;
  bool any_rest = false;
  std::optional<std::int64_t> times;
  scripted_answer answer;
};

/// One run of a case, with one way to cut the work.
class run_of_case {
public:
  run_of_case(const node& script, const std::filesystem::path& file,
              const std::filesystem::path& topologies, driver_options options)
    : script_(script), folder_(file.parent_path()) {
    const auto& named = need(script, "topology");
    const auto& name = named.text;
    topology::settings given;
    std::map<std::string, config::location> where;
    if (const auto* settings = script.find("settings"))
      for (const auto& e : settings->entries) {
        given[e.name] = e.value.text;
        where[e.name] = e.where;
      }
    config::findings found;
    auto path = topologies / name / "topology.yaml";
    if (std::error_code wrong; !std::filesystem::exists(path, wrong))
      throw case_failure(named.where, "there is no " + path.string() +
                                        "; topology: names the folder of the topology");
    auto graph = topology::load_topology(path.string(), given, where, found);
    if (!graph)
      throw case_failure(found);
    const auto& start = need(script, "start");
    options.start = parsed(start, parse_offset_datetime(start.text));
    auto partitions = std::stoul(text_or(script, "partitions", "2"));
    auto plan =
      topology::plan_for_testing(std::move(*graph), static_cast<std::uint32_t>(partitions));
    plan.application = name;
    for (const auto& port : plan.topology.ports)
      if (port.kind == topology::port_kind::call)
        call_ports_.push_back(port.name);
      else if (port.kind == topology::port_kind::sink)
        sinks_.push_back(port.name);
      else
        sources_.push_back(port.name);
    for (const auto& part : plan.topology.parts) {
      parts_.push_back(part.name);
      for (const auto& stage : part.stages)
        stages_.push_back(part.name + "." + stage.name);
    }
    for (const auto& [topic, unused] : plan.topics)
      topics_.push_back(topic);
    add_shared_rules();
    if (const auto* peers = script.find("peers"))
      add_rules(*peers);
    driver_ = std::make_unique<driver>(std::move(plan), options);
    for (const auto& port : call_ports_)
      driver_->answer(port, [this](const made_call& call) { return answer(call); });
  }

  void steps() {
    for (const auto& step : need(script_, "steps").items)
      for (const auto& e : step.entries)
        act(e);
    expect_nothing_left();
  }

  /// All that must not depend on how the work was cut.
  std::string bytes_of_everything() const {
    std::string all;
    for (const auto& part : sinks_)
      for (const auto& r : driver_->topic(part))
        binary::put_record(all, r);
    for (const auto& c : driver_->calls())
      all += c.idempotency_key + c.port + c.request.method + c.request.path + c.request.body + "\n";
    for (const auto& [key, value] : driver_->state().dump(family::state)) {
      binary::put_string(all, key);
      binary::put_string(all, value);
    }
    return all;
  }

private:
  void act(const node::entry& e) {
    if (e.name == "feed")
      feed(e.value);
    else if (e.name == "advance")
      driver_->advance(parsed(e.value, parse_duration(e.value.text)));
    else if (e.name == "advance_to")
      driver_->advance_to(parsed(e.value, parse_offset_datetime(e.value.text)));
    else if (e.name == "set_clock")
      driver_->set_clock(parsed(e.value, parse_offset_datetime(e.value.text)));
    else if (e.name == "restart")
      driver_->restart();
    else if (e.name == "peers")
      add_rules(e.value);
    else if (e.name == "command")
      command(e.value);
    else
      check(e);
  }

  void check(const node::entry& e) {
    if (e.name == "expect_calls")
      expect_calls(e.value, new_calls());
    else if (e.name == "expect_calls_to")
      expect_calls_to(e.value);
    else if (e.name == "expect_call_times")
      expect_call_times(e.value);
    else if (e.name == "pass_over")
      pass_over(e.value);
    else if (e.name == "expect_counters")
      expect_counters(e.value);
    else if (e.name == "expect_in_state")
      expect_texts(e.value, true);
    else if (e.name == "expect_not_in_state")
      expect_texts(e.value, false);
    else if (e.name == "expect_records")
      expect_records(e.value);
    else if (e.name == "expect_counts")
      expect_counts(e.value);
    else if (e.name == "expect_state")
      expect_state(e.value);
    else if (e.name == "expect_reports")
      expect_reports(e.value);
    else
      throw case_failure(e.where, "unknown step '" + e.name + "'" + instead_of(e.name, step_names));
  }

  void command(const node& what) {
    const auto& part = need(what, "part");
    const auto& stage = need(what, "stage");
    need_one_of(stages_, part.text + "." + stage.text, "stage", what.where);
    driver_->command(part.text, stage.text, need(what, "name").text, text_or(what, "payload", ""));
  }

  /// The rules of the files that the case uses; the first named comes first.
  void add_shared_rules() {
    const auto* use = script_.find("use");
    if (use == nullptr)
      return;
    for (auto it = use->items.rbegin(); it != use->items.rend(); ++it) {
      config::findings found;
      auto path = folder_ / "peers" / (it->text + ".yaml");
      auto shared = config::load_yaml(
        path.string(), [](std::string_view) { return std::optional<std::string>{}; }, found);
      if (!found.empty())
        throw case_failure(it->where, found.front().text());
      add_rules(shared);
    }
  }

  std::string read_file(const node& named) const {
    std::ifstream in{folder_ / named.text, std::ios::binary};
    if (!in)
      throw case_failure(named.where, "there is no file '" + named.text + "' beside the case");
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }

  void feed(const node& what) {
    allow_only(what, {"port", "key", "headers", "json", "file", "text"});
    record r;
    if (const auto* key = what.find("key"))
      r.key = bytes{key->text};
    if (const auto* headers = what.find("headers"))
      for (const auto& h : headers->entries)
        r.headers.push_back({h.name, h.value.text});
    if (const auto* value = what.find("json"))
      r.value = bytes{to_json(*value).dump()};
    else if (const auto* file = what.find("file"))
      r.value = bytes{read_file(*file)};
    else if (const auto* text = what.find("text"))
      r.value = bytes{text->text};
    if (what.find("port") == nullptr && sources_.size() != 1)
      throw case_failure(what.where, "'port' is missing, and the topology has several sources");
    const auto port = text_or(what, "port", sources_.front());
    if (std::ranges::find(topics_, port) == topics_.end())
      need_one_of(sources_, port, "source", what.where);
    driver_->feed(port, std::move(r));
    driver_->run();
  }

  // -- peers ---------------------------------------------------------------------------

  void add_rules(const node& from) {
    std::vector<rule> added;
    for (const auto& item : from.items) {
      allow_only(item, {"call", "reply", "times"});
      const auto& call = need(item, "call");
      rule r;
      std::istringstream words{call.text};
      if (!(words >> r.port >> r.method >> r.path))
        throw case_failure(call.where, "a call is PORT METHOD PATH");
      need_one_of(call_ports_, r.port, "call port", call.where);
      if (r.path.ends_with('*')) {
        r.any_rest = true;
        r.path.pop_back();
      }
      if (const auto* times = item.find("times"))
        r.times = std::stol(times->text);
      r.answer = answer_of(need(item, "reply"));
      added.push_back(std::move(r));
    }
    rules_.insert(rules_.begin(), std::make_move_iterator(added.begin()),
                  std::make_move_iterator(added.end()));
  }

  scripted_answer answer_of(const node& from) const {
    allow_only(from,
               {"status", "json", "file", "body", "headers", "after", "no_answer", "never_sent"});
    scripted_answer a;
    a.answer.status = std::stoi(text_or(from, "status", "0"));
    a.answer.never_sent = text_or(from, "never_sent", "false") == "true";
    if (a.answer.status == 0)
      a.answer.error = "no answer";
    if (const auto* value = from.find("json"))
      a.answer.body = to_json(*value).dump();
    else if (const auto* file = from.find("file"))
      a.answer.body = read_file(*file);
    else
      a.answer.body = text_or(from, "body", "");
    if (const auto* headers = from.find("headers"))
      for (const auto& h : headers->entries)
        a.answer.headers.push_back({h.name, h.value.text});
    if (const auto* after = from.find("after"))
      a.after = parsed(*after, parse_duration(after->text));
    return a;
  }

  scripted_answer answer(const made_call& call) {
    for (auto& r : rules_) {
      bool path = r.any_rest ? call.request.path.starts_with(r.path) : call.request.path == r.path;
      if (r.port != call.port || r.method != call.request.method || !path || r.times == 0)
        continue;
      if (r.times)
        --*r.times;
      return r.answer;
    }
    throw case_failure(script_.where, "no peer answers " + call.port + " " + call.request.method +
                                        " " + call.request.path);
  }

  // -- expectations ----------------------------------------------------------------------

  static std::string shown(const made_call& c, bool with_body) {
    auto line = c.port + " " + c.request.method + " " + c.request.path;
    if (with_body)
      line += ": " + c.request.body;
    return line;
  }

  static std::string shown(const std::vector<made_call>& calls) {
    std::string all = "calls were:";
    for (const auto& c : calls)
      all += "\n    " + format_utc(c.at) + " " + shown(c, !c.request.body.empty());
    return all;
  }

  /// Not by position: calls of one moment are ordered among each other, so that a later step can
  /// put one before those that were seen.
  std::vector<made_call> new_calls() {
    auto all = driver_->calls();
    auto seen = std::exchange(calls_seen_, {});
    std::vector<made_call> fresh;
    for (auto& c : all) {
      auto name = format_utc(c.at) + c.idempotency_key + shown(c, true);
      ++calls_seen_[name];
      if (auto it = seen.find(name); it != seen.end() && it->second > 0)
        --it->second;
      else
        fresh.push_back(std::move(c));
    }
    return fresh;
  }

  static void expect_calls(const node& wanted, const std::vector<made_call>& made) {
    if (made.size() != wanted.items.size())
      throw case_failure(wanted.where, std::to_string(wanted.items.size()) +
                                         " calls were expected; " + shown(made));
    for (std::size_t i = 0; i < made.size(); ++i) {
      const auto& want = wanted.items[i];
      bool with_body = want.type == node::kind::mapping;
      const auto& line = with_body ? want.entries.front().name : want.text;
      if (line != shown(made[i], false))
        throw case_failure(want.where, "call " + std::to_string(i + 1) + " is " +
                                         shown(made[i], false) + ", not " + line + "; " +
                                         shown(made));
      if (with_body && !fits(to_json(want.entries.front().value), value_of(made[i].request.body)))
        throw case_failure(want.where, "the call has another body; " + shown(made));
    }
  }

  void expect_calls_to(const node& wanted) {
    auto made = new_calls();
    for (const auto& port : wanted.entries) {
      need_one_of(call_ports_, port.name, "call port", port.where);
      std::vector<made_call> of_port;
      std::ranges::copy_if(made, std::back_inserter(of_port),
                           [&](const made_call& c) { return c.port == port.name; });
      node lines = port.value;
      for (auto& line : lines.items)
        if (line.type == node::kind::mapping)
          line.entries.front().name.insert(0, port.name + " ");
        else
          line.text.insert(0, port.name + " ");
      expect_calls(lines, of_port);
    }
  }

  void expect_call_times(const node& wanted) const {
    for (const auto& call : wanted.entries) {
      std::vector<made_call> made;
      std::ranges::copy_if(driver_->calls(), std::back_inserter(made), [&](const made_call& c) {
        return shown(c, false).starts_with(call.name);
      });
      if (made.size() != call.value.items.size())
        throw case_failure(call.where, std::to_string(call.value.items.size()) +
                                         " calls were expected; " + shown(made));
      for (std::size_t i = 0; i < made.size(); ++i) {
        const auto& at = call.value.items[i];
        if (parsed(at, parse_offset_datetime(at.text)) != made[i].at)
          throw case_failure(at.where, "the call was made at another time; " + shown(made));
      }
    }
  }

  void pass_over(const node& what) {
    for (const auto& item : what.items)
      if (item.text == "calls")
        (void) new_calls();
      else if (std::ranges::find(sinks_, item.text) != sinks_.end())
        (void) new_records(item.text);
      else
        throw case_failure(item.where, "neither 'calls' nor a sink: '" + item.text + "'");
  }

  void expect_counters(const node& wanted) const {
    for (const auto& counter : wanted.entries)
      for (const auto& label : counter.value.entries)
        if (auto actual = driver_->counter(counter.name, label.name);
            std::to_string(actual) != label.value.text)
          throw case_failure(label.where,
                             counter.name + " of " + label.name + " is " + std::to_string(actual));
  }

  void expect_texts(const node& wanted, bool there) const {
    for (const auto& e : wanted.entries) {
      need_one_of(stages_, e.name, "stage", e.where);
      auto rows = rows_of(e.name);
      for (const auto& item : e.value.items) {
        bool found = std::ranges::any_of(
          rows, [&](const auto& row) { return row.second.find(item.text) != std::string::npos; });
        if (found != there)
          throw case_failure(item.where, std::string{there ? "no" : "a"} + " row of " + e.name +
                                           " has '" + item.text + "'");
      }
    }
  }

  /// `name`: PART.STAGE
  std::map<std::string, std::string> rows_of(const std::string& name) const {
    auto dot = name.find('.');
    return driver_->stage_state(name.substr(0, dot), name.substr(dot + 1));
  }

  static json as_json(const record& r, bool whole) {
    auto value = r.value.is_null() ? json(nullptr) : value_of(r.value);
    if (!whole)
      return value;
    auto headers = json::object();
    for (const auto& h : r.headers)
      headers[h.name] = h.value;
    return {{"key", r.key.is_null() ? json(nullptr) : json(r.key.str())},
            {"headers", headers},
            {"value", value}};
  }

  /// `record: {key, headers, value}` names what it wants of a record; other headers may be there.
  static bool fits_record(const node& want, const record& r) {
    const auto* whole = want.find("record");
    if (whole == nullptr || want.entries.size() != 1)
      return fits(to_json(want), as_json(r, false));
    if (const auto* key = whole->find("key"); key != nullptr && key->text != r.key.view())
      return false;
    if (const auto* headers = whole->find("headers"))
      for (const auto& h : headers->entries) {
        auto found = r.find(h.name);
        if (!found || (h.value.text != "*" && *found != h.value.text))
          return false;
      }
    const auto* value = whole->find("value");
    return value == nullptr || fits(to_json(*value), as_json(r, false));
  }

  std::vector<record> new_records(const std::string& topic) {
    auto all = driver_->topic(topic);
    auto& seen = seen_[topic];
    std::vector<record> fresh;
    for (const auto& r : all) {
      std::string as_bytes;
      binary::put_record(as_bytes, r);
      if (auto it = seen.find(as_bytes); it != seen.end() && it->second > 0) {
        --it->second;
        continue;
      }
      fresh.push_back(r);
    }
    seen.clear();
    for (const auto& r : all) {
      std::string as_bytes;
      binary::put_record(as_bytes, r);
      ++seen[as_bytes];
    }
    return fresh;
  }

  void expect_records(const node& wanted) {
    for (const auto& topic : wanted.entries) {
      need_one_of(topics_, topic.name, "topic", topic.where);
      auto fresh = new_records(topic.name);
      std::string all = "records were:";
      for (const auto& r : fresh)
        all += "\n    " + as_json(r, true).dump();
      if (fresh.size() != topic.value.items.size())
        throw case_failure(topic.where, std::to_string(topic.value.items.size()) + " records of " +
                                          topic.name + " were expected; " + all);
      for (const auto& want : topic.value.items) {
        auto it =
          std::ranges::find_if(fresh, [&](const record& r) { return fits_record(want, r); });
        if (it == fresh.end())
          throw case_failure(want.where, "no record of " + topic.name + " is like this; " + all);
        fresh.erase(it);
      }
    }
  }

  void expect_counts(const node& wanted) {
    std::vector<std::string> names{"received", "difference"};
    for (std::size_t t = 0; t < term_count; ++t)
      names.emplace_back(to_string(static_cast<term>(t)));
    for (const auto& part : wanted.entries) {
      need_one_of(parts_, part.name, "part", part.where);
      auto counts = driver_->counts(part.name);
      for (const auto& e : part.value.entries) {
        need_one_of(names, e.name, "count", e.where);
        std::int64_t actual = e.name == "received"     ? counts.received
                              : e.name == "difference" ? counts.difference
                                                       : counts.terms[e.name];
        if (std::to_string(actual) != e.value.text)
          throw case_failure(e.where, part.name + "." + e.name + " is " + std::to_string(actual));
      }
    }
  }

  void expect_state(const node& wanted) {
    for (const auto& e : wanted.entries) {
      need_one_of(stages_, e.name, "stage", e.where);
      auto rows = rows_of(e.name);
      if (std::to_string(rows.size()) != e.value.text)
        throw case_failure(e.where, e.name + " keeps " + std::to_string(rows.size()) + " rows");
    }
  }

  void expect_reports(const node& wanted) const {
    const auto* surface = surface_registry::instance().find(driver_->plan().topology.name);
    if (surface == nullptr)
      throw case_failure(wanted.where, "the topology has no reports");
    const manual_clock clock{driver_->now()};
    const lane::committed_rows rows{driver_->state(), driver_->plan()};
    state_service service{rows, clock, {}};
    for (const auto& e : wanted.entries) {
      const auto question = e.name.find('?');
      const auto found =
        std::ranges::find(surface->queries, e.name.substr(0, question), &state_query::path);
      if (found == surface->queries.end())
        throw case_failure(e.where, "the topology has no report " + e.name);
      http_request request;
      if (question != std::string::npos)
        request.query = parse_query(e.name.substr(question + 1));
      expect_answer(e.value, service.answer(*found, request));
    }
  }

  static void expect_answer(const node& wanted, const http_response& came) {
    allow_only(wanted, {"status", "csv", "json", "error"});
    auto body = came.body;
    while (came.next_part) {
      auto part = parsed(wanted, came.next_part());
      if (part.empty())
        break;
      body += part;
    }
    const auto told =
      "; the answer was " + std::to_string(came.status) + " " + came.content_type + ":\n" + body;
    if (std::to_string(came.status) != text_or(wanted, "status", "200"))
      throw case_failure(wanted.where, "the report has another status" + told);
    if (const auto* csv = wanted.find("csv");
        csv != nullptr && (csv->text != body || came.content_type != "text/csv"))
      throw case_failure(csv->where, "the report is another one" + told);
    if (const auto* value = wanted.find("json");
        value != nullptr && !fits(to_json(*value), value_of(body)))
      throw case_failure(value->where, "the report is another one" + told);
    if (const auto* what = wanted.find("error");
        what != nullptr && body.find(what->text) == std::string::npos)
      throw case_failure(what->where, "the report has another error" + told);
  }

  void expect_nothing_left() {
    if (auto fresh = new_calls(); !fresh.empty())
      throw case_failure(script_.where, "the case ends without expecting these: " + shown(fresh));
    for (const auto& topic : sinks_)
      if (auto fresh = new_records(topic); !fresh.empty())
        throw case_failure(script_.where, "the case ends with records of " + topic +
                                            " that it did not expect; the first is " +
                                            as_json(fresh.front(), true).dump());
    if (driver_->failures() > 0)
      throw case_failure(script_.where, "an operator threw");
    for (const auto& part : parts_)
      if (auto difference = driver_->counts(part).difference; difference != 0)
        throw case_failure(script_.where, "the conservation difference of part " + part + " is " +
                                            std::to_string(difference));
  }

  inline static const std::vector<std::string> step_names{"feed",
                                                          "advance",
                                                          "advance_to",
                                                          "set_clock",
                                                          "restart",
                                                          "peers",
                                                          "command",
                                                          "expect_calls",
                                                          "expect_calls_to",
                                                          "expect_call_times",
                                                          "pass_over",
                                                          "expect_counters",
                                                          "expect_in_state",
                                                          "expect_not_in_state",
                                                          "expect_records",
                                                          "expect_counts",
                                                          "expect_state",
                                                          "expect_reports"};

  const node& script_;
  std::filesystem::path folder_;
  std::vector<std::string> sources_;
  std::vector<std::string> sinks_;
  std::vector<std::string> call_ports_;
  std::vector<std::string> topics_;
  std::vector<std::string> parts_;
  std::vector<std::string> stages_; ///< PART.STAGE
  std::vector<rule> rules_;
  std::unique_ptr<driver> driver_;
  std::map<std::string, std::size_t> calls_seen_;
  std::map<std::string, std::map<std::string, std::size_t>> seen_;
};

struct cut {
  const char* name;
  std::size_t batch;
  bool commit_each;
  bool keeps_places;
};

constexpr cut cuts[] = {
  {"batches of 1,024", 1024, false, true},
  {"batches of 7, and conversations run again from their start", 7, false, false},
  {"batches of 1", 1, false, true},
  {"an epoch after every input", 1, true, true}};

} // namespace

std::vector<std::string> run_golden_case(const std::filesystem::path& file,
                                         const std::filesystem::path& topologies) {
  config::findings found;
  auto script = config::load_yaml(
    file.string(), [](std::string_view) { return std::optional<std::string>{}; }, found);
  std::vector<std::string> failures;
  for (const auto& f : found)
    failures.push_back(f.text());
  if (!failures.empty())
    return failures;
  std::optional<std::string> whole;
  for (const auto& how : cuts) {
    try {
      allow_only(script, {"case", "spec", "topology", "settings", "start", "partitions", "use",
                          "peers", "steps"});
      driver_options options;
      options.batch_records_max = how.batch;
      options.commit_each_round = how.commit_each;
      options.keeps_places = how.keeps_places;
      run_of_case run{script, file, topologies, options};
      run.steps();
      auto all = run.bytes_of_everything();
      if (!whole)
        whole = std::move(all);
      else if (*whole != all)
        failures.push_back(file.string() + ": with " + how.name +
                           " the case gives other records, calls or state");
    } catch (const std::exception& e) {
      // The first way has no say: the case is wrong however the work is cut.
      failures.push_back(e.what() + (&how == cuts ? "" : std::string{" ("} + how.name + ")"));
      break;
    }
  }
  return failures;
}

std::vector<std::filesystem::path> find_golden_cases(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> cases;
  for (const auto& e : std::filesystem::recursive_directory_iterator{folder})
    if (e.path().extension() == ".yaml" && e.path().parent_path().filename() != "peers")
      cases.push_back(e.path());
  std::ranges::sort(cases);
  return cases;
}

} // namespace sallyport::testing
