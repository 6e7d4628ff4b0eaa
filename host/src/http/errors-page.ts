/** The page that `type` of every problem points to: Markdown as it is written, with an anchor per code. */
import type { ErrorCatalogue } from "@sluice/contracts/problem";
import type { FastifyInstance } from "fastify";
import { statusOfRow } from "./status.ts";

/** The errors of an application, as its part of the page. */
export interface ErrorSection<Catalogue extends ErrorCatalogue = ErrorCatalogue> {
  readonly title: string;
  readonly catalogue: Catalogue;
  /** A sentence for each code. */
  readonly meanings: Readonly<Record<keyof Catalogue, string>>;
}

/** By the server that all scopes of an application share. */
const sectionsOf = new WeakMap<object, string[]>();

/** Serves `/docs/errors`; the first time a code is named becomes the anchor `#CODE`. */
export function registerErrorsPage(app: FastifyInstance, markdown: string): void {
  const sections = [markdown];
  sectionsOf.set(app.server, sections);
  app.get("/docs/errors", { schema: { hide: true } }, (_request, reply) => {
    void reply
      .header("content-type", "text/html; charset=utf-8")
      .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    return errorsPage(sections.join("\n"));
  });
}

/** Adds an application's errors to the page of the server that its routes are added to; on another server it does nothing. */
export function describeErrors<Catalogue extends ErrorCatalogue>(
  app: FastifyInstance,
  { title, catalogue, meanings }: ErrorSection<Catalogue>,
): void {
  const rows = Object.entries(catalogue).map(([code, row]) => {
    const kind = typeof row === "string" ? row : row.kind;
    return `| \`${code}\` | ${kind} | ${statusOfRow(row)} | ${meanings[code] ?? ""} |`;
  });
  const head = ["", `## ${title}`, "", "| code | kind | HTTP | means |", "| --- | --- | ---: | --- |"];
  sectionsOf.get(app.server)?.push([...head, ...rows, ""].join("\n"));
}

function errorsPage(markdown: string): string {
  const seen = new Set<string>();
  const text = escape(markdown).replace(/\b[A-Z]+(?:_[A-Z]+)+\b/g, (code) => {
    if (seen.has(code)) return code;
    seen.add(code);
    return `<b id="${code}">${code}</b>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Errors</title>
<style>pre { white-space: pre-wrap; max-width: 60rem; margin: 2rem auto; line-height: 1.5 } :target { background: #fe9 }</style>
<pre>${text}</pre>
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
