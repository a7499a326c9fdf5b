// Draws the reference of /docs from this gateway's own document. No other host is asked for anything, and a key that
// is entered is kept in this page alone.
"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// Swagger UI fills examples in as if they were meant: every list would be filtered, every request a repeat of another.
// What may be left out starts empty, and its example is told in words; and moments that have to lie ahead do.
function ready(text) {
  const told = JSON.parse(text);
  for (const methods of Object.values(told.paths)) {
    for (const operation of Object.values(methods)) {
      const bodies = operation.requestBody?.content["application/json"]?.examples ?? {};
      for (const example of Object.values(bodies)) example.value = ahead(example.value);
      for (const parameter of operation.parameters ?? []) {
        const example = parameter.example ?? parameter.schema.examples?.[0];
        if (parameter.required || example === undefined) continue;
        delete parameter.example;
        delete parameter.schema.examples;
        parameter.description += ` Example: \`${example}\``;
      }
    }
  }
  return JSON.stringify(told);
}

// A body with the first of its moments tomorrow, and the others as far from it as they were.
const DAY = 24 * 60 * 60 * 1000;
const MOMENT = /("(?:sendAt|expiresAt)":")(\d{4}-\d\d-\d\d)(T[^"]*")/g;
function ahead(body) {
  const said = JSON.stringify(body);
  const first = Math.min(...[...said.matchAll(MOMENT)].map(([, , date]) => Date.parse(date)));
  const days = Math.ceil((Date.now() + DAY - first) / DAY);
  const later = (date) => new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10);
  return JSON.parse(said.replace(MOMENT, (_, name, date, time) => name + later(date) + time));
}

const nothing = () => () => null;
const plugin = () => ({
  statePlugins: {
    spec: { wrapActions: { updateSpec: (update) => (text) => update(ready(text)) } },
    // Of the addresses in this page only those like #/Messages/sendMessage lead into the reference.
    layout: { wrapActions: { parseDeepLinkHash: (lead) => (hash) => lead(hash.startsWith("#/") ? hash : "") } },
  },
  wrapComponents: { InfoContainer: nothing, ServersContainer: nothing }, // the page says both
});

SwaggerUIBundle({
  dom_id: "#swagger-ui",
  url: "/openapi.json",
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [plugin],
  layout: "BaseLayout",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  queryConfigEnabled: false,
  syntaxHighlight: { theme: "tomorrow-night" },
  validatorUrl: null,
});
