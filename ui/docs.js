// The API page: shows /openapi.json as a list of endpoints. Everything is text; nothing comes from another server.

import { make } from "./dom.js";

/** Follows `$ref` to its schema. */
function resolved(schema, all) {
  const name = schema?.$ref?.split("/").pop();
  return name ? { name, ...all[name] } : schema;
}

/** A short form of a schema: `string`, `Message[]`, `integer or null`. */
function words(schema, all) {
  if (schema === true || schema === undefined) return "anything";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return options.map((option) => words(option, all)).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (schema.type === "array") return `${words(schema.items, all)}[]`;
  return [schema.type ?? "anything"].flat().join(" or ");
}

/** The fields of an object, each with its type and description. */
function fields(schema, all) {
  const object = resolved(schema, all);
  const list = make("ul", "fields");
  for (const [name, field] of Object.entries(object?.properties ?? {})) {
    const needed = object.required?.includes(name) ? ", required" : "";
    const item = make("li", "", make("code", "", name), ` ${words(field, all)}${needed}`);
    const about = field.description ?? resolved(field, all)?.description;
    if (about) item.append(make("span", "about", about));
    list.append(item);
  }
  return list.children.length ? list : make("p", "", words(schema, all));
}

function content(media, all) {
  return Object.entries(media ?? {}).flatMap(([type, { schema }]) => [make("p", "about", type), fields(schema, all), ...examples(schema, all)]);
}

/** The examples of a request body. */
function examples(schema, all) {
  return (resolved(schema, all)?.examples ?? []).map((example) => make("pre", "", JSON.stringify(example, null, 2)));
}

function operation(method, path, facts, all) {
  const head = make("summary", "", make("span", "method", method.toUpperCase()), make("code", "", path));
  if (facts.summary) head.append(make("span", "about", facts.summary));
  const details = make("details", "", head);
  for (const { in: place, name, schema } of facts.parameters ?? []) {
    details.append(make("h3", "", `In the ${place}`), make("p", "", make("code", "", name), ` ${words(schema, all)}`));
  }
  if (facts.requestBody) details.append(make("h3", "", "Request body"), ...content(facts.requestBody.content, all));
  for (const [status, answer] of Object.entries(facts.responses ?? {})) {
    details.append(make("h3", "", `${status} ${answer.description}`));
    // All errors have the same shape. It is shown once, at the end.
    if (status < 300) details.append(...content(answer.content, all));
  }
  return details;
}

function draw(document_) {
  const all = document_.components?.schemas ?? {};
  const groups = new Map();
  for (const [path, methods] of Object.entries(document_.paths)) {
    for (const [method, facts] of Object.entries(methods)) {
      const group = facts.tags?.[0] ?? "other";
      groups.set(group, [...(groups.get(group) ?? []), operation(method, path, facts, all)]);
    }
  }
  const parts = [...groups].flatMap(([name, operations]) => [make("h2", "", name), ...operations]);
  const refusal = { error: { message: "…", type: "…", param: null, code: null } };
  const shape = make("pre", "", JSON.stringify(refusal, null, 2));
  return [...parts, make("h2", "", "Errors"), make("p", "", "Every JSON error has this shape."), shape];
}

const place = document.getElementById("operations");
try {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  place.replaceChildren(...draw(await answer.json()));
} catch (error) {
  place.replaceChildren(make("p", "", `The description could not be loaded. ${error.message} Reload the page to try again.`));
}
