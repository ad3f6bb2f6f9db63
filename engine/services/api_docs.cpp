#include "engine/services/api_docs.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace sallyport {

namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view document_path = "/v3/api-docs";
constexpr std::string_view page_path = "/swagger-ui/index.html";
constexpr std::string_view config_path = "/v3/api-docs/swagger-config";

/// Shows the document: what there is, what it takes, what it answers; a form asks it.
constexpr std::string_view page = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  h1 small { font-weight: normal; font-size: 1rem; opacity: .7; }
  details { border: 1px solid #8886; border-radius: .4rem; margin: .5rem 0; padding: .4rem .8rem; }
  summary { cursor: pointer; }
  .method { display: inline-block; min-width: 4rem; font-weight: 700; }
  code, pre { font-family: ui-monospace, monospace; }
  pre { overflow: auto; max-height: 24rem; background: #8881; padding: .6rem; }
  table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
  th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-top: 1px solid #8884; }
  .who { float: right; opacity: .7; font-size: .85rem; }
  input { font: inherit; width: 100%; box-sizing: border-box; }
  button { font: inherit; padding: .2rem 1rem; }
</style>
<h1 id="title">API</h1>
<p><label>Token, if one is needed: <input id="token" type="password" autocomplete="off"></label></p>
<main id="routes">Reading the document …</main>
<script>
"use strict";
const make = (name, text, attributes = {}) => {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
};
const row = (cells, kind = "td") => {
  const line = make("tr");
  for (const cell of cells) line.append(cell instanceof Node ? cell : make(kind, cell));
  return line;
};
const inCell = (node) => { const cell = make("td"); cell.append(node); return cell; };

async function ask(method, path, fields, output) {
  let target = path;
  const query = new URLSearchParams();
  const headers = {};
  for (const { about, input } of fields) {
    if (input.value === "") continue;
    if (about.in === "path") target = target.replace(`{${about.name}}`, encodeURIComponent(input.value));
    else if (about.in === "query") query.append(about.name, input.value);
    else headers[about.name] = input.value;
  }
  const token = document.getElementById("token").value;
  if (token !== "") headers.Authorization = `Bearer ${token}`;
  const text = query.toString();
  output.hidden = false;
  output.textContent = "…";
  try {
    const came = await fetch(target + (text ? `?${text}` : ""), { method, headers });
    output.textContent = `${came.status} ${came.statusText}\n\n${await came.text()}`;
  } catch (problem) {
    output.textContent = String(problem);
  }
}

function show(path, method, route) {
  const box = make("details");
  const head = make("summary");
  head.append(make("span", method.toUpperCase(), { class: "method" }), make("code", path),
              make("span", route["x-access"] ?? "", { class: "who" }));
  box.append(head, make("p", route.summary ?? ""));
  const fields = [];
  if (route.parameters?.length) {
    const table = make("table");
    table.append(row(["Parameter", "In", "Type", "What it is", "Value"], "th"));
    for (const about of route.parameters) {
      const input = make("input", undefined, { "aria-label": about.name });
      input.placeholder = about.schema?.default ?? "";
      fields.push({ about, input });
      const type = [about.schema?.type, about.schema?.format].filter(Boolean).join(" ");
      table.append(row([about.name, about.in, type, about.description ?? "", inCell(input)]));
    }
    box.append(table);
  }
  const answers = make("table");
  answers.append(row(["Status", "Form", "What it says"], "th"));
  for (const [status, answer] of Object.entries(route.responses ?? {}))
    answers.append(row([status, Object.keys(answer.content ?? {}).join(", "), answer.description]));
  const output = make("pre");
  output.hidden = true;
  const button = make("button", "Ask", { type: "button" });
  button.addEventListener("click", () => ask(method.toUpperCase(), path, fields, output));
  box.append(answers, button, output);
  return box;
}

fetch("/v3/api-docs").then((came) => came.json()).then((api) => {
  const title = document.getElementById("title");
  title.textContent = api.info.title + " ";
  title.append(make("small", api.info.version));
  document.title = api.info.title;
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, route] of Object.entries(methods)) {
      const group = route.tags?.[0] ?? "other";
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(show(path, method, route));
    }
  const main = document.getElementById("routes");
  main.textContent = "";
  for (const [group, boxes] of groups) main.append(make("h2", group), ...boxes);
}).catch((problem) => { document.getElementById("routes").textContent = String(problem); });
</script>
</html>
)html";

std::string who_may(const access& who) {
  switch (who.who) {
  case access::kind::everyone: return "everyone";
  case access::kind::operators: return "operators";
  case access::kind::metrics: return "metrics";
  case access::kind::role: return who.role;
  }
  return {};
}

json parameters_of(const http_server::endpoint& route) {
  auto all = json::array();
  for (const auto& p : route.about.parameters) {
    json schema{{"type", p.type}};
    if (!p.format.empty())
      schema["format"] = p.format;
    if (!p.default_value.empty())
      schema["default"] =
        p.type == "integer" ? json::parse(p.default_value) : json(p.default_value);
    all.push_back({{"name", p.name},
                   {"in", p.in},
                   {"required", p.in == "path"},
                   {"description", p.text},
                   {"schema", std::move(schema)}});
  }
  return all;
}

json answers_of(const http_server::endpoint& route) {
  auto all = json::object();
  for (const auto& answer : route.about.answers)
    all[std::to_string(answer.status)] = {
      {"description", answer.text},
      {"content",
       {{answer.content_type,
         {{"schema",
           {{"type", answer.content_type == "application/json" ? "object" : "string"}}}}}}}};
  if (route.about.answers.empty())
    all["200"] = {{"description", "done"}};
  if (route.who.who != access::kind::everyone) {
    all["401"] = {{"description", "There is no token, or not a good one."}};
    all["403"] = {{"description", "The token has not the role."}};
  }
  return all;
}

json operation_of(const http_server::endpoint& route) {
  json made{{"tags", {route.about.group.empty() ? "engine" : route.about.group}},
            {"summary", route.about.summary}};
  if (!route.about.parameters.empty())
    made["parameters"] = parameters_of(route);
  made["responses"] = answers_of(route);
  if (route.who.who != access::kind::everyone)
    made["security"] = {{{"bearer", json::array()}}};
  made["x-access"] = who_may(route.who);
  return made;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

http_server::endpoint open_route(std::string_view path, std::string summary,
                                 std::string content_type, http_server::handler serve) {
  route_description about{"about", std::move(summary), {}, {}};
  about.answers = {{200, "", std::move(content_type)}};
  return {"GET", std::string{path}, access::everyone(), std::move(about), std::move(serve)};
}

http_server::handler constant(std::string content_type, std::string body) {
  return [content_type = std::move(content_type), body = std::move(body)](const http_request&) {
    http_response made;
    made.content_type = content_type;
    made.body = body;
    return made;
  };
}

} // namespace

std::string openapi_of(const std::vector<http_server::endpoint>& routes, const std::string& title,
                       const std::string& version) {
  auto paths = json::object();
  for (const auto& route : routes)
    paths[route.pattern][lower(route.method)] = operation_of(route);
  const json whole{
    {"openapi", "3.0.3"},
    {"info", {{"title", title}, {"version", version}}},
    {"paths", std::move(paths)},
    {"components",
     {{"securitySchemes",
       {{"bearer", {{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}}}}}}}};
  return whole.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

void api_docs::serve_on(http_server& server) const {
  server.route(open_route(document_path, "This document.", "application/json",
                          [this, &server](const http_request&) {
                            http_response made;
                            made.body = openapi_of(server.endpoints(), title_, version_);
                            return made;
                          }));
  server.route(open_route(config_path, "Where the page finds the document.", "application/json",
                          constant("application/json", R"({"url":"/v3/api-docs"})"
                                                       "\n")));
  server.route(open_route(page_path, "This document as a page.", "text/html",
                          constant("text/html; charset=utf-8", std::string{page})));
  server.route(
    open_route("/swagger-ui.html", "Leads to the page.", "text/html", [](const http_request&) {
      http_response made;
      made.status = 302;
      made.headers.push_back(
        {"Location", std::string{page_path} + "?configUrl=" + std::string{config_path}});
      return made;
    }));
}

} // namespace sallyport
