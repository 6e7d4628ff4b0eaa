/** The page that `type` of every problem points to, with an anchor per code. */
import type { ErrorCatalogue } from "@sluice/contracts/problem";
import type { FastifyInstance } from "fastify";
import { toHtmlPage } from "./markdown-page.ts";
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

/** Serves `/docs/errors`. */
export function registerErrorsPage(app: FastifyInstance, markdown: string): void {
  const sections = [markdown];
  sectionsOf.set(app.server, sections);
  app.get("/docs/errors", { schema: { hide: true } }, (_request, reply) => {
    void reply
      .header("content-type", "text/html; charset=utf-8")
      .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    return toHtmlPage("Errors", sections.join("\n\n"));
  });
}

/** Adds an application's errors to the page of the server that its routes are added to; on another server it does nothing. */
export function describeErrors<Catalogue extends ErrorCatalogue>(
  app: FastifyInstance,
  { title, catalogue, meanings }: ErrorSection<Catalogue>,
): void {
  const rows = Object.entries(catalogue).map(([code, row]) => {
    const kind = typeof row === "string" ? row : row.kind;
    return `| \`${code}\` | ${kind} | ${statusOfRow(row)} | ${(meanings[code] ?? "").replaceAll("|", "\\|")} |`;
  });
  const head = ["", `## ${title}`, "", "| code | kind | HTTP | means |", "| --- | --- | ---: | --- |"];
  sectionsOf.get(app.server)?.push([...head, ...rows, ""].join("\n"));
}
